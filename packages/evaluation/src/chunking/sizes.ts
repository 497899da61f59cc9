import { invalid } from '@tesserae/core'

/** Distribution of chunk sizes, in the unit of the input. */
export interface ChunkSizes {
  readonly count: number
  readonly total: number
  readonly mean: number
  /** Of the population, not of a sample. */
  readonly standardDeviation: number
  readonly min: number
  readonly p10: number
  readonly median: number
  readonly p90: number
  readonly max: number
}

const NOTHING: ChunkSizes = {
  count: 0,
  total: 0,
  mean: 0,
  standardDeviation: 0,
  min: 0,
  p10: 0,
  median: 0,
  p90: 0,
  max: 0,
}

/**
 * Count, mean, spread and percentiles (nearest rank) of sizes in tokens, characters or whatever they are
 * measured in. All are 0 for no chunks. Throws `invalid-argument` for a size that is not a finite number >= 0.
 */
export function chunkSizes(sizes: ArrayLike<number>): ChunkSizes {
  const count = sizes.length
  if (count === 0) return NOTHING
  const sorted = Float64Array.from(sizes)
  let total = 0
  for (const size of sorted) {
    if (!Number.isFinite(size) || size < 0) invalid('sizes', 'finite numbers of at least 0', size)
    total += size
  }
  sorted.sort()
  const mean = total / count
  let squares = 0
  for (const size of sorted) squares += (size - mean) ** 2
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * count) - 1)]!
  return {
    count,
    total,
    mean,
    standardDeviation: Math.sqrt(squares / count),
    min: sorted[0]!,
    p10: at(0.1),
    median: at(0.5),
    p90: at(0.9),
    max: sorted[count - 1]!,
  }
}
