import {
  type Chunk,
  checkInteger,
  checkNumber,
  checkOneOf,
  embeddingText,
  type Hit,
  invalid,
  type Metadata,
  orAbort,
  type RetrieveOptions,
  type Retriever,
  tell,
  timed,
} from '@tesserae/core'
import type { Analyzer } from '../../analysis/analyzer.js'
import { englishAnalyzer } from '../../analysis/english.js'
import { explainHit } from '../../explain-hit.js'
import { openBudget } from '../budget.js'
import { reasonOrThrow } from '../expanding-retriever.js'
import type { ExpandedHits, ExpandingRetriever, FallbackReason } from '../expansion.js'
import {
  countTerms,
  relevanceModel,
  rocchio,
  type TermStatistics,
  type Words,
  weightedText,
} from './term-weights.js'

export interface FeedbackOptions<M extends Metadata = Metadata> {
  /** How documents become a query. @default 'rm3' */
  readonly method?: 'rm3' | 'rocchio' | undefined
  /** The first hits, taken to be relevant. @default 3 */
  readonly documents?: number | undefined
  /** Terms of theirs that are added. @default 20 */
  readonly terms?: number | undefined
  /** The original query's share of the new one, 0 to 1. @default 0.7 */
  readonly originalWeight?: number | undefined
  /** Makes the terms; the index's own. @default englishAnalyzer() */
  readonly analyzer?: Analyzer | undefined
  /** Keeps out terms that stand in more than a tenth of the documents; a `Bm25Index` fits. @default none: no term is kept out */
  readonly statistics?: TermStatistics | undefined
  /** What is read of a chunk. @default embeddingText: context, then text */
  readonly textOf?: ((chunk: Chunk<M>) => string) | undefined
  /** The time for the second search, in milliseconds; then the first one's hits serve. @default 3000 */
  readonly timeoutMs?: number | undefined
  /** Stage name in traces. @default the method's */
  readonly name?: string | undefined
}

/** Words of the weighted query: how finely weights are told apart. */
const queryLength = 200
/** Beyond this share of the documents a term tells nothing. */
const commonShare = 0.1
const longestTerm = 40
const mostTextRead = 20_000

/**
 * Pseudo-relevance feedback without a model: what the first hits have in common is searched for too. Searches twice, the
 * second time for the query and the terms of the hits, each as often as it weighs; so it is for lexical retrievers.
 * Only hits that pass the caller's filter are learned from.
 *
 * It helps where many documents answer a question (Cranfield) and hurts where one does (SciFact): measure. The defaults
 * are more careful than the literature's ten documents and half of the weight, which cost more on SciFact.
 */
export function feedbackRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: FeedbackOptions<M> = {},
): ExpandingRetriever<M> {
  const method = checkOneOf('method', options.method ?? 'rm3', ['rm3', 'rocchio'])
  const documents = checkInteger('documents', options.documents ?? 3)
  const terms = checkInteger('terms', options.terms ?? 20)
  const originalWeight = checkNumber('originalWeight', options.originalWeight ?? 0.7, 0, 1)
  const timeoutMs = checkInteger('timeoutMs', options.timeoutMs ?? 3000, 1, 2 ** 31 - 1)
  const { analyzer = englishAnalyzer(), textOf = embeddingText, statistics, name = method } = options
  const model = method === 'rm3' ? relevanceModel : rocchio
  const settings = { terms, originalWeight, ...judges(statistics) }

  function expand(query: string, hits: readonly Hit<M>[]): string {
    const words: Words = new Map()
    const asked = countTerms(query.slice(0, mostTextRead), analyzer, words)
    const found = hits.slice(0, documents).map(({ chunk, score }) => {
      const text = textOf(chunk)
      if (typeof text !== 'string') invalid(`textOf of chunk "${chunk.id}"`, 'a string', text)
      return { score, counts: countTerms(text.slice(0, mostTextRead), analyzer, words) }
    })
    return weightedText(model(asked, found, settings), words, queryLength)
  }

  async function run(query: string, call: RetrieveOptions): Promise<ExpandedHits<M>> {
    if (typeof query !== 'string') invalid('query', 'a string', query)
    const limit = checkInteger('limit', call.limit ?? 5)
    const { signal, observer, filter } = call
    signal?.throwIfAborted()
    const first = await retriever.retrieve(query, { ...call, limit: Math.max(limit, documents) })
    const asked = { label: 'original', text: query }
    const text = first.length === 0 ? '' : expand(query, first)
    if (text === '') return { hits: first.slice(0, limit), queries: [asked] }
    const budget = openBudget(timeoutMs, signal)
    try {
      const again = retriever.retrieve(text, { limit, filter, signal: budget.signal, observer })
      const second = await orAbort(again, budget.signal)
      // Nothing of the query is lost by asking for more, except in a retriever that needs all words.
      if (second.length < Math.min(limit, first.length)) return fallBack('no-hits')
      return { hits: traced(second), queries: [{ label: 'feedback', text }] }
    } catch (error) {
      return fallBack(reasonOrThrow(error, signal, budget))
    } finally {
      budget.close()
    }

    function fallBack(reason: FallbackReason): ExpandedHits<M> {
      tell(observer, { type: 'expand.fallback', source: name, labels: { reason } })
      return { hits: first.slice(0, limit), queries: [asked], fallback: reason }
    }
  }

  function traced(hits: readonly Hit<M>[]): readonly Hit<M>[] {
    return hits.map((hit, index) => {
      const kind = hit.trace.at(-1)?.kind ?? 'lexical'
      return { ...hit, trace: [...hit.trace, { stage: name, kind, rank: index + 1, score: hit.score }] }
    })
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
    async explain(query, chunkId, call = {}) {
      const { queries, hits } = await run(query, call)
      const hit = hits.find(({ chunk }) => chunk.id === chunkId)
      return hit && explainHit(retriever, queries[0]!.text, hit, call)
    },
  }
}

function judges(statistics: TermStatistics | undefined) {
  const fits = (term: string) => term.length > 1 && term.length <= longestTerm
  if (statistics === undefined) return { isTelling: fits, idf: () => 1 }
  return {
    isTelling: (term: string) =>
      fits(term) && statistics.documentFrequency(term) <= Math.max(1, commonShare * statistics.size),
    idf: (term: string) => Math.log(1 + (statistics.size + 1) / (statistics.documentFrequency(term) + 0.5)),
  }
}
