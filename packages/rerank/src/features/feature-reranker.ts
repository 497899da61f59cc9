import { checkNumber, type Hit, invalid, type Metadata, type RerankOptions } from '@tesserae/core'
import { minMax } from '../blend.js'
import {
  beforeOf,
  type ExplainableReranker,
  type ExplainRerankOptions,
  leaf,
  productOf,
  scaled,
  sumOf,
} from '../explain.js'
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
export function featureReranker(options: FeatureRerankerOptions): ExplainableReranker {
  const { features: weighted, onFeatures, name = 'features' } = options
  if (!Array.isArray(weighted)) invalid('features', 'a list of features with their weights', weighted)
  const features: readonly Feature[] = weighted.map(({ feature }: WeightedFeature) => feature)
  checkFeatures('features', features)
  const weights = weighted.map(({ weight }: WeightedFeature, place) =>
    checkNumber(`features[${place}].weight`, weight),
  )
  const priorWeight = checkNumber('priorWeight', options.priorWeight ?? 1)
  const score = <M extends Metadata>(query: string, hits: readonly Hit<M>[]) => {
    const rows = extractFeatures(features, query, hits)
    const scores = minMax(hits.map(({ score }) => score)).map((prior) => priorWeight * prior)
    for (let hit = 0, at = 0; hit < hits.length; hit++)
      for (let column = 0; column < weights.length; column++, at++)
        scores[hit] = scores[hit]! + weights[column]! * rows.values[at]!
    return { rows, scores }
  }
  return {
    name,
    async rerank<M extends Metadata>(query: string, hits: readonly Hit<M>[], call: RerankOptions = {}) {
      const limit = limitOf(call, hits.length)
      call.signal?.throwIfAborted()
      if (hits.length === 0) return []
      const { rows, scores } = score(query, hits)
      onFeatures?.(rows)
      return rescore(hits, scores, { name, kind: 'feature' }, limit)
    },
    async explain<M extends Metadata>(
      query: string,
      hits: readonly Hit<M>[],
      chunkId: string,
      options: ExplainRerankOptions<M> = {},
    ) {
      const limit = limitOf(options, hits.length)
      const { rows, scores } = score(query, hits)
      const best = rescore(hits, scores, { name, kind: 'feature' }, limit)
      const place = hits.findIndex(({ chunk }) => chunk.id === chunkId)
      if (!best.some(({ chunk }) => chunk.id === chunkId)) return undefined
      const before = await beforeOf(options)(hits[place]!)
      const prior = scaled(
        'scaled',
        before,
        hits.map(({ score }) => score),
      )
      return sumOf(`"${name}"`, scores[place]!, [
        productOf('score it came with', [priorWeight, prior], 'scaled'),
        ...weights.map((weight, column) => {
          const value = rows.values[place * weights.length + column]!
          return productOf(`feature "${rows.names[column]}"`, [weight, leaf(value, 'value')], 'value')
        }),
      ])
    },
  }
}
