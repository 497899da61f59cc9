export type { BlendOptions, BlendWeight } from './blend.js'
export { blendedReranker } from './blend.js'
export type { CascadeOptions, CascadeStage } from './cascade.js'
export { cascade } from './cascade.js'
export type { CrossEncoderOptions } from './cross-encoder.js'
export { crossEncoderReranker } from './cross-encoder.js'
export type { CutOptions } from './cut.js'
export { cutReranker } from './cut.js'
export type { EmbeddingRerankerOptions } from './embedding.js'
export { embeddingReranker } from './embedding.js'
export type { ExplainableReranker, ExplainRerankOptions } from './explain.js'
export { isExplainableReranker } from './explain.js'
export type { FallbackOptions } from './fallback.js'
export type { Feature, FeatureRows } from './features/feature.js'
export { extractFeatures } from './features/feature.js'
export type { FeatureRerankerOptions, WeightedFeature } from './features/feature-reranker.js'
export { featureReranker } from './features/feature-reranker.js'
export type {
  AuthorityFeatureOptions,
  ChunkFeatureOptions,
  FilterFeatureOptions,
  FreshnessFeatureOptions,
  PopularityFeatureOptions,
} from './features/metadata.js'
export {
  authorityFeature,
  chunkFeature,
  filterFeature,
  freshnessFeature,
  popularityFeature,
} from './features/metadata.js'
export type { FieldMatchOptions, PriorFeatureOptions, StageFeatureOptions } from './features/scores.js'
export { fieldMatchFeature, priorFeature, stageFeature } from './features/scores.js'
export type {
  LateInteractionRerankerOptions,
  SharedTokenRows,
  TokenRows,
  TokenSource,
} from './late-interaction.js'
export { lateInteractionReranker } from './late-interaction.js'
export type { LambdaMartOptions } from './learned/lambda-mart.js'
export { trainLambdaMart } from './learned/lambda-mart.js'
export type { LearnedRerankerOptions } from './learned/learned-reranker.js'
export { learnedReranker } from './learned/learned-reranker.js'
export type { LinearRankerOptions } from './learned/linear.js'
export { trainLinearRanker } from './learned/linear.js'
export type {
  LinearRankingModel,
  RankingModel,
  RankingTree,
  TreeRankingModel,
} from './learned/model.js'
export { parseRankingModel, scoreRows } from './learned/model.js'
export type { JudgedRows, TrainingSet } from './learned/training-set.js'
export { judgeFeatures } from './learned/training-set.js'
export type { ListwiseOptions } from './listwise/listwise.js'
export { listwiseReranker } from './listwise/listwise.js'
export type { MmrOptions } from './mmr.js'
export { mmrReranker } from './mmr.js'
export type { HitOrder } from './order.js'
export { orderHits } from './order.js'
export type { RerankedOptions } from './reranked.js'
export { reranked } from './reranked.js'
