import type { ChunkSpan } from './chunk.js'
import type { Document } from './document.js'
import type { CallOptions } from './observer.js'

export interface Chunker {
  /** Name and options: part of revisions, so a changed chunker is noticed. */
  readonly id: string
  split(document: Document, options?: CallOptions): Promise<readonly ChunkSpan[]>
}
