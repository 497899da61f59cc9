import { checkNumber, type Hit, type Metadata, type Reranker, type RerankOptions } from '@tesserae/core'
import {
  type ExplainableReranker,
  explainMixed,
  explainReranking,
  isExplainableReranker,
  leaf,
} from './explain.js'
import { limitOf } from './limit.js'
import { rescore } from './rescore.js'

/**
 * What a model nobody has measured yet gets: enough to lift what it is sure of, too little to bury what the order
 * before was sure of. A small cross-encoder lost 0.09 nDCG@10 on a set it had never seen when it had the whole say,
 * and lost on no set at this weight.
 */
export const cautiousWeight = 0.3

export interface BlendWeight {
  /**
   * How much the new scores count against the scores the hits came with, 0 to 1; both are scaled to 0–1 by min-max
   * over the hits of a query first. With 1 the new scores stand alone, as they are. @default 0.3
   */
  readonly weight?: number | undefined
}

export interface BlendOptions extends BlendWeight {
  /** Stage name in traces. @default '<reranker> + order' */
  readonly name?: string | undefined
}

export function checkWeight(weight: number | undefined): number {
  return checkNumber('weight', weight ?? cautiousWeight, 0, 1)
}

/**
 * Mixes the scores of any reranker with those the hits came with, weight · new + (1 − weight) · old, each scaled to
 * 0–1 over the hits that the reranker kept. Hits that it dropped stay dropped; when it fell back to the order it
 * was given, that order stays.
 */
export function blendedReranker(reranker: Reranker, options: BlendOptions = {}): ExplainableReranker {
  const weight = checkWeight(options.weight)
  const name = options.name ?? `${reranker.name} + order`
  const blended: ExplainableReranker = {
    name,
    async rerank<M extends Metadata>(query: string, hits: readonly Hit<M>[], call: RerankOptions = {}) {
      const limit = limitOf(call, hits.length)
      const { signal, observer } = call
      signal?.throwIfAborted()
      if (hits.length === 0) return []
      const before = new Map(hits.map(({ chunk, score }) => [chunk.id, score]))
      const scored = await reranker.rerank(query, hits, { signal, observer })
      const scores = scored.map(({ score }) => score)
      const prior = scored.map(({ chunk, score }) => before.get(chunk.id) ?? score)
      return rescore(scored, mix(scores, prior, weight), { name, kind: 'fused' }, limit)
    },
    explain: (query, hits, chunkId, options = {}) =>
      explainReranking(blended, query, hits, chunkId, options, async ({ given, result, all, before }) => {
        // What the reranker gave is the last entry before the mix, or the score that came in.
        const freshOf = ({ trace, score }: (typeof all)[number]) => trace.at(-2)?.score ?? score
        const kept = new Set(all.map(({ chunk }) => chunk.id))
        const inner = isExplainableReranker(reranker)
          ? await reranker.explain(query, hits, chunkId, { ...options, limit: undefined })
          : undefined
        return explainMixed({
          name,
          score: result.score,
          weight,
          fresh: {
            tree: inner ?? leaf(freshOf(result), `score of "${reranker.name}"`),
            scores: all.map(freshOf),
          },
          prior: {
            tree: await before(given),
            scores: hits.filter(({ chunk }) => kept.has(chunk.id)).map(({ score }) => score),
          },
        })
      }),
  }
  return blended
}

/**
 * The hits by a model's scores and, below weight 1, by those they came with. The trace tells the model's own score
 * in any case, and the mix as a stage of its own.
 */
export function rescoreBlended<M extends Metadata>(
  hits: readonly Hit<M>[],
  scores: ArrayLike<number>,
  name: string,
  weight: number,
  limit: number,
): readonly Hit<M>[] {
  const scored = rescore(hits, scores, { name, kind: 'relevance' }, weight === 1 ? limit : undefined)
  if (weight === 1) return scored
  const before = new Map(hits.map(({ chunk, score }) => [chunk.id, score]))
  const mixed = mix(
    scored.map(({ score }) => score),
    scored.map(({ chunk, score }) => before.get(chunk.id) ?? score),
    weight,
  )
  return rescore(scored, mixed, { name: `${name} + order`, kind: 'fused' }, limit)
}

function mix(scores: ArrayLike<number>, prior: ArrayLike<number>, weight: number): Float64Array {
  const fresh = minMax(scores)
  const old = minMax(prior)
  return fresh.map((score, place) => weight * score + (1 - weight) * old[place]!)
}

/** Scores brought to 0–1, the best 1; all 1 when they are equal, so that they decide nothing. */
export function minMax(scores: ArrayLike<number>): Float64Array {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (let place = 0; place < scores.length; place++) {
    const score = scores[place]!
    if (score < min) min = score
    if (score > max) max = score
  }
  const scaled = new Float64Array(scores.length).fill(1)
  if (max > min) for (let i = 0; i < scaled.length; i++) scaled[i] = (scores[i]! - min) / (max - min)
  return scaled
}
