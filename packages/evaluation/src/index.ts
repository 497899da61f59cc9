export type { BootstrapOptions, Interval, PairedInterval } from './bootstrap.js'
export { bootstrapInterval, pairedBootstrap } from './bootstrap.js'
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
