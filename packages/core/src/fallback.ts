import { type CircuitBreakerOptions, CircuitOpenError, circuitBreaker } from './async/circuit-breaker.js'
import { linkedController, orAbort } from './async/signals.js'
import { checkInteger, checkNumber, invalid } from './check.js'
import type { Metadata } from './document.js'
import { messageOf } from './embed-texts.js'
import { isRagError, RagError } from './errors.js'
import { type ExplainableRetriever, explainHit } from './explain.js'
import { tell } from './observe.js'
import type { Hit, RetrieveOptions, Retriever } from './retriever.js'

export interface FallbackOptions {
  /** Hits (of at least `minScore`) that a retriever must find to be good enough; 0: it must only not fail. @default 1 */
  readonly minHits?: number | undefined
  /** Hits below this score are not counted; they are returned all the same. @default none */
  readonly minScore?: number | undefined
  /** Time each retriever has, except that the caller's own signal may end it sooner. @default none */
  readonly timeoutMs?: number | undefined
  /**
   * Passes a retriever over without asking while it keeps failing or being late: a `circuitBreaker` each.
   * @default none: every retriever is asked every time
   */
  readonly breaker?: CircuitBreakerOptions | undefined
}

/** Of `RetrieveOptions.limit`. */
const defaultLimit = 5

/** Why a retriever was passed over. */
type Reason = 'failed' | 'timeout' | 'open' | 'too-few'

/**
 * Asks retrievers in turn until one is good enough: did not fail, was in time, found enough. If none was, the
 * answer with most hits counts, the earlier one among equals; if all failed, that is the error, its `cause` an
 * `AggregateError` of theirs. Aborts of the caller pass through.
 *
 * The observer is told of every retriever passed over (`fallback.passed`, with the reason) and of the one that
 * served (`fallback.served`; its label `degraded` is `true` unless it was the first). The hits' own traces say
 * which stages they went through.
 */
export function fallbackRetriever<M extends Metadata = Metadata>(
  retrievers: readonly Retriever<M>[],
  options: FallbackOptions = {},
): ExplainableRetriever<M> {
  if (retrievers.length === 0) invalid('retrievers', 'a list of at least one retriever', retrievers)
  const minHits = checkInteger('minHits', options.minHits ?? 1, 0)
  const { minScore, timeoutMs } = options
  if (minScore !== undefined) checkNumber('minScore', minScore)
  if (timeoutMs !== undefined) checkInteger('timeoutMs', timeoutMs, 1, 2_147_483_647)
  const breakers = options.breaker && retrievers.map(() => circuitBreaker(options.breaker))
  const name = `fallback(${retrievers.map((retriever) => retriever.name).join(', ')})`
  const isEnough = (hits: readonly Hit<M>[], limit: number) => {
    const good = minScore === undefined ? hits : hits.filter((hit) => hit.score >= minScore)
    // Whoever asks for two hits cannot be told that two are too few.
    return good.length >= Math.min(minHits, limit)
  }

  const serve = async (query: string, call: RetrieveOptions): Promise<Served<M>> => {
    const { signal, observer } = call
    const limit = call.limit ?? defaultLimit
    const errors: unknown[] = []
    let best: Served<M> | undefined
    const served = (hits: readonly Hit<M>[], place: number): Served<M> => {
      tell(observer, {
        type: 'fallback.served',
        source: name,
        counts: { hits: hits.length, place },
        labels: { retriever: retrievers[place]!.name, degraded: String(place > 0) },
      })
      return { hits, place }
    }
    for (const [place, retriever] of retrievers.entries()) {
      signal?.throwIfAborted()
      let reason: Reason
      let code: string | undefined
      try {
        const ask = () =>
          withTimeout(retriever.name, timeoutMs, signal, (running) =>
            retriever.retrieve(query, { ...call, signal: running }),
          )
        const hits = await (breakers === undefined ? ask() : breakers[place]!.run(ask, { signal }))
        if (isEnough(hits, limit)) return served(hits, place)
        if (best === undefined || hits.length > best.hits.length) best = { hits, place }
        reason = 'too-few'
      } catch (error) {
        signal?.throwIfAborted()
        errors.push(error)
        reason =
          error instanceof TimeoutError ? 'timeout' : error instanceof CircuitOpenError ? 'open' : 'failed'
        if (isRagError(error)) code = error.code
      }
      tell(observer, {
        type: 'fallback.passed',
        source: name,
        labels: { retriever: retriever.name, reason, ...(code !== undefined && { code }) },
      })
    }
    if (best !== undefined) return served(best.hits, best.place)
    throw allFailed(retrievers, errors)
  }

  return {
    name,
    retrieve: async (query, call = {}) => (await serve(query, call)).hits,
    async explain(query, chunkId, call = {}) {
      const { hits, place } = await serve(query, call)
      const hit = hits.find(({ chunk }) => chunk.id === chunkId)
      return hit && explainHit(retrievers[place]!, query, hit, call)
    },
  }
}

interface Served<M extends Metadata> {
  readonly hits: readonly Hit<M>[]
  /** Of the retriever whose hits these are. */
  readonly place: number
}

class TimeoutError extends RagError {
  override readonly name = 'TimeoutError'
}

/** Gives up on time even when the call ignores its signal. */
async function withTimeout<T>(
  name: string,
  timeoutMs: number | undefined,
  signal: AbortSignal | undefined,
  fn: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (timeoutMs === undefined) return fn(signal)
  const running = linkedController(signal)
  const timer = setTimeout(() => {
    const message = `The retriever "${name}" did not answer within ${timeoutMs} ms.`
    running.abort(new TimeoutError('store-failed', message, { details: { timeoutMs } }))
  }, timeoutMs)
  try {
    return await orAbort(fn(running.signal), running.signal)
  } finally {
    clearTimeout(timer)
    running.unlink()
  }
}

function allFailed<M extends Metadata>(retrievers: readonly Retriever<M>[], errors: unknown[]): RagError {
  const told = errors.map((error, place) => `${retrievers[place]!.name}: ${messageOf(error)}`)
  const first = errors.find((error) => isRagError(error))
  return new RagError(
    first?.code ?? 'store-failed',
    `Every retriever of the fallback failed. ${told.join('; ')}`,
    { cause: new AggregateError(errors) },
  )
}
