import {
  type CallOptions,
  type Chunk,
  checkInteger,
  checkOneOf,
  compileFilter,
  type Filter,
  type Hit,
  invalid,
  type Metadata,
  orAbort,
  type RetrieveOptions,
  type Retriever,
  type Store,
  tell,
} from '@tesserae/core'
import type { ExplainableRetriever } from '../../explain-hit.js'
import { explainUnchanged } from '../../explain-through.js'
import { leaf } from '../../explain-vector.js'
import { openBudget } from '../budget.js'
import { both, reasonOrThrow, tellFallback } from '../expanding-retriever.js'
import { isAggregateQuery } from './aggregate-query.js'

export interface AggregateOptions<M extends Metadata = Metadata> {
  /** What is scanned. */
  readonly store: Pick<Store<M>, 'get' | 'list'>
  /**
   * What the metadata of everything asked for must be, such as `async (query, call) => (await selfQuery(query, options,
   * call)).filter`. Undefined when the query cannot be answered so: then it is searched.
   */
  readonly filterOf: (query: string, options: CallOptions) => Filter | undefined | Promise<Filter | undefined>
  /** Whether a query asks for all of something. @default isAggregateQuery: English questions */
  readonly isAggregate?: ((query: string) => boolean) | undefined
  /** Each matching chunk, or the first one of each matching document. @default 'chunk' */
  readonly per?: 'chunk' | 'document' | undefined
  /** Matches at most; more than these are reported as incomplete. @default 10_000 */
  readonly maxMatches?: number | undefined
  /** The time for `filterOf`, in milliseconds. @default 3000 */
  readonly timeoutMs?: number | undefined
  /** Stage name in traces. @default 'aggregate' */
  readonly name?: string | undefined
}

export interface AllHits<M extends Metadata = Metadata> {
  /** Everything that matches, in order of chunk id; or the hits of the search. */
  readonly hits: readonly Hit<M>[]
  /** Whether the query asked for all of something and the store was scanned for it. */
  readonly aggregate: boolean
  /** Whether nothing that matches is missing. */
  readonly complete: boolean
  /** What was scanned for. */
  readonly filter?: Filter | undefined
}

export interface AggregateRetriever<M extends Metadata = Metadata> extends ExplainableRetriever<M> {
  /** Everything that matches, whatever the limit; the hits of the search for other queries. */
  retrieveAll(query: string, options?: RetrieveOptions): Promise<AllHits<M>>
}

/** Chunks read at once. */
const page = 256

/**
 * Questions about "all the …" are not answered by the best five chunks: they are detected, and all that matches a filter
 * on metadata is read from the store. `retrieve` gives the first `limit` of it, `retrieveAll` everything. Other
 * questions, and those no filter is found for, go to the retriever. The caller's filter holds in any case.
 */
export function aggregateRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: AggregateOptions<M>,
): AggregateRetriever<M> {
  const { store, filterOf, isAggregate = isAggregateQuery, name = 'aggregate' } = options
  if (typeof store?.get !== 'function' || typeof store.list !== 'function') invalid('store', 'a Store', store)
  if (typeof filterOf !== 'function') invalid('filterOf', 'a function', filterOf)
  const per = checkOneOf('per', options.per ?? 'chunk', ['chunk', 'document'])
  const maxMatches = checkInteger('maxMatches', options.maxMatches ?? 10_000)
  const timeoutMs = checkInteger('timeoutMs', options.timeoutMs ?? 3000, 1, 2 ** 31 - 1)

  async function filterFor(query: string, call: CallOptions): Promise<Filter | undefined> {
    const budget = openBudget(timeoutMs, call.signal)
    try {
      const finding = async () => filterOf(query, { signal: budget.signal, observer: call.observer })
      return await orAbort(finding(), budget.signal)
    } catch (error) {
      tellFallback(call.observer, name, reasonOrThrow(error, call.signal, budget))
      return undefined
    } finally {
      budget.close()
    }
  }

  async function retrieveAll(query: string, call: RetrieveOptions = {}): Promise<AllHits<M>> {
    if (typeof query !== 'string') invalid('query', 'a string', query)
    checkInteger('limit', call.limit ?? 5)
    const { signal, observer } = call
    signal?.throwIfAborted()
    const filter = isAggregate(query) ? await filterFor(query, { signal, observer }) : undefined
    if (filter === undefined) {
      return { hits: await retriever.retrieve(query, call), aggregate: false, complete: false }
    }
    const matches: Chunk<M>[] = []
    const documents = new Set<string>()
    let complete = true
    for await (const chunk of scanChunks(store, both(call.filter, filter), { signal, observer })) {
      if (per === 'document' && documents.has(chunk.documentId)) continue
      if (matches.length === maxMatches) {
        complete = false
        break
      }
      documents.add(chunk.documentId)
      matches.push(chunk)
    }
    tell(observer, { type: 'retrieve.scanned', source: name, counts: { matches: matches.length } })
    matches.sort((a, b) => (a.id < b.id ? -1 : 1))
    const hits = matches.map((chunk, index) => ({
      chunk,
      score: 1,
      trace: [{ stage: name, kind: 'feature' as const, rank: index + 1, score: 1 }],
    }))
    return { hits, aggregate: true, complete, filter }
  }
  return {
    name,
    retrieveAll,
    retrieve: async (query, call = {}) => (await retrieveAll(query, call)).hits.slice(0, call.limit ?? 5),
    async explain(query, chunkId, call = {}) {
      const { hits, aggregate, filter } = await retrieveAll(query, call)
      const hit = hits.find(({ chunk }) => chunk.id === chunkId)
      if (hit === undefined) return undefined
      if (!aggregate) return explainUnchanged(`"${name}", searched`, retriever, query, hit, call)
      return leaf(hit.score, `"${name}", one of ${hits.length} that pass ${JSON.stringify(filter)}`)
    },
  }
}

/** Every chunk of a store that passes the filter, read page by page in the store's order. */
export async function* scanChunks<M extends Metadata>(
  store: Pick<Store<M>, 'get' | 'list'>,
  filter: Filter | undefined,
  call: CallOptions = {},
): AsyncGenerator<Chunk<M>> {
  const passes = filter === undefined ? () => true : compileFilter(filter)
  let ids: string[] = []
  const read = async () => {
    call.signal?.throwIfAborted()
    const chunks = await store.get(ids, call)
    ids = []
    return chunks.filter((chunk) => chunk !== undefined && passes(chunk.metadata)) as readonly Chunk<M>[]
  }
  for await (const { id } of store.list(call)) {
    if (ids.push(id) === page) yield* await read()
  }
  if (ids.length > 0) yield* await read()
}
