import { checkNumber } from '@tesserae/core'
import type { Fusion } from './fusion.js'
import { checkWeights } from './weights.js'

export interface ReciprocalRankOptions {
  /** How little the first ranks stand out; from 0 up. The paper's value is 60. @default 60 */
  readonly k?: number | undefined
  /** One per list; used as given, not scaled. @default 1 for each */
  readonly weights?: readonly number[] | undefined
}

/**
 * Reciprocal rank fusion: weight / (k + rank), rank from 1, summed over the lists; 0 for a list without the
 * item. Scores are not looked at, so nothing needs tuning, and nothing of their distances is used.
 *
 * Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning
 * methods", SIGIR 2009.
 */
export function reciprocalRankFusion(options: ReciprocalRankOptions = {}): Fusion {
  const k = checkNumber('k', options.k ?? 60, 0)
  if (options.weights !== undefined) checkWeights('weights', options.weights)
  return {
    name: 'reciprocal-rank',
    weights: options.weights === undefined ? undefined : [...options.weights],
    convex: false,
    valuesOf(scores) {
      const values = new Float64Array(scores.length)
      for (let place = 0; place < values.length; place++) values[place] = 1 / (k + place + 1)
      return { values, missing: 0, formula: `1 / (${k} + rank)` }
    },
  }
}
