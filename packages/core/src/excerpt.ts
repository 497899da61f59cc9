import type { Span } from './span.js'

/** What is shown of a chunk instead of all of it. */
export type Excerpt =
  /** Parts of its own text, as offsets in the document: sorted, apart, inside the chunk. */
  | { readonly verbatim: true; readonly spans: readonly Span[] }
  /** A model's words about it, marked as such wherever they are shown. */
  | { readonly verbatim: false; readonly text: string }
