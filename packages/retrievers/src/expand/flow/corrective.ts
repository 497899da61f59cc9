import {
  type CallOptions,
  checkInteger,
  checkNumber,
  type Hit,
  invalid,
  type Metadata,
  orAbort,
  type RetrieveOptions,
  type Retriever,
  tell,
  timed,
} from '@tesserae/core'
import type { ExplainableRetriever } from '../../explain-hit.js'
import { explainUnchanged } from '../../explain-through.js'
import type { Fusion } from '../../fusion/fusion.js'
import { reciprocalRankFusion } from '../../fusion/reciprocal-rank.js'
import { type Budget, openBudget } from '../budget.js'
import { reasonOrThrow, tellFallback } from '../expanding-retriever.js'
import type { ExpandedHits, FallbackReason } from '../expansion.js'
import { explainSearches, fuseSearches, type Search } from '../fuse-searches.js'
import { type Grader, isGrade, wrongCount } from './graders.js'

export interface CorrectiveOptions<M extends Metadata = Metadata> {
  /** Judges the hits: `relevanceGrader` or `modelGrader`. */
  readonly grade: Grader
  /** A hit graded so high answers the query, and no more is looked for. @default 0.7 */
  readonly upper?: number | undefined
  /** Hits graded lower are dropped. @default 0.3 */
  readonly lower?: number | undefined
  /** Another query for what the first one did not find. @default none */
  readonly refine?: ((query: string, options: CallOptions) => string | Promise<string>) | undefined
  /** Searched when the hits do not answer the query: another index, the web. @default none */
  readonly fallback?: Retriever<M> | undefined
  /** Hits that are graded, or `limit` if that is more. @default 20 */
  readonly candidates?: number | undefined
  /** Brings what is kept and what is found anew together. @default reciprocalRankFusion() */
  readonly fusion?: Fusion | undefined
  /** The time for grading and searching anew, in milliseconds. @default 5000 */
  readonly timeoutMs?: number | undefined
  /** Stage name in traces. @default 'corrective' */
  readonly name?: string | undefined
}

/** `ungraded`: the grader failed, and the hits are as they were found. */
export type Verdict = 'correct' | 'ambiguous' | 'incorrect' | 'ungraded'

export interface CorrectedHits<M extends Metadata = Metadata> extends ExpandedHits<M> {
  readonly verdict: Verdict
}

export interface CorrectiveRetriever<M extends Metadata = Metadata> extends ExplainableRetriever<M> {
  retrieveGraded(query: string, options?: RetrieveOptions): Promise<CorrectedHits<M>>
}

/**
 * Corrective retrieval: hits are graded before anyone reads them. One that answers the query: the relevant hits are
 * enough. None that is relevant: all are dropped, and the fallback and the refined query are searched. Something between:
 * the relevant ones are kept, and the others searched for beside them. Each is done at most once a call. No hits are a
 * possible outcome, and an honest one. What is found anew is not graded, but what was dropped does not come back.
 *
 * Yan et al., "Corrective retrieval augmented generation", 2024.
 */
export function correctiveRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: CorrectiveOptions<M>,
): CorrectiveRetriever<M> {
  const { grade, refine, fallback, name = 'corrective' } = options
  if (typeof grade !== 'function') invalid('grade', 'a function such as relevanceGrader(model)', grade)
  const upper = checkNumber('upper', options.upper ?? 0.7, 0, 1)
  const lower = checkNumber('lower', options.lower ?? 0.3, 0, upper)
  const candidates = checkInteger('candidates', options.candidates ?? 20)
  const timeoutMs = checkInteger('timeoutMs', options.timeoutMs ?? 5000, 1, 2 ** 31 - 1)
  const settings = { name, fusion: options.fusion ?? reciprocalRankFusion() }

  async function run(query: string, call: RetrieveOptions): Promise<Outcome<M>> {
    if (typeof query !== 'string') invalid('query', 'a string', query)
    const limit = checkInteger('limit', call.limit ?? 5)
    const { signal, observer } = call
    const asked = { label: 'original', text: query }
    const hits = await retriever.retrieve(query, { ...call, limit: Math.max(limit, candidates) })
    const budget = openBudget(timeoutMs, signal)
    try {
      const grades = await graded(query, hits, budget, call)
      if (typeof grades === 'string') {
        tellFallback(observer, name, grades)
        const corrected: CorrectedHits<M> = {
          hits: hits.slice(0, limit),
          queries: [asked],
          verdict: 'ungraded',
          fallback: grades,
        }
        return { corrected, searches: [{ ...asked, weight: 1, hits, retriever }] }
      }
      const kept = hits.filter((_, index) => grades[index]! >= lower)
      const verdict: Verdict =
        kept.length === 0 ? 'incorrect' : grades.some((one) => one >= upper) ? 'correct' : 'ambiguous'
      tell(observer, {
        type: 'retrieve.graded',
        source: name,
        counts: { hits: hits.length, kept: kept.length },
        labels: { verdict },
      })
      const own: Search<M> = {
        ...asked,
        weight: 1,
        hits: withGrades(hits, grades, lower),
        filter: call.filter,
        retriever,
      }
      const anew =
        verdict === 'correct' ? { searches: [] } : await searchAnew(query, budget, { ...call, limit })
      const dropped = new Set(hits.filter((_, index) => grades[index]! < lower).map(({ chunk }) => chunk.id))
      const others = anew.searches.map((search) => without(search, dropped))
      const searches = kept.length === 0 ? others : [own, ...others]
      // One list needs no fusion: its scores stay what they are.
      const left = searches.length === 1 ? traced(searches[0]!.hits) : fuseSearches(searches, settings)
      const corrected: CorrectedHits<M> = {
        hits: left.slice(0, limit),
        queries: searches.map(({ label, text }) => ({ label, text })),
        verdict,
        ...(anew.failure !== undefined && { fallback: anew.failure }),
      }
      return { corrected, searches }
    } finally {
      budget.close()
    }
  }

  async function graded(
    query: string,
    hits: readonly Hit<M>[],
    budget: Budget,
    { signal, observer }: CallOptions,
  ): Promise<readonly number[] | FallbackReason> {
    if (hits.length === 0) return []
    try {
      const grading = async () => grade(query, hits, { signal: budget.signal, observer })
      const grades = Array.from(await orAbort(grading(), budget.signal))
      if (grades.length !== hits.length) throw wrongCount(name, hits.length, grades.length)
      return grades.every(isGrade) ? grades : 'unreadable'
    } catch (error) {
      return reasonOrThrow(error, signal, budget)
    }
  }

  /** The fallback with the query, and the retriever with a better one. What fails is left out. */
  async function searchAnew(
    query: string,
    budget: Budget,
    call: RetrieveOptions & { readonly limit: number },
  ): Promise<{ readonly searches: readonly Search<M>[]; readonly failure?: FallbackReason | undefined }> {
    const inTime = { ...call, signal: budget.signal }
    const refined = async (): Promise<Search<M> | undefined> => {
      const text = await refine?.(query, { signal: budget.signal, observer: call.observer })
      if (typeof text !== 'string' || text.trim() === '' || text === query) return undefined
      const hits = await retriever.retrieve(text, inTime)
      return { label: 'refined', text, weight: 1, hits, filter: call.filter, retriever }
    }
    const elsewhere = async (): Promise<Search<M> | undefined> => {
      if (fallback === undefined) return undefined
      const hits = await fallback.retrieve(query, inTime)
      return { label: 'fallback', text: query, weight: 1, hits, filter: call.filter, retriever: fallback }
    }
    const searches: Search<M>[] = []
    let failure: FallbackReason | undefined
    for (const outcome of await Promise.allSettled(
      [refined(), elsewhere()].map((search) => orAbort(search, budget.signal)),
    )) {
      if (outcome.status === 'rejected') failure = reasonOrThrow(outcome.reason, call.signal, budget)
      else if (outcome.value !== undefined) searches.push(outcome.value)
    }
    if (failure !== undefined) tellFallback(call.observer, name, failure)
    return { searches, failure }
  }

  function traced(hits: readonly Hit<M>[]): readonly Hit<M>[] {
    return hits.map((hit, index) => {
      const found = hit.trace.findLast(({ stage }) => stage !== `${name}/grade`)
      const kind = found?.kind ?? 'feature'
      return { ...hit, trace: [...hit.trace, { stage: name, kind, rank: index + 1, score: hit.score }] }
    })
  }

  function withGrades(hits: readonly Hit<M>[], grades: readonly number[], lowest: number): readonly Hit<M>[] {
    return hits.flatMap((hit, index) => {
      const score = grades[index]!
      const step = { stage: `${name}/grade`, kind: 'relevance' as const, rank: index + 1, score }
      return score < lowest ? [] : [{ ...hit, trace: [...hit.trace, step] }]
    })
  }

  function without(search: Search<M>, ids: ReadonlySet<string>): Search<M> {
    return { ...search, hits: search.hits.filter(({ chunk }) => !ids.has(chunk.id)) }
  }

  const retrieveGraded = (query: string, call: RetrieveOptions = {}) =>
    timed(call.observer, 'retrieve.corrective', name, async () => (await run(query, call)).corrected, {
      counts: ({ hits, queries }) => ({ hits: hits.length, queries: queries.length }),
      signal: call.signal,
    })
  async function explain(query: string, chunkId: string, call: RetrieveOptions = {}) {
    const { corrected, searches } = await run(query, call)
    const within = { ...call, limit: Math.max(call.limit ?? 5, candidates) }
    if (searches.length > 1)
      return explainSearches(searches, settings, chunkId, { retriever, query, call: within })
    const [only] = searches
    const hit = only?.hits.find(({ chunk }) => chunk.id === chunkId)
    if (only === undefined || hit === undefined) return undefined
    const grade = hit.trace.findLast(({ stage }) => stage === `${name}/grade`)
    const what = `"${name}/${only.label}", ${grade === undefined ? corrected.verdict : `graded ${grade.score}`}`
    return explainUnchanged(what, only.retriever ?? retriever, only.text, hit, within)
  }
  return {
    name,
    retrieveGraded,
    retrieve: async (query, call) => (await retrieveGraded(query, call)).hits,
    explain,
  }
}

interface Outcome<M extends Metadata> {
  readonly corrected: CorrectedHits<M>
  /** Where the hits are from. */
  readonly searches: readonly Search<M>[]
}
