export type { BootstrapOptions, Interval, PairedInterval } from './bootstrap.js'
export { bootstrapInterval, pairedBootstrap } from './bootstrap.js'
export type { CrossReference } from './chunking/boundaries.js'
export {
  boundaryAccuracy,
  chunkingEfficiency,
  contentCoverage,
  contextPreservation,
} from './chunking/boundaries.js'
export type { PrecisionOmegaOptions, SpanScores } from './chunking/scores.js'
export { precisionOmega, spanIoU, spanPrecision, spanRecall, spanScores } from './chunking/scores.js'
export type { ChunkSizes } from './chunking/sizes.js'
export { chunkSizes } from './chunking/sizes.js'
export type { SourceSpan } from './chunking/spans.js'
export { intersectSpans, mergeSpans, spansMeeting, totalLength } from './chunking/spans.js'
export type { EvaluateOptions, Evaluation, Search } from './evaluate.js'
export { compare, evaluate, summarize } from './evaluate.js'
export type { Gain, Metric } from './metrics.js'
export {
  averagePrecisionAt,
  checkRanking,
  contextPrecisionAt,
  discountedCumulativeGain,
  f1At,
  hitRateAt,
  ndcgAt,
  precisionAt,
  recallAt,
  reciprocalRankAt,
} from './metrics.js'
export type { EvaluationDocument, EvaluationQuery, Relevance, RetrievalDataset } from './relevance.js'
export { judgedQueries } from './relevance.js'
