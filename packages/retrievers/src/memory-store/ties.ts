import type { TopHits } from '@tesserae/core'

export interface OrdinalHit {
  readonly ordinal: number
  readonly id: string
  readonly score: number
}

/**
 * The best `limit` hits with ties broken by id, from a search that breaks them by ordinal.
 *
 * Which hits are kept at the cut-off depends on the order among equals, so one hit more than wanted is asked
 * for, and more until the score at the cut-off is left behind or nothing is left.
 *
 * @param candidates the most hits the search could return
 */
export function bestByScoreThenId(
  search: (limit: number) => TopHits,
  limit: number,
  candidates: number,
  idOf: (ordinal: number) => string,
): OrdinalHit[] {
  let ask = Math.min(limit + 1, candidates)
  let top = search(ask)
  while (top.scores.length > limit && ask < candidates && isTied(top, limit)) {
    ask = Math.min(ask * 4, candidates)
    top = search(ask)
  }
  const hits: OrdinalHit[] = []
  for (let i = 0; i < top.ordinals.length; i++) {
    const ordinal = top.ordinals[i]!
    hits.push({ ordinal, id: idOf(ordinal), score: top.scores[i]! })
  }
  hits.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
  return hits.slice(0, limit)
}

/** Whether the last hit still has the score of the last one wanted. */
function isTied(top: TopHits, limit: number): boolean {
  return top.scores[top.scores.length - 1] === top.scores[limit - 1]
}
