/** A vector and where it belongs. */
export interface VectorEntry {
  readonly ordinal: number
  readonly vector: Float32Array
}

export interface SetManyOptions {
  /** Aborted: rejects with its reason; what was set before stays. @default none */
  readonly signal?: AbortSignal | undefined
  /** Told how many were set, at every pause and at the end. @default none */
  readonly onProgress?: ((done: number) => void) | undefined
}

/** Milliseconds of work between two pauses. */
const sliceMs = 10

/** Sets one entry after the other and gives way to the event loop every ten milliseconds. */
export async function setEach(
  set: (ordinal: number, vector: Float32Array) => void,
  entries: Iterable<VectorEntry> | AsyncIterable<VectorEntry>,
  { signal, onProgress }: SetManyOptions = {},
): Promise<void> {
  signal?.throwIfAborted()
  let done = 0
  let pauseAt = performance.now() + sliceMs
  const pause = async () => {
    onProgress?.(done)
    await new Promise((resolve) => setTimeout(resolve, 0))
    signal?.throwIfAborted()
    pauseAt = performance.now() + sliceMs
  }
  const put = ({ ordinal, vector }: VectorEntry): boolean => {
    set(ordinal, vector)
    done++
    return performance.now() >= pauseAt
  }
  // A loop of its own for lists: awaiting each of their entries would cost more than setting it.
  if (Symbol.iterator in entries) {
    for (const entry of entries) if (put(entry)) await pause()
  } else {
    for await (const entry of entries) if (put(entry)) await pause()
  }
  onProgress?.(done)
}
