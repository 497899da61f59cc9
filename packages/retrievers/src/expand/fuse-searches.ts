import type { Explanation, Filter, Hit, Metadata, RetrieveOptions, Retriever } from '@tesserae/core'
import { type ExplainableRetriever, isExplainable } from '../explain-hit.js'
import { type Answer, explainItem, type Fused, toHit } from '../fused.js'
import { type Fusion, fuse, resolveWeights } from '../fusion/fusion.js'
import type { AskedQuery } from './expansion.js'

/** A query and what it found. */
export interface Search<M extends Metadata> extends AskedQuery {
  readonly weight: number
  readonly hits: readonly Hit<M>[]
  /** What it was narrowed to, the caller's filter included. */
  readonly filter?: Filter | undefined
  /** What was searched, where it is not what the stage wraps. */
  readonly retriever?: Retriever<M> | undefined
}

interface FusionOfStage {
  readonly name: string
  readonly fusion: Fusion
}

/** One list of all; each hit's trace says which queries found it, where, and with what score. */
export function fuseSearches<M extends Metadata>(
  searches: readonly Search<M>[],
  settings: FusionOfStage,
): readonly Hit<M>[] {
  const fused = fusedSearches(searches, settings)
  return fused.items.map((item, index) => toHit(fused, item, index + 1, settings.name))
}

/** The tree of a fused score: the queries that found the chunk, and what the retriever says about each. */
export async function explainSearches<M extends Metadata>(
  searches: readonly Search<M>[],
  settings: FusionOfStage,
  chunkId: string,
  about: { readonly retriever: Retriever<M>; readonly query: string; readonly call: RetrieveOptions },
): Promise<Explanation | undefined> {
  const asked = about.call.limit ?? 0
  const fused = { ...fusedSearches(searches, settings, about.retriever), asked }
  const item = fused.items.find(({ id }) => id === chunkId)
  return item && explainItem(fused, item, settings.fusion, { ...about, name: settings.name })
}

function fusedSearches<M extends Metadata>(
  searches: readonly Search<M>[],
  { name, fusion }: FusionOfStage,
  retriever?: Retriever<M>,
): Fused<M> {
  const lists = searches.map(({ hits }) => hits.map(({ chunk, score }) => ({ id: chunk.id, score })))
  const weights = resolveWeights(fusion, searches.length, { weights: searches.map(({ weight }) => weight) })
  const answers = searches.map((search): Answer<M> => {
    const stage = `${name}/${search.label}`
    return {
      leg: legOf(stage, search, search.retriever ?? retriever),
      hits: search.hits.map((hit, index) => {
        const kind = hit.trace.at(-1)?.kind ?? 'feature'
        return { ...hit, trace: [...hit.trace, { stage, kind, rank: index + 1, score: hit.score }] }
      }),
    }
  })
  return { asked: 0, answers, weights, items: fuse(lists, fusion, { weights }) }
}

/** A search as a leg: it has its hits, and explains them by its own query and filter. */
function legOf<M extends Metadata>(
  name: string,
  { text, hits, filter }: Search<M>,
  retriever: Retriever<M> | undefined,
): Retriever<M> | ExplainableRetriever<M> {
  const leg = { name, retrieve: async () => hits }
  if (retriever === undefined || !isExplainable(retriever)) return leg
  return { ...leg, explain: (_, chunkId, call) => retriever.explain(text, chunkId, { ...call, filter }) }
}
