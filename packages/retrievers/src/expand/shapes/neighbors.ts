import {
  type Chunk,
  checkInteger,
  checkNumber,
  invalid,
  type Metadata,
  type RetrieveOptions,
  type Retriever,
  type Store,
} from '@tesserae/core'
import type { ExplainableRetriever } from '../../explain-hit.js'
import { admission, explainFollower, type Follower, faded, joinedHits } from './joined-hits.js'

export interface NeighborOptions<M extends Metadata = Metadata> {
  /** Where the chunks of the hits' documents are. */
  readonly store: Pick<Store<M>, 'get' | 'list'>
  /** Chunks before each hit. @default 1 */
  readonly before?: number | undefined
  /** Chunks after each hit. @default 1 */
  readonly after?: number | undefined
  /** What is left of a hit's score for the chunk next to it, above 0 and at most 1; once more for each further one. @default 0.8 */
  readonly decay?: number | undefined
  /** Documents with more chunks are left alone: all of them would have to be read. @default 10_000 */
  readonly maxDocumentChunks?: number | undefined
  /** Stage name in traces. @default 'neighbors' */
  readonly name?: string | undefined
}

/**
 * Neighbour expansion: the chunks before and after each hit in its document come with it, with less of its score, so that
 * what was cut in two is whole again; the context joins what touches. Neighbours are held to the caller's filter.
 */
export function neighborRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: NeighborOptions<M>,
): ExplainableRetriever<M> {
  const { store, name = 'neighbors' } = options
  if (typeof store?.get !== 'function' || typeof store.list !== 'function') invalid('store', 'a Store', store)
  const before = checkInteger('before', options.before ?? 1, 0)
  const after = checkInteger('after', options.after ?? 1, 0)
  const decay = checkNumber('decay', options.decay ?? 0.8, Number.MIN_VALUE, 1)
  const most = checkInteger('maxDocumentChunks', options.maxDocumentChunks ?? 10_000)

  async function chunksOf(documentId: string, call: RetrieveOptions): Promise<readonly Chunk<M>[]> {
    const ids: string[] = []
    for await (const { id } of store.list({ documentId, signal: call.signal }))
      if (ids.push(id) > most) return []
    const chunks = await store.get(ids, { signal: call.signal, observer: call.observer })
    const there = chunks.filter((chunk) => chunk !== undefined)
    return there.sort((a, b) => a.start - b.start || a.end - b.end || (a.id < b.id ? -1 : 1))
  }

  /** The hits and what stands beside them. */
  async function expand(query: string, call: RetrieveOptions): Promise<readonly Follower<M>[]> {
    const hits = await retriever.retrieve(query, call)
    const admits = admission<M>(call.filter)
    const documents = new Map<string, Promise<readonly Chunk<M>[]>>()
    const all: Follower<M>[] = []
    for (const hit of hits) {
      call.signal?.throwIfAborted()
      all.push({ ...hit, from: hit, steps: 0 })
      const { documentId } = hit.chunk
      const reading = documents.get(documentId) ?? chunksOf(documentId, call)
      documents.set(documentId, reading)
      const chunks = await reading
      const place = chunks.findIndex(({ id }) => id === hit.chunk.id)
      if (place < 0) continue
      for (let at = Math.max(0, place - before); at <= Math.min(chunks.length - 1, place + after); at++) {
        const chunk = chunks[at]!
        if (at === place || !admits(chunk)) continue
        const steps = Math.abs(at - place)
        const score = faded(hit.score, decay, steps)
        const stage = `${name}/${at < place ? 'before' : 'after'}`
        const step = { stage, kind: 'feature' as const, rank: hit.trace.at(-1)?.rank ?? 1, score }
        all.push({ chunk, score, trace: [...hit.trace, step], from: hit, steps })
      }
    }
    return all
  }

  return {
    name,
    async retrieve(query, call = {}) {
      const limit = checkInteger('limit', call.limit ?? 5)
      return joinedHits<M>(await expand(query, call), name).hits.slice(0, limit)
    },
    async explain(query, chunkId, call = {}) {
      const { best } = joinedHits<M>(await expand(query, call), name)
      const follower = best.get(chunkId)
      return follower && explainFollower(follower, { name, decay }, { retriever, query, call })
    },
  }
}
