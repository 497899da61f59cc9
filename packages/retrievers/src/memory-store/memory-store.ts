import type {
  CallOptions,
  Chunk,
  DocumentIds,
  DocumentSeals,
  Explanation,
  IndexSearchOptions,
  LexicalIndex,
  Metadata,
  Store,
  TextSearch,
  TopHits,
  VectorIndex,
  VectorReuse,
  VectorSearch,
  VectorsByInput,
} from '@tesserae/core'
import type { FieldTexts } from '../bm25/index.js'
import type { Savable } from '../snapshot/index.js'

export interface MemoryStoreOptions<M extends Metadata = Metadata> {
  /** @default 'memory' */
  readonly name?: string | undefined
  /** Length of the vectors. Without it the store is lexical only. @default none */
  readonly dimensions?: number | undefined
  /** Makes an empty vector index. Not called without `dimensions`. @default flatIndex with cosine */
  readonly vectorIndex?: ((dimensions: number) => VectorIndex) | undefined
  /** Makes an empty lexical index. @default bm25Index() */
  readonly lexicalIndex?: (() => LexicalIndex) | undefined
  /** What the lexical index reads of a chunk: a text, or texts by field for an index with fields. @default embeddingText: context, then text */
  readonly indexedText?: ((chunk: Chunk<M>) => string | FieldTexts) | undefined
}

/** A store that can say where a lexical score comes from. */
export interface ExplainText {
  /** `undefined` when the chunk is not there. */
  explainText(query: string, chunkId: string, options?: CallOptions): Promise<Explanation | undefined>
}

/** Ability of an index: a copy of an entry's vector, `undefined` when it is not there. */
export interface GivesVectors {
  vector(ordinal: number): Float32Array | undefined
}

/** Ability of an approximate index: exact scores of the accepted ordinals, without its walk. */
export interface ExactScan {
  scan(query: Float32Array, options: IndexSearchOptions): TopHits
}

export interface MemoryStore<M extends Metadata = Metadata>
  extends Store<M>,
    VectorSearch<M>,
    TextSearch<M>,
    ExplainText,
    VectorReuse,
    VectorsByInput,
    DocumentSeals,
    DocumentIds,
    Savable {
  /** Chunks now. */
  readonly size: number
  /** 0 for a lexical-only store. */
  readonly dimensions: number
}
