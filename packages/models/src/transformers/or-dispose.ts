import { orAbort } from '@tesserae/core'

/** What is being made, or the abort; a model that is ready too late is freed again. */
export async function orDispose<T extends { dispose(): Promise<void> }>(
  making: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return making
  try {
    return await orAbort(making, signal)
  } catch (error) {
    if (signal.aborted) {
      making.then(
        (made) => made.dispose(),
        () => {},
      )
    }
    throw error
  }
}
