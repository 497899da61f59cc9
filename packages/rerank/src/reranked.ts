import { checkInteger, type Metadata, type Reranker, type Retriever } from '@tesserae/core'

export interface RerankedOptions {
  /** Hits asked of the retriever, or `limit` if that is more. @default 50 */
  readonly candidates?: number | undefined
  /** @default '<retriever> + <reranker>' */
  readonly name?: string | undefined
}

/** A retriever whose best `candidates` are put in order by a reranker. */
export function reranked<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  reranker: Reranker,
  options: RerankedOptions = {},
): Retriever<M> {
  const candidates = checkInteger('candidates', options.candidates ?? 50)
  return {
    name: options.name ?? `${retriever.name} + ${reranker.name}`,
    async retrieve(query, call = {}) {
      const limit = checkInteger('limit', call.limit ?? 5)
      const { signal, observer } = call
      const hits = await retriever.retrieve(query, { ...call, limit: Math.max(limit, candidates) })
      signal?.throwIfAborted()
      const best = await reranker.rerank(query, hits, { limit, signal, observer })
      return best.slice(0, limit)
    },
  }
}
