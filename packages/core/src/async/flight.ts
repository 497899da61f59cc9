import { linkedController, orAbort } from './signals.js'

/**
 * One running call that several callers wait for. A caller that aborts leaves alone; the call itself is
 * aborted only when nobody waits any more.
 */
export interface Flight<T> {
  join(signal?: AbortSignal): Promise<T>
}

export function takeOff<T>(fn: (signal: AbortSignal) => Promise<T>): Flight<T> {
  const controller = linkedController()
  const result = fn(controller.signal)
  // Everyone may have left before it fails; each waiter still sees the failure through its own promise.
  result.catch(() => {})
  let waiting = 0
  return {
    async join(signal) {
      signal?.throwIfAborted()
      waiting += 1
      try {
        return await orAbort(result, signal)
      } finally {
        waiting -= 1
        if (waiting === 0 && signal?.aborted) controller.abort(signal.reason)
      }
    },
  }
}
