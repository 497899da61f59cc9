import { type Hit, type Metadata, RagError, type Reranker, type RerankOptions } from '@tesserae/core'
import { checkFeatures, extractFeatures, type Feature, type FeatureRows } from '../features/feature.js'
import { limitOf } from '../limit.js'
import { rescore } from '../rescore.js'
import { parseRankingModel, type RankingModel, scoreRows } from './model.js'

export interface LearnedRerankerOptions {
  /** From `trainLinearRanker` or `trainLambdaMart`, or the same read from JSON. */
  readonly model: RankingModel
  /** The features that the model was trained on, by name; their order does not matter. */
  readonly features: readonly Feature[]
  /** Told what was computed for each call, to learn from later. It sees the query. @default none */
  readonly onFeatures?: ((rows: FeatureRows) => void) | undefined
  /** Stage name in traces. @default 'learned' */
  readonly name?: string | undefined
}

/**
 * Sorts by what a model learned from judged hits. Let `priorFeature` be one of the features: nothing else of the
 * order before is kept.
 *
 * @throws RagError `incompatible` when features and model do not have the same names.
 */
export function learnedReranker(options: LearnedRerankerOptions): Reranker {
  const { onFeatures, name = 'learned' } = options
  const model = parseRankingModel(options.model)
  const given = checkFeatures('features', options.features)
  const features = model.names.flatMap((one) => options.features.filter((feature) => feature.name === one))
  if (features.length !== model.names.length || given.length !== features.length) {
    throw new RagError(
      'incompatible',
      `The model was trained on the features ${model.names.join(', ')}; given are ${given.join(', ')}. Give exactly those.`,
    )
  }
  return {
    name,
    async rerank<M extends Metadata>(query: string, hits: readonly Hit<M>[], call: RerankOptions = {}) {
      const limit = limitOf(call, hits.length)
      call.signal?.throwIfAborted()
      if (hits.length === 0) return []
      const rows = extractFeatures(features, query, hits)
      onFeatures?.(rows)
      return rescore(hits, scoreRows(model, rows.values), { name, kind: 'feature' }, limit)
    },
  }
}
