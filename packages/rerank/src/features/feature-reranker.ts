import {
  checkNumber,
  type Hit,
  invalid,
  type Metadata,
  type Reranker,
  type RerankOptions,
} from '@tesserae/core'
import { minMax } from '../blend.js'
import { limitOf } from '../limit.js'
import { rescore } from '../rescore.js'
import { checkFeatures, extractFeatures, type Feature, type FeatureRows } from './feature.js'

export interface WeightedFeature {
  readonly feature: Feature
  /** What the feature's number is multiplied with; below zero it counts against the hit. */
  readonly weight: number
}

export interface FeatureRerankerOptions {
  readonly features: readonly WeightedFeature[]
  /** Weight of the scores the hits came with, scaled to 0–1. @default 1 */
  readonly priorWeight?: number | undefined
  /** Told what was computed for each call, to learn from later. It sees the query. @default none */
  readonly onFeatures?: ((rows: FeatureRows) => void) | undefined
  /** Stage name in traces. @default 'features' */
  readonly name?: string | undefined
}

/**
 * Sorts by priorWeight · prior + Σ weight · feature: freshness, authority, popularity, matches in a title, whatever
 * the chunks know of themselves. Needs no model and no training.
 */
export function featureReranker(options: FeatureRerankerOptions): Reranker {
  const { features: weighted, onFeatures, name = 'features' } = options
  if (!Array.isArray(weighted)) invalid('features', 'a list of features with their weights', weighted)
  const features: readonly Feature[] = weighted.map(({ feature }: WeightedFeature) => feature)
  checkFeatures('features', features)
  const weights = weighted.map(({ weight }: WeightedFeature, place) =>
    checkNumber(`features[${place}].weight`, weight),
  )
  const priorWeight = checkNumber('priorWeight', options.priorWeight ?? 1)
  return {
    name,
    async rerank<M extends Metadata>(query: string, hits: readonly Hit<M>[], call: RerankOptions = {}) {
      const limit = limitOf(call, hits.length)
      call.signal?.throwIfAborted()
      if (hits.length === 0) return []
      const rows = extractFeatures(features, query, hits)
      onFeatures?.(rows)
      const scores = minMax(hits.map(({ score }) => score)).map((prior) => priorWeight * prior)
      for (let hit = 0, at = 0; hit < hits.length; hit++)
        for (let column = 0; column < weights.length; column++, at++)
          scores[hit] = scores[hit]! + weights[column]! * rows.values[at]!
      return rescore(hits, scores, { name, kind: 'feature' }, limit)
    },
  }
}
