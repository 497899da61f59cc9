import { checkOneOf, type Hit, type Metadata } from '@tesserae/core'

export type HitOrder = 'score' | 'edges' | 'document'

/**
 * Hits in the order a model should read them. `score`: best first. `edges`: the best first, the second best last,
 * the weakest in the middle, which models overlook (Liu et al., "Lost in the middle", 2023). `document`: documents
 * by their best hit, hits as they stand in them. For what comes after reranking: the scores no longer fall down the
 * list. `assembleContext` does the same by its own `order`.
 */
export function orderHits<M extends Metadata>(hits: readonly Hit<M>[], order: HitOrder): readonly Hit<M>[] {
  checkOneOf('order', order, ['score', 'edges', 'document'])
  const ranked = [...hits].sort((a, b) => b.score - a.score || (a.chunk.id < b.chunk.id ? -1 : 1))
  if (order === 'score') return ranked
  if (order === 'edges') {
    const front = ranked.filter((_, place) => place % 2 === 0)
    const back = ranked.filter((_, place) => place % 2 === 1)
    return [...front, ...back.reverse()]
  }
  const documents = new Map<string, Hit<M>[]>()
  for (const hit of ranked) {
    const together = documents.get(hit.chunk.documentId)
    if (together === undefined) documents.set(hit.chunk.documentId, [hit])
    else together.push(hit)
  }
  return [...documents.values()].flatMap((together) =>
    together.sort((a, b) => a.chunk.start - b.chunk.start || a.chunk.end - b.chunk.end),
  )
}
