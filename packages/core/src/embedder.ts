import type { CallOptions } from './observer.js'

export interface EmbedOptions extends CallOptions {
  /** Which side of the search the texts are on; models with prefixes or two towers need to know. */
  readonly role: 'query' | 'document'
}

export interface Embedder {
  /** Model, version and options: vectors of different ids are never mixed. */
  readonly id: string
  readonly dimensions: number
  readonly maxBatchSize: number
  readonly maxBatchTokens?: number | undefined
  /** Row-major, texts.length × dimensions finite numbers, each row of unit length. */
  embed(texts: readonly string[], options: EmbedOptions): Promise<Float32Array>
}
