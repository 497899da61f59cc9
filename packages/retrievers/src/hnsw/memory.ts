import { checkInteger, checkOneOf } from '@tesserae/core'

export interface HnswMemoryOptions {
  /** Vectors. */
  readonly count: number
  /** Numbers per vector. */
  readonly dimensions: number
  /** @default 16 */
  readonly connectivity?: number | undefined
  /** @default 'none' */
  readonly quantization?: 'none' | 'int8' | undefined
}

/** Most that one WebAssembly memory holds. */
export const memoryLimit = 2 ** 32 - 2 ** 16

/**
 * Bytes that an `hnswIndex` of this many vectors needs in its graph memory, before it is made. For each vector, with
 * D = dimensions padded to a multiple of 16: 4 D for floats, D + 16 for int8 codes, 8 + 8 M (padded to 16) for links
 * on layer 0, about (4 + 4 M) / (M − 1) above, 2 to 6 for visited marks.
 */
export function estimateHnswMemory(options: HnswMemoryOptions): number {
  const count = checkInteger('count', options.count, 0)
  const dimensions = (checkInteger('dimensions', options.dimensions, 1, 4096) + 15) & ~15
  const links = checkInteger('connectivity', options.connectivity ?? 16, 2, 256)
  const coded = checkOneOf('quantization', options.quantization ?? 'none', ['none', 'int8']) === 'int8'
  const blocks = Math.ceil(count / 256)
  const node = (8 + 8 * links + 15) & ~15
  const upper = Math.ceil((count * (4 + 4 * links)) / (links - 1))
  const fixed = 65_536 + 8 * dimensions
  return fixed + blocks * 256 * (node + 4 * dimensions + (coded ? dimensions + 16 : 0) + 6) + upper
}
