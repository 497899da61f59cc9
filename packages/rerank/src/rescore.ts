import type { Hit, Metadata, StageScore } from '@tesserae/core'

/**
 * The hits with new scores, best first, equal scores by chunk id, at most `limit`; each with one more trace
 * entry. Nothing else of a hit changes.
 */
export function rescore<M extends Metadata>(
  hits: readonly Hit<M>[],
  scores: ArrayLike<number>,
  stage: { readonly name: string; readonly kind: StageScore['kind'] },
  limit: number = hits.length,
): readonly Hit<M>[] {
  const order = hits.map((_, index) => index)
  order.sort((a, b) => scores[b]! - scores[a]! || compareIds(hits[a]!, hits[b]!))
  return order
    .slice(0, limit)
    .map((place, index) => withScore(hits[place]!, scores[place]!, index + 1, stage))
}

/** One hit with a new score and the trace entry that says whose it is. */
export function withScore<M extends Metadata>(
  hit: Hit<M>,
  score: number,
  rank: number,
  stage: { readonly name: string; readonly kind: StageScore['kind'] },
): Hit<M> {
  return { ...hit, score, trace: [...hit.trace, { stage: stage.name, kind: stage.kind, rank, score }] }
}

export function compareIds<M extends Metadata>(a: Hit<M>, b: Hit<M>): number {
  return a.chunk.id < b.chunk.id ? -1 : a.chunk.id > b.chunk.id ? 1 : 0
}
