import { linkedController, orAbort } from './signals.js'

/**
 * One running call that several callers wait for. A caller that aborts leaves alone; the call itself is
 * aborted only when nobody waits any more, and is then `abandoned`: too late to join.
 */
export interface Flight<T> {
  readonly abandoned: boolean
  join(signal?: AbortSignal): Promise<T>
}

/** Starts the call, not before the caller had the chance to note that it is on its way. */
export function takeOff<T>(fn: (signal: AbortSignal) => Promise<T>): Flight<T> {
  const controller = linkedController()
  const result = Promise.resolve().then(() => fn(controller.signal))
  // Everyone may have left before it fails; each waiter still sees the failure through its own promise.
  result.catch(() => {})
  let waiting = 0
  return {
    get abandoned() {
      return controller.signal.aborted
    },
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
