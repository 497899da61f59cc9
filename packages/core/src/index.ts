export type {
  AbstainDecision,
  AbstainRules,
  CalibratedScore,
  ScoredQuestion,
} from './abstain.js'
export { abstainDecision, calibrateMinScore } from './abstain.js'
export type { AnswerPrompt, AnswerPromptOptions } from './answer-prompt.js'
export { answerPrompt, notEnoughInformation } from './answer-prompt.js'
export type { BatchOptions } from './async/batch.js'
export { batchBy } from './async/batch.js'
export type { CircuitBreaker, CircuitBreakerOptions, CircuitState } from './async/circuit-breaker.js'
export { CircuitOpenError, circuitBreaker } from './async/circuit-breaker.js'
export { delay } from './async/delay.js'
export type { RateLimiter, RateLimiterOptions } from './async/limiter.js'
export { rateLimiter } from './async/limiter.js'
export type { MapConcurrentOptions } from './async/map-concurrent.js'
export { mapConcurrent } from './async/map-concurrent.js'
export type { RetryOptions, RetryPolicy } from './async/retry.js'
export { isRetryable, retry } from './async/retry.js'
export type { LinkedController } from './async/signals.js'
export { linkedController, onAbort, orAbort } from './async/signals.js'
export { isSafeCut, safeCutAfter, safeCutBefore } from './boundaries.js'
export type { Cache, CacheEntry, CacheStats, MemoryCache, MemoryCacheOptions } from './cache.js'
export { memoryCache } from './cache.js'
export type { TtlByAgeOptions } from './cache-ttl.js'
export { ttlByAge } from './cache-ttl.js'
export type { CachedEmbedderOptions } from './cached-embedder.js'
export { cachedEmbedder } from './cached-embedder.js'
export type { CachedRetrieverOptions } from './cached-retriever.js'
export { cachedRetriever } from './cached-retriever.js'
export type { ModelCallOptions } from './call-language-model.js'
export { callLanguageModel } from './call-language-model.js'
export { checkInteger, checkNumber, checkOneOf, invalid, show } from './check.js'
export type { Chunk, ChunkSpan } from './chunk.js'
export type { Chunker } from './chunker.js'
export type {
  Citation,
  CitationConflict,
  CitationSource,
  ReadCitations,
  UnknownMarker,
  UsedCitation,
} from './citations.js'
export { readCitations } from './citations.js'
export type { Compressed, ExtractOptions } from './compress.js'
export { extractExcerpts } from './compress.js'
export type { KeptPassage, Summarized, SummarizeOptions } from './compress-summary.js'
export { summarizeExcerpts } from './compress-summary.js'
export type { AssembledContext, ContextOptions, OmittedHit } from './context.js'
export { assembleContext } from './context.js'
export type { Conflict, ConflictOptions } from './context-conflicts.js'
export { findConflicts } from './context-conflicts.js'
export type { ContextOrder } from './context-passages.js'
export type { DescribedPassage } from './context-render.js'
export type { ContextWindow, ContextWindowOptions } from './context-window.js'
export { contextWindow, queryComplexity } from './context-window.js'
export type { DeduplicatedStore, DeduplicateOptions, DroppedChunk } from './deduplicate.js'
export { deduplicatedStore } from './deduplicate.js'
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
export { applyEdits, originSpan } from './edits.js'
export type { EmbeddedText, EmbeddedTexts, EmbedTextsOptions } from './embed-texts.js'
export { embedTexts } from './embed-texts.js'
export type { Embedder, EmbedderProfile, EmbedOptions } from './embedder.js'
export type { ErrorDetails, ModelErrorOptions, RagErrorCode, RagErrorOptions } from './errors.js'
export { isAbort, isRagError, ModelError, RagError } from './errors.js'
export type { Excerpt } from './excerpt.js'
export type { ExplainableRetriever } from './explain.js'
export { explainHit, explainQuery, explainTrace, isExplainable } from './explain.js'
export type { ExplanationTextOptions } from './explain-text.js'
export { explanationText } from './explain-text.js'
export type { FallbackOptions } from './fallback.js'
export { fallbackRetriever } from './fallback.js'
export type { BindFilterOptions, FilterValues } from './filter/bind.js'
export { bindFilter } from './filter/bind.js'
export {
  and,
  eq,
  exists,
  gt,
  gte,
  has,
  includes,
  lt,
  lte,
  ne,
  not,
  notOneOf,
  oneOf,
  or,
  startsWith,
} from './filter/build.js'
export type { FieldType, FieldTypes } from './filter/coerce.js'
export { coerceFilter } from './filter/coerce.js'
export type { Filter, Scalar } from './filter/filter.js'
export type { FilterAlgebra, FilterLeaf } from './filter/fold.js'
export { filterFields, foldFilter } from './filter/fold.js'
export type { MetadataPredicate } from './filter/matches.js'
export { compileFilter, matchesFilter } from './filter/matches.js'
export type { ParseFilterOptions } from './filter/parse.js'
export { parseFilter } from './filter/parse.js'
export type { PlaceholderOptions } from './filter/placeholder.js'
export { placeholder } from './filter/placeholder.js'
export { simplifyFilter } from './filter/simplify.js'
export type { ValidAtOptions } from './filter/valid-at.js'
export { validAt } from './filter/valid-at.js'
export type { FingerprintInput } from './fingerprint.js'
export { fingerprint } from './fingerprint.js'
export type { FreshnessOptions, FreshnessReport, StaleDocument } from './freshness.js'
export { freshnessReport } from './freshness.js'
export { ingest } from './ingest.js'
export type { IngestOptions } from './ingest-options.js'
export type { IngestStage } from './ingest-plan.js'
export type { DocumentIds } from './ingest-remove.js'
export type {
  DocumentRecord,
  IngestedDocument,
  IngestFailure,
  IngestProgress,
  IngestReport,
  RemovalOutcome,
  StageTimes,
} from './ingest-report.js'
export { documentRecord } from './ingest-report.js'
export type { VectorNeed, VectorReuse, VectorsByInput } from './ingest-reuse.js'
export type { DocumentSeals, Lineage, SealedDocument } from './ingest-seals.js'
export type { GenerateRequest, GenerateResult, LanguageModel, Message } from './language-model.js'
export type { Explanation, LexicalIndex } from './lexical-index.js'
export type { LineIndex } from './line-index.js'
export { lineIndex } from './line-index.js'
export type { DocumentLineage } from './lineage.js'
export { documentLineage } from './lineage.js'
export type { Loaded, Loader } from './loader.js'
export type {
  MapReduceFailure,
  MapReduceOptions,
  MapReducePart,
  MapReduceResult,
  NumberedAnswer,
} from './map-reduce.js'
export { mapReduce } from './map-reduce.js'
export type {
  Distribution,
  MeteredRetriever,
  MeteredRetrieverOptions,
  RetrievalMetrics,
} from './metered-retriever.js'
export { meteredRetriever } from './metered-retriever.js'
export type { Measured } from './observe.js'
export { tell, timed } from './observe.js'
export type { CallOptions, Observer, RagEvent } from './observer.js'
export { composeOffsetMaps } from './offset-map.js'
export { pieceTokenizer } from './piece-tokenizer.js'
export type { IngestPlan, PlanIngestOptions, PlannedDocument } from './plan-ingest.js'
export { planIngest } from './plan-ingest.js'
export type {
  PromptSlot,
  PromptSlots,
  PromptTemplate,
  PromptTemplateOptions,
  PromptValues,
} from './prompt.js'
export { promptTemplate } from './prompt.js'
export { fenced } from './prompt-data.js'
export type { ReembedOptions, ReembedProgress, ReembedReport } from './reembed.js'
export { reembed } from './reembed.js'
export type { RelevanceModel } from './relevance-model.js'
export type { Reranker, RerankOptions } from './reranker.js'
export type { Hit, RetrieveOptions, Retriever, StageScore } from './retriever.js'
export type { Scope, ScopeOptions } from './scope.js'
export { scopeRetriever } from './scope.js'
export type { SemanticallyCachedRetriever, SemanticCacheOptions } from './semantic-cache.js'
export { semanticallyCachedRetriever } from './semantic-cache.js'
export { sentenceSpans } from './sentences.js'
export { sha256 } from './sha256.js'
export { shelfStore } from './shelf-store.js'
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
export type { Forgetting, Versioned } from './store-writes.js'
export { forgettingStore, versionedStore } from './store-writes.js'
export type { Supersession, SupersessionOptions, SupersessionProblem } from './supersession.js'
export { applySupersession } from './supersession.js'
export type { SwappableRetriever } from './swappable-retriever.js'
export { swappableRetriever } from './swappable-retriever.js'
export type { DocumentSync, DocumentSyncOptions, SyncReport } from './sync.js'
export { documentSync, removeDocument } from './sync.js'
export type { TellsShare } from './tells-share.js'
export { shareOf } from './tells-share.js'
export { embeddingText, toChunks } from './to-chunks.js'
export type { TokenRuler } from './token-ruler.js'
export { tokenRuler } from './token-ruler.js'
export type { Tokenizer } from './tokenizer.js'
export { Bitset } from './vector/bitset.js'
export { dot, squaredDistance } from './vector/dot.js'
export { checkVector, normalizeInPlace } from './vector/normalize.js'
export { TopK } from './vector/top-k.js'
export type { IndexSearchOptions, Metric, TopHits, VectorIndex } from './vector-index.js'
export type { GroundingCheck, GroundingOptions } from './verify-grounding.js'
export { checkGrounding } from './verify-grounding.js'
export type { CheckedQuote, VerifyQuotesOptions } from './verify-quotes.js'
export { verifyQuotes } from './verify-quotes.js'
export type { AnswerSupport, SentenceSupport, SupportOptions } from './verify-support.js'
export { answerSupport } from './verify-support.js'
