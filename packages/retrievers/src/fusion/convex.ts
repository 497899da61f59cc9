import { checkNumber, checkOneOf } from '@tesserae/core'
import type { Fusion, LegKind } from './fusion.js'
import { byKind, distribution, minMax, zScore } from './normalize.js'
import { checkWeights, equalWeights } from './weights.js'

export type ScoreNormalization = 'by-kind' | 'min-max' | 'z-score' | 'dbsf'

export interface ConvexOptions {
  /**
   * How each list's raw scores are brought to a common scale; `'by-kind'` divides lexical scores by the best one, since
   * their least is known to be 0, and scales others from their worst to their best. @default 'by-kind'
   */
  readonly normalize?: ScoreNormalization | undefined
  /** One per list; divided by their sum. @default `vectorShare` for vector legs, the rest for lexical legs; equal for others */
  readonly weights?: readonly number[] | undefined
  /**
   * What vector legs share, 0 to 1, when there are lexical legs too and nobody gave weights; or a function that finds it
   * for a query, such as `dynamicVectorShare()`, and is told what the legs say themselves.
   * @default what the legs say of themselves, 0.3 for those that say nothing
   */
  readonly vectorShare?: number | ((query: string, own: number) => number) | undefined
}

/** Share of a vector leg that says nothing of itself. */
export const usualShare = 0.3

const normalizations = { 'by-kind': byKind, 'min-max': minMax, 'z-score': zScore, dbsf: distribution }
const names = ['by-kind', 'min-max', 'z-score', 'dbsf'] as const

/**
 * Convex combination of normalised scores: the weighted mean of what each list gives an item. Unlike ranks,
 * it keeps how far hits lie apart within a list. Values depend on the list they came in: compare them within
 * one query, never between queries.
 *
 * Bruch, Gai and Ingber, "An analysis of fusion functions for hybrid retrieval", ACM TOIS 2023.
 */
export function convexFusion(options: ConvexOptions = {}): Fusion {
  const normalize = checkOneOf('normalize', options.normalize ?? 'by-kind', names)
  if (options.weights !== undefined) checkWeights('weights', options.weights)
  const { vectorShare } = options
  if (vectorShare !== undefined && typeof vectorShare !== 'function')
    checkNumber('vectorShare', vectorShare, 0, 1)
  return {
    name: `convex-${normalize}`,
    weights: options.weights === undefined ? undefined : [...options.weights],
    convex: true,
    defaultWeights(kinds, query = '', own) {
      if (vectorShare === undefined) return weightsByKind(kinds, own)
      const share =
        typeof vectorShare === 'function'
          ? checkNumber('vectorShare(query)', vectorShare(query, meanShare(kinds, own)), 0, 1)
          : vectorShare
      return weightsByKind(kinds, share)
    },
    valuesOf: normalizations[normalize],
  }
}

/**
 * `share` for the vector legs together and the rest for the lexical legs together; or, with a list, to each vector leg its
 * part of its own share. Equal weights as soon as a leg is neither, or when all are of one kind.
 */
export function weightsByKind(
  kinds: readonly LegKind[],
  share: number | readonly (number | undefined)[] = usualShare,
): readonly number[] {
  const vectors = kinds.filter((kind) => kind === 'vector').length
  const lexicals = kinds.filter((kind) => kind === 'lexical').length
  if (vectors === 0 || lexicals === 0 || vectors + lexicals < kinds.length) return equalWeights(kinds.length)
  const whole = typeof share === 'number' ? share : meanShare(kinds, share)
  return kinds.map((kind, leg) => {
    if (kind !== 'vector') return (1 - whole) / lexicals
    return (typeof share === 'number' ? share : (share[leg] ?? usualShare)) / vectors
  })
}

/** What vector legs say of themselves, on average; 0 when there is none. */
function meanShare(kinds: readonly LegKind[], own: readonly (number | undefined)[] = []): number {
  const shares = kinds.flatMap((kind, leg) => (kind === 'vector' ? [own[leg] ?? usualShare] : []))
  return shares.length === 0 ? 0 : shares.reduce((sum, share) => sum + share, 0) / shares.length
}
