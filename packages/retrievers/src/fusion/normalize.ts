import type { LegValues, ListFacts } from './fusion.js'

/**
 * Lexical scores divided by the best one: a document without a word of the query has 0, so the least that there can be is
 * known, and the last hit of a short list is worth what it scored instead of nothing. What a list does not have is worth 0;
 * in one that was cut it may have scored as much as the last hit, and is worth that, or else all hits of the list would
 * come before what others alone have found.
 * Other scores, whose least means nothing, by min-max. Lexical scores below 0 are no such scores: min-max too.
 *
 * Bruch, Gai and Ingber, 2023, section 4.1, on theoretical minima.
 */
export function byKind(scores: Float64Array, _weight?: number, { kind, isCut }: ListFacts = {}): LegValues {
  const { min, max } = extremes(scores)
  if (kind !== 'lexical' || !(min >= 0) || !(max > 0)) return minMax(scores)
  const values = new Float64Array(scores.length)
  for (let i = 0; i < values.length; i++) values[i] = scores[i]! / max
  return { values, missing: isCut ? min / max : 0, formula: `score / ${max}` }
}

/**
 * (score − min) / (max − min): the best hit is 1, the worst 0, an item the list does not have 0. A list of
 * one hit, or of equal scores, is all 1: being found counts.
 *
 * Lee, "Analyses of multiple evidence combination", SIGIR 1997.
 */
export function minMax(scores: Float64Array): LegValues {
  const { min, max } = extremes(scores)
  const values = new Float64Array(scores.length)
  for (let i = 0; i < values.length; i++) values[i] = max <= min ? 1 : (scores[i]! - min) / (max - min)
  const formula = max <= min ? '1, all scores being equal' : `(score - ${min}) / (${max} - ${min})`
  return { values, missing: 0, formula }
}

/**
 * (score − mean) / standard deviation, of the population. 0 for each hit when all scores are equal. An item
 * the list does not have is worth what the list's worst hit is: with the mean, it would be placed above half
 * of the hits.
 *
 * Montague and Aslam, "Relevance score normalization for metasearch", CIKM 2001 (zero mean, unit variance).
 */
export function zScore(scores: Float64Array): LegValues {
  const { min, max } = extremes(scores)
  const { mean, squares } = moments(scores)
  const deviation = max <= min ? 0 : Math.sqrt(squares / scores.length)
  const values = new Float64Array(scores.length)
  for (let i = 0; i < values.length; i++) values[i] = deviation === 0 ? 0 : (scores[i]! - mean) / deviation
  const missing = deviation === 0 ? 0 : (min - mean) / deviation
  const formula = deviation === 0 ? '0, all scores being equal' : `(score - ${mean}) / ${deviation}`
  return { values, missing, formula }
}

/**
 * Distribution-based score fusion: min-max with mean ± 3 standard deviations (of the sample) as the
 * extremes, cut to [0, 1], so that one outlier does not press all others together. A list of one hit, or of
 * equal scores, is all 0.5; an item the list does not have is 0.
 *
 * Mazzeschi, "Distribution-based score fusion", 2023; statistics as in Qdrant (lib/segment, score_fusion).
 */
export function distribution(scores: Float64Array): LegValues {
  const { min, max } = extremes(scores)
  const { mean, squares } = moments(scores)
  const deviation = max <= min ? 0 : Math.sqrt(squares / (scores.length - 1))
  const low = mean - 3 * deviation
  const high = mean + 3 * deviation
  const values = new Float64Array(scores.length)
  for (let i = 0; i < values.length; i++) {
    values[i] = high === low ? 0.5 : Math.min(1, Math.max(0, (scores[i]! - low) / (high - low)))
  }
  const formula =
    high === low ? '0.5, all scores being equal' : `(score - ${low}) / (${high} - ${low}), cut to 0 and 1`
  return { values, missing: 0, formula }
}

function extremes(scores: Float64Array): { readonly min: number; readonly max: number } {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!
    if (score < min) min = score
    if (score > max) max = score
  }
  return { min, max }
}

/** Mean, and the sum of squared differences from it, in two passes. */
function moments(scores: Float64Array): { readonly mean: number; readonly squares: number } {
  let sum = 0
  for (let i = 0; i < scores.length; i++) sum += scores[i]!
  const mean = scores.length === 0 ? 0 : sum / scores.length
  let squares = 0
  for (let i = 0; i < scores.length; i++) squares += (scores[i]! - mean) ** 2
  return { mean, squares }
}
