import {
  checkInteger,
  checkNumber,
  type Explanation,
  type Hit,
  invalid,
  isRagError,
  type Metadata,
  RagError,
  type RetrieveOptions,
  type Retriever,
  shareOf,
  tell,
  timed,
} from '@tesserae/core'
import type { ExplainableRetriever } from './explain-hit.js'
import { type Answer, explainItem, type Fused, kindOf, toHit } from './fused.js'
import { convexFusion } from './fusion/convex.js'
import { type Fusion, fuse, resolveWeights } from './fusion/fusion.js'
import { checkWeights } from './fusion/weights.js'
import { runLegs } from './legs.js'

export interface HybridOptions {
  /** @default convexFusion(): what vector legs say they are worth, or 0.3, and the rest on lexical legs */
  readonly fusion?: Fusion | undefined
  /** Hits asked of each leg, or `limit` if that is more. @default 100 */
  readonly candidates?: number | undefined
  /** One per leg, at least 0. A leg of weight 0 is not even asked. @default the fusion's */
  readonly weights?: readonly number[] | undefined
  /**
   * What happens when a leg fails: the others serve and `retrieve.degraded` is observed, or the call throws,
   * or it throws once fewer than `quorum` legs can answer. Mistakes of the caller (`invalid-argument`,
   * `incompatible`, `unsupported`) always throw. @default 'degrade'
   */
  readonly failure?: 'degrade' | 'throw' | { readonly quorum: number } | undefined
  /** A leg that takes longer has failed, in milliseconds. @default none */
  readonly timeoutMs?: number | undefined
  /** Stage name in traces. @default 'hybrid' */
  readonly name?: string | undefined
}

export interface HybridRetrieveOptions extends RetrieveOptions {
  /** For this query instead of the retriever's: `[1, 0]` asks the first leg alone. @default the retriever's */
  readonly weights?: readonly number[] | undefined
}

export interface HybridRetriever<M extends Metadata = Metadata> extends ExplainableRetriever<M> {
  retrieve(query: string, options?: HybridRetrieveOptions): Promise<readonly Hit<M>[]>
  explain(query: string, chunkId: string, options?: HybridRetrieveOptions): Promise<Explanation | undefined>
}

/** The longest wait a timer can hold; with a larger one it fires at once. */
const longestTimerMs = 2 ** 31 - 1

/**
 * One retriever made of several: all are asked at once, their lists are fused, chunks found by more than one
 * are merged. Each hit carries the trace of every leg that found it, with rank and raw score, then its own.
 */
export function hybridRetriever<M extends Metadata = Metadata>(
  retrievers: readonly Retriever<M>[],
  options: HybridOptions = {},
): HybridRetriever<M> {
  const { name = 'hybrid', timeoutMs } = options
  const fusion = options.fusion ?? convexFusion()
  const candidates = checkInteger('candidates', options.candidates ?? 100)
  const legs = checkLegs(retrievers)
  if (options.weights !== undefined) checkWeights('weights', options.weights, legs.length)
  if (fusion.weights !== undefined) checkWeights('fusion.weights', fusion.weights, legs.length)
  if (timeoutMs !== undefined) checkNumber('timeoutMs', timeoutMs, 0, longestTimerMs)
  const quorumOf = quorumRule(options.failure ?? 'degrade', legs.length)

  async function ask(query: string, call: HybridRetrieveOptions): Promise<Fused<M>> {
    if (typeof query !== 'string') invalid('query', 'a string', query)
    const asked = Math.max(checkInteger('limit', call.limit ?? 5), candidates)
    if (call.weights !== undefined) checkWeights('weights', call.weights, legs.length)
    const { signal, observer, filter } = call
    signal?.throwIfAborted()
    const given = call.weights ?? options.weights ?? fusion.weights
    const active = legs.filter((_, index) => given?.[index] !== 0)
    const outcomes = await runLegs(active, {
      ask: (leg, legSignal) => leg.retrieve(query, { limit: asked, filter, signal: legSignal, observer }),
      quorum: quorumOf(active.length),
      timeoutMs,
      signal,
      name,
    })
    const answers: Answer<M>[] = []
    const weights: number[] = []
    for (const [index, leg] of active.entries()) {
      const outcome = outcomes[index]!
      if (outcome.hits === undefined) {
        tell(observer, {
          type: 'retrieve.degraded',
          source: name,
          counts: { legs: active.length },
          labels: { leg: leg.name, reason: reasonOf(outcome.error) },
        })
      }
      // What no weight was given for takes part only if it found something, so that default weights are
      // shared among the legs whose kind is known.
      const hits = outcome.hits ?? []
      if (given === undefined && hits.length === 0) continue
      answers.push({ leg, hits })
      if (given !== undefined) weights.push(given[legs.indexOf(leg)]!)
    }
    const lists = answers.map(({ hits }) => hits.map(({ chunk, score }) => ({ id: chunk.id, score })))
    const shares = answers.map(({ leg }) => shareOf(leg, query))
    const settings = { weights: given && weights, kinds: answers.map(kindOf), shares, asked, query }
    return {
      asked,
      answers,
      weights: resolveWeights(fusion, lists.length, settings),
      items: fuse(lists, fusion, settings),
      lists: answers.map((answer) => ({ kind: kindOf(answer), isCut: answer.hits.length >= asked })),
    }
  }

  return {
    name,
    async retrieve(query, call = {}) {
      const fused = await timed(call.observer, 'retrieve.fuse', name, () => ask(query, call), {
        counts: ({ answers, items }) => ({ legs: answers.length, candidates: items.length }),
        labels: { fusion: fusion.name },
        signal: call.signal,
      })
      return fused.items.slice(0, call.limit ?? 5).map((item, index) => toHit(fused, item, index + 1, name))
    },
    async explain(query, chunkId, call = {}) {
      const fused = await ask(query, call)
      const item = fused.items.find(({ id }) => id === chunkId)
      return item && explainItem(fused, item, fusion, { query, call, name })
    },
  }
}

function checkLegs<M extends Metadata>(retrievers: readonly Retriever<M>[]): readonly Retriever<M>[] {
  if (!Array.isArray(retrievers) || retrievers.length === 0) {
    invalid('retrievers', 'an array of at least one retriever', retrievers)
  }
  const names = new Set<string>()
  for (const { name } of retrievers) {
    if (names.has(name)) {
      throw new RagError(
        'invalid-argument',
        `Two legs are called "${name}": traces could not tell them apart. Give one another \`name\`.`,
      )
    }
    names.add(name)
  }
  return [...retrievers]
}

/** How many of the legs that are asked have to answer. */
function quorumRule(
  failure: NonNullable<HybridOptions['failure']>,
  legs: number,
): (active: number) => number {
  if (failure === 'degrade') return () => 1
  if (failure === 'throw') return (active) => active
  if (typeof failure !== 'object' || failure === null) {
    invalid('failure', '"degrade", "throw" or { quorum }', failure)
  }
  const quorum = checkInteger('failure.quorum', failure.quorum, 1, legs)
  return (active) => Math.min(quorum, active)
}

function reasonOf(error: unknown): string {
  if (isRagError(error)) return error.code
  return error instanceof Error ? error.name : 'unknown'
}
