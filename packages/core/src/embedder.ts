import type { CallOptions } from './observer.js'

export interface EmbedOptions extends CallOptions {
  /** Which side of the search the texts are on; models with prefixes or two towers need to know. */
  readonly role: 'query' | 'document'
}

/**
 * What an embedder may tell about itself, for those who mix its hits with those of a text search. All of it is optional,
 * and an embedder without it is taken at its hits' word.
 */
export interface EmbedderProfile {
  /** What its hits are worth beside a text search, 0 to 1, where nobody has measured it on questions of their own. */
  readonly vectorShare?: number | undefined
  /** The scripts of the texts it learned from, as Unicode names them: `['Latin']`. To it, text in others is noise. */
  readonly scripts?: readonly string[] | undefined
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
