import type { Chunk } from './chunk.js'
import type { Metadata } from './document.js'
import type { Filter } from './filter/filter.js'
import type { CallOptions } from './observer.js'

export interface Entry<M extends Metadata = Metadata> {
  readonly chunk: Chunk<M>
  readonly vector?: Float32Array | undefined
  /** Fingerprint of everything stored beside the text: metadata (deep), window, context, headings, embedder and chunker ids. */
  readonly revision: string
}

export interface ChunkRef {
  readonly id: string
  readonly documentId: string
  readonly revision: string
}

export interface ListOptions extends CallOptions {
  readonly documentId?: string | undefined
}

/** Chunks by id. What is given and what is returned is never shared or changed: reading changes nothing. */
export interface Store<M extends Metadata = Metadata> {
  readonly name: string
  /** All or nothing for one call. An id already there is replaced. */
  upsert(entries: readonly Entry<M>[], options?: CallOptions): Promise<void>
  get(chunkIds: readonly string[], options?: CallOptions): Promise<readonly (Chunk<M> | undefined)[]>
  /** Ids that are not there are ignored. */
  delete(chunkIds: readonly string[], options?: CallOptions): Promise<void>
  list(options?: ListOptions): AsyncIterable<ChunkRef>
}

export interface SearchRequest {
  /** At most this many; if so many match the filter (and, for text, the query), so many come back. */
  readonly limit: number
  readonly filter?: Filter | undefined
}

/** A chunk and its raw score; higher is better. */
export interface Ranked<M extends Metadata = Metadata> {
  readonly chunk: Chunk<M>
  readonly score: number
}

export interface VectorSearch<M extends Metadata = Metadata> {
  readonly dimensions: number
  searchByVector(
    vector: Float32Array,
    request: SearchRequest,
    options?: CallOptions,
  ): Promise<readonly Ranked<M>[]>
}

export interface TextSearch<M extends Metadata = Metadata> {
  searchByText(query: string, request: SearchRequest, options?: CallOptions): Promise<readonly Ranked<M>[]>
}
