import type { Document, Metadata } from './document.js'
import type { RagError } from './errors.js'
import type { CallOptions } from './observer.js'

export type Loaded<M extends Metadata = Metadata> =
  | { readonly type: 'document'; readonly document: Document<M> }
  | { readonly type: 'failure'; readonly uri: string; readonly error: RagError }

export interface Loader<M extends Metadata = Metadata> {
  readonly name: string
  /** Yields documents one at a time. One bad file is a value, not an exception. */
  load(options?: CallOptions): AsyncIterable<Loaded<M>>
}
