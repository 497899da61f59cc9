import {
  type Explanation,
  explainTrace,
  type Hit,
  type Metadata,
  type Reranker,
  type RerankOptions,
} from '@tesserae/core'
import { limitOf } from './limit.js'

export interface ExplainRerankOptions<M extends Metadata = Metadata> extends RerankOptions {
  /** The tree behind the score that a hit came with. @default its trace */
  readonly before?: ((hit: Hit<M>) => Explanation | Promise<Explanation>) | undefined
}

/** A reranker that can say how a hit got its score. */
export interface ExplainableReranker extends Reranker {
  /**
   * The tree behind the score that `rerank` gives this chunk for the same query, hits and options; `undefined` when it
   * does not come back. Formulas are stated as those of an `ExplainableRetriever`. Asks again, models too.
   */
  explain<M extends Metadata>(
    query: string,
    hits: readonly Hit<M>[],
    chunkId: string,
    options?: ExplainRerankOptions<M>,
  ): Promise<Explanation | undefined>
}

export function isExplainableReranker(reranker: Reranker): reranker is ExplainableReranker {
  return 'explain' in reranker && typeof reranker.explain === 'function'
}

/** What a reranker made of the hit that is explained, and of the others. */
export interface Reranking<M extends Metadata> {
  readonly given: Hit<M>
  readonly result: Hit<M>
  /** Everything that came back, whatever the limit. */
  readonly all: readonly Hit<M>[]
  readonly before: (hit: Hit<M>) => Promise<Explanation>
}

/** Reranks again and explains by `tree`; a hit that came back as it was, as after a failure, by what was before. */
export async function explainReranking<M extends Metadata>(
  reranker: Pick<Reranker, 'rerank'>,
  query: string,
  hits: readonly Hit<M>[],
  chunkId: string,
  options: ExplainRerankOptions<M>,
  tree: (reranking: Reranking<M>) => Explanation | Promise<Explanation>,
): Promise<Explanation | undefined> {
  const { signal, observer } = options
  const limit = limitOf(options, hits.length)
  const all = await reranker.rerank(query, hits, { signal, observer })
  const given = hits.find(({ chunk }) => chunk.id === chunkId)
  const result = all.slice(0, limit).find(({ chunk }) => chunk.id === chunkId)
  if (given === undefined || result === undefined) return undefined
  const before = beforeOf(options)
  return result.trace.length === given.trace.length ? before(given) : tree({ given, result, all, before })
}

export function beforeOf<M extends Metadata>({
  before = explainTrace,
}: ExplainRerankOptions<M>): (hit: Hit<M>) => Promise<Explanation> {
  return async (hit) => before(hit)
}

export function leaf(value: number, description: string): Explanation {
  return { value, description, details: [] }
}

/** A tree under a name that a formula can use. */
export function named(name: string, tree: Explanation): Explanation {
  return { value: tree.value, description: `${name}: unchanged`, details: [tree] }
}

export function sumOf(description: string, value: number, details: readonly Explanation[]): Explanation {
  return { value, description: `${description}: sum`, details }
}

export function productOf(
  description: string,
  [weight, factor]: readonly [weight: number, factor: Explanation],
  name: string,
): Explanation {
  return {
    value: weight * factor.value,
    description: `${description}: weight × ${name}`,
    details: [leaf(weight, 'weight'), factor],
  }
}

/** Min-max over all scores, as `minMax` computes it. */
export function scaled(name: string, tree: Explanation, scores: ArrayLike<number>): Explanation {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (let place = 0; place < scores.length; place++) {
    min = Math.min(min, scores[place]!)
    max = Math.max(max, scores[place]!)
  }
  const value = max > min ? (tree.value - min) / (max - min) : 1
  const formula = max > min ? '(score − min) / (max − min)' : '1, all scores being equal'
  const ends = [leaf(min, 'min, of the hits'), leaf(max, 'max, of the hits')]
  return { value, description: `${name} = ${formula}`, details: [named('score', tree), ...ends] }
}

export interface Mixed {
  readonly name: string
  readonly score: number
  readonly weight: number
  /** What the model says, and what it says of all hits. */
  readonly fresh: { readonly tree: Explanation; readonly scores: readonly number[] }
  readonly prior: { readonly tree: Explanation; readonly scores: readonly number[] }
}

/** weight · new + (1 − weight) · old, each scaled. */
export function explainMixed({ name, score, weight, fresh, prior }: Mixed): Explanation {
  return sumOf(`"${name}"`, score, [
    productOf('new, by the model', [weight, scaled('scaled', fresh.tree, fresh.scores)], 'scaled'),
    productOf('old, by the order before', [1 - weight, scaled('scaled', prior.tree, prior.scores)], 'scaled'),
  ])
}

/** The tree of what `rescoreBlended` made; `own` explains the model's score of the hit. */
export async function explainBlended<M extends Metadata>(
  { given, result, all, before }: Reranking<M>,
  hits: readonly Hit<M>[],
  { name, weight }: { readonly name: string; readonly weight: number },
  own: (score: number) => Explanation | Promise<Explanation>,
): Promise<Explanation> {
  const freshOf = (hit: Hit<M>) => hit.trace.findLast(({ stage }) => stage === name)?.score ?? hit.score
  const tree = await own(freshOf(result))
  if (weight === 1) return named(`"${name}"`, tree)
  return explainMixed({
    name: `${name} + order`,
    score: result.score,
    weight,
    fresh: { tree, scores: all.map(freshOf) },
    prior: { tree: await before(given), scores: hits.map(({ score }) => score) },
  })
}
