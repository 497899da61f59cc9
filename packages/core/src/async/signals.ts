/** A controller of its own that also aborts, with the same reason, when the caller's signal does. */
export interface LinkedController {
  readonly signal: AbortSignal
  abort(reason: unknown): void
  /** Stops listening to the caller's signal; a long-lived signal must not collect dead listeners. */
  unlink(): void
}

export function linkedController(signal?: AbortSignal): LinkedController {
  const controller = new AbortController()
  const follow = () => controller.abort(signal?.reason)
  if (signal?.aborted) follow()
  else signal?.addEventListener('abort', follow, { once: true })
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    unlink: () => signal?.removeEventListener('abort', follow),
  }
}

/**
 * The promise's outcome, or a rejection with the signal's reason as soon as it aborts. The abandoned
 * promise may still settle; its rejection is then nobody's concern and stays silent.
 */
export function orAbort<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    const settled = () => signal.removeEventListener('abort', onAbort)
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
