import { checkInteger } from './check.js'
import type { Metadata } from './document.js'
import { type ExplainableRetriever, isExplainable } from './explain.js'
import type { RetrieveOptions, Retriever } from './retriever.js'
import { scopedAs } from './scope.js'
import { shareOf, type TellsShare } from './tells-share.js'

export interface MeteredRetrieverOptions {
  /** Calls that latencies and scores are told of: the last so many. @default 1000 */
  readonly window?: number | undefined
  /** Milliseconds from any origin, never going back. @default performance.now */
  readonly now?: (() => number) | undefined
}

/** Of the last calls that were answered. */
export interface Distribution {
  readonly mean: number
  /** Nearest rank: a value that occurred. */
  readonly p50: number
  readonly p95: number
  readonly max: number
}

export interface RetrievalMetrics {
  /** Calls that were answered, that failed, and that were aborted by who asked. */
  readonly answered: number
  readonly failed: number
  readonly aborted: number
  /** Hits given in all. */
  readonly hits: number
  /** Answers without a hit. */
  readonly zeroHits: number
  /** Share of the answers without a hit, 0 to 1; 0 before the first answer. */
  readonly zeroHitRate: number
  /** Absent before the first answer. */
  readonly milliseconds?: Distribution | undefined
  /** Scores of best hits; absent before the first hit. Comparable only within one kind of retriever. */
  readonly bestScore?: Distribution | undefined
  /** Scores of last hits. */
  readonly lastScore?: Distribution | undefined
}

export interface MeteredRetriever<M extends Metadata = Metadata> extends ExplainableRetriever<M>, TellsShare {
  metrics(): RetrievalMetrics
}

/**
 * The same retriever, which counts: answers, failures, hits, answers without any, how long they took and how they
 * scored. It keeps numbers only, and not more than `window` of each. Put it around what users ask, caches and scopes
 * included; inside, a cache would hide most calls from it.
 */
export function meteredRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: MeteredRetrieverOptions = {},
): MeteredRetriever<M> {
  const window = checkInteger('window', options.window ?? 1000)
  const now = options.now ?? (() => performance.now())
  const times = new Recent(window)
  const best = new Recent(window)
  const last = new Recent(window)
  const counts = { answered: 0, failed: 0, aborted: 0, hits: 0, zeroHits: 0 }
  return scopedAs(retriever, {
    get name() {
      return retriever.name
    },
    async retrieve(query: string, call: RetrieveOptions = {}) {
      const started = now()
      try {
        const hits = await retriever.retrieve(query, call)
        counts.answered += 1
        counts.hits += hits.length
        times.add(now() - started)
        const [first] = hits
        if (first === undefined) counts.zeroHits += 1
        else {
          best.add(first.score)
          last.add(hits[hits.length - 1]!.score)
        }
        return hits
      } catch (error) {
        if (call.signal?.aborted === true) counts.aborted += 1
        else counts.failed += 1
        throw error
      }
    },
    vectorShare: (query: string) => shareOf(retriever, query),
    async explain(query: string, chunkId: string, call?: RetrieveOptions) {
      return isExplainable(retriever) ? retriever.explain(query, chunkId, call) : undefined
    },
    metrics() {
      const zeroHitRate = counts.answered === 0 ? 0 : counts.zeroHits / counts.answered
      return {
        ...counts,
        zeroHitRate,
        ...(times.size > 0 && { milliseconds: times.distribution() }),
        ...(best.size > 0 && { bestScore: best.distribution(), lastScore: last.distribution() }),
      }
    },
  } satisfies MeteredRetriever<M>)
}

/** The last numbers, oldest overwritten first. */
class Recent {
  private readonly most: number
  private readonly values: number[] = []
  private next = 0

  constructor(most: number) {
    this.most = most
  }

  get size(): number {
    return this.values.length
  }

  add(value: number): void {
    this.values[this.next] = value
    this.next = (this.next + 1) % this.most
  }

  distribution(): Distribution {
    const sorted = this.values.toSorted((a, b) => a - b)
    const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
    const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length
    return { mean, p50: rank(0.5), p95: rank(0.95), max: sorted[sorted.length - 1]! }
  }
}
