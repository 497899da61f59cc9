import {
  type CallOptions,
  checkInteger,
  checkNumber,
  checkVector,
  type Embedder,
  invalid,
  type Metadata,
  normalizeInPlace,
  type RetrieveOptions,
  tell,
  timed,
} from '@tesserae/core'
import { type DenseRetrieverOptions, denseRetriever } from '../dense.js'
import { toHits } from '../leg-hits.js'
import { orAbort } from '../legs.js'
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

  async function run(query: string, call: RetrieveOptions): Promise<ExpandedHits<M>> {
    if (typeof query !== 'string') invalid('query', 'a string', query)
    const limit = checkInteger('limit', call.limit ?? 5)
    const { signal, observer, filter } = call
    signal?.throwIfAborted()
    const original = { label: 'original', text: query }
    if (query.trim() === '') return { hits: await plain.retrieve(query, call), queries: [original] }
    const own = originalWeight > 0 ? embedQuery(embedder, query, { signal, observer }) : undefined
    own?.catch(() => undefined)
    const guess = await guessed(query, call)
    if (typeof guess === 'string') {
      tell(observer, { type: 'expand.fallback', source: name, labels: { reason: guess } })
      return { hits: await plain.retrieve(query, call), queries: [original], fallback: guess }
    }
    const vector = meanVector(guess.vectors, embedder.dimensions, await own, originalWeight)
    signal?.throwIfAborted()
    const ranked = await store.searchByVector(vector, { limit, filter }, { signal, observer })
    const invented = guess.passages.map((text, index) => ({ label: `hypothetical-${index + 1}`, text }))
    return {
      hits: toHits(ranked, name, 'vector'),
      queries: originalWeight > 0 ? [original, ...invented] : invented,
    }
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
    timed(call.observer, 'retrieve.expand', name, () => run(query, call), {
      counts: ({ hits, queries }) => ({ hits: hits.length, queries: queries.length }),
      signal: call.signal,
    })
  return {
    name,
    retrieveExpanded,
    retrieve: async (query, call) => (await retrieveExpanded(query, call)).hits,
  }
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

/** The weighted mean of unit vectors, of unit length again. Does not change the rows it is given. */
function meanVector(
  rows: Float32Array,
  dimensions: number,
  own: Float32Array | undefined,
  weight: number,
): Float32Array {
  const mean = new Float32Array(dimensions)
  const add = (vector: Float32Array, share: number) => {
    const unit = vector.slice()
    normalizeInPlace(unit, 0, dimensions)
    for (let i = 0; i < dimensions; i++) mean[i]! += share * unit[i]!
  }
  if (own !== undefined) add(own, weight)
  for (let start = 0; start < rows.length; start += dimensions)
    add(rows.subarray(start, start + dimensions), 1)
  normalizeInPlace(mean, 0, dimensions)
  return mean
}
