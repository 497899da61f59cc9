import { Bitset } from '@tesserae/core'
import { type Random, seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { flatIndex } from '../flat/flat-index.js'
import { type HnswIndex, hnswIndex } from './hnsw-index.js'

const dimensions = 48
const count = 12_000

/** Points around 60 centres of uneven size. */
function clusteredSource(random: Random): () => Float32Array {
  const centers = Array.from({ length: 60 }, () =>
    Float32Array.from({ length: dimensions }, () => random.normal()),
  )
  return () => {
    const center = centers[Math.floor(random() ** 2 * centers.length)]!
    return center.map((value) => value + 0.6 * random.normal())
  }
}

/** Mean share of the true ten that come back; every search has to give as many as there are. */
function recall(
  index: HnswIndex,
  truth: ReturnType<typeof flatIndex>,
  queries: readonly Float32Array[],
  filter?: Bitset,
): number {
  let found = 0
  let wanted = 0
  for (const query of queries) {
    const expected = new Set(truth.search(query, { limit: 10, filter }).ordinals)
    const hits = index.search(query, { limit: 10, filter }).ordinals
    expect(hits.length).toBe(expected.size)
    wanted += expected.size
    for (const ordinal of hits) {
      if (expected.has(ordinal)) found++
      if (filter !== undefined) expect(filter.has(ordinal)).toBe(true)
    }
  }
  return found / wanted
}

for (const quantization of ['none', 'int8'] as const) {
  describe(`hnswIndex against the exact scan, ${quantization}`, () => {
    const random = seededRandom(20)
    const draw = clusteredSource(random)
    const index = hnswIndex({ dimensions, quantization })
    const truth = flatIndex({ dimensions })
    const vectors: Float32Array[] = []
    const put = (ordinal: number) => {
      const vector = draw()
      vectors[ordinal] = vector
      index.set(ordinal, vector)
      truth.set(ordinal, vector)
    }
    for (let ordinal = 0; ordinal < count; ordinal++) put(ordinal)
    const queries = Array.from({ length: 60 }, draw)

    it('finds 0.98 of the nearest ten', () => {
      expect(recall(index, truth, queries)).toBeGreaterThanOrEqual(0.98)
    })

    for (const share of [0.5, 0.1, 0.01, 0.001]) {
      it(`finds 0.95 behind a filter that passes ${share * 100} %, of anything`, () => {
        const filter = new Bitset()
        for (let ordinal = 0; ordinal < count; ordinal++) if (random.chance(share)) filter.add(ordinal)
        expect(recall(index, truth, queries, filter)).toBeGreaterThanOrEqual(0.95)
      })

      for (const side of ['nearest to', 'farthest from'] as const) {
        it(`finds 0.95 behind a filter that passes the ${share * 100} % ${side} the query`, () => {
          const found = queries.slice(0, 16).map((query) => {
            const sorted = truth.search(query, { limit: count }).ordinals
            const size = Math.round(count * share)
            const filter = new Bitset()
            const passed = side === 'nearest to' ? sorted.subarray(0, size) : sorted.subarray(count - size)
            for (const ordinal of passed) filter.add(ordinal)
            return recall(index, truth, [query], filter)
          })
          expect(found.reduce((sum, value) => sum + value, 0) / found.length).toBeGreaterThanOrEqual(0.95)
        })
      }
    }

    it('counts of a filter only what is in the index', () => {
      const filter = new Bitset()
      for (let ordinal = count - 5; ordinal < count * 3; ordinal++) filter.add(ordinal)
      const hits = index.search(queries[0]!, { limit: 10, filter }).ordinals
      expect([...hits].toSorted()).toEqual([count - 5, count - 4, count - 3, count - 2, count - 1])
    })

    it('keeps its recall and its memory when half of the points are replaced', () => {
      for (let ordinal = 0; ordinal < count; ordinal += 2) put(ordinal)
      expect(index.size).toBe(count)
      expect(recall(index, truth, queries)).toBeGreaterThanOrEqual(0.97)
      const rebuilt = hnswIndex({ dimensions, quantization })
      for (let ordinal = 0; ordinal < count; ordinal++) rebuilt.set(ordinal, vectors[ordinal]!)
      const difference = recall(rebuilt, truth, queries) - recall(index, truth, queries)
      expect(difference).toBeLessThanOrEqual(0.01)
      const before = index.estimateMemory()
      for (let ordinal = 1; ordinal < count; ordinal += 2) put(ordinal)
      expect(recall(index, truth, queries)).toBeGreaterThanOrEqual(0.97)
      expect(index.estimateMemory()).toBeLessThanOrEqual(before * 1.02)
    })

    it('never returns what was deleted, and finds the rest, when a whole region goes', () => {
      const gone = truth.search(queries[0]!, { limit: 1500 }).ordinals
      for (const ordinal of gone) {
        expect(index.delete(ordinal)).toBe(true)
        truth.delete(ordinal)
      }
      expect(recall(index, truth, queries)).toBeGreaterThanOrEqual(0.97)
      index.compact()
      expect(recall(index, truth, queries)).toBeGreaterThanOrEqual(0.95)
      for (const ordinal of gone) put(ordinal)
      expect(recall(index, truth, queries)).toBeGreaterThanOrEqual(0.97)
    })
  })
}

describe('hnswIndex on bits against the exact scan', () => {
  const random = seededRandom(30)
  const wide = 256
  const vector = () => Float32Array.from({ length: wide }, () => random.normal())
  const index = hnswIndex({ dimensions: wide, quantization: 'binary', efConstruction: 100 })
  const truth = flatIndex({ dimensions: wide })
  const vectors = Array.from({ length: 3000 }, vector)
  for (const [ordinal, row] of vectors.entries()) {
    index.set(ordinal, row)
    truth.set(ordinal, row)
  }
  // Queries whose answer is there: each near one vector and far from the rest.
  const queries = vectors.slice(0, 40).map((row) => row.map((value) => value + 0.7 * random.normal()))

  it('finds the vector that a query is near to', () => {
    let found = 0
    for (const query of queries) {
      const [best] = truth.search(query, { limit: 1 }).ordinals
      if (index.search(query, { limit: 1 }).ordinals[0] === best) found++
    }
    expect(found).toBeGreaterThanOrEqual(39)
  })

  it('finds the more the wider its beam, and gives true scores', () => {
    const recalls = [200, 1000].map((efSearch) => {
      let found = 0
      for (const query of queries) {
        const expected = truth.search(query, { limit: 10 })
        const hits = index.search(query, { limit: 10, efSearch })
        for (const [rank, ordinal] of hits.ordinals.entries()) {
          const place = expected.ordinals.indexOf(ordinal)
          if (place < 0) continue
          found++
          expect(hits.scores[rank]).toBe(expected.scores[place])
        }
      }
      return found / 400
    })
    expect(recalls[0]!).toBeGreaterThan(0.5)
    expect(recalls[1]!).toBeGreaterThan(recalls[0]!)
    expect(recalls[1]!).toBeGreaterThan(0.85)
  })

  it('gives as many as match behind a filter, none that was deleted', () => {
    const filter = new Bitset()
    for (let ordinal = 0; ordinal < 3000; ordinal += 20) filter.add(ordinal)
    for (let ordinal = 0; ordinal < 3000; ordinal += 40) {
      index.delete(ordinal)
      truth.delete(ordinal)
    }
    for (const query of queries) {
      const hits = index.search(query, { limit: 50, filter }).ordinals
      expect(hits.length).toBe(50)
      for (const ordinal of hits) expect(ordinal % 40).toBe(20)
    }
  })
})
