/** Similarities of the pieces that may share a chunk, as a band along the diagonal: row after row in one array. */
export interface SimilarityBand {
  readonly size: number
  /** The first piece that fits into a chunk with piece i; never before that of piece i − 1. */
  readonly firsts: Uint32Array
  /** Where the row of piece i starts in `cosines`; one more entry for the end. */
  readonly offsets: Uint32Array
  /** Row of piece i: its cosine with the pieces firsts[i] … i − 1. */
  readonly cosines: Float32Array
  /** What a pair has to be above to be worth keeping together. */
  readonly mean: number
}

/** Pieces between two turns of the event loop. */
const STRIDE = 4096
/** A cosine this close to the mean is the mean: both come from float32. */
const ROUNDING = 1e-6

/**
 * Cuts a row of pieces into runs such that the sum over all pairs inside one run of (cosine − mean) is the
 * largest there is. Returns the end of each run, as an index behind its last piece. Of equal sums the longer
 * last run wins.
 *
 * best(i) = max over first ≤ i of best(first) + S(first … i), where S grows by one piece to the left at a time:
 * S(f … i) = S(f + 1 … i) + Σ over t in f + 1 … i of (cosine(f, t) − mean). The inner sums are kept per f.
 */
export async function bestRuns(band: SimilarityBand, signal: AbortSignal | undefined): Promise<Uint32Array> {
  const { size } = band
  /** best[i]: the best sum of the pieces before i; from[i]: where the last run of that solution starts. */
  const best = new Float64Array(size + 1)
  const from = new Uint32Array(size + 1)
  /** rowSums[f]: Σ over t from f + 1 to the piece at hand of (cosine(f, t) − mean). */
  const rowSums = new Float64Array(size)
  for (let start = 0; start < size; start += STRIDE) {
    if (start > 0) await new Promise((resolve) => setTimeout(resolve, 0))
    signal?.throwIfAborted()
    extend(band, start, Math.min(size, start + STRIDE), best, from, rowSums)
  }
  let count = 0
  for (let end = size; end > 0; end = from[end]!) count++
  const bounds = new Uint32Array(count)
  for (let end = size; end > 0; end = from[end]!) bounds[--count] = end
  return bounds
}

function extend(
  { firsts, offsets, cosines, mean }: SimilarityBand,
  start: number,
  end: number,
  best: Float64Array,
  from: Uint32Array,
  rowSums: Float64Array,
): void {
  for (let piece = start; piece < end; piece++) {
    const first = firsts[piece]!
    const offset = offsets[piece]!
    for (let other = first; other < piece; other++) {
      const above = cosines[offset + other - first]! - mean
      if (Math.abs(above) > ROUNDING) rowSums[other]! += above
    }
    let sum = 0
    let bestSum = Number.NEGATIVE_INFINITY
    let bestFirst = piece
    for (let other = piece; other >= first; other--) {
      sum += rowSums[other]!
      const candidate = best[other]! + sum
      if (candidate >= bestSum) {
        bestFirst = other
        bestSum = candidate
      }
    }
    best[piece + 1] = bestSum
    from[piece + 1] = bestFirst
  }
}
