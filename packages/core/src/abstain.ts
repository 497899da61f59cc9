import { checkInteger, checkNumber, invalid } from './check.js'
import type { Metadata } from './document.js'
import type { Hit } from './retriever.js'
import type { AnswerSupport } from './verify-support.js'

export interface AbstainRules {
  /** Fewer hits that reach `minScore` are too little to answer from. @default 1 */
  readonly minHits?: number | undefined
  /**
   * Least score of a hit that counts. There is no default: scores of different stages mean different things;
   * `calibrateMinScore` finds one for yours. @default any score counts
   */
  readonly minScore?: number | undefined
  /** The stage whose score is compared, by its name in the trace. @default the score of the hit */
  readonly stage?: string | undefined
  /** Least support of an answer as a whole, 0 to 1. @default none */
  readonly minSupport?: number | undefined
  /** Most sentences of an answer that may be unsupported. @default any number */
  readonly maxUnsupported?: number | undefined
}

export interface AbstainDecision {
  readonly abstain: boolean
  /** `no-hits`: nothing was found. `weak-hits`: too few are good enough. The others speak of the answer. */
  readonly reasons: readonly ('no-hits' | 'weak-hits' | 'low-support' | 'unsupported-sentences')[]
  /** Hits that reached the least score. */
  readonly goodHits: number
  /** The best score there was. */
  readonly bestScore?: number | undefined
}

/**
 * Whether to say "not enough information" instead of answering: before a model is asked, from the hits; after it
 * answered, from the support of what it said as well.
 */
export function abstainDecision<M extends Metadata = Metadata>(
  hits: readonly Hit<M>[],
  rules: AbstainRules,
  answer?: AnswerSupport,
): AbstainDecision {
  const minHits = checkInteger('minHits', rules.minHits ?? 1, 0)
  const { minScore, minSupport, maxUnsupported, stage } = rules
  if (minScore !== undefined) checkNumber('minScore', minScore)
  if (minSupport !== undefined) checkNumber('minSupport', minSupport, 0, 1)
  if (maxUnsupported !== undefined) checkInteger('maxUnsupported', maxUnsupported, 0)
  if (stage !== undefined && minScore === undefined)
    invalid('minScore', 'given together with `stage`', minScore)

  const scores = hits.flatMap((hit) =>
    stage === undefined ? [hit.score] : (hit.trace.findLast((entry) => entry.stage === stage)?.score ?? []),
  )
  const goodHits = scores.filter((score) => minScore === undefined || score >= minScore).length
  const reasons: AbstainDecision['reasons'][number][] = []
  if (hits.length === 0 && minHits > 0) reasons.push('no-hits')
  else if (goodHits < minHits) reasons.push('weak-hits')
  if (answer !== undefined && minSupport !== undefined && answer.support < minSupport)
    reasons.push('low-support')
  if (answer !== undefined && maxUnsupported !== undefined && answer.unsupported.length > maxUnsupported)
    reasons.push('unsupported-sentences')
  const bestScore = scores.reduce<number | undefined>(
    (best, score) => (best === undefined || score > best ? score : best),
    undefined,
  )
  return { abstain: reasons.length > 0, reasons, goodHits, ...(bestScore !== undefined && { bestScore }) }
}

export interface ScoredQuestion {
  /** The best score that the retriever found for it. */
  readonly score: number
  /** Whether the documents hold its answer. */
  readonly answerable: boolean
}

export interface CalibratedScore {
  readonly minScore: number
  /** Share of the answerable questions that would be answered. */
  readonly answered: number
  /** Share of the questions answered that have no answer in the documents. */
  readonly wrong: number
}

/**
 * The lowest score at which, among the questions that would be answered, at most a share of `maxWrong` cannot be.
 * Give questions of your own, some of them on purpose without an answer in the documents.
 *
 * @returns undefined when no score does it
 */
export function calibrateMinScore(
  questions: readonly ScoredQuestion[],
  maxWrong: number,
): CalibratedScore | undefined {
  checkNumber('maxWrong', maxWrong, 0, 1)
  const answerable = questions.filter((question) => question.answerable).length
  if (answerable === 0 || answerable === questions.length) {
    invalid('questions', 'a list with questions that have an answer and some that have none', questions)
  }
  for (const [place, { score }] of questions.entries()) checkNumber(`questions[${place}].score`, score)
  const sorted = [...questions].sort((a, b) => b.score - a.score)
  let right = 0
  let lowest: CalibratedScore | undefined
  for (const [place, { score, answerable: good }] of sorted.entries()) {
    if (good) right += 1
    // Equal scores are answered together.
    if (sorted[place + 1]?.score === score) continue
    const wrong = (place + 1 - right) / (place + 1)
    if (right > 0 && wrong <= maxWrong) lowest = { minScore: score, answered: right / answerable, wrong }
  }
  return lowest
}
