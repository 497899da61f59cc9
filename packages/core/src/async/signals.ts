interface Waiting {
  readonly callbacks: Set<() => void>
  readonly listener: () => void
}

/** Those who wait for a signal's abort. */
const waitingFor = new WeakMap<AbortSignal, Waiting>()

/**
 * Calls back once when the signal aborts; at once when it has. Returns what takes that back: a long-lived signal must
 * not collect those that wait no more. However many wait, the signal has one listener: Node takes more than ten for a
 * leak, and says so.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => {}
  if (signal.aborted) {
    callback()
    return () => {}
  }
  const waiting = waitingFor.get(signal) ?? listenTo(signal)
  // A function of its own, since the same callback may wait twice.
  const entry = () => callback()
  waiting.callbacks.add(entry)
  return () => {
    if (!waiting.callbacks.delete(entry) || waiting.callbacks.size > 0) return
    signal.removeEventListener('abort', waiting.listener)
    waitingFor.delete(signal)
  }
}

function listenTo(signal: AbortSignal): Waiting {
  const callbacks = new Set<() => void>()
  const listener = () => {
    for (const callback of callbacks) {
      try {
        callback()
      } catch (error) {
        // As with listeners of their own: the others hear of it all the same, and the error is nobody's to catch.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
  const waiting = { callbacks, listener }
  waitingFor.set(signal, waiting)
  signal.addEventListener('abort', listener, { once: true })
  return waiting
}

/** A controller of its own that also aborts, with the same reason, when the caller's signal does. */
export interface LinkedController {
  readonly signal: AbortSignal
  abort(reason: unknown): void
  /** Stops listening to the caller's signal; a long-lived signal must not collect dead listeners. */
  unlink(): void
}

export function linkedController(signal?: AbortSignal): LinkedController {
  const controller = new AbortController()
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    unlink: onAbort(signal, () => controller.abort(signal?.reason)),
  }
}

/**
 * The promise's outcome, or a rejection with the signal's reason as soon as it aborts. The abandoned
 * promise may still settle; its rejection is then nobody's concern and stays silent.
 */
export function orAbort<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const settled = onAbort(signal, () => reject(signal.reason))
    promise.then(
      (value) => {
        settled()
        resolve(value)
      },
      (error: unknown) => {
        settled()
        reject(error)
      },
    )
  })
}
