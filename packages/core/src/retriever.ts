import type { Chunk } from './chunk.js'
import type { Metadata } from './document.js'
import type { Filter } from './filter/filter.js'
import type { CallOptions } from './observer.js'

export interface StageScore {
  /** Name of the retriever, fusion or reranker. */
  readonly stage: string
  readonly kind: 'lexical' | 'vector' | 'fused' | 'relevance' | 'feature'
  /** Rank in that stage's own list, from 1. */
  readonly rank: number
  /** The stage's raw score. */
  readonly score: number
}

/** Chunk, final score, and how it got here: one trace entry per stage and leg, in order. */
export interface Hit<M extends Metadata = Metadata> {
  readonly chunk: Chunk<M>
  readonly score: number
  readonly trace: readonly StageScore[]
}

export interface RetrieveOptions extends CallOptions {
  /** At most this many hits. @default 5 */
  readonly limit?: number | undefined
  readonly filter?: Filter | undefined
}

export interface Retriever<M extends Metadata = Metadata> {
  readonly name: string
  /** Best first, no chunk twice, scores do not increase, every hit passes the filter. */
  retrieve(query: string, options?: RetrieveOptions): Promise<readonly Hit<M>[]>
}
