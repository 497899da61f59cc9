import {
  checkInteger,
  type Hit,
  invalid,
  type Metadata,
  orAbort,
  pieceTokenizer,
  type RetrieveOptions,
  type Retriever,
  tell,
  timed,
} from '@tesserae/core'
import { explainHit } from '../../explain-hit.js'
import { type ModelOptions, modelAsker } from '../ask-model.js'
import { openBudget } from '../budget.js'
import { checkExpansion, reasonOrThrow, tellFallback } from '../expanding-retriever.js'
import type { ExpandedHits, ExpandingRetriever, ExpansionOptions, FallbackReason } from '../expansion.js'
import { explainSearches, fuseSearches, type Search } from '../fuse-searches.js'
import { limitTokens } from '../limit-tokens.js'
import { readLines } from '../model-text.js'
import { fieldOf } from '../read-json.js'

export interface IterativeOptions extends ExpansionOptions, ModelOptions {
  /** Rounds of searching at most, the first one counted, 1 to 10; the model is asked once less. @default 3 */
  readonly maxSteps?: number | undefined
  /** Queries of a later round at most, 1 to 6. @default 2 */
  readonly queriesPerStep?: number | undefined
  /** Passages that the model is shown, the best ones. @default 5 */
  readonly shownHits?: number | undefined
  /** Most tokens of a passage that the model is shown. @default 200 */
  readonly maxPassageTokens?: number | undefined
  /** The time for all rounds after the first one, in milliseconds. @default 10_000 */
  readonly timeoutMs?: number | undefined
}

/** Why no further round was made. */
export type StopReason = 'enough' | 'no-queries' | 'nothing-new' | 'steps' | 'failed'

export interface IteratedHits<M extends Metadata = Metadata> extends ExpandedHits<M> {
  /** Rounds of searching, from 1. */
  readonly steps: number
  readonly stop: StopReason
}

export interface IterativeRetriever<M extends Metadata = Metadata> extends ExpandingRetriever<M> {
  retrieveExpanded(query: string, options?: RetrieveOptions): Promise<IteratedHits<M>>
}

const instructions = `You help a search engine answer a question in rounds. Look at what was asked and at the passages \
that were found. When they hold all that the answer needs, say that it is enough. Otherwise write queries for what is \
still missing, using names and terms that the passages brought up. Repeat no query.`

interface Advice {
  readonly enough: boolean
  readonly queries: readonly string[]
}

/**
 * Iterative retrieval, for questions whose answer must be found before the next one can be asked ("where was the author
 * of … born?"): after each round a model sees the best passages and says what is missing. It ends when that is nothing,
 * when it has no new query, when a round finds nothing new, or after `maxSteps`; what fails ends it too, with what was
 * found so far. Passages are shown as data, and queries are all that comes back: no passage can change filter or scope.
 *
 * Trivedi et al., "Interleaving retrieval with chain-of-thought reasoning", ACL 2023; Shao et al., "Enhancing
 * retrieval-augmented large language models with iterative retrieval-generation synergy", EMNLP 2023.
 */
export function iterativeRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: IterativeOptions,
): IterativeRetriever<M> {
  const settings = checkExpansion(
    { ...options, timeoutMs: options.timeoutMs ?? 10_000 },
    { name: 'iterative' },
  )
  const { name } = settings
  const maxSteps = checkInteger('maxSteps', options.maxSteps ?? 3, 1, 10)
  const perStep = checkInteger('queriesPerStep', options.queriesPerStep ?? 2, 1, 6)
  const shownHits = checkInteger('shownHits', options.shownHits ?? 5)
  const maxPassageTokens = checkInteger('maxPassageTokens', options.maxPassageTokens ?? 200)
  const { tokenizer = pieceTokenizer() } = options
  const ask = modelAsker(options, { instructions, form: '{"enough": false, "queries": ["..."]}' }, name)

  async function run(query: string, call: RetrieveOptions): Promise<Outcome<M>> {
    if (typeof query !== 'string') invalid('query', 'a string', query)
    const limit = checkInteger('limit', call.limit ?? 5)
    const { signal, observer, filter } = call
    const asked = Math.max(limit, settings.candidates)
    const first = await retriever.retrieve(query, { limit: asked, filter, signal, observer })
    const searches: Search<M>[] = [
      {
        label: 'original',
        text: query,
        weight: settings.originalWeight,
        hits: first,
        filter,
      },
    ]
    const found = new Set(first.map(({ chunk }) => chunk.id))
    const budget = openBudget(settings.timeoutMs, signal)
    let steps = 1
    let stop: StopReason = 'steps'
    let failure: FallbackReason | undefined
    try {
      while (steps < maxSteps && query.trim() !== '') {
        const inTime = { signal: budget.signal, observer }
        const advice = await orAbort(advise(query, searches, fusedHits(searches), inTime), budget.signal)
        if (advice.enough || advice.queries.length === 0) {
          stop = advice.enough ? 'enough' : 'no-queries'
          break
        }
        const round = advice.queries.map(async (text): Promise<Search<M>> => {
          const hits = await retriever.retrieve(text, { limit: asked, filter, ...inTime })
          return { label: '', text, weight: 1, hits, filter }
        })
        const results = await orAbort(Promise.all(round), budget.signal)
        steps++
        const before = found.size
        for (const [index, search] of results.entries()) {
          searches.push({ ...search, label: `step-${steps}-query-${index + 1}` })
          for (const { chunk } of search.hits) found.add(chunk.id)
        }
        if (found.size === before) {
          stop = 'nothing-new'
          break
        }
      }
    } catch (error) {
      failure = reasonOrThrow(error, signal, budget)
      stop = 'failed'
      tellFallback(observer, name, failure)
    } finally {
      budget.close()
    }
    tell(observer, { type: 'expand.steps', source: name, counts: { steps }, labels: { stop } })
    const iterated = {
      hits: fusedHits(searches).slice(0, limit),
      queries: searches.map(({ label, text }) => ({ label, text })),
      steps,
      stop,
      ...(failure !== undefined && { fallback: failure }),
    }
    return { iterated, searches }
  }

  /** One list as it is, several fused. */
  function fusedHits(searches: readonly Search<M>[]): readonly Hit<M>[] {
    return searches.length === 1 ? searches[0]!.hits : fuseSearches(searches, settings)
  }

  async function advise(
    query: string,
    searches: readonly Search<M>[],
    hits: readonly Hit<M>[],
    call: RetrieveOptions,
  ): Promise<Advice> {
    const passages = hits
      .slice(0, shownHits)
      .map(({ chunk }) => limitTokens(chunk.text, maxPassageTokens, tokenizer))
    const known = searches.map(({ text }) => text)
    return ask(
      { query, asked: known.slice(1), passages },
      (value) => {
        const enough = fieldOf(value, 'enough') === true
        const given = fieldOf(value, 'queries')
        const queries = readLines(given, ['query', 'text'], { max: perStep, maxLength: 500, known })
        return enough || queries !== undefined ? { enough, queries: queries ?? [] } : undefined
      },
      call,
    )
  }

  const retrieveExpanded = (query: string, call: RetrieveOptions = {}) =>
    timed(call.observer, 'retrieve.expand', name, async () => (await run(query, call)).iterated, {
      counts: ({ hits, queries }) => ({ hits: hits.length, queries: queries.length }),
      signal: call.signal,
    })
  return {
    name,
    retrieveExpanded,
    retrieve: async (query, call) => (await retrieveExpanded(query, call)).hits,
    async explain(query, chunkId, call = {}) {
      const { searches } = await run(query, call)
      const within = { ...call, limit: Math.max(call.limit ?? 5, settings.candidates) }
      if (searches.length > 1)
        return explainSearches(searches, settings, chunkId, { retriever, query, call: within })
      const hit = searches[0]?.hits.find(({ chunk }) => chunk.id === chunkId)
      return hit && explainHit(retriever, query, hit, within)
    },
  }
}

interface Outcome<M extends Metadata> {
  readonly iterated: IteratedHits<M>
  /** Where the hits are from. */
  readonly searches: readonly Search<M>[]
}
