import {
  checkInteger,
  type ExplainableRetriever,
  explainHit,
  type Hit,
  type Metadata,
  type Reranker,
  type RetrieveOptions,
  type Retriever,
} from '@tesserae/core'
import { isExplainableReranker, leaf } from './explain.js'

export interface RerankedOptions {
  /** Hits asked of the retriever, or `limit` if that is more. @default 50 */
  readonly candidates?: number | undefined
  /** @default '<retriever> + <reranker>' */
  readonly name?: string | undefined
}

/** A retriever whose best `candidates` are put in order by a reranker. Explains both, where they explain themselves. */
export function reranked<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  reranker: Reranker,
  options: RerankedOptions = {},
): ExplainableRetriever<M> {
  const candidates = checkInteger('candidates', options.candidates ?? 50)
  const limitsOf = (call: RetrieveOptions) => {
    const limit = checkInteger('limit', call.limit ?? 5)
    return { limit, inside: { ...call, limit: Math.max(limit, candidates) } }
  }
  const rerank = async (query: string, hits: readonly Hit<M>[], call: RetrieveOptions, limit: number) => {
    const { signal, observer } = call
    signal?.throwIfAborted()
    const best = await reranker.rerank(query, hits, { limit, signal, observer })
    return best.slice(0, limit)
  }
  return {
    name: options.name ?? `${retriever.name} + ${reranker.name}`,
    async retrieve(query, call = {}) {
      const { limit, inside } = limitsOf(call)
      return rerank(query, await retriever.retrieve(query, inside), call, limit)
    },
    async explain(query, chunkId, call = {}) {
      const { limit, inside } = limitsOf(call)
      const hits = await retriever.retrieve(query, inside)
      const { signal, observer } = call
      if (isExplainableReranker(reranker)) {
        const before = (hit: Hit<M>) => explainHit(retriever, query, hit, inside)
        return reranker.explain(query, hits, chunkId, { limit, signal, observer, before })
      }
      const hit = (await rerank(query, hits, call, limit)).find(({ chunk }) => chunk.id === chunkId)
      return hit && leaf(hit.score, `score of "${reranker.name}"`)
    },
  }
}
