import type { EmbedOptions } from '@tesserae/core'

/** A text as vectors of its tokens. */
export interface TokenVectors {
  /** Row-major, tokens × dimensions; each row of unit length. */
  readonly vectors: Float32Array
  /** How much each token says, not below zero: the length of its vector before it was scaled. @default all the same */
  readonly weights?: Float32Array | undefined
}

/** Token vectors of several texts, in which a vector that several of them have stands once. */
export interface SharedTokens {
  /** Row-major; each row of unit length. */
  readonly vectors: Float32Array
  /** For each text, which rows are its tokens'. */
  readonly texts: readonly Uint32Array[]
}

/** What gives each token a vector: a table of them (`staticEmbedder`), or a transformer (`transformersEmbedder`). */
export interface TokenEmbedder {
  readonly id: string
  readonly tokenDimensions: number
  /** One entry per text, in order; a text without tokens has no rows. */
  embedTokens(texts: readonly string[], options: EmbedOptions): Promise<readonly TokenVectors[]>
  /**
   * The same vectors without their weights, each once for all texts. Only where a token has one vector wherever it stands,
   * as in a table: comparing the rows of many texts then takes a fraction of the work.
   */
  embedSharedTokens?: ((texts: readonly string[], options: EmbedOptions) => Promise<SharedTokens>) | undefined
}
