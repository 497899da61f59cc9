import { checkNumber, checkOneOf } from '@tesserae/core'
import type { Fusion, LegKind } from './fusion.js'
import { distribution, minMax, zScore } from './normalize.js'
import { checkWeights, equalWeights } from './weights.js'

export type ScoreNormalization = 'min-max' | 'z-score' | 'dbsf'

export interface ConvexOptions {
  /** How each list's raw scores are brought to a common scale. @default 'min-max' */
  readonly normalize?: ScoreNormalization | undefined
  /** One per list; divided by their sum. @default `vectorShare` for vector legs, the rest for lexical legs; equal for others */
  readonly weights?: readonly number[] | undefined
  /**
   * What vector legs share, 0 to 1, when there are lexical legs too and nobody gave weights; or a function that finds it
   * for a query, such as `dynamicVectorShare()`. @default 0.3
   */
  readonly vectorShare?: number | ((query: string) => number) | undefined
}

/** Share of the vector legs when nobody gave weights. */
const defaultShare = 0.3

const normalizations = { 'min-max': minMax, 'z-score': zScore, dbsf: distribution }

/**
 * Convex combination of normalised scores: the weighted mean of what each list gives an item. Unlike ranks,
 * it keeps how far hits lie apart within a list. Values depend on the list they came in: compare them within
 * one query, never between queries.
 *
 * Bruch, Gai and Ingber, "An analysis of fusion functions for hybrid retrieval", ACM TOIS 2023.
 */
export function convexFusion(options: ConvexOptions = {}): Fusion {
  const normalize = checkOneOf('normalize', options.normalize ?? 'min-max', ['min-max', 'z-score', 'dbsf'])
  if (options.weights !== undefined) checkWeights('weights', options.weights)
  const { vectorShare = defaultShare } = options
  if (typeof vectorShare !== 'function') checkNumber('vectorShare', vectorShare, 0, 1)
  const shareFor = (query = '') =>
    typeof vectorShare === 'function'
      ? checkNumber('vectorShare(query)', vectorShare(query), 0, 1)
      : vectorShare
  return {
    name: `convex-${normalize}`,
    weights: options.weights === undefined ? undefined : [...options.weights],
    convex: true,
    defaultWeights: (kinds, query) => weightsByKind(kinds, shareFor(query)),
    valuesOf: normalizations[normalize],
  }
}

/**
 * `vectorShare` for the vector legs together and the rest for the lexical legs together. Equal weights as soon as a leg is
 * neither, or when all are of one kind.
 */
export function weightsByKind(kinds: readonly LegKind[], vectorShare = defaultShare): readonly number[] {
  const vectors = kinds.filter((kind) => kind === 'vector').length
  const lexicals = kinds.filter((kind) => kind === 'lexical').length
  if (vectors === 0 || lexicals === 0 || vectors + lexicals < kinds.length) return equalWeights(kinds.length)
  return kinds.map((kind) => (kind === 'vector' ? vectorShare / vectors : (1 - vectorShare) / lexicals))
}
