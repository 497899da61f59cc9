import type { TopHits } from '@tesserae/core'
import type { Bm25Image, Bm25Task } from '../bm25/bm25-image.js'
import type { RowImage } from '../flat/row-image.js'
import type { GraphImage } from '../hnsw/graph-image.js'

/** A read-only copy of an index in shared memory, sent to threads. */
export type IndexImage =
  | { readonly kind: 'hnsw'; readonly shards: readonly GraphImage[] }
  | { readonly kind: 'flat'; readonly shards: readonly RowImage[] }
  | { readonly kind: 'bm25'; readonly index: Bm25Image }

/** Queries for one thread. */
export type Task = VectorTask | Bm25Task

export interface VectorTask {
  readonly kind: 'vectors'
  /** One after the other. */
  readonly queries: Float32Array
  readonly limit: number
  readonly efSearch: number | undefined
  /** The words of the filter's bitset. */
  readonly filter: Uint32Array | undefined
}

export type Message =
  /** From now on tasks are about this image; the thread writes in its own part of the memory. */
  | { readonly type: 'open'; readonly image: IndexImage; readonly thread: number }
  | { readonly type: 'search'; readonly task: Task }

/** The hits of several queries in three arrays. */
export interface PackedHits {
  readonly ordinals: Uint32Array<ArrayBuffer>
  readonly scores: Float32Array<ArrayBuffer>
  /** Where the hits of each query end. */
  readonly ends: Uint32Array<ArrayBuffer>
}

export function packHits(all: readonly TopHits[]): PackedHits {
  const ends = new Uint32Array(all.length)
  let total = 0
  for (let i = 0; i < all.length; i++) {
    total += all[i]!.ordinals.length
    ends[i] = total
  }
  const ordinals = new Uint32Array(total)
  const scores = new Float32Array(total)
  for (let i = 0; i < all.length; i++) {
    const start = i === 0 ? 0 : ends[i - 1]!
    ordinals.set(all[i]!.ordinals, start)
    scores.set(all[i]!.scores, start)
  }
  return { ordinals, scores, ends }
}

export function unpackHits({ ordinals, scores, ends }: PackedHits): TopHits[] {
  return Array.from(ends, (end, i) => {
    const start = i === 0 ? 0 : ends[i - 1]!
    return { ordinals: ordinals.slice(start, end), scores: scores.slice(start, end) }
  })
}
