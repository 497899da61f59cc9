import {
  type CallOptions,
  checkInteger,
  checkNumber,
  checkVector,
  type Embedder,
  invalid,
  type Metadata,
  normalizeInPlace,
  orAbort,
  type RetrieveOptions,
  tell,
  timed,
} from '@tesserae/core'
import { type DenseRetrieverOptions, denseRetriever } from '../dense.js'
import { explainVector, type VectorPart } from '../explain-vector.js'
import { toHits } from '../leg-hits.js'
import { type AskModel, type ModelOptions, modelAsker } from './ask-model.js'
import { openBudget } from './budget.js'
import { reasonOrThrow } from './expanding-retriever.js'
import type { ExpandedHits, ExpandingRetriever, FallbackReason } from './expansion.js'
import { readLines } from './model-text.js'
import { fieldOf } from './read-json.js'

export interface HydeOptions<M extends Metadata = Metadata> extends DenseRetrieverOptions<M>, ModelOptions {
  /** Passages that the model invents, 1 to 8. @default 1 */
  readonly hypotheticals?: number | undefined
  /** The query's share in the vector, each passage having 1; 0 searches by the passages alone. @default 1 */
  readonly originalWeight?: number | undefined
  /** The time for inventing and embedding passages, in milliseconds; then the query's own vector serves. @default 3000 */
  readonly timeoutMs?: number | undefined
}

const instructions = `You help a search engine. Write passages as they could stand in a document that answers the \
query: the style of such a document, two to four sentences each, different from each other. They need not be true, \
only plausible. Keep names, numbers and codes of the query.`

interface Guess {
  readonly passages: readonly string[]
  /** The passages' vectors, row by row. */
  readonly vectors: Float32Array
}

/**
 * HyDE: a model invents passages that would answer the query, and the search goes by the mean of their vectors and the
 * query's own, each of unit length: passages lie nearer to documents than questions do. Without the model the query's
 * vector serves.
 *
 * Gao et al., "Precise zero-shot dense retrieval without relevance labels", ACL 2023.
 */
export function hydeRetriever<M extends Metadata = Metadata>(options: HydeOptions<M>): ExpandingRetriever<M> {
  const { store, embedder, name = 'hyde' } = options
  const count = checkInteger('hypotheticals', options.hypotheticals ?? 1, 1, 8)
  const originalWeight = checkNumber('originalWeight', options.originalWeight ?? 1, 0)
  const timeoutMs = checkInteger('timeoutMs', options.timeoutMs ?? 3000, 1, 2 ** 31 - 1)
  const plain = denseRetriever<M>({ store, embedder, name })
  const ask = modelAsker(options, { instructions, form: '{"passages": ["...", "..."]}' }, name)

  async function run(query: string, call: RetrieveOptions): Promise<Outcome<M>> {
    if (typeof query !== 'string') invalid('query', 'a string', query)
    const limit = checkInteger('limit', call.limit ?? 5)
    const { signal, observer, filter } = call
    signal?.throwIfAborted()
    const original = { label: 'original', text: query }
    if (query.trim() === '')
      return { expanded: { hits: await plain.retrieve(query, call), queries: [original] } }
    const own = originalWeight > 0 ? embedQuery(embedder, query, { signal, observer }) : undefined
    own?.catch(() => undefined)
    const guess = await guessed(query, call)
    if (typeof guess === 'string') {
      tell(observer, { type: 'expand.fallback', source: name, labels: { reason: guess } })
      const hits = await plain.retrieve(query, call)
      return { expanded: { hits, queries: [original], fallback: guess } }
    }
    const invented = guess.passages.map((text, index) => ({ label: `hypothetical-${index + 1}`, text }))
    const parts = partsOf(guess.vectors, embedder.dimensions, await own, originalWeight)
    const mean = meanOf(parts, embedder.dimensions)
    signal?.throwIfAborted()
    const ranked = await store.searchByVector(mean.vector, { limit, filter }, { signal, observer })
    const queries = originalWeight > 0 ? [original, ...invented] : invented
    return { expanded: { hits: toHits(ranked, name, 'vector'), queries }, parts, mean }
  }

  async function guessed(query: string, call: RetrieveOptions): Promise<Guess | FallbackReason> {
    const budget = openBudget(timeoutMs, call.signal)
    try {
      const options = { signal: budget.signal, observer: call.observer }
      return await orAbort(guess(ask, query, { count, embedder }, options), budget.signal)
    } catch (error) {
      return reasonOrThrow(error, call.signal, budget)
    } finally {
      budget.close()
    }
  }

  const retrieveExpanded = (query: string, call: RetrieveOptions = {}) =>
    timed(call.observer, 'retrieve.expand', name, async () => (await run(query, call)).expanded, {
      counts: ({ hits, queries }) => ({ hits: hits.length, queries: queries.length }),
      signal: call.signal,
    })
  return {
    name,
    retrieveExpanded,
    retrieve: async (query, call) => (await retrieveExpanded(query, call)).hits,
    async explain(query, chunkId, call = {}) {
      const { expanded, parts, mean } = await run(query, call)
      if (parts === undefined || mean === undefined) return plain.explain(query, chunkId, call)
      const hit = expanded.hits.find(({ chunk }) => chunk.id === chunkId)
      if (hit === undefined) return undefined
      const { signal, observer } = call
      return explainVector({
        name,
        score: hit.score,
        asked: mean.vector,
        stored: (await store.vectors?.([chunkId], { signal, observer }))?.[0],
        // The mean was brought to unit length, and so is each share of it.
        parts: parts.map(({ share, vector }, index) => ({
          label: expanded.queries[index]!.label,
          share: share / mean.length,
          vector,
        })),
      })
    },
  }
}

interface Outcome<M extends Metadata> {
  readonly expanded: ExpandedHits<M>
  /** What the vector searched with was made of, in the order of the queries; unless the plain search served. */
  readonly parts?: readonly Part[] | undefined
  readonly mean?: Mean | undefined
}

type Part = Omit<VectorPart, 'label'>

interface Mean {
  readonly vector: Float32Array
  /** Before it was brought to 1. */
  readonly length: number
}

async function embedQuery(embedder: Embedder, query: string, call: CallOptions): Promise<Float32Array> {
  const vector = await embedder.embed([query], { ...call, role: 'query' })
  checkVector(`query vector of embedder "${embedder.id}"`, vector, embedder.dimensions)
  return vector
}

/** Passages and their vectors; a document's, since that is what they pretend to be. */
async function guess(
  ask: AskModel,
  query: string,
  { count, embedder }: { readonly count: number; readonly embedder: Embedder },
  call: CallOptions,
): Promise<Guess> {
  const passages = await ask(
    { query, count },
    (value) => {
      const given = fieldOf(value, 'passages') ?? value
      const lines = readLines(given, ['passage', 'text'], { max: count, maxLength: 2000 })
      return lines?.length === 0 ? undefined : lines
    },
    call,
  )
  const vectors = new Float32Array(passages.length * embedder.dimensions)
  for (let start = 0; start < passages.length; start += embedder.maxBatchSize) {
    const batch = passages.slice(start, start + embedder.maxBatchSize)
    const rows = await embedder.embed(batch, { ...call, role: 'document' })
    checkVector(`passage vectors of embedder "${embedder.id}"`, rows, batch.length * embedder.dimensions)
    vectors.set(rows, start * embedder.dimensions)
  }
  return { passages, vectors }
}

/** Unit vectors of the query, if it takes part, and of the passages, with their shares. Does not change what it is given. */
function partsOf(
  rows: Float32Array,
  dimensions: number,
  own: Float32Array | undefined,
  weight: number,
): readonly Part[] {
  const parts: Part[] = []
  const add = (vector: Float32Array, share: number) => {
    const unit = vector.slice()
    normalizeInPlace(unit, 0, dimensions)
    parts.push({ share, vector: unit })
  }
  if (own !== undefined) add(own, weight)
  for (let start = 0; start < rows.length; start += dimensions)
    add(rows.subarray(start, start + dimensions), 1)
  return parts
}

/** The weighted mean of unit vectors, of unit length again. */
function meanOf(parts: readonly Part[], dimensions: number): Mean {
  const vector = new Float32Array(dimensions)
  for (const { share, vector: unit } of parts)
    for (let i = 0; i < dimensions; i++) vector[i]! += share * unit[i]!
  return { length: normalizeInPlace(vector, 0, dimensions) || 1, vector }
}
