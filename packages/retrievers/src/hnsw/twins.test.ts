import { Bitset, type Metric } from '@tesserae/core'
import { seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { type HnswIndex, type HnswOptions, hnswIndex } from './hnsw-index.js'
import { drawLayer } from './levels.js'
import { estimateHnswMemory } from './memory.js'
import { neededHits, planWalk } from './plan.js'

/** Inserts, replaces and deletes by a seed. */
function worked(options: HnswOptions, count: number): HnswIndex {
  const random = seededRandom(5)
  const index = hnswIndex(options)
  const vector = () => Float32Array.from({ length: options.dimensions }, () => random.normal())
  for (let ordinal = 0; ordinal < count; ordinal++) index.set(ordinal, vector())
  for (let step = 0; step < count; step++) {
    const ordinal = random.integer(0, count - 1)
    if (random.chance(0.4)) index.delete(ordinal)
    else index.set(ordinal, vector())
  }
  return index
}

const graphOf = (index: HnswIndex, count: number) =>
  Array.from({ length: count }, (_, ordinal) =>
    [0, 1, 2, 3].map((layer) => [...index.neighbors(ordinal, layer)]),
  )

describe('both backends of hnswIndex', () => {
  const metrics: readonly Metric[] = ['cosine', 'dot', 'euclidean']
  for (const metric of metrics) {
    for (const quantization of ['none', 'int8', 'binary'] as const) {
      it(`make the same graph and give the same hits: ${metric}, ${quantization}`, () => {
        for (const [dimensions, connectivity, count] of [
          [20, 4, 900],
          [7, 16, 700],
          [384, 8, 300],
        ] as const) {
          const options = { dimensions, connectivity, metric, quantization, efConstruction: 40, seed: 3 }
          const wasm = worked({ ...options, backend: 'wasm' }, count)
          const twin = worked({ ...options, backend: 'typescript' }, count)
          const graph = graphOf(wasm, count)
          expect(graph).toEqual(graphOf(twin, count))
          expect(graph.flat(2).length).toBeGreaterThan(count)
          const random = seededRandom(8)
          const filter = new Bitset()
          for (let ordinal = 0; ordinal < count; ordinal++) if (random.chance(0.6)) filter.add(ordinal)
          for (let trial = 0; trial < 20; trial++) {
            const query = Float32Array.from({ length: dimensions }, () => random.normal())
            for (const search of [
              { limit: 5, efSearch: 6 },
              { limit: 5, efSearch: 6, filter },
            ])
              expect(wasm.search(query, search)).toEqual(twin.search(query, search))
          }
        }
      })
    }
  }

  it('make the same graph from points that are all equal', () => {
    const build = (backend: 'wasm' | 'typescript') => {
      const index = hnswIndex({ dimensions: 3, backend, connectivity: 4, efConstruction: 20 })
      for (let ordinal = 0; ordinal < 600; ordinal++) index.set(ordinal, Float32Array.of(1, 2, 3))
      return index
    }
    const [wasm, twin] = [build('wasm'), build('typescript')]
    expect(graphOf(wasm, 600)).toEqual(graphOf(twin, 600))
    const query = Float32Array.of(1, 2, 3)
    expect(wasm.search(query, { limit: 9, efSearch: 10 })).toEqual(
      twin.search(query, { limit: 9, efSearch: 10 }),
    )
  })

  for (const backend of ['wasm', 'typescript'] as const) {
    it(`search alike after the visited marks ran over: ${backend}`, () => {
      const random = seededRandom(2)
      const index = hnswIndex({ dimensions: 4, connectivity: 3, efConstruction: 8, backend })
      const vector = () => Float32Array.from({ length: 4 }, () => random.normal())
      for (let ordinal = 0; ordinal < 300; ordinal++) index.set(ordinal, vector())
      const queries = Array.from({ length: 5 }, vector)
      const ask = () => queries.map((query) => index.search(query, { limit: 3, efSearch: 3 }))
      const before = ask()
      for (let round = 0; round < 66_000; round++)
        index.search(queries[round % 5]!, { limit: 1, efSearch: 1 })
      expect(ask()).toEqual(before)
    })

    it(`link a point into a place where all others were deleted: ${backend}`, () => {
      const random = seededRandom(4)
      const index = hnswIndex({ dimensions: 8, connectivity: 4, efConstruction: 16, efSearch: 1, backend })
      const near = (center: number) =>
        Float32Array.from({ length: 8 }, (_, i) => (i === center ? 10 : 0) + 0.1 * random.normal())
      for (let ordinal = 0; ordinal < 2000; ordinal++) index.set(ordinal, near(ordinal % 2))
      for (let ordinal = 0; ordinal < 400; ordinal += 2) index.delete(ordinal)
      for (let ordinal = 400; ordinal < 2000; ordinal += 2) index.delete(ordinal)
      const alone = near(0)
      index.set(0, alone)
      expect(index.search(alone, { limit: 1, efSearch: 4 }).ordinals[0]).toBe(0)
      expect(index.neighbors(0).length).toBeGreaterThan(0)
    })
  }
})

describe('hnswIndex', () => {
  it('draws layers as often as it should, the same for the same seed', () => {
    const layers = Array.from({ length: 160_000 }, (_, counter) => drawLayer(9, counter, 16))
    expect(layers).toEqual(Array.from({ length: 160_000 }, (_, counter) => drawLayer(9, counter, 16)))
    const atLeast = (layer: number) => layers.filter((drawn) => drawn >= layer).length
    // 10,000 and 625 expected; four standard deviations.
    expect(Math.abs(atLeast(1) - 10_000)).toBeLessThan(400)
    expect(Math.abs(atLeast(2) - 625)).toBeLessThan(100)
    expect(drawLayer(9, 1, 16) + drawLayer(9, 2, 2)).toBeGreaterThanOrEqual(0)
    expect(layers).not.toEqual(Array.from({ length: 160_000 }, (_, counter) => drawLayer(10, counter, 16)))
  })

  it('gives another graph for another seed', () => {
    const graphs = [1, 2].map((seed) => graphOf(worked({ dimensions: 8, seed, connectivity: 4 }, 300), 300))
    expect(graphs[0]).not.toEqual(graphs[1])
  })

  it('plans a scan when few are allowed, a wider walk when some are missing', () => {
    expect(planWalk({ allowed: 64, nodes: 1e6, ef: 64 })).toBeUndefined()
    expect(planWalk({ allowed: 1000, nodes: 1e6, ef: 64 })).toBeUndefined()
    expect(planWalk({ allowed: 1e6, nodes: 1e6, ef: 64 })).toBe(64)
    expect(planWalk({ allowed: 5e5, nodes: 1e6, ef: 64 })).toBe(128)
    // A walk on codes is cheaper: it wins earlier.
    expect(planWalk({ allowed: 1300, nodes: 1300, ef: 64 })).toBeUndefined()
    expect(planWalk({ allowed: 1300, nodes: 1300, ef: 64, quantization: 'int8' })).toBe(64)
    expect(neededHits(10, 1000)).toBeGreaterThan(10)
    expect(neededHits(10, 11)).toBe(11)
  })

  it('uses about the memory it says', () => {
    for (const quantization of ['none', 'int8', 'binary'] as const) {
      const index = worked({ dimensions: 100, quantization, efConstruction: 20 }, 3000)
      const estimate = estimateHnswMemory({ count: 3000, dimensions: 100, quantization })
      // Replacing 60 % of the entries keeps up to a quarter of them twice for a while.
      expect(index.estimateMemory() / estimate).toBeGreaterThan(0.9)
      expect(index.estimateMemory() / estimate).toBeLessThan(1.4)
    }
  })

  it('links an entry to others only, each once, and to none that was deleted', () => {
    const index = worked({ dimensions: 8, connectivity: 5, efConstruction: 30 }, 800)
    index.compact()
    for (let ordinal = 0; ordinal < 800; ordinal++) {
      const links = [...index.neighbors(ordinal)]
      expect(new Set(links).size).toBe(links.length)
      expect(links).not.toContain(ordinal)
      expect(links.length).toBeLessThanOrEqual(10)
    }
  })

  it('refuses options that are out of range', () => {
    for (const options of [
      { dimensions: 0 },
      { dimensions: 4097 },
      { dimensions: 4, connectivity: 1 },
      { dimensions: 4, efConstruction: 0 },
      { dimensions: 4, efSearch: 0.5 },
      { dimensions: 4, capacity: -1 },
    ])
      expect(() => hnswIndex(options)).toThrow(/must be/)
  })
})
