import type { Hit, Metadata } from '@tesserae/core'
import { type Answer, toHit } from '../fused.js'
import { type Fusion, fuse } from '../fusion/fusion.js'
import type { AskedQuery } from './expansion.js'

/** A query and what it found. */
export interface Search<M extends Metadata> extends AskedQuery {
  readonly weight: number
  readonly hits: readonly Hit<M>[]
}

/** One list of all; each hit's trace says which queries found it, where, and with what score. */
export function fuseSearches<M extends Metadata>(
  searches: readonly Search<M>[],
  { name, fusion }: { readonly name: string; readonly fusion: Fusion },
): readonly Hit<M>[] {
  const lists = searches.map(({ hits }) => hits.map(({ chunk, score }) => ({ id: chunk.id, score })))
  const weights = searches.map(({ weight }) => weight)
  const answers = searches.map(({ label, hits }): Answer<M> => {
    const stage = `${name}/${label}`
    return {
      leg: { name: stage, retrieve: async () => hits },
      hits: hits.map((hit, index) => {
        const kind = hit.trace.at(-1)?.kind ?? 'feature'
        return { ...hit, trace: [...hit.trace, { stage, kind, rank: index + 1, score: hit.score }] }
      }),
    }
  })
  const items = fuse(lists, fusion, { weights })
  const about = { asked: 0, answers, weights, items }
  return items.map((item, index) => toHit(about, item, index + 1, name))
}
