import {
  checkInteger,
  checkVector,
  type Embedder,
  type EmbedderProfile,
  invalid,
  type Metadata,
  RagError,
  type Ranked,
  type RetrieveOptions,
  type TellsShare,
  timed,
  type VectorReuse,
  type VectorSearch,
} from '@tesserae/core'
import type { ExplainableRetriever } from './explain-hit.js'
import { explainVector } from './explain-vector.js'
import { usualShare } from './fusion/convex.js'
import { shareByProfile } from './fusion/leg-share.js'
import { toHits } from './leg-hits.js'

export interface DenseRetrieverOptions<M extends Metadata = Metadata> {
  /** Explanations go down to the distance when it gives vectors back (`VectorReuse`). */
  readonly store: VectorSearch<M> & Partial<VectorReuse>
  /** The one the stored vectors were made with. */
  readonly embedder: Embedder & EmbedderProfile
  /** Stage name in traces. @default 'dense' */
  readonly name?: string | undefined
}

export interface DenseRetriever<M extends Metadata = Metadata> extends ExplainableRetriever<M>, TellsShare {}

/**
 * Finds chunks whose vectors are near the query's. Tells a hybrid retriever what its embedder declares to be worth for a
 * query; an embedder that declares nothing leaves that to the fusion.
 *
 * Throws `incompatible` here and now when embedder and store differ in dimensions.
 */
export function denseRetriever<M extends Metadata = Metadata>(
  options: DenseRetrieverOptions<M>,
): DenseRetriever<M> {
  const { store, embedder, name = 'dense' } = options
  if (embedder.dimensions !== store.dimensions) {
    throw new RagError(
      'incompatible',
      `Embedder "${embedder.id}" makes vectors of ${embedder.dimensions} numbers, the store holds vectors of ${store.dimensions}. Use the embedder the store was filled with, or make the store with \`dimensions: ${embedder.dimensions}\`.`,
      { details: { embedder: embedder.dimensions, store: store.dimensions } },
    )
  }
  interface Found {
    readonly vector: Float32Array
    readonly ranked: readonly Ranked<M>[]
  }
  const search = async (query: string, options: RetrieveOptions): Promise<Found> => {
    const limit = checkInteger('limit', options.limit ?? 5)
    const { signal, observer, filter } = options
    signal?.throwIfAborted()
    const vector = await embedder.embed([query], { role: 'query', signal, observer })
    signal?.throwIfAborted()
    checkVector(`query vector of embedder "${embedder.id}"`, vector, embedder.dimensions)
    const ranked = await store.searchByVector(vector, { limit, filter }, { signal, observer })
    return { vector, ranked }
  }
  return {
    name,
    vectorShare: shareByProfile(embedder, usualShare),
    async retrieve(query, options = {}) {
      if (typeof query !== 'string') invalid('query', 'a string', query)
      const { ranked } = await timed(options.observer, 'retrieve.leg', name, () => search(query, options), {
        counts: ({ ranked }) => ({ hits: ranked.length }),
        labels: { kind: 'vector' },
        signal: options.signal,
      })
      return toHits(ranked, name, 'vector')
    },
    async explain(query, chunkId, options = {}) {
      if (typeof query !== 'string') invalid('query', 'a string', query)
      const { vector: asked, ranked } = await search(query, options)
      const found = ranked.find(({ chunk }) => chunk.id === chunkId)
      if (found === undefined) return undefined
      const { signal, observer } = options
      const stored = (await store.vectors?.([chunkId], { signal, observer }))?.[0]
      return explainVector({ name, score: found.score, asked, stored })
    },
  }
}
