import {
  type CallOptions,
  checkInteger,
  type Hit,
  invalid,
  type LanguageModel,
  type Metadata,
  orAbort,
  type RetrieveOptions,
  type Retriever,
  tell,
} from '@tesserae/core'
import type { ExplainableRetriever } from '../../explain-hit.js'
import { explainUnchanged } from '../../explain-through.js'
import { type AskModel, type ModelOptions, modelAsker } from '../ask-model.js'
import { openBudget } from '../budget.js'
import { reasonOrThrow, tellFallback } from '../expanding-retriever.js'
import { fieldOf } from '../read-json.js'

export interface Route<M extends Metadata = Metadata> {
  /** Unique among the routes; what the model answers with. */
  readonly name: string
  /** What is found here, for the model. */
  readonly description: string
  /** `'none'` for queries that need no search, such as greetings. */
  readonly retriever: Retriever<M> | 'none'
  /** A rule for queries that go here; asked before any model, the first route whose rule holds is taken. @default none */
  readonly when?: RegExp | ((query: string) => boolean) | undefined
}

export interface RouterOptions extends Omit<ModelOptions, 'model'> {
  /** Name of the route for queries that no rule and no model placed. */
  readonly otherwise: string
  /** Places queries that no rule holds for. @default none */
  readonly model?: LanguageModel | undefined
  /** The time for placing a query, in milliseconds. @default 2000 */
  readonly timeoutMs?: number | undefined
  /** Stage name in traces. @default 'router' */
  readonly name?: string | undefined
}

export interface RoutedHits<M extends Metadata = Metadata> {
  readonly hits: readonly Hit<M>[]
  /** Name of the route taken. */
  readonly route: string
  readonly by: 'rule' | 'model' | 'default'
}

export interface RouterRetriever<M extends Metadata = Metadata> extends ExplainableRetriever<M> {
  /** What `retrieve` gives, with the route. */
  retrieveRouted(query: string, options?: RetrieveOptions): Promise<RoutedHits<M>>
}

const instructions = `You send a question to the place where its answer is searched for. Choose one of the routes by \
their descriptions.`

/**
 * Sends each query to one of several retrievers, or to none: by rules first, then by a model if there is one, else to
 * the default. A model can only name a route. One decision a query: routes that are routers themselves decide below.
 */
export function routerRetriever<M extends Metadata = Metadata>(
  routes: readonly Route<M>[],
  options: RouterOptions,
): RouterRetriever<M> {
  const { otherwise, name = 'router' } = options
  const known = checkRoutes(routes)
  const last = known.get(otherwise)
  if (last === undefined) invalid('otherwise', `one of the routes ${[...known.keys()].join(', ')}`, otherwise)
  const timeoutMs = checkInteger('timeoutMs', options.timeoutMs ?? 2000, 1, 2 ** 31 - 1)
  const ask: AskModel | undefined =
    options.model &&
    modelAsker({ ...options, model: options.model }, { instructions, form: '{"route": "..."}' }, name)
  const described = [...known.values()].map((route) => ({ name: route.name, description: route.description }))

  async function place(query: string, call: CallOptions): Promise<{ route: Route<M>; by: RoutedHits['by'] }> {
    const ruled = [...known.values()].find(({ when }) => holds(when, query))
    if (ruled !== undefined) return { route: ruled, by: 'rule' }
    const fallback = { route: last!, by: 'default' as const }
    if (ask === undefined || query.trim() === '') return fallback
    const budget = openBudget(timeoutMs, call.signal)
    try {
      const asking = ask(
        { query, routes: described },
        (value) => {
          const answer = fieldOf(value, 'route')
          return typeof answer === 'string' ? known.get(answer.trim()) : undefined
        },
        { signal: budget.signal, observer: call.observer },
      )
      return { route: await orAbort(asking, budget.signal), by: 'model' }
    } catch (error) {
      tellFallback(call.observer, name, reasonOrThrow(error, call.signal, budget))
      return fallback
    } finally {
      budget.close()
    }
  }

  /** The hits of the route that the query was sent to. */
  async function search(query: string, call: RetrieveOptions) {
    if (typeof query !== 'string') invalid('query', 'a string', query)
    checkInteger('limit', call.limit ?? 5)
    call.signal?.throwIfAborted()
    const { route, by } = await place(query, { signal: call.signal, observer: call.observer })
    tell(call.observer, { type: 'retrieve.routed', source: name, labels: { route: route.name, by } })
    const hits = route.retriever === 'none' ? [] : await route.retriever.retrieve(query, call)
    return { route, by, hits }
  }

  async function retrieveRouted(query: string, call: RetrieveOptions = {}): Promise<RoutedHits<M>> {
    const { route, by, hits } = await search(query, call)
    const stage = `${name}/${route.name}`
    const traced = hits.map((hit, index) => {
      const kind = hit.trace.at(-1)?.kind ?? 'feature'
      return { ...hit, trace: [...hit.trace, { stage, kind, rank: index + 1, score: hit.score }] }
    })
    return { hits: traced, route: route.name, by }
  }
  return {
    name,
    retrieveRouted,
    retrieve: async (query, call) => (await retrieveRouted(query, call)).hits,
    async explain(query, chunkId, call = {}) {
      const { route, by, hits } = await search(query, call)
      const hit = hits.find(({ chunk }) => chunk.id === chunkId)
      if (route.retriever === 'none' || hit === undefined) return undefined
      return explainUnchanged(`"${name}/${route.name}", route by ${by}`, route.retriever, query, hit, call)
    },
  }
}

/** `RegExp.test` would remember where a global expression left off. */
function holds(when: Route['when'], query: string): boolean {
  return when instanceof RegExp ? query.search(when) >= 0 : (when?.(query) ?? false)
}

function checkRoutes<M extends Metadata>(routes: readonly Route<M>[]): ReadonlyMap<string, Route<M>> {
  if (!Array.isArray(routes) || routes.length === 0) invalid('routes', 'a list of at least one route', routes)
  const known = new Map<string, Route<M>>()
  for (const [index, route] of routes.entries()) {
    if (typeof route?.name !== 'string' || route.name.trim() === '' || known.has(route.name))
      invalid(`routes[${index}].name`, 'a name that no other route has', route?.name)
    if (route.retriever !== 'none' && typeof route.retriever?.retrieve !== 'function')
      invalid(`routes[${index}].retriever`, "a retriever or 'none'", route.retriever)
    known.set(route.name, route)
  }
  return known
}
