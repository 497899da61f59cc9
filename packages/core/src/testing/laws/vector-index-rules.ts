import { Bitset } from '../../vector/bitset.js'
import type { Metric, TopHits } from '../../vector-index.js'
import { expectSame } from '../assert.js'
import { broken } from '../law.js'
import type { Random } from '../random.js'
import { cosineSimilarity, dotProduct, euclideanDistance } from '../vectors.js'

const scoreOf: { readonly [metric in Metric]: (a: Float32Array, b: Float32Array) => number } = {
  cosine: cosineSimilarity,
  dot: dotProduct,
  euclidean: (a, b) => -euclideanDistance(a, b),
}

export function randomVector(random: Random, dimensions: number): Float32Array {
  return Float32Array.from({ length: dimensions }, () => random.normal())
}

/** Ordinals 0 … size − 1 with a random vector each. */
export function randomVectors(random: Random, size: number, dimensions: number): Map<number, Float32Array> {
  return new Map(Array.from({ length: size }, (_, ordinal) => [ordinal, randomVector(random, dimensions)]))
}

/** Vectors by ordinal. */
export type Vectors = ReadonlyMap<number, Float32Array>

/** The oracle: every vector scored in double precision and sorted, best first, ties by ordinal. */
export function scan(
  vectors: Vectors,
  query: Float32Array,
  metric: Metric,
  filter?: Bitset,
): { ordinal: number; score: number }[] {
  return [...vectors]
    .filter(([ordinal]) => filter === undefined || filter.has(ordinal))
    .map(([ordinal, vector]) => ({ ordinal, score: scoreOf[metric](query, vector) }))
    .toSorted((a, b) => b.score - a.score || a.ordinal - b.ordinal)
}

export function bitsetOf(ordinals: Iterable<number>): Bitset {
  const bitset = new Bitset()
  for (const ordinal of ordinals) bitset.add(ordinal)
  return bitset
}

type CheckHits = (
  hits: TopHits,
  limit: number,
  query: Float32Array,
  vectors: Vectors,
  metric: Metric,
  filter?: Bitset,
) => void

/** Rules on search results, with this error allowed in a score (relative for scores above 1). */
export function vectorOracle(tolerance: number): {
  readonly checkHits: CheckHits
  readonly checkExact: CheckHits
} {
  const slack = (score: number): number => tolerance * Math.max(1, Math.abs(score))

  /** Rules on any result: shape, order, ties, no repeats, only live and allowed ordinals, true scores. */
  const checkHits: CheckHits = (hits, limit, query, vectors, metric, filter) => {
    const { ordinals, scores } = hits
    if (ordinals.length !== scores.length)
      broken('not as many ordinals as scores', { actual: [ordinals.length, scores.length] })
    if (ordinals.length > limit)
      broken('more hits than the limit', { expected: limit, actual: ordinals.length })
    const seen = new Set<number>()
    for (const [rank, ordinal] of ordinals.entries()) {
      const score = scores[rank] as number
      const vector = vectors.get(ordinal)
      if (seen.has(ordinal)) broken('an ordinal comes twice', { actual: ordinals })
      seen.add(ordinal)
      if (!vector) broken('an ordinal comes back that is not in the index', { actual: ordinal })
      if (filter && !filter.has(ordinal))
        broken('an ordinal comes back that the filter leaves out', { actual: ordinal })
      const truth = scoreOf[metric](query, vector)
      if (!(Math.abs(score - truth) <= slack(truth)))
        broken(`the ${metric} score of ordinal ${ordinal} is wrong`, { expected: truth, actual: score })
      const [lastOrdinal, lastScore] = [ordinals[rank - 1], scores[rank - 1]]
      if (lastOrdinal === undefined || lastScore === undefined) continue
      if (score > lastScore) broken('scores increase', { actual: scores })
      if (score === lastScore && ordinal < lastOrdinal)
        broken('equal scores do not come by ascending ordinal', { actual: ordinals })
    }
  }
  /** Every rank holds a vector as near as the true one of that rank, up to rounding. */
  const checkExact: CheckHits = (hits, limit, query, vectors, metric, filter) => {
    const truth = scan(vectors, query, metric, filter).slice(0, limit)
    expectSame(hits.ordinals.length, truth.length, 'another number of hits than the exhaustive scan')
    for (const [rank, { score, ordinal }] of truth.entries())
      if ((hits.scores[rank] as number) < score - slack(score))
        broken(`rank ${rank + 1} is not the nearest (${metric})`, {
          expected: { ordinal, score },
          actual: { ordinal: hits.ordinals[rank], score: hits.scores[rank] },
        })
  }
  return { checkHits, checkExact }
}
