import { checkInteger, checkNumber, invalid } from '@tesserae/core'
import { convexFusion, type ScoreNormalization } from './convex.js'
import { fuse, type RankedItem } from './fusion.js'

/** A question with known answers, as both legs found it. */
export interface JudgedLists {
  readonly lexical: readonly RankedItem[]
  readonly vector: readonly RankedItem[]
  /** Ids of what answers it; at least one. */
  readonly relevant: ReadonlySet<string> | readonly string[]
}

export interface CalibrateOptions {
  /** As in the fusion it is for. @default 'by-kind' */
  readonly normalize?: ScoreNormalization | undefined
  /** Hits that each leg was asked for, as in the hybrid retriever it is for: a list as long may go on. @default 100 */
  readonly candidates?: number | undefined
  /** Depth of the nDCG that is looked at. @default 10 */
  readonly depth?: number | undefined
  /** Distance between the shares that are tried, above 0 and at most 0.5. @default 0.05 */
  readonly step?: number | undefined
}

export interface Calibration {
  /** The middle of the shares that do best. */
  readonly vectorShare: number
  /** Mean nDCG with that share. */
  readonly ndcg: number
  /** Mean nDCG of every share tried: how much it matters. */
  readonly tried: readonly { readonly vectorShare: number; readonly ndcg: number }[]
}

/** nDCG differences that are noise: shares this near to the best one count as good. */
const noise = 0.001

/**
 * The vector share that does best on questions with known answers, by nDCG with binary gains. The curve is flat near its
 * top, so the middle of all shares within 0.001 of the best is taken: it holds better on other questions. A few dozen
 * questions are enough to tell a weak embedder from a strong one.
 */
export function calibrateVectorShare(
  questions: readonly JudgedLists[],
  options: CalibrateOptions = {},
): Calibration {
  const depth = checkInteger('depth', options.depth ?? 10)
  const candidates = checkInteger('candidates', options.candidates ?? 100)
  const step = checkNumber('step', options.step ?? 0.05, 0.001, 0.5)
  const fusion = convexFusion({ normalize: options.normalize })
  const judged = questions.map(({ relevant, ...lists }) => ({ ...lists, relevant: new Set(relevant) }))
  if (judged.length === 0 || judged.some(({ relevant }) => relevant.size === 0))
    invalid('questions', 'a list of at least one question, each with a relevant id', questions)
  const steps = Math.round(1 / step)
  const tried = Array.from({ length: steps + 1 }, (_, i) => {
    const vectorShare = i / steps
    let sum = 0
    for (const { lexical, vector, relevant } of judged) {
      const fused = fuse([lexical, vector], fusion, {
        weights: [1 - vectorShare, vectorShare],
        kinds: ['lexical', 'vector'],
        asked: candidates,
        limit: depth,
      })
      sum += normalizedGain(fused, relevant, depth)
    }
    return { vectorShare, ndcg: sum / judged.length }
  })
  const best = Math.max(...tried.map(({ ndcg }) => ndcg))
  const top = tried.findIndex(({ ndcg }) => ndcg === best)
  const isGood = (index: number) => (tried[index]?.ndcg ?? Number.NEGATIVE_INFINITY) >= best - noise
  let first = top
  while (isGood(first - 1)) first--
  let last = top
  while (isGood(last + 1)) last++
  const chosen = tried[Math.floor((first + last) / 2)]!
  return { ...chosen, tried }
}

function normalizedGain(
  items: readonly { readonly id: string }[],
  relevant: ReadonlySet<string>,
  depth: number,
): number {
  let gain = 0
  let ideal = 0
  for (let rank = 0; rank < depth; rank++) {
    const discounted = 1 / Math.log2(rank + 2)
    const item = items[rank]
    if (item !== undefined && relevant.has(item.id)) gain += discounted
    if (rank < relevant.size) ideal += discounted
  }
  return gain / ideal
}
