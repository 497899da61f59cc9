import { type Explanation, type Hit, type Metadata, RagError, type RerankOptions } from '@tesserae/core'
import { type ExplainableReranker, type ExplainRerankOptions, leaf, productOf, sumOf } from '../explain.js'
import { checkFeatures, extractFeatures, type Feature, type FeatureRows } from '../features/feature.js'
import { limitOf } from '../limit.js'
import { rescore } from '../rescore.js'
import { parseRankingModel, type RankingModel, type RankingTree, scoreRows } from './model.js'

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
export function learnedReranker(options: LearnedRerankerOptions): ExplainableReranker {
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
    async explain<M extends Metadata>(
      query: string,
      hits: readonly Hit<M>[],
      chunkId: string,
      options: ExplainRerankOptions<M> = {},
    ) {
      const limit = limitOf(options, hits.length)
      const { values } = extractFeatures(features, query, hits)
      const scores = scoreRows(model, values)
      const best = rescore(hits, scores, { name, kind: 'feature' }, limit)
      const place = hits.findIndex(({ chunk }) => chunk.id === chunkId)
      if (!best.some(({ chunk }) => chunk.id === chunkId)) return undefined
      const width = model.names.length
      const row = values.slice(place * width, (place + 1) * width)
      return sumOf(`"${name}"`, scores[place]!, explainRow(model, row))
    },
  }
}

/** What `scoreRows` adds up for one hit. */
function explainRow(model: RankingModel, row: Float64Array): readonly Explanation[] {
  const { names, weights = [] } = model
  const linear = weights.map((weight, column) =>
    productOf(`feature "${names[column]}"`, [weight, leaf(row[column]!, 'value')], 'value'),
  )
  if (model.kind === 'linear') return linear
  return [...linear, ...model.trees.map((tree, place) => explainTree(tree, place, names, row))]
}

/** The leaf a tree comes to, with the questions on the way. */
function explainTree(
  { feature, threshold, left, right, value }: RankingTree,
  place: number,
  names: readonly string[],
  row: Float64Array,
): Explanation {
  const way: string[] = []
  let node = 0
  while (feature[node]! >= 0) {
    const column = feature[node]!
    const isLeft = row[column]! <= threshold[node]!
    way.push(`"${names[column]}" ${row[column]} ${isLeft ? '≤' : '>'} ${threshold[node]}`)
    node = isLeft ? left[node]! : right[node]!
  }
  return leaf(value[node]!, `tree ${place + 1}, ${way.length === 0 ? 'always' : way.join(', ')}`)
}
