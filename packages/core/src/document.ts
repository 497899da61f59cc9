import type { Span } from './span.js'

export type MetadataValue = string | number | boolean | null | readonly string[] | readonly number[]
export type Metadata = { readonly [key: string]: MetadataValue }

export type MarkKind =
  | 'heading'
  | 'page'
  | 'paragraph'
  | 'list'
  | 'table'
  | 'row'
  | 'code'
  | 'quote'
  | 'image'

/** Structure that the loader saw. Marks are sorted by start; any two nest or are disjoint. */
export interface Mark extends Span {
  readonly kind: MarkKind
  /** Heading level, 1 for the outermost. */
  readonly level?: number | undefined
  /** Heading text, page label, language of a code block, alternative text of an image. */
  readonly label?: string | undefined
  /** [x, y, width, height] in points from the page's top left, when the parser knows it. */
  readonly box?: readonly [number, number, number, number] | undefined
  /** Recognition confidence 0–1 when the text was read by OCR. */
  readonly confidence?: number | undefined
}

/**
 * Maps offsets of an edited text back to the text it came from. `offsets` ascends and starts at 0;
 * the run beginning at `offsets[i]` came from `origins[i]`. Inserted text maps to the place it was put.
 */
export interface OffsetMap {
  readonly offsets: Uint32Array
  readonly origins: Uint32Array
}

export interface Document<M extends Metadata = Metadata> {
  readonly id: string
  /** Canonical text: every offset in the library points into this string. */
  readonly text: string
  readonly marks: readonly Mark[]
  readonly metadata: M
  readonly uri?: string | undefined
  /** Present once text was cleaned or redacted: maps offsets back to what the loader first produced. */
  readonly origin?: OffsetMap | undefined
}

/** What cleaners and redactors propose; `applyEdits` makes the text, moves the marks, composes the map. */
export interface Edit extends Span {
  readonly replacement: string
  readonly reason: string
}

export interface Cleaner {
  readonly id: string
  edits(document: Document): readonly Edit[]
}
