import { checkInteger, type Hit, type Metadata, type RetrieveOptions, type Retriever } from '@tesserae/core'

/**
 * Retrieves more and more until `limit` hits are left after `reduce`, which is told how many were asked for, or the
 * retriever has no more to give.
 */
export async function retrieveUntil<M extends Metadata>(
  retriever: Retriever<M>,
  query: string,
  options: RetrieveOptions,
  candidates: number,
  reduce: (hits: readonly Hit<M>[], asked: number) => readonly Hit<M>[] | Promise<readonly Hit<M>[]>,
): Promise<readonly Hit<M>[]> {
  const limit = checkInteger('limit', options.limit ?? 5)
  let ask = Math.max(limit, candidates)
  for (;;) {
    options.signal?.throwIfAborted()
    const hits = await retriever.retrieve(query, { ...options, limit: ask })
    const left = await reduce(hits, ask)
    if (left.length >= limit || hits.length < ask) return left.slice(0, limit)
    ask *= 2
  }
}
