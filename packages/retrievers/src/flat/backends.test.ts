import { Bitset, isRagError, type Metric } from '@tesserae/core'
import { seededRandom, vectorIndexLaws } from '@tesserae/core/testing'
import { describe, expect, it, vi } from 'vitest'
import { type FlatIndexOptions, flatIndex } from './flat-index.js'

const metrics: readonly Metric[] = ['cosine', 'dot', 'euclidean']

function filled(options: FlatIndexOptions, count: number, seed: number) {
  const random = seededRandom(seed)
  const index = flatIndex(options)
  const vector = () => Float32Array.from({ length: options.dimensions }, () => random.normal())
  for (let ordinal = 0; ordinal < count; ordinal++) index.set(ordinal, vector())
  for (let ordinal = 0; ordinal < count; ordinal += 3) index.delete(ordinal)
  for (let ordinal = 0; ordinal < count; ordinal += 6) index.set(ordinal, vector())
  return index
}

describe('flatIndex in TypeScript', () => {
  for (const law of vectorIndexLaws((options) => flatIndex({ ...options, backend: 'typescript' }), {
    exact: true,
  }))
    it(law.name, () => law.run())
})

for (const backend of ['wasm', 'typescript'] as const) {
  describe(`flatIndex on bits, ${backend}`, () => {
    // The laws use short vectors, of which bits say little: nearly all have to be scored by floats.
    const make = (options: FlatIndexOptions) =>
      flatIndex({ ...options, backend, quantization: 'binary', oversampling: 60 })
    for (const law of vectorIndexLaws(make, { exact: false, minRecall: 0.95 })) it(law.name, () => law.run())
  })

  describe(`flatIndex on int8 codes, ${backend}`, () => {
    const make = (options: FlatIndexOptions) => flatIndex({ ...options, backend, quantization: 'int8' })
    for (const law of vectorIndexLaws(make, { exact: false, minRecall: 0.999 })) it(law.name, () => law.run())
  })
}

describe('both backends of flatIndex', () => {
  for (const metric of metrics) {
    for (const quantization of ['none', 'int8', 'binary'] as const) {
      it(`give the same bits: ${metric}, ${quantization}`, () => {
        for (const dimensions of [1, 3, 8, 17, 100, 384]) {
          const options = { dimensions, metric, quantization }
          const wasm = filled({ ...options, backend: 'wasm' }, 700, dimensions)
          const twin = filled({ ...options, backend: 'typescript' }, 700, dimensions)
          const random = seededRandom(7)
          const filter = new Bitset()
          for (let ordinal = 0; ordinal < 700; ordinal += 1 + dimensions) filter.add(ordinal)
          for (let trial = 0; trial < 5; trial++) {
            const query = Float32Array.from({ length: dimensions }, () => random.normal())
            for (const search of [{ limit: 20 }, { limit: 20, filter }])
              expect(wasm.search(query, search)).toEqual(twin.search(query, search))
          }
        }
      })
    }
  }

  it('give the same bits for the largest codes, equal scores and scores that rise row by row', () => {
    const wasm = flatIndex({ dimensions: 2048, metric: 'dot', quantization: 'int8', backend: 'wasm' })
    const twin = flatIndex({ dimensions: 2048, metric: 'dot', quantization: 'int8', backend: 'typescript' })
    const random = seededRandom(21)
    const signs = () => Float32Array.from({ length: 2048 }, () => (random() < 0.5 ? -1 : 1))
    const query = signs()
    for (let ordinal = 0; ordinal < 600; ordinal++) {
      // Some equal to the query, some opposite, some nearer to it the later they come, some of their own.
      const vector = [
        query,
        query.map((value) => -value),
        query.map((value, i) => (i < ordinal * 3 ? value : -value)),
        signs(),
      ][ordinal % 4]!
      wasm.set(ordinal, vector)
      twin.set(ordinal, vector)
    }
    for (const limit of [1, 10, 200, 600]) {
      const hits = wasm.search(query, { limit })
      expect(hits).toEqual(twin.search(query, { limit }))
      expect([hits.ordinals[0], hits.scores[0]]).toEqual([0, 2048])
      expect([...hits.ordinals.subarray(0, 150)]).toEqual(
        Array.from({ length: Math.min(limit, 150) }, (_, i) => i * 4),
      )
    }
  })

  it('leave out early only what does not belong to the best', () => {
    for (const metric of metrics) {
      const random = seededRandom(22)
      const options = { dimensions: 144, metric, quantization: 'int8', oversampling: 1 } as const
      const wasm = flatIndex({ ...options, backend: 'wasm' })
      const twin = flatIndex({ ...options, backend: 'typescript' })
      const query = Float32Array.from({ length: 144 }, () => random.normal())
      for (let ordinal = 0; ordinal < 2000; ordinal++) {
        // In turns of 200 rows: near, far, and alike in one half only.
        const [head, rest] = [
          [1, 1],
          [0, 0],
          [0.4, 1],
          [1, 0],
          [-0.4, 1.4],
        ][Math.floor(ordinal / 200) % 5]!
        const vector = query.map((value, i) => value * (i < 64 ? head! : rest!) + 0.4 * random.normal())
        wasm.set(ordinal, vector)
        twin.set(ordinal, vector)
      }
      for (const limit of [1, 10, 100, 500])
        expect(wasm.search(query, { limit })).toEqual(twin.search(query, { limit }))
    }
  })

  it('answer a batch as they answer one by one', () => {
    for (const quantization of ['none', 'int8', 'binary'] as const) {
      const index = filled({ dimensions: 24, quantization }, 900, 5)
      const random = seededRandom(3)
      const queries = Array.from({ length: 37 }, () =>
        Float32Array.from({ length: 24 }, () => random.normal()),
      )
      const filter = new Bitset()
      for (let ordinal = 0; ordinal < 900; ordinal += 2) filter.add(ordinal)
      for (const search of [{ limit: 7 }, { limit: 7, filter }]) {
        const batch = index.searchBatch(queries, search)
        expect(batch).toEqual(queries.map((query) => index.search(query, search)))
      }
    }
    expect(flatIndex({ dimensions: 2 }).searchBatch([], { limit: 1 })).toEqual([])
  })

  it('int8 finds what floats find', () => {
    const floats = filled({ dimensions: 64 }, 3000, 11)
    const codes = filled({ dimensions: 64, quantization: 'int8' }, 3000, 11)
    const random = seededRandom(12)
    let found = 0
    for (let trial = 0; trial < 100; trial++) {
      const query = Float32Array.from({ length: 64 }, () => random.normal())
      const truth = new Set(floats.search(query, { limit: 10 }).ordinals)
      for (const ordinal of codes.search(query, { limit: 10 }).ordinals) if (truth.has(ordinal)) found++
    }
    expect(found).toBeGreaterThanOrEqual(999)
  })

  it('bits find what floats find, the more of it the more are scored by floats', () => {
    const floats = filled({ dimensions: 512 }, 1500, 11)
    const random = seededRandom(12)
    const queries = Array.from({ length: 60 }, () =>
      Float32Array.from({ length: 512 }, () => random.normal()),
    )
    const recalls = [1, 10, 40].map((oversampling) => {
      const bits = filled({ dimensions: 512, quantization: 'binary', oversampling }, 1500, 11)
      let found = 0
      for (const query of queries) {
        const truth = new Set(floats.search(query, { limit: 10 }).ordinals)
        for (const ordinal of bits.search(query, { limit: 10 }).ordinals) if (truth.has(ordinal)) found++
      }
      return found / 600
    })
    const [few, some, many] = recalls
    expect(few!).toBeGreaterThan(0.45)
    expect(some!).toBeGreaterThan(0.6)
    expect(many!).toBeGreaterThanOrEqual(0.9)
    expect(few! < some! && some! < many!).toBe(true)
  })

  it('takes no more memory than it says: 1/8 byte and 16 bytes for the bits of a row', () => {
    const bytes = (quantization: 'none' | 'int8' | 'binary') =>
      filled({ dimensions: 384, quantization, backend: 'typescript' }, 5000, 1).estimateMemory()
    expect(bytes('int8') - bytes('none')).toBeGreaterThan(5000 * 384)
    expect(bytes('binary') - bytes('none')).toBeGreaterThan(5000 * 48)
    expect(bytes('binary') - bytes('none')).toBeLessThan(5000 * 64 * 1.6)
  })

  it('fall back to TypeScript, or say so, where WebAssembly is missing', () => {
    vi.stubGlobal('WebAssembly', undefined)
    vi.resetModules()
    return import('./flat-index.js')
      .then(({ flatIndex: bare }) => {
        const index = bare({ dimensions: 2 })
        index.set(0, Float32Array.of(1, 0))
        expect([...index.search(Float32Array.of(1, 0), { limit: 1 }).scores]).toEqual([1])
        let thrown: unknown
        try {
          bare({ dimensions: 2, backend: 'wasm' })
        } catch (error) {
          thrown = error
        }
        expect(isRagError(thrown, 'unsupported')).toBe(true)
      })
      .finally(() => vi.unstubAllGlobals())
  })
})
