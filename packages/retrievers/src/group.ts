import {
  checkInteger,
  type ExplainableRetriever,
  type Hit,
  type Metadata,
  type RetrieveOptions,
  type Retriever,
  shareOf,
  type TellsShare,
} from '@tesserae/core'
import { explainUnchanged } from './explain-through.js'
import { retrieveUntil } from './retrieve-until.js'

export interface GroupByDocumentOptions {
  /** At most this many hits of one document. @default 1 */
  readonly chunksPerDocument?: number | undefined
  /** Hits asked for at first; twice as many as long as they are too few. @default 50 */
  readonly candidates?: number | undefined
  /** @default the retriever's */
  readonly name?: string | undefined
}

/** One document and its hits, best first. */
export interface DocumentHits<M extends Metadata = Metadata> {
  readonly documentId: string
  /** The score of its best hit. */
  readonly score: number
  readonly hits: readonly Hit<M>[]
}

/** Documents ranked by their best chunk (max aggregation). `hits` are best first. */
export function hitsByDocument<M extends Metadata>(hits: readonly Hit<M>[]): readonly DocumentHits<M>[] {
  const groups = new Map<string, Hit<M>[]>()
  for (const hit of hits) {
    const group = groups.get(hit.chunk.documentId)
    if (group === undefined) groups.set(hit.chunk.documentId, [hit])
    else group.push(hit)
  }
  return Array.from(groups, ([documentId, group]) => ({ documentId, score: group[0]!.score, hits: group }))
}

/**
 * Keeps the best chunks of each document, so that one long document does not fill the list. Asks for more
 * until `limit` hits are left or nothing more is found.
 */
export function groupByDocument<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: GroupByDocumentOptions = {},
): ExplainableRetriever<M> & TellsShare {
  const perDocument = checkInteger('chunksPerDocument', options.chunksPerDocument ?? 1)
  const candidates = checkInteger('candidates', options.candidates ?? 50)
  const keepBest = (hits: readonly Hit<M>[]): readonly Hit<M>[] => {
    const counts = new Map<string, number>()
    return hits.filter(({ chunk }) => {
      const count = (counts.get(chunk.documentId) ?? 0) + 1
      counts.set(chunk.documentId, count)
      return count <= perDocument
    })
  }
  const name = options.name ?? retriever.name
  const search = async (query: string, call: RetrieveOptions) => {
    let asked = 0
    const hits = await retrieveUntil(retriever, query, call, candidates, (found, limit) => {
      asked = limit
      return keepBest(found)
    })
    return { hits, asked }
  }
  return {
    name,
    retrieve: async (query, call = {}) => (await search(query, call)).hits,
    vectorShare: (query: string) => shareOf(retriever, query),
    async explain(query, chunkId, call = {}) {
      const { hits, asked } = await search(query, call)
      const hit = hits.find(({ chunk }) => chunk.id === chunkId)
      const what = `"${name}", among the best ${perDocument} of its document`
      return hit && explainUnchanged(what, retriever, query, hit, { ...call, limit: asked })
    },
  }
}
