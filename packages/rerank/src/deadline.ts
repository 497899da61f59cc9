import { linkedController, orAbort } from '@tesserae/core'

/** The longest wait a timer can hold; with a larger one it fires at once. */
export const longestTimerMs = 2 ** 31 - 1

const timeouts = new WeakSet<object>()

/** Whether an error is the end of a time budget given to `withDeadline`, and not a timeout of the model's own. */
export function isTimeout(error: unknown): boolean {
  return typeof error === 'object' && error !== null && timeouts.has(error)
}

/**
 * Runs `work` with a signal that aborts when the caller's does or when the time is over, and does not wait
 * for work that ignores it: rejects at once with the caller's reason, or with a timeout.
 *
 * @param timeoutMs `undefined` for no limit; with 0 the work is not begun
 */
export async function withDeadline<T>(
  timeoutMs: number | undefined,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  if (timeoutMs !== undefined && timeoutMs <= 0) throw timeout(timeoutMs)
  const controller = linkedController(signal)
  const end = performance.now() + (timeoutMs ?? 0)
  let timer: ReturnType<typeof setTimeout> | undefined
  // A timer counts from the start of the running task and may fire a little early: look at the clock again.
  const expire = () => {
    const left = end - performance.now()
    if (left > 0) timer = setTimeout(expire, left)
    else controller.abort(timeout(timeoutMs))
  }
  if (timeoutMs !== undefined) expire()
  try {
    return await orAbort(work(controller.signal), controller.signal)
  } finally {
    clearTimeout(timer)
    controller.unlink()
  }
}

function timeout(timeoutMs: number | undefined): DOMException {
  const reason = new DOMException(`No result within ${timeoutMs} ms.`, 'TimeoutError')
  timeouts.add(reason)
  return reason
}
