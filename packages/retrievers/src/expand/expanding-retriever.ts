import {
  type CallOptions,
  checkInteger,
  checkNumber,
  type Explanation,
  type Filter,
  type Hit,
  invalid,
  isRagError,
  type Metadata,
  orAbort,
  type RagErrorCode,
  type RetrieveOptions,
  type Retriever,
  tell,
  timed,
} from '@tesserae/core'
import { explainHit } from '../explain-hit.js'
import type { Fusion } from '../fusion/fusion.js'
import { reciprocalRankFusion } from '../fusion/reciprocal-rank.js'
import { type Budget, openBudget } from './budget.js'
import type {
  AskedQuery,
  ExpandedHits,
  ExpandingRetriever,
  ExpansionOptions,
  ExpansionPlan,
  FallbackReason,
  QueryVariant,
} from './expansion.js'
import { explainSearches, fuseSearches, type Search } from './fuse-searches.js'
import { fallbackReason } from './stage-failure.js'

/** Options that were checked, with their defaults. */
export interface ExpansionSettings {
  readonly name: string
  readonly fusion: Fusion
  readonly originalWeight: number
  readonly candidates: number
  readonly timeoutMs: number
  /** Hits that a plan's filter must leave; with fewer the plain query counts. */
  readonly minHits: number
  /** Whether the plain search starts beside the plan: not for plans with a filter, which search anew. */
  readonly early: boolean
}

/** Makes the plan of one call; given the call's own options for stages that take some of their own. */
export type MakePlan<O extends RetrieveOptions = RetrieveOptions> = (
  query: string,
  call: CallOptions,
  options: O,
) => ExpansionPlan | Promise<ExpansionPlan>

const originalLabel = 'original'

/** The methods of an expanding retriever whose calls take options of its own. */
export interface ExpandsWith<O extends RetrieveOptions, M extends Metadata> {
  retrieveExpanded(query: string, options?: O): Promise<ExpandedHits<M>>
  explain(query: string, chunkId: string, options?: O): Promise<Explanation | undefined>
}

export function checkExpansion(
  options: ExpansionOptions,
  defaults: {
    readonly name: string
    readonly originalWeight?: number
    readonly minHits?: number | undefined
    readonly early?: boolean
  },
): ExpansionSettings {
  return {
    name: options.name ?? defaults.name,
    fusion: options.fusion ?? reciprocalRankFusion(),
    originalWeight: checkNumber('originalWeight', options.originalWeight ?? defaults.originalWeight ?? 1, 0),
    candidates: checkInteger('candidates', options.candidates ?? 50),
    // Timers count in 32 bits.
    timeoutMs: checkInteger('timeoutMs', options.timeoutMs ?? 3000, 1, 2 ** 31 - 1),
    minHits: checkInteger('minHits', defaults.minHits ?? 1, 0),
    early: defaults.early ?? true,
  }
}

interface Outcome<M extends Metadata> {
  readonly expanded: ExpandedHits<M>
  /** Where the hits are from. */
  readonly searches: readonly Search<M>[]
}

/** The caller's mistakes: behind the hits of the plain query they would stay hidden for ever. */
const mistakes: readonly RagErrorCode[] = ['invalid-argument', 'incompatible', 'unsupported']

/**
 * A retriever that searches with the caller's query and those a plan adds, and fuses what they find. The search with
 * the original query starts at once, beside the plan, and is what the call falls back to.
 */
export function expandingRetriever<M extends Metadata, O extends RetrieveOptions = RetrieveOptions>(
  retriever: Retriever<M>,
  makePlan: MakePlan<O>,
  settings: ExpansionSettings,
): ExpandingRetriever<M> & ExpandsWith<O, M> {
  const { name } = settings

  async function run(query: string, call: O): Promise<Outcome<M>> {
    if (typeof query !== 'string') invalid('query', 'a string', query)
    const limit = checkInteger('limit', call.limit ?? 5)
    const { signal, observer } = call
    signal?.throwIfAborted()
    const search = searcher(retriever, call, Math.max(limit, settings.candidates))
    // With a weight of 0 the plain search is made only when it is fallen back to.
    const plain = once(() => search(query, call.filter, signal))
    // Whoever awaits it gets its failure; until then, and when the call has ended otherwise, it is nobody's.
    if (settings.early && settings.originalWeight > 0) plain().catch(() => undefined)
    const budget = openBudget(settings.timeoutMs, signal)
    try {
      const plan = await planned(makePlan, query, call, budget)
      if (typeof plan === 'string') return await fallBack(plan)
      const { variants, filter, instructions } = plan
      const narrowed = both(call.filter, filter)
      const own = filter === undefined ? plain : once(() => search(query, narrowed, signal))
      const result = (hits: readonly Hit<M>[], searches: readonly Search<M>[], reason?: FallbackReason) => ({
        expanded: {
          hits: hits.slice(0, limit),
          queries: searches.map(({ label, text }) => ({ label, text })),
          ...(filter !== undefined && { filter }),
          ...(instructions !== undefined && { instructions }),
          ...(reason !== undefined && { fallback: reason }),
        },
        searches,
      })
      const asked = { label: originalLabel, text: query, weight: settings.originalWeight, filter: narrowed }
      if (variants.length === 0) {
        const hits = await own()
        if (filter !== undefined && hits.length < Math.min(settings.minHits, limit))
          return await fallBack('no-hits', instructions)
        return result(hits, [{ ...asked, hits }])
      }
      const [original, found] = await Promise.all([
        settings.originalWeight > 0 ? own() : undefined,
        searchAll(variants, narrowed, (text, within) =>
          orAbort(search(text, within, budget.signal), budget.signal),
        ),
      ])
      signal?.throwIfAborted()
      const reason = found.failure ? (budget.expired ? 'timeout' : 'search') : undefined
      if (reason !== undefined) tellFallback(observer, name, reason)
      const searches: Search<M>[] = found.searches
      if (original !== undefined) searches.unshift({ ...asked, hits: original })
      if (searches.length === 0) return await fallBack(reason ?? 'search', instructions)
      const hits = fuseSearches(searches, settings)
      const enough = filter === undefined && settings.originalWeight > 0 ? 0 : settings.minHits
      if (hits.length < Math.min(enough, limit)) return await fallBack('no-hits', instructions)
      return result(hits, searches, reason)
    } finally {
      budget.close()
    }

    async function fallBack(reason: FallbackReason, instructions?: string): Promise<Outcome<M>> {
      tellFallback(observer, name, reason)
      const hits = await plain()
      const asked = { label: originalLabel, text: query }
      const told = instructions !== undefined && { instructions }
      const expanded = { hits: hits.slice(0, limit), queries: [asked], ...told, fallback: reason }
      return { expanded, searches: [{ ...asked, weight: 1, hits, filter: call.filter }] }
    }
  }

  async function explain(query: string, chunkId: string, options?: O): Promise<Explanation | undefined> {
    const call = options ?? ({} as O)
    const { searches } = await run(query, call)
    const limit = Math.max(call.limit ?? 5, settings.candidates)
    const about = { retriever, query, call: { ...call, limit } }
    const [only] = searches
    if (searches.length !== 1 || only === undefined || isFused(only))
      return explainSearches(searches, settings, chunkId, about)
    const { text, filter, hits } = only
    const hit = hits.find(({ chunk }) => chunk.id === chunkId)
    const { signal, observer } = call
    return hit && explainHit(retriever, text, hit, { limit, filter, signal, observer })
  }

  const retrieveExpanded = (query: string, options?: O) => {
    const call = options ?? ({} as O)
    return timed(call.observer, 'retrieve.expand', name, async () => (await run(query, call)).expanded, {
      counts: ({ hits, queries }) => ({ hits: hits.length, queries: queries.length }),
      signal: call.signal,
    })
  }
  return {
    name,
    retrieveExpanded,
    retrieve: async (query: string, options?: O) => (await retrieveExpanded(query, options)).hits,
    explain,
  }
}

/** A lone variant was fused too: its scores are the fusion's. The original alone is as it was found. */
function isFused({ label }: AskedQuery): boolean {
  return label !== originalLabel
}

/** The plan, or why there is none. */
async function planned<O extends RetrieveOptions>(
  makePlan: MakePlan<O>,
  query: string,
  call: O,
  budget: Budget,
): Promise<ExpansionPlan | FallbackReason> {
  try {
    const making = async () => makePlan(query, { signal: budget.signal, observer: call.observer }, call)
    return await orAbort(making(), budget.signal)
  } catch (error) {
    return reasonOrThrow(error, call.signal, budget)
  }
}

/** Why a stage failed. Throws what only the caller can mend, and the caller's abort. */
export function reasonOrThrow(
  error: unknown,
  signal: AbortSignal | undefined,
  budget: Budget,
): FallbackReason {
  signal?.throwIfAborted()
  if (budget.expired) return 'timeout'
  if (isRagError(error) && mistakes.includes(error.code)) throw error
  return fallbackReason(error)
}

function searcher<M extends Metadata>(retriever: Retriever<M>, call: RetrieveOptions, limit: number) {
  return (text: string, filter: Filter | undefined, signal: AbortSignal | undefined) =>
    retriever.retrieve(text, { limit, filter, signal, observer: call.observer })
}

/** Searches with each variant; one that fails is left out. */
async function searchAll<M extends Metadata>(
  variants: readonly QueryVariant[],
  narrowed: Filter | undefined,
  search: (text: string, filter: Filter | undefined) => Promise<readonly Hit<M>[]>,
): Promise<{ readonly searches: Search<M>[]; readonly failure: boolean }> {
  const asked = variants.map(({ label, text, weight = 1, filter }) => ({
    label,
    text,
    weight,
    filter: both(narrowed, filter),
  }))
  const outcomes = await Promise.allSettled(asked.map(({ text, filter }) => search(text, filter)))
  const searches: Search<M>[] = []
  for (const [index, outcome] of outcomes.entries())
    if (outcome.status === 'fulfilled') searches.push({ ...asked[index]!, hits: outcome.value })
  return { searches, failure: searches.length < variants.length }
}

export function both(first: Filter | undefined, second: Filter | undefined): Filter | undefined {
  if (first === undefined || second === undefined) return first ?? second
  return { op: 'and', filters: [first, second] }
}

export function tellFallback(
  observer: CallOptions['observer'],
  source: string,
  reason: FallbackReason,
): void {
  tell(observer, { type: 'expand.fallback', source, labels: { reason } })
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}
