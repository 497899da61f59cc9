import type { CallOptions } from './observer.js'

/** A cross-encoder, a rerank API. */
export interface RelevanceModel {
  readonly id: string
  readonly maxBatchSize: number
  /** One score per passage, in order; higher is more relevant. */
  score(query: string, passages: readonly string[], options?: CallOptions): Promise<Float32Array>
}
