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
    const put = (ordinal: number) => {
      const vector = draw()
      index.set(ordinal, vector)
      truth.set(ordinal, vector)
    }
    for (let ordinal = 0; ordinal < count; ordinal++) put(ordinal)
    const queries = Array.from({ length: 60 }, draw)

    it('finds 0.98 of the nearest ten', () => {
      expect(recall(index, truth, queries)).toBeGreaterThanOrEqual(0.98)
    })

    for (const share of [0.5, 0.1, 0.01, 0.001]) {
      it(`finds 0.95 behind a filter that passes ${share * 100} %`, () => {
        const filter = new Bitset()
        for (let ordinal = 0; ordinal < count; ordinal++) if (random.chance(share)) filter.add(ordinal)
        expect(recall(index, truth, queries, filter)).toBeGreaterThanOrEqual(0.95)
      })
    }

    it('finds 0.95 behind a filter that passes only what is far from the query', () => {
      for (const query of queries.slice(0, 8)) {
        const filter = new Bitset()
        const far = truth.search(query, { limit: count }).ordinals.subarray(count / 2)
        for (const ordinal of far) filter.add(ordinal)
        expect(recall(index, truth, [query], filter)).toBeGreaterThanOrEqual(0.9)
      }
    })

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
