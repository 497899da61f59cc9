import { Bitset, isRagError } from '@tesserae/core'
import { seededRandom, vectorIndexLaws } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { flatIndex } from '../flat/flat-index.js'
import { rowCapacity } from '../flat/rows.js'
import { hnswIndex } from '../hnsw/hnsw-index.js'
import { estimateHnswMemory, graphCapacity } from '../hnsw/memory.js'

/** 768 rows of 16 floats and some. */
const flatShard = 65_536
/** About a thousand nodes of 16 floats and 4 links. */
const graphShard = 300_000
const graph = { connectivity: 4, efConstruction: 40, shardBytes: graphShard } as const

describe('flatIndex over several memories keeps the laws', () => {
  for (const law of vectorIndexLaws((options) => flatIndex({ ...options, shardBytes: 2 ** 17 }), {
    exact: true,
  }))
    it(law.name, () => law.run())
})

describe('hnswIndex over several memories keeps the laws', () => {
  const make = (options: Parameters<typeof hnswIndex>[0]) => hnswIndex({ ...options, shardBytes: 500_000 })
  for (const law of vectorIndexLaws(make, { exact: false, count: 2500 })) it(law.name, () => law.run())
})

describe('several memories', () => {
  const dimensions = 16
  const vectorsOf = (count: number, seed: number) => {
    const random = seededRandom(seed)
    return Array.from({ length: count }, () =>
      Float32Array.from({ length: dimensions }, () => random.normal()),
    )
  }

  it('hold what one could not, and give the same exact hits', () => {
    expect(rowCapacity({ euclidean: false, dimensions, quantization: 'none' }, flatShard)).toBeLessThan(1024)
    for (const quantization of ['none', 'int8'] as const) {
      const one = flatIndex({ dimensions, quantization })
      const several = flatIndex({ dimensions, quantization, shardBytes: flatShard })
      const vectors = vectorsOf(2000, 4)
      for (const index of [one, several]) {
        for (const [ordinal, vector] of vectors.entries()) index.set(ordinal, vector)
        for (let ordinal = 0; ordinal < 2000; ordinal += 3) index.delete(ordinal)
        for (let ordinal = 0; ordinal < 2000; ordinal += 4) index.set(ordinal, vectors[(ordinal + 1) % 2000]!)
      }
      expect(several.size).toBe(one.size)
      const filter = new Bitset()
      for (let ordinal = 0; ordinal < 2000; ordinal += 5) filter.add(ordinal)
      const queries = vectorsOf(30, 5)
      for (const search of [{ limit: 12 }, { limit: 12, filter }, { limit: 5000 }]) {
        expect(several.searchBatch(queries, search)).toEqual(one.searchBatch(queries, search))
        for (const query of queries) expect(several.search(query, search)).toEqual(one.search(query, search))
      }
    }
  })

  it('make the same graphs with and without WebAssembly, and come back to places that are free', () => {
    const most = graphCapacity({ dimensions, connectivity: 4, shardBytes: graphShard })
    expect(most).toBeGreaterThan(256)
    expect(most).toBeLessThan(2000)
    const vectors = vectorsOf(4000, 6)
    const [wasm, twin] = (['wasm', 'typescript'] as const).map((backend) => {
      const index = hnswIndex({ dimensions, ...graph, backend })
      const random = seededRandom(1)
      for (const [ordinal, vector] of vectors.entries()) index.set(ordinal, vector)
      for (let step = 0; step < 3000; step++) {
        const ordinal = random.integer(0, 3999)
        if (random.chance(0.3)) index.delete(ordinal)
        else index.set(ordinal, vectors[random.integer(0, 3999)]!)
      }
      return index
    })
    expect(wasm!.size).toBe(twin!.size)
    for (let ordinal = 0; ordinal < 4000; ordinal++) {
      expect(wasm!.neighbors(ordinal)).toEqual(twin!.neighbors(ordinal))
    }
    for (const query of vectorsOf(20, 7)) {
      expect(wasm!.search(query, { limit: 10 })).toEqual(twin!.search(query, { limit: 10 }))
    }
    const before = wasm!.estimateMemory()
    for (let round = 0; round < 3; round++) {
      for (let ordinal = 0; ordinal < 4000; ordinal++) wasm!.set(ordinal, vectors[ordinal]!)
      wasm!.compact()
    }
    expect(wasm!.size).toBe(4000)
    expect(wasm!.estimateMemory()).toBeLessThan(before * 1.5)
  })

  it('find what one graph finds', () => {
    const vectors = vectorsOf(4000, 8)
    const truth = flatIndex({ dimensions })
    const index = hnswIndex({ dimensions, ...graph })
    for (const [ordinal, vector] of vectors.entries()) {
      truth.set(ordinal, vector)
      index.set(ordinal, vector)
    }
    let found = 0
    for (const query of vectorsOf(100, 9)) {
      const expected = new Set(truth.search(query, { limit: 10 }).ordinals)
      for (const ordinal of index.search(query, { limit: 10 }).ordinals) if (expected.has(ordinal)) found++
      expect(index.scan(query, { limit: 10 })).toEqual(truth.search(query, { limit: 10 }))
    }
    expect(found).toBeGreaterThanOrEqual(960)
    expect(index.search(vectors[0]!, { limit: 5000 }).ordinals.length).toBe(4000)
  })

  it('never use more than they say, nor need another before they are full', () => {
    for (const quantization of ['none', 'int8', 'binary'] as const) {
      const shape = { dimensions, connectivity: 4, quantization, shardBytes: graphShard }
      const most = graphCapacity(shape)
      const index = hnswIndex({ ...graph, dimensions, quantization })
      const vectors = vectorsOf(most + 1, 10)
      for (const [ordinal, vector] of vectors.entries()) {
        const before = index.estimateMemory()
        index.set(ordinal, vector)
        if (ordinal === most - 1) expect(index.estimateMemory()).toBeLessThanOrEqual(graphShard + 40_000)
        // A second memory shows as a step of a whole block of nodes and its buffers.
        if (ordinal === most) expect(index.estimateMemory() - before).toBeGreaterThan(15_000)
      }
    }
  })

  it('are made at once for the capacity asked for', () => {
    const shape = { dimensions, connectivity: 4, shardBytes: graphShard }
    const count = 3 * graphCapacity(shape) + 1
    const index = hnswIndex({ ...graph, dimensions, capacity: count })
    const estimate = estimateHnswMemory({ ...shape, count })
    expect(index.estimateMemory() / estimate).toBeGreaterThan(0.6)
    expect(index.estimateMemory() / estimate).toBeLessThan(1.1)
  })

  it('set a replaced entry once, in whatever memory', () => {
    const index = hnswIndex({ dimensions, ...graph })
    const vectors = vectorsOf(3000, 11)
    for (const [ordinal, vector] of vectors.entries()) index.set(ordinal, vector)
    for (let ordinal = 0; ordinal < 3000; ordinal++) index.set(ordinal, vectors[2999 - ordinal]!)
    expect(index.size).toBe(3000)
    const hits = index.scan(vectors[7]!, { limit: 3000 }).ordinals
    expect(hits[0]).toBe(2992)
    expect(new Set(hits).size).toBe(3000)
  })

  it('must hold a block at least', () => {
    for (const make of [hnswIndex, flatIndex]) {
      expect(() => make({ dimensions: 4000, shardBytes: 2 ** 20 })).toThrow(/`shardBytes` must be enough/)
      expect(() => make({ dimensions: 4, shardBytes: 1 })).toThrow(/`shardBytes` must be an integer from/)
    }
  })

  it('are not more than there can be, which is said beforehand', () => {
    let thrown: unknown
    try {
      hnswIndex({ dimensions, ...graph, capacity: 2 ** 24, backend: 'typescript' })
    } catch (error) {
      thrown = error
    }
    expect(isRagError(thrown, 'unsupported')).toBe(true)
    expect(String(thrown)).toMatch(/at most 256 memories/)
  })
})

describe('setMany', () => {
  const entries = Array.from({ length: 3000 }, (_, ordinal) => ({
    ordinal,
    vector: Float32Array.from({ length: 32 }, (_, i) => Math.sin(ordinal * 32 + i)),
  }))

  async function* later() {
    yield* entries
  }

  for (const make of [hnswIndex, flatIndex]) {
    it(`gives the index that set gives, from a list or a stream: ${make.name}`, async () => {
      const [one, list, stream] = [0, 1, 2].map(() => make({ dimensions: 32 }))
      for (const { ordinal, vector } of entries) one!.set(ordinal, vector)
      await list!.setMany(entries)
      await stream!.setMany(later())
      const query = entries[5]!.vector
      expect(list!.search(query, { limit: 20 })).toEqual(one!.search(query, { limit: 20 }))
      expect(stream!.search(query, { limit: 20 })).toEqual(one!.search(query, { limit: 20 }))
    })
  }

  it('gives way to the event loop, tells how far it is, and stops when told to', async () => {
    const index = hnswIndex({ dimensions: 32, efConstruction: 400 })
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    const told: number[] = []
    await index.setMany(entries, { onProgress: (done) => told.push(done) })
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(2)
    expect(told.length).toBeGreaterThan(2)
    expect(told).toEqual(told.toSorted((a, b) => a - b))
    expect(told.at(-1)).toBe(3000)

    const stopper = new AbortController()
    const reason = new Error('enough')
    const half = hnswIndex({ dimensions: 32, efConstruction: 400 })
    const onProgress = () => stopper.abort(reason)
    await expect(half.setMany(entries, { signal: stopper.signal, onProgress })).rejects.toBe(reason)
    expect(half.size).toBeGreaterThan(0)
    expect(half.size).toBeLessThan(3000)
    await expect(half.setMany(entries, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('rejects with what set throws and keeps what came before', async () => {
    const index = flatIndex({ dimensions: 2 })
    const bad = [
      { ordinal: 0, vector: Float32Array.of(1, 2) },
      { ordinal: 1, vector: Float32Array.of(1) },
    ]
    await expect(index.setMany(bad)).rejects.toThrow(/vector/)
    expect(index.size).toBe(1)
  })
})
