export type { TellsShare } from '@tesserae/core'
export type {
  AnalyzedTerm,
  Analyzer,
  AnalyzerOptions,
  Language,
  Segmentation,
  TokenTerm,
} from './analysis/index.js'
export { analyze, createAnalyzer, englishAnalyzer, TokenSpans, universalAnalyzer } from './analysis/index.js'
export type { AutoMergeOptions } from './auto-merge.js'
export { autoMergeRetriever } from './auto-merge.js'
export type {
  Bm25Field,
  Bm25Index,
  Bm25Options,
  Bm25Statistics,
  Bm25Variant,
  FieldTexts,
  FragmentOptions,
  FuzzyClause,
  FuzzyOptions,
  HighlightOptions,
  HighlightTextOptions,
  LexicalClause,
  LexicalQuery,
  Occurrence,
  ParseQueryOptions,
  PhraseClause,
  PrefixClause,
  Suggestion,
  SuggestOptions,
  TextClause,
} from './bm25/index.js'
export { bestFragment, bm25Index, highlight, parseLexicalQuery } from './bm25/index.js'
export type { DenseRetriever, DenseRetrieverOptions } from './dense.js'
export { denseRetriever } from './dense.js'
export type { ExplainableRetriever } from './explain-hit.js'
export { explainHit, explainQuery } from './explain-hit.js'
export type { ExplanationTextOptions } from './explain-text.js'
export { explanationText } from './explain-text.js'
export type { FlatIndex, FlatIndexOptions } from './flat/index.js'
export { flatIndex } from './flat/index.js'
export type { CalibrateOptions, Calibration, JudgedLists } from './fusion/calibrate.js'
export { calibrateVectorShare } from './fusion/calibrate.js'
export type { ConvexOptions, ScoreNormalization } from './fusion/convex.js'
export { convexFusion } from './fusion/convex.js'
export type { DynamicShareOptions } from './fusion/dynamic-share.js'
export { dynamicVectorShare } from './fusion/dynamic-share.js'
export type {
  FusedItem,
  FuseOptions,
  Fusion,
  LegKind,
  LegValues,
  ListFacts,
  RankedItem,
} from './fusion/fusion.js'
export { fuse } from './fusion/fusion.js'
export type { QueryFeatures } from './fusion/query-features.js'
export { queryFeatures } from './fusion/query-features.js'
export type { ReciprocalRankOptions } from './fusion/reciprocal-rank.js'
export { reciprocalRankFusion } from './fusion/reciprocal-rank.js'
export type { DocumentHits, GroupByDocumentOptions } from './group.js'
export { groupByDocument, hitsByDocument } from './group.js'
export type { HnswIndex, HnswMemoryOptions, HnswOptions, HnswSearchOptions } from './hnsw/index.js'
export { estimateHnswMemory, hnswIndex } from './hnsw/index.js'
export type { HybridOptions, HybridRetrieveOptions, HybridRetriever } from './hybrid.js'
export { hybridRetriever } from './hybrid.js'
export type { LexicalRetrieverOptions } from './lexical.js'
export { lexicalRetriever } from './lexical.js'
export type { FieldIndex } from './memory-store/field-index.js'
export { chunkFields } from './memory-store/field-index.js'
export type {
  ExactScan,
  ExplainText,
  GivesVectors,
  MemoryStore,
  MemoryStoreOptions,
} from './memory-store/memory-store.js'
export { memoryStore } from './memory-store/store.js'
export type { SearchManyOptions } from './parallel/index.js'
export type { Savable, SnapshotParts } from './snapshot/index.js'
export type { Backend } from './wasm/instantiate.js'
export type { Quantization } from './wasm/quantize.js'
export type { SetManyOptions, VectorEntry } from './wasm/set-many.js'
export type { DocumentOf } from './widen.js'
export type { WindowOptions } from './windows.js'
export { windowRetriever } from './windows.js'
