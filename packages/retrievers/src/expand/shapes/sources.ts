import {
  type Chunk,
  checkInteger,
  type Hit,
  invalid,
  type Metadata,
  type MetadataValue,
  type RetrieveOptions,
  type Retriever,
  type Store,
} from '@tesserae/core'
import type { ExplainableRetriever } from '../../explain-hit.js'
import { explainBest } from '../../explain-through.js'
import { retrieveUntil } from '../../retrieve-until.js'
import { admission, joinedHits } from './joined-hits.js'

/** Metadata field of a stand-in that holds the id of the chunk it stands for. */
const sourceField = 'standsFor'
/** Metadata field of a stand-in that says what it is. */
const facetField = 'facet'

/**
 * Stand-ins of a chunk: texts that are searched in its place, such as questions it answers, its summary, or the facets of
 * a product. They have the chunk's metadata, so filters and scopes hold for them, and lead back to it. Their text is no
 * slice of the document; keep them in a store of their own, which `ingest` does not tidy.
 */
export function standIns<M extends Metadata>(
  chunk: Chunk<M>,
  texts: readonly string[],
  facet: string,
): readonly Chunk[] {
  if (typeof facet !== 'string' || facet === '') invalid('facet', 'a name', facet)
  return texts.map((text, index) => {
    if (typeof text !== 'string' || text.trim() === '') invalid(`texts[${index}]`, 'a text', text)
    return {
      id: `${chunk.id}#${facet}-${index + 1}`,
      documentId: chunk.documentId,
      index,
      start: 0,
      end: text.length,
      text,
      headings: chunk.headings,
      metadata: { ...chunk.metadata, [sourceField]: chunk.id, [facetField]: facet },
    }
  })
}

export interface SourceOptions<M extends Metadata = Metadata> {
  /** Where the chunks stood for are. */
  readonly store: Pick<Store<M>, 'get'>
  /** Hits asked for at first; twice as many as long as they lead to too few chunks. @default 50 */
  readonly candidates?: number | undefined
  /** Stage name in traces. @default 'sources' */
  readonly name?: string | undefined
}

/**
 * Multi-vector retrieval: searches stand-ins and gives the chunks they stand for, each once, with the score of its best
 * stand-in (max merge); the trace says which facet that was (`sources/question`). A hit that stands for nothing else is
 * given itself. Chunks are held to the caller's filter again: their metadata may have changed since.
 */
export function sourceRetriever<M extends Metadata = Metadata>(
  retriever: Retriever,
  options: SourceOptions<M>,
): ExplainableRetriever<M> {
  const { store, name = 'sources' } = options
  if (typeof store?.get !== 'function') invalid('store', 'a Store', store)
  const candidates = checkInteger('candidates', options.candidates ?? 50)
  /** The chunks that the hits stand for, and by their ids those hits, best first. */
  async function search(query: string, call: RetrieveOptions) {
    const admits = admission<M>(call.filter)
    // The hits of a later round lead to the same chunks and more.
    const fetched = new Map<string, Chunk<M> | undefined>()
    let inside = new Map<string, Hit[]>()
    let found: readonly Hit<M>[] = []
    let asked = 0
    await retrieveUntil(retriever, query, call, candidates, async (hits, limit) => {
      const missing = [...new Set(hits.map(sourceOf))].filter((id) => !fetched.has(id))
      const chunks = await store.get(missing, { signal: call.signal, observer: call.observer })
      for (const [index, id] of missing.entries()) fetched.set(id, chunks[index])
      const followers: Hit<M>[] = []
      inside = new Map()
      asked = limit
      for (const [index, hit] of hits.entries()) {
        const chunk = fetched.get(sourceOf(hit))
        if (chunk === undefined || !admits(chunk)) continue
        const { kind = 'feature' } = hit.trace.at(-1) ?? {}
        const step = { stage: `${name}/${facetOf(hit)}`, kind, rank: index + 1, score: hit.score }
        followers.push({ chunk, score: hit.score, trace: [...hit.trace, step] })
        inside.set(chunk.id, [...(inside.get(chunk.id) ?? []), hit])
      }
      found = joinedHits<M, Hit<M>>(followers, name).hits
      // As many of the stand-ins as lead to something, for `retrieveUntil` to count.
      return hits.slice(0, found.length)
    })
    return { hits: found.slice(0, call.limit ?? 5), inside, asked }
  }

  return {
    name,
    retrieve: async (query, call = {}) => (await search(query, call)).hits,
    async explain(query, chunkId, call = {}) {
      const { inside, asked } = await search(query, call)
      const hits = inside.get(chunkId) ?? []
      const facets = [...new Set(hits.map(facetOf))].join(', ')
      const what = `"${name}", found by ${hits.length} that stand for it (${facets})`
      return explainBest(what, retriever, query, hits, { ...call, limit: asked })
    },
  }
}

function sourceOf({ chunk }: Hit): string {
  const source = chunk.metadata[sourceField]
  return typeof source === 'string' ? source : chunk.id
}

function facetOf({ chunk }: Hit): MetadataValue {
  return typeof chunk.metadata[facetField] === 'string' ? chunk.metadata[facetField] : 'itself'
}
