export { checkInteger, checkNumber, checkOneOf, invalid, show } from './check.js'
export type { Chunk, ChunkSpan } from './chunk.js'
export type { Chunker } from './chunker.js'
export type {
  Cleaner,
  Document,
  Edit,
  Mark,
  MarkKind,
  Metadata,
  MetadataValue,
  OffsetMap,
} from './document.js'
export type { Embedder, EmbedOptions } from './embedder.js'
export type { ErrorDetails, ModelErrorOptions, RagErrorCode, RagErrorOptions } from './errors.js'
export { isAbort, isRagError, ModelError, RagError } from './errors.js'
export type { Filter, Scalar } from './filter/filter.js'
export type { GenerateRequest, GenerateResult, LanguageModel, Message } from './language-model.js'
export type { Explanation, LexicalIndex } from './lexical-index.js'
export type { Loaded, Loader } from './loader.js'
export type { CallOptions, Observer, RagEvent } from './observer.js'
export type { RelevanceModel } from './relevance-model.js'
export type { Reranker, RerankOptions } from './reranker.js'
export type { Hit, RetrieveOptions, Retriever, StageScore } from './retriever.js'
export type { Span } from './span.js'
export type {
  ChunkRef,
  Entry,
  ListOptions,
  Ranked,
  SearchRequest,
  Store,
  TextSearch,
  VectorSearch,
} from './store.js'
export type { Tokenizer } from './tokenizer.js'
export { Bitset } from './vector/bitset.js'
export type { IndexSearchOptions, Metric, TopHits, VectorIndex } from './vector-index.js'
