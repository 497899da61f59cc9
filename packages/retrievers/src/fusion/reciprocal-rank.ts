import { checkNumber, checkOneOf } from '@tesserae/core'
import type { Fusion } from './fusion.js'
import { minMax } from './normalize.js'
import { checkWeights } from './weights.js'

export interface ReciprocalRankOptions {
  /** How little the first ranks stand out; from 0 up. The paper's value is 60. @default 60 */
  readonly k?: number | undefined
  /** One per list; used as given, not scaled. @default 1 for each */
  readonly weights?: readonly number[] | undefined
  /**
   * What a weight multiplies, two published variants that agree when all weights are 1:
   * - `'score'`: weight / (k + rank), as in Elasticsearch and Chroma.
   * - `'rank'`: 1 / (k + rank / weight), as in Qdrant (whose k is one more than this one): with weights 3 and 1, three
   *   hits of the first list come for each of the second, all the way down.
   * @default 'score'
   */
  readonly weighting?: 'score' | 'rank' | undefined
  /**
   * Two lists tie often: 2nd and 5th are worth what 5th and 2nd are. With `'scores'` the item comes first whose scores are
   * nearer to the best of their lists, for which each value has up to a trillionth added to it; with `'id'` values are the
   * formula's own, and chance decides, repeatably.
   * @default 'scores'
   */
  readonly ties?: 'id' | 'scores' | undefined
}

/** Below the difference of any two sums of reciprocal ranks that are not equal, to a depth of a thousand. */
const nudge = 1e-12

/**
 * Reciprocal rank fusion: weight / (k + rank) unless `weighting` says otherwise, rank from 1, summed over the lists; 0 for
 * a list without the item. Scores are not looked at, unless to break ties, so nothing needs tuning, and nothing of their
 * distances is used.
 *
 * Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning
 * methods", SIGIR 2009.
 */
export function reciprocalRankFusion(options: ReciprocalRankOptions = {}): Fusion {
  const k = checkNumber('k', options.k ?? 60, 0)
  const byRank = checkOneOf('weighting', options.weighting ?? 'score', ['score', 'rank']) === 'rank'
  const byScores = checkOneOf('ties', options.ties ?? 'scores', ['id', 'scores']) === 'scores'
  if (options.weights !== undefined) checkWeights('weights', options.weights)
  return {
    name: byRank ? 'reciprocal-weighted-rank' : 'reciprocal-rank',
    weights: options.weights === undefined ? undefined : [...options.weights],
    convex: false,
    weighsValues: byRank,
    valuesOf(scores, weight) {
      const stretch = byRank ? 1 / weight : 1
      const values = new Float64Array(scores.length)
      for (let place = 0; place < values.length; place++) values[place] = 1 / (k + (place + 1) * stretch)
      if (byScores) {
        const scaled = minMax(scores).values
        for (let place = 0; place < values.length; place++) values[place]! += nudge * scaled[place]!
      }
      const formula = byRank ? `1 / (${k} + rank / ${weight})` : `1 / (${k} + rank)`
      return { values, missing: 0, formula }
    },
  }
}
