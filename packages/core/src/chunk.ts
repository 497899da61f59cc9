import type { Metadata } from './document.js'
import type { Span } from './span.js'

/** What a chunker returns. It never returns text. */
export interface ChunkSpan extends Span {
  /** Wider span to show when this one is found: sentence window, parent section. */
  readonly window?: Span | undefined
  /** Text put in front of the chunk for embedding and BM25 (heading path, a model's summary). Never part of `text`. */
  readonly context?: string | undefined
  /**
   * Tokens of the span by the chunker's own ruler, `context` not counted: those the document has there, or those of
   * the text encoded alone where these are more (a word without the blank before it may be two tokens).
   */
  readonly tokens?: number | undefined
}

export interface Chunk<M extends Metadata = Metadata> {
  /** Same text in the same place of the same document: same id. */
  readonly id: string
  readonly documentId: string
  /** Position among the chunks of its document, from 0. */
  readonly index: number
  readonly start: number
  readonly end: number
  /** Always `document.text.slice(start, end)`. */
  readonly text: string
  readonly window?: Span | undefined
  readonly context?: string | undefined
  readonly tokens?: number | undefined
  /** Titles of the enclosing headings, outermost first. */
  readonly headings: readonly string[]
  /** Label of the page where the chunk starts. */
  readonly page?: string | undefined
  readonly uri?: string | undefined
  readonly metadata: M
}
