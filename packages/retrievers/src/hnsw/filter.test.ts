import { Bitset } from '@tesserae/core'
import { type Random, seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { type Graph, listRoom, wasmGraph } from './graph.js'
import { hnswIndex } from './hnsw-index.js'
import { TypescriptGraph } from './twin-graph.js'

const graphOptions = {
  euclidean: false,
  dimensions: 16,
  quantization: 'none',
  connectivity: 4,
  efConstruction: 8,
} as const

/** Words where each bit is set with a chance that changes from stretch to stretch. */
function randomWords(random: Random, length: number): Uint32Array {
  let chance = 0
  return Uint32Array.from({ length }, (_, word) => {
    if (word % 16 === 0) chance = [0, 0.002, 0.03, 0.5, 1][random.integer(0, 4)]!
    let bits = 0
    for (let bit = 0; bit < 32; bit++) if (random.chance(chance)) bits |= 1 << bit
    return bits
  })
}

function membersOf(words: Uint32Array, from: number, end: number): number[] {
  const found: number[] = []
  for (let ordinal = from * 32; ordinal < end * 32; ordinal++) {
    if ((words[ordinal >>> 5]! >>> (ordinal & 31)) & 1) found.push(ordinal)
  }
  return found
}

/** All that `members` gives, call by call. */
function listed(graph: Graph, words: Uint32Array, from: number, end: number): number[] {
  const found: number[] = []
  while (from < end) {
    const { ordinals, count, next } = graph.members(words, from, end)
    expect(next).toBeGreaterThan(from)
    expect(next).toBeLessThanOrEqual(end)
    expect(count).toBeLessThanOrEqual(listRoom)
    found.push(...ordinals.subarray(0, count))
    from = next
  }
  return found
}

describe('reading a filter', () => {
  it('gives every ordinal once, ascending, in both backends', () => {
    const random = seededRandom(41)
    const graphs = [wasmGraph(graphOptions)!, new TypescriptGraph(graphOptions)]
    for (const length of [0, 1, 2, 31, 64, 65, 700, 2047, 2048, 2049, 5001]) {
      const words = randomWords(random, length)
      for (const [from, end] of [
        [0, length],
        [Math.min(3, length), length],
        [0, length >>> 1],
      ] as const) {
        const expected = membersOf(words, from, end)
        for (const graph of graphs) expect(listed(graph, words, from, end)).toEqual(expected)
      }
    }
  })

  it('reads no word past the end that it is told', () => {
    for (const graph of [wasmGraph(graphOptions)!, new TypescriptGraph(graphOptions)]) {
      const full = new Uint32Array(9).fill(0xffffffff)
      expect(listed(graph, full, 0, 9)).toHaveLength(288)
      expect(listed(graph, full, 0, 5)).toHaveLength(160)
    }
  })
})

for (const backend of ['wasm', 'typescript'] as const) {
  describe(`a filter over entries that came and went, ${backend}`, () => {
    const dimensions = 4
    /** Ordinals in order, then out of order, replaced and deleted, with gaps between them. */
    function worked(shift: number) {
      const random = seededRandom(42 + shift)
      const index = hnswIndex({
        dimensions,
        connectivity: 3,
        efConstruction: 6,
        metric: 'euclidean',
        backend,
      })
      const vectors = new Map<number, Float32Array>()
      const put = (ordinal: number) => {
        const vector = Float32Array.from({ length: dimensions }, () => random.normal())
        vectors.set(ordinal, vector)
        index.set(ordinal, vector)
      }
      for (let ordinal = 0; ordinal < 4500; ordinal++) put(ordinal + shift)
      for (let step = 0; step < 700; step++) {
        const ordinal = random.integer(0, 4600) + shift
        if (random.chance(0.5)) put(ordinal)
        else if (index.delete(ordinal)) vectors.delete(ordinal)
      }
      for (let step = 0; step < 50; step++) put(random.integer(200_000, 210_000))
      return { index, vectors, random }
    }

    for (const shift of [0, 5]) {
      it(`gives what is allowed and there, each with its own score, from ordinal ${shift} on`, () => {
        const { index, vectors, random } = worked(shift)
        const query = Float32Array.from({ length: dimensions }, () => random.normal())
        for (const share of [0.001, 0.01, 0.2, 0.5, 0.99]) {
          const filter = new Bitset()
          for (let ordinal = 0; ordinal < 220_000; ordinal++) if (random.chance(share)) filter.add(ordinal)
          const expected = [...vectors.keys()].filter((ordinal) => filter.has(ordinal)).sort((a, b) => a - b)
          const limit = Math.max(1, expected.length)
          for (const hits of [index.search(query, { limit, filter }), index.scan(query, { limit, filter })]) {
            expect([...hits.ordinals].sort((a, b) => a - b)).toEqual(expected)
            for (const [rank, ordinal] of hits.ordinals.entries()) {
              const vector = vectors.get(ordinal)!
              const squared = vector.reduce((sum, value, i) => sum + (value - query[i]!) ** 2, 0)
              expect(hits.scores[rank]!).toBeCloseTo(-Math.sqrt(squared), 4)
            }
          }
        }
      })
    }

    it('gives nothing where nothing is allowed or there', () => {
      const { index, random } = worked(0)
      const query = Float32Array.from({ length: dimensions }, () => random.normal())
      const past = new Bitset()
      for (let ordinal = 300_000; ordinal < 310_000; ordinal += 7) past.add(ordinal)
      for (const filter of [new Bitset(), new Bitset(220_000), past]) {
        expect(index.search(query, { limit: 5, filter }).ordinals).toHaveLength(0)
        expect(index.scan(query, { limit: 5, filter }).ordinals).toHaveLength(0)
      }
    })
  })
}
