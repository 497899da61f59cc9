import type {
  Cache,
  CallOptions,
  Chunk,
  DocumentIds,
  DocumentSeals,
  LexicalIndex,
  Metadata,
  Store,
  TextSearch,
  VectorIndex,
  VectorReuse,
  VectorSearch,
  VectorsByInput,
} from '@tesserae/core'
import type { FieldTexts } from '../bm25/index.js'
import type { ExplainText } from '../memory-store/memory-store.js'
import type { SqliteDriver } from './driver.js'
import type { EmbeddingCacheOptions } from './embedding-cache.js'

export interface SqliteStoreOptions<M extends Metadata = Metadata> {
  /** The file. Made when it is not there, its folder is not. On a local disk: SQLite's locks need one. */
  readonly path: string
  /** @default 'sqlite' */
  readonly name?: string | undefined
  /** Length of the vectors. Without it the store is lexical only. Part of the file. @default none */
  readonly dimensions?: number | undefined
  /**
   * `embedder.id`, so that vectors of two models never meet in one file. Part of the file once it was given.
   * @default not checked
   */
  readonly embedderId?: string | undefined
  /** Opens beside a writer, also one of another process, and sees what it has written. @default false */
  readonly readOnly?: boolean | undefined
  /** Makes an empty vector index. Not called without `dimensions`. @default flatIndex with cosine */
  readonly vectorIndex?: ((dimensions: number) => VectorIndex) | undefined
  /** Makes an empty lexical index. @default bm25Index() */
  readonly lexicalIndex?: (() => LexicalIndex) | undefined
  /** What the lexical index reads of a chunk. @default embeddingText: context, then text */
  readonly indexedText?: ((chunk: Chunk<M>) => string | FieldTexts) | undefined
  /**
   * Names `indexedText` and what else the indexes cannot tell of themselves, such as an analyzer: under another name,
   * stored indexes are made anew from the chunks. @default ''
   */
  readonly indexVersion?: string | undefined
  /** @default node:sqlite where this Node has it, otherwise the package `libsql` */
  readonly driver?: SqliteDriver | undefined
  /**
   * What an acknowledged write survives: `'power-loss'` waits for the disk at each write, `'process'` survives the end
   * of the process, `kill -9` too, but may lose the last writes with the machine. @default 'power-loss'
   */
  readonly durability?: 'power-loss' | 'process' | undefined
  /** How long to wait for a lock of another connection that is about to end. @default 5000 */
  readonly busyTimeoutMs?: number | undefined
  /** Milliseconds since 1970, for `updatedMs` of documents and the age of cached embeddings. @default Date.now */
  readonly now?: (() => number) | undefined
  /** Ends the opening. @default none */
  readonly signal?: AbortSignal | undefined
}

/** A document as the store knows it. */
export interface StoredDocument {
  readonly id: string
  readonly chunks: number
  /** When a chunk of it was last written or deleted. Milliseconds since 1970. */
  readonly updatedMs: number
}

export interface SqliteCheck {
  readonly chunks: number
  readonly documents: number
  readonly vectors: number
  /** What is wrong, in words. Empty for a sound file. */
  readonly problems: readonly string[]
}

export interface SqliteStore<M extends Metadata = Metadata>
  extends Store<M>,
    VectorSearch<M>,
    TextSearch<M>,
    ExplainText,
    VectorReuse,
    VectorsByInput,
    DocumentSeals,
    DocumentIds {
  readonly path: string
  readonly readOnly: boolean
  /** Chunks as of the last call. */
  readonly size: number
  /** 0 for a lexical-only store. */
  readonly dimensions: number
  /** Raised by every write; what is cached of a search is valid as long as this stays. As of the last call. */
  readonly generation: number
  /** The manifest: every document with its number of chunks, in order of id. */
  documents(options?: CallOptions): AsyncIterable<StoredDocument>
  /** Vectors by text, in the same file, for `cachedEmbedder`. Deleting a chunk deletes the vector of its text from it. */
  embeddingCache(options?: EmbeddingCacheOptions): Cache<Float32Array>
  /** Stores the indexes, so that the next opening loads them, and empties the write-ahead log into the file. */
  checkpoint(options?: CallOptions): Promise<void>
  /** Reads everything there is and says what is wrong. Changes nothing. */
  check(options?: CallOptions): Promise<SqliteCheck>
  /** Gives the file and the lock back. What was acknowledged is safe without it. Calls after it are refused. */
  close(): Promise<void>
}
