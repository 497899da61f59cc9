/** Resolves after `milliseconds` (at once after 0, but never in the same turn); an abort rejects with the signal's reason. */
export function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', stop, { once: true })
  })
}

/** Checks the signal, waits when there is something to wait for, checks it again. */
export async function pause(delayMs: number | undefined, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  if (delayMs !== undefined && delayMs > 0) await wait(delayMs, signal)
  else await Promise.resolve()
  signal?.throwIfAborted()
}
