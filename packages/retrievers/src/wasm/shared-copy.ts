/** A copy of a memory that threads share, with a part for each of them to write to. */
export interface SharedCopy {
  readonly memory: WebAssembly.Memory
  /** Where the part of each thread begins. */
  readonly bases: readonly number[]
}

const pageBytes = 2 ** 16
const mostPages = 2 ** 16

/**
 * The first `used` bytes of a memory, and `scratch` bytes of zeros for each thread behind them. `undefined` when that is
 * more than a memory can have, or than the host gives.
 */
export function sharedCopy(
  memory: WebAssembly.Memory,
  used: number,
  threads: number,
  scratch: number,
): SharedCopy | undefined {
  const first = Math.ceil(used / pageBytes)
  const each = Math.ceil(scratch / pageBytes)
  const pages = first + each * threads
  // The last page stays unused, as in any memory of an index.
  if (pages >= mostPages) return undefined
  try {
    const copy = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
    new Uint8Array(copy.buffer).set(new Uint8Array(memory.buffer, 0, used))
    return {
      memory: copy,
      bases: Array.from({ length: threads }, (_, thread) => (first + each * thread) * pageBytes),
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
