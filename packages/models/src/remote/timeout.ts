import { linkedController, ModelError, orAbort } from '@tesserae/core'

/** A signal for one call, and what ends it. */
export interface Deadline {
  /** Aborts with the caller's reason, or with a `ModelError` when time is up. */
  readonly signal: AbortSignal
  /** Starts the time again: something came. */
  restart(): void
  clear(): void
}

/** Links the caller's signal with a time limit. `clear` must be called when the call is over. */
export function deadline(name: string, timeoutMs: number, signal: AbortSignal | undefined): Deadline {
  const controller = linkedController(signal)
  const expire = () =>
    controller.abort(
      new ModelError(
        `${name} did not answer within ${timeoutMs} ms. Raise \`timeoutMs\` if it needs longer.`,
        {
          retryable: true,
          details: { timeoutMs },
        },
      ),
    )
  let timer = setTimeout(expire, timeoutMs)
  return {
    signal: controller.signal,
    restart() {
      clearTimeout(timer)
      timer = setTimeout(expire, timeoutMs)
    },
    clear() {
      clearTimeout(timer)
      controller.unlink()
    },
  }
}

/** Runs a call under a time limit; rejects as soon as it is up or the caller aborts, even if the call does not listen. */
export async function within<T>(
  name: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  call: (signal: AbortSignal) => PromiseLike<T>,
): Promise<T> {
  const limit = deadline(name, timeoutMs, signal)
  try {
    limit.signal.throwIfAborted()
    return await orAbort(Promise.resolve(call(limit.signal)), limit.signal)
  } catch (error) {
    // A client that was stopped complains in words of its own; the reason is what was meant.
    if (limit.signal.aborted) throw limit.signal.reason
    throw error
  } finally {
    limit.clear()
  }
}
