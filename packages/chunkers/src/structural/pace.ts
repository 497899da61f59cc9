/** Longest time, in milliseconds, that a chunker keeps the event loop to itself. */
const TURN_MS = 20
/** Calls between two looks at the clock. */
const CALLS_PER_LOOK = 128

/**
 * Gives way to the event loop now and then: call it in every turn of a long loop and await what it returns, if
 * anything. Rejects with the signal's reason once that is aborted.
 */
export type Pace = () => Promise<void> | undefined

export function makePace(signal: AbortSignal | undefined): Pace {
  let calls = 0
  let turnStart = Date.now()
  return () => {
    calls++
    if (calls % CALLS_PER_LOOK !== 0 || Date.now() - turnStart < TURN_MS) return undefined
    return rest()
  }
  async function rest(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0))
    signal?.throwIfAborted()
    turnStart = Date.now()
  }
}
