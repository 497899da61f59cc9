import type { Bitset } from './vector/bitset.js'

/** Best first; equal scores by ascending ordinal. */
export interface TopHits {
  readonly ordinals: Uint32Array
  readonly scores: Float32Array
}

export interface IndexSearchOptions {
  /** At most this many hits, a positive integer. */
  readonly limit: number
  /** Ordinals that may be returned. Ordinals past its end are not in it. */
  readonly filter?: Bitset | undefined
}

export type Metric = 'cosine' | 'dot' | 'euclidean'

/**
 * In-process index over dense ordinals. Scores: cosine and dot product as they are, Euclidean as the
 * negated distance, so that higher is always better.
 */
export interface VectorIndex<O extends IndexSearchOptions = IndexSearchOptions> {
  readonly dimensions: number
  readonly metric: Metric
  readonly size: number
  /** Adds or replaces. The vector is copied. Throws `invalid-vector` for a wrong length or a number that is not finite. */
  set(ordinal: number, vector: Float32Array): void
  delete(ordinal: number): boolean
  search(query: Float32Array, options: O): TopHits
}
