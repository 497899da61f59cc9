import {
  checkInteger,
  checkNumber,
  type Hit,
  invalid,
  type Metadata,
  type RerankOptions,
} from '@tesserae/core'
import { type ExplainableReranker, explainReranking, named } from './explain.js'
import { limitOf } from './limit.js'
import { compareIds, rescore } from './rescore.js'

export interface CutOptions {
  /** Hits below this score go. In units of the scores that come in. @default none */
  readonly threshold?: number | undefined
  /** Everything after the first drop larger than this goes. In units of the scores. @default none */
  readonly gap?: number | undefined
  /**
   * Keeps the fewest hits that together have this share, above 0 to 1, of the softmax of the scores, as in
   * nucleus sampling. Made for logits; see `temperature`. @default none
   */
  readonly topP?: number | undefined
  /** Scores are divided by this before the softmax: larger keeps more. Only with `topP`. @default 1 */
  readonly temperature?: number | undefined
  /** So many hits stay in any case. @default 0 */
  readonly minimum?: number | undefined
  /**
   * The stage whose scores are looked at, by its name in the trace; hits that it did not score go first, and
   * when it scored none, as when it was late, none go. The order of the hits stays that of their
   * scores. @default the score of the hit
   */
  readonly stage?: string | undefined
  /** @default 'cut' */
  readonly name?: string | undefined
}

/**
 * Keeps the head of the list and drops the tail: what is surely not relevant only costs context. Each rule
 * that is given says how many may stay, and the strictest wins. Scores stay as they are.
 */
export function cutReranker(options: CutOptions): ExplainableReranker {
  const { threshold, gap, topP, stage, name = 'cut' } = options
  if (threshold === undefined && gap === undefined && topP === undefined) {
    invalid('options', 'an object with `threshold`, `gap` or `topP`', options, 'Without any, nothing is cut.')
  }
  if (threshold !== undefined) checkNumber('threshold', threshold)
  if (gap !== undefined) checkNumber('gap', gap, 0)
  if (topP !== undefined && checkNumber('topP', topP, 0, 1) === 0) invalid('topP', 'above 0', topP)
  if (options.temperature !== undefined && topP === undefined) {
    invalid('temperature', 'given together with `topP`', options.temperature)
  }
  const temperature = checkNumber('temperature', options.temperature ?? 1, Number.MIN_VALUE)
  const minimum = checkInteger('minimum', options.minimum ?? 0, 0)

  const reranker: ExplainableReranker = {
    name,
    async rerank<M extends Metadata>(_query: string, hits: readonly Hit<M>[], call: RerankOptions = {}) {
      const limit = limitOf(call, hits.length)
      call.signal?.throwIfAborted()
      const ownScore = ({ trace }: Hit<M>) => trace.findLast((entry) => entry.stage === stage)?.score
      // A stage that was late scored nobody: then nothing is known, and nothing is cut.
      const asked = stage !== undefined && hits.some((hit) => ownScore(hit) !== undefined)
      const scoreOf = (hit: Hit<M>) => (asked ? (ownScore(hit) ?? Number.NEGATIVE_INFINITY) : hit.score)
      const sorted = hits
        .map((hit) => ({ hit, score: scoreOf(hit) }))
        .sort((a, b) => b.score - a.score || b.hit.score - a.hit.score || compareIds(a.hit, b.hit))
      let kept = sorted.length
      const silent = stage !== undefined && !asked
      if (threshold !== undefined && !silent) kept = Math.min(kept, countAbove(sorted, threshold))
      if (gap !== undefined && !silent) kept = Math.min(kept, countBeforeGap(sorted, gap))
      if (topP !== undefined && !silent) kept = Math.min(kept, countOfShare(sorted, topP, temperature))
      const best = sorted.slice(0, Math.max(kept, minimum)).map(({ hit }) => hit)
      return rescore(
        best,
        best.map(({ score }) => score),
        { name, kind: 'feature' },
        limit,
      )
    },
    explain: (query, hits, chunkId, options = {}) =>
      explainReranking(reranker, query, hits, chunkId, options, async ({ given, all, before }) =>
        named(`"${name}", one of ${all.length} kept of ${hits.length}`, await before(given)),
      ),
  }
  return reranker
}

/** What a rule looks at, best first. */
interface Scored {
  readonly score: number
}

function countAbove(hits: readonly Scored[], threshold: number): number {
  const first = hits.findIndex(({ score }) => score < threshold)
  return first < 0 ? hits.length : first
}

function countBeforeGap(hits: readonly Scored[], gap: number): number {
  const first = hits.findIndex(({ score }, index) => index > 0 && hits[index - 1]!.score - score > gap)
  return first < 0 ? hits.length : first
}

/** The fewest of the best whose softmax adds up to the share. */
function countOfShare(hits: readonly Scored[], share: number, temperature: number): number {
  const best = hits[0]?.score ?? 0
  const masses = hits.map(({ score }) => Math.exp((score - best) / temperature))
  let total = 0
  for (const mass of masses) total += mass
  let sum = 0
  for (let index = 0; index < masses.length; index++) {
    sum += masses[index]!
    if (sum >= share * total) return index + 1
  }
  return hits.length
}
