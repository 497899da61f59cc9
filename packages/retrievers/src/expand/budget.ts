import { linkedController } from '@tesserae/core'

/** The time a stage has: its signal aborts when the time is over, and when the caller's signal does. */
export interface Budget {
  readonly signal: AbortSignal
  /** Whether the time is over, rather than the caller's patience. */
  readonly expired: boolean
  /** Ends whatever still runs under it, and stops listening to the caller. */
  close(): void
}

export function openBudget(timeoutMs: number, outer: AbortSignal | undefined): Budget {
  const controller = linkedController(outer)
  let expired = false
  const timer = setTimeout(() => {
    expired = true
    controller.abort(new DOMException(`The stage had ${timeoutMs} ms.`, 'TimeoutError'))
  }, timeoutMs)
  return {
    signal: controller.signal,
    get expired() {
      return expired
    },
    close() {
      clearTimeout(timer)
      controller.unlink()
      controller.abort(new DOMException('The stage has its answer.', 'AbortError'))
    },
  }
}
