import { checkNumber } from '../../check.js'
import { isRagError } from '../../errors.js'
import { Bitset } from '../../vector/bitset.js'
import type { Metric, VectorIndex } from '../../vector-index.js'
import { expectRagError, expectSame } from '../assert.js'
import { broken, type Checks, type Law, type LawOptions, makeLaws } from '../law.js'
import { type Random, seededRandom } from '../random.js'
import {
  bitsetOf,
  randomVector,
  randomVectors,
  scan,
  type Vectors,
  vectorOracle,
} from './vector-index-rules.js'

export type MakeVectorIndex = (options: {
  readonly dimensions: number
  readonly metric: Metric
}) => VectorIndex | Promise<VectorIndex>

export interface VectorIndexLawOptions extends LawOptions {
  /** Whether every search must give exactly the nearest vectors. */
  readonly exact: boolean
  /** Smallest mean share of the true nearest ten that an approximate index must find. @default 0.95 */
  readonly minRecall?: number | undefined
  /** @default all three */
  readonly metrics?: readonly Metric[] | undefined
  /** Vectors in the comparison with the exhaustive scan. @default 300, for an approximate index 1000 */
  readonly count?: number | undefined
  /** Largest error of a score, relative for scores above 1: raise it for quantised vectors. @default 1e-4 */
  readonly scoreTolerance?: number | undefined
}

/** The laws of `VectorIndex`, against an exhaustive scan in double precision that the suite does itself. */
export function vectorIndexLaws(make: MakeVectorIndex, options: VectorIndexLawOptions): readonly Law[] {
  const seed = options.seed ?? 1
  const metrics = options.metrics ?? (['cosine', 'dot', 'euclidean'] as const)
  const tolerance = checkNumber('scoreTolerance', options.scoreTolerance ?? 1e-4, 0)
  const minRecall = checkNumber('minRecall', options.minRecall ?? 0.95, 0, 1)
  const count = options.count ?? (options.exact ? 300 : 1000)

  const filled = async (metric: Metric, vectors: Vectors): Promise<VectorIndex> => {
    const [first] = vectors.values()
    const index = await make({ dimensions: first?.length ?? 4, metric })
    for (const [ordinal, vector] of vectors) index.set(ordinal, vector)
    return index
  }
  const { checkHits, checkExact } = vectorOracle(tolerance)
  const each = (check: (metric: Metric, random: Random) => Promise<void>) => async (): Promise<void> => {
    for (const metric of metrics) await check(metric, seededRandom(seed))
  }
  const found = (index: VectorIndex, query: Float32Array, limit: number, filter?: Bitset): number[] => [
    ...index.search(query, filter ? { limit, filter } : { limit }).ordinals,
  ]

  const checks: Checks = {
    'dimensions, metric and size are told': each(async (metric, random) => {
      const index = await filled(metric, randomVectors(random, 3, 5))
      expectSame(
        [index.dimensions, index.metric, index.size],
        [5, metric, 3],
        'dimensions, metric or size is wrong',
      )
    }),
    [options.exact
      ? 'finds what an exhaustive scan finds'
      : 'finds nearly all that an exhaustive scan finds']: each(async (metric, random) => {
      let hitCount = 0
      let wanted = 0
      for (const dimensions of options.exact ? [1, 2, 3, 7, 16, 33] : [16]) {
        const vectors = randomVectors(random, count, dimensions)
        const index = await filled(metric, vectors)
        for (let trial = 0; trial < 20; trial += 1) {
          const query = randomVector(random, dimensions)
          const hits = index.search(query, { limit: 10 })
          checkHits(hits, 10, query, vectors, metric)
          if (options.exact) checkExact(hits, 10, query, vectors, metric)
          const truth = new Set(
            scan(vectors, query, metric)
              .slice(0, 10)
              .map(({ ordinal }) => ordinal),
          )
          wanted += truth.size
          for (const ordinal of hits.ordinals) if (truth.has(ordinal)) hitCount += 1
        }
      }
      if (hitCount / wanted < minRecall && !options.exact)
        broken(`recall at 10 is too low (${metric})`, {
          expected: `at least ${minRecall}`,
          actual: hitCount / wanted,
        })
    }),
    'equal scores come by ascending ordinal': each(async (metric, random) => {
      const [same, other] = [randomVector(random, 6), randomVector(random, 6)]
      const ordinals = random.shuffle(Array.from({ length: 40 }, (_, ordinal) => ordinal))
      const vectors = new Map(ordinals.map((ordinal) => [ordinal, ordinal % 4 === 0 ? other : same]))
      const index = await filled(metric, vectors)
      for (const limit of [1, 7, 40]) {
        const hits = index.search(same, { limit })
        checkHits(hits, limit, same, vectors, metric)
        if (options.exact)
          expectSame(
            [...hits.ordinals],
            scan(vectors, same, metric)
              .slice(0, limit)
              .map(({ ordinal }) => ordinal),
            'among equal scores others than the smallest ordinals are kept',
          )
      }
    }),
    'a deleted vector does not come back': each(async (metric, random) => {
      const vectors = randomVectors(random, 60, 8)
      const index = await filled(metric, vectors)
      for (const ordinal of [0, 7, 30, 59]) {
        const query = vectors.get(ordinal) as Float32Array
        expectSame(index.delete(ordinal), true, 'deleting a vector that is there does not return true')
        expectSame(index.delete(ordinal), false, 'deleting it again does not return false')
        vectors.delete(ordinal)
        const hits = index.search(query, { limit: 60 })
        checkHits(hits, 60, query, vectors, metric)
        expectSame(
          [index.size, hits.ordinals.length],
          [vectors.size, vectors.size],
          'size or number of hits after a deletion is wrong',
        )
      }
      expectSame(index.delete(1_000_000), false, 'deleting an ordinal never set does not return false')
    }),
    'a vector set again replaces the old one': each(async (metric, random) => {
      const vectors = randomVectors(random, 30, 8)
      const index = await filled(metric, vectors)
      for (const ordinal of [3, 3, 12, 29]) {
        const vector = randomVector(random, 8)
        vectors.set(ordinal, vector)
        index.set(ordinal, vector)
      }
      index.delete(5)
      index.set(5, vectors.get(5) as Float32Array)
      expectSame(index.size, 30, 'replacing changes the size')
      for (const ordinal of [3, 5, 12, 29]) {
        const query = vectors.get(ordinal) as Float32Array
        const hits = index.search(query, { limit: 30 })
        checkHits(hits, 30, query, vectors, metric)
        checkExact(hits, 30, query, vectors, metric)
      }
    }),
    'a limit above the size gives everything': each(async (metric, random) => {
      const vectors = randomVectors(random, 12, 8)
      const index = await filled(metric, vectors)
      const query = randomVector(random, 8)
      for (const limit of [12, 13, 10_000])
        checkExact(index.search(query, { limit }), limit, query, vectors, metric)
    }),
    'as many come back as match the filter, up to the limit': each(async (metric, random) => {
      const vectors = randomVectors(random, 400, 8)
      const index = await filled(metric, vectors)
      for (const matching of [1, 2, 9, 40, 200, 400]) {
        const filter = bitsetOf(random.shuffle([...vectors.keys()]).slice(0, matching))
        for (const limit of [1, 10, 50]) {
          const query = randomVector(random, 8)
          const hits = index.search(query, { limit, filter })
          checkHits(hits, limit, query, vectors, metric, filter)
          expectSame(
            hits.ordinals.length,
            Math.min(limit, matching),
            `of ${matching} matching vectors too few come back for limit ${limit}`,
          )
          if (options.exact) checkExact(hits, limit, query, vectors, metric, filter)
        }
      }
    }),
    'an ordinal past the end of the filter is not in it': each(async (metric, random) => {
      const vectors = randomVectors(random, 200, 4)
      const index = await filled(metric, vectors)
      const query = vectors.get(150) as Float32Array
      expectSame(
        found(index, query, 10, bitsetOf([3])),
        [3],
        'a short filter lets ordinals past its end through',
      )
      expectSame(found(index, query, 10, new Bitset()), [], 'an empty filter lets ordinals through')
    }),
    'a filter over ordinals that are not there gives nothing': each(async (metric, random) => {
      const index = await filled(metric, randomVectors(random, 10, 4))
      expectSame(
        found(index, randomVector(random, 4), 5, bitsetOf([10, 77, 5000])),
        [],
        'ordinals that were never set come back',
      )
    }),
    'a vector of the wrong length or not finite is refused': each(async (metric, random) => {
      const vectors = randomVectors(random, 5, 4)
      const index = await filled(metric, vectors)
      const query = randomVector(random, 4)
      const before = index.search(query, { limit: 5 })
      for (const bad of [
        [1, 2, 3],
        [1, 2, 3, 4, 5],
        [],
        [1, Number.NaN, 0, 0],
        [1, 0, Number.POSITIVE_INFINITY, 0],
        [Number.NEGATIVE_INFINITY, 0, 0, 0],
      ]) {
        await expectRagError(
          () => index.set(2, Float32Array.from(bad)),
          ['invalid-vector'],
          `setting [${bad}] with 4 dimensions`,
        )
        await expectRagError(
          () => index.search(Float32Array.from(bad), { limit: 3 }),
          ['invalid-vector'],
          `searching [${bad}] with 4 dimensions`,
        )
      }
      expectSame(index.search(query, { limit: 5 }), before, 'a refused vector changed the index')
    }),
    'a zero vector never gives a score that is not a number': each(async (metric, random) => {
      const index = await filled(metric, randomVectors(random, 5, 4))
      const zero = new Float32Array(4)
      try {
        index.set(5, zero)
      } catch (error) {
        // To refuse a vector without a direction is as good as to score it.
        if (!isRagError(error, 'invalid-vector')) throw error
        return
      }
      for (const query of [zero, randomVector(random, 4)])
        for (const score of index.search(query, { limit: 6 }).scores)
          if (!Number.isFinite(score)) broken('a score is not finite', { actual: score })
    }),
    'a bad limit or ordinal is refused': each(async (metric, random) => {
      const index = await filled(metric, randomVectors(random, 3, 4))
      const query = randomVector(random, 4)
      for (const limit of [0, -1, 1.5, Number.NaN])
        await expectRagError(() => index.search(query, { limit }), ['invalid-argument'], `limit ${limit}`)
      for (const ordinal of [-1, 0.5, Number.NaN])
        await expectRagError(() => index.set(ordinal, query), ['invalid-argument'], `ordinal ${ordinal}`)
      expectSame(index.size, 3, 'a refused ordinal changed the size')
    }),
    'vectors and queries are copied and left as they were': each(async (metric, random) => {
      const vectors = randomVectors(random, 20, 8)
      const index = await make({ dimensions: 8, metric })
      for (const [ordinal, vector] of vectors) {
        const given = vector.slice()
        index.set(ordinal, given)
        expectSame(given, vector, 'setting a vector changed it')
        given.fill(ordinal)
      }
      const query = randomVector(random, 8)
      const given = query.slice()
      const hits = index.search(given, { limit: 20 })
      expectSame(given, query, 'searching changed the query')
      checkHits(hits, 20, query, vectors, metric)
    }),
    'a result is not overwritten by the next search': each(async (metric, random) => {
      const index = await filled(metric, randomVectors(random, 50, 8))
      const first = index.search(randomVector(random, 8), { limit: 10 })
      const copy = { ordinals: first.ordinals.slice(), scores: first.scores.slice() }
      index.search(randomVector(random, 8), { limit: 10 })
      expectSame(first, copy, 'the next search overwrote the result of the last')
    }),
    'an empty index finds nothing': each(async (metric, random) => {
      const index = await make({ dimensions: 4, metric })
      const query = randomVector(random, 4)
      expectSame(found(index, query, 5), [], 'an index with nothing in it finds something')
      for (let round = 0; round < 2; round += 1) {
        index.set(0, query)
        expectSame(found(index, query, 5), [0], 'the only vector is not found')
        index.delete(0)
        expectSame([index.size, found(index, query, 5)], [0, []], 'an emptied index finds something')
      }
    }),
    'ordinals may be sparse': each(async (metric, random) => {
      const vectors = new Map(
        [70_001, 0, 4096, 7, 33_000].map((ordinal) => [ordinal, randomVector(random, 4)]),
      )
      const index = await filled(metric, vectors)
      const query = randomVector(random, 4)
      expectSame(index.size, 5, 'the size counts ordinals that were never set')
      const hits = index.search(query, { limit: 10 })
      checkHits(hits, 10, query, vectors, metric)
      checkExact(hits, 10, query, vectors, metric)
    }),
    'searching and building again give the same hits': each(async (metric, random) => {
      const vectors = randomVectors(random, 200, 8)
      const [index, again] = [await filled(metric, vectors), await filled(metric, vectors)]
      for (let trial = 0; trial < 10; trial += 1) {
        const query = randomVector(random, 8)
        const hits = index.search(query, { limit: 10 })
        expectSame(index.search(query, { limit: 10 }), hits, 'the same search gives other hits')
        expectSame(again.search(query, { limit: 10 }), hits, 'an index built alike gives other hits')
      }
    }),
  }
  return makeLaws(checks, { ...options, seed })
}
