import type { StoreFile } from './store-file.js'

/** Milliseconds of work between two turns of the event loop. */
const sliceMs = 10

/**
 * Runs steps in one transaction that reads, so that all of them see one state of the file, though others write
 * meanwhile. Gives way to the event loop between steps, so nothing else may use this connection until it is done.
 */
export async function runSteps<T>(
  file: StoreFile,
  steps: Generator<void, T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  file.begin()
  try {
    for (let pauseAt = performance.now() + sliceMs; ; ) {
      const step = steps.next()
      if (step.done === true) {
        file.commit()
        return step.value
      }
      if (performance.now() < pauseAt) continue
      await new Promise((resolve) => setTimeout(resolve, 0))
      signal?.throwIfAborted()
      pauseAt = performance.now() + sliceMs
    }
  } catch (error) {
    file.rollBack()
    throw error
  }
}
