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
 * Leads offsets of a text back to the text it was made from. Both arrays ascend and pair up: entry `i` says that
 * `offsets[i]` of the text corresponds to `origins[i]`; the first pairs the beginnings, the last the ends. Between two
 * entries lies a run: of equal length on both sides it is the original character for character, otherwise it stands
 * for the original as a whole.
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
  /**
   * Leads from `text` back to the source: the decoded file without its byte order mark where a loader extracts its text
   * (HTML), else what the loader first produced. `applyEdits` composes it. Absent when `text` is the source itself.
   */
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
