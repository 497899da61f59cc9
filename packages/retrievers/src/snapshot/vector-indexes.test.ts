import {
  Bitset,
  type IndexSearchOptions,
  isRagError,
  type Metric,
  type TopHits,
  type VectorIndex,
} from '@tesserae/core'
import { type Random, seededRandom, vectorIndexLaws } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { type FlatIndex, type FlatIndexOptions, flatIndex } from '../flat/index.js'
import { type HnswIndex, type HnswOptions, hnswIndex } from '../hnsw/index.js'
import { opened, refusal, sealed, tampered } from './testing/tamper.js'

type Index = HnswIndex | FlatIndex
type Options = Pick<
  HnswOptions & FlatIndexOptions,
  'metric' | 'quantization' | 'backend' | 'seed' | 'shardBytes'
>

const dimensions = 7
const kinds: { readonly [kind: string]: (options: Options) => Index } = {
  hnsw: ({ shardBytes, ...options }) =>
    hnswIndex({
      dimensions,
      connectivity: 3,
      efConstruction: 12,
      ...options,
      ...(shardBytes && { shardBytes }),
    }),
  flat: ({ seed: _, shardBytes, ...options }) =>
    flatIndex({ dimensions, ...options, ...(shardBytes && { shardBytes }) }),
}

const vectorOf = (random: Random) => Float32Array.from({ length: dimensions }, () => random.normal())

/** A history of `steps` calls by a seed over few ordinals, so that many are replaced and deleted. */
function change(index: Index, seed: number, steps: number, ordinals = 60): void {
  const random = seededRandom(seed)
  for (let step = 0; step < steps; step++) {
    const ordinal = random.integer(0, ordinals)
    if (random.chance(0.35)) index.delete(ordinal)
    else index.set(ordinal, vectorOf(random))
    if ('compact' in index && random.chance(0.01)) index.compact()
  }
}

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0

function expectAlike(a: Index, b: Index, seed = 1): void {
  const random = seededRandom(seed)
  expect(a.size).toBe(b.size)
  const filter = new Bitset()
  for (let ordinal = 0; ordinal < 60; ordinal += 3) filter.add(ordinal)
  for (let trial = 0; trial < 10; trial++) {
    const query = vectorOf(random)
    for (const options of [{ limit: 5 }, { limit: 100 }, { limit: 4, filter }])
      expect(a.search(query, options)).toEqual(b.search(query, options))
  }
}

/** Any use of an index that crafted numbers came into: it may find anything, but only what it may find. */
function use(index: Index, seed: number): void {
  const random = seededRandom(seed)
  for (let step = 0; step < 60; step++) {
    const { ordinals, scores } = index.search(vectorOf(random), { limit: 8 })
    expect(new Set(ordinals).size).toBe(ordinals.length)
    expect(scores.every(Number.isFinite)).toBe(true)
    expect(ordinals.length).toBe(Math.min(8, index.size))
    const ordinal = random.integer(0, 60)
    if (random.chance(0.5)) index.delete(ordinal)
    else index.set(ordinal, vectorOf(random))
  }
  if ('compact' in index) index.compact()
  const bytes = index.save()
  index.load(bytes)
  expect(same(index.save(), bytes)).toBe(true)
}

const metrics: readonly Metric[] = ['cosine', 'dot', 'euclidean']

for (const [kind, make] of Object.entries(kinds)) {
  describe(`a snapshot of ${kind}`, () => {
    for (const metric of metrics)
      for (const quantization of ['none', 'int8', 'binary'] as const)
        it(`goes on as its original does: ${metric}, ${quantization}`, () => {
          for (let seed = 1; seed <= 15; seed++) {
            const options = { metric, quantization, seed }
            const original = make(options)
            change(original, seed, 24 * seed)
            const bytes = original.save()
            const loaded = make(options)
            loaded.load(seed % 2 === 0 ? bytes : original.saveParts())
            expect(same(loaded.save(), bytes)).toBe(true)
            expectAlike(loaded, original)
            change(original, seed + 100, 90)
            change(loaded, seed + 100, 90)
            expect(same(loaded.save(), original.save())).toBe(true)
            expectAlike(loaded, original, seed)
          }
        })

    it('is the same from both backends and in two runs, and serves both', () => {
      for (const quantization of ['none', 'int8', 'binary'] as const) {
        const [wasm, twin, again] = (['wasm', 'typescript', 'wasm'] as const).map((backend) => {
          const index = make({ quantization, backend })
          change(index, 7, 400, 150)
          return index
        }) as [Index, Index, Index]
        expect(same(wasm.save(), twin.save())).toBe(true)
        expect(same(wasm.save(), again.save())).toBe(true)
        const [there, here] = [
          make({ quantization, backend: 'wasm' }),
          make({ quantization, backend: 'typescript' }),
        ]
        there.load(twin.save())
        here.load(wasm.save())
        change(there, 8, 50)
        change(here, 8, 50)
        expectAlike(there, here)
        expect(same(there.save(), here.save())).toBe(true)
      }
    })

    it('holds an empty index, an emptied one and one with a single entry', () => {
      const index = make({})
      for (const step of [() => 0, () => index.set(3, vectorOf(seededRandom(1))), () => index.delete(3)]) {
        step()
        const loaded = make({})
        loaded.set(9, vectorOf(seededRandom(2)))
        loaded.load(index.save())
        expectAlike(loaded, index)
        expect(same(loaded.save(), index.save())).toBe(true)
      }
    })

    it('holds an index of several memories', () => {
      const options = { shardBytes: 2 ** 17 }
      const fill = (index: Index) => change(index, 3, 9000, 8000)
      const [original, again, loaded] = [make(options), make(options), make(options)]
      fill(original)
      fill(again)
      expect(opened(original.save()).head.state.shards).toBeGreaterThan(1)
      expect(same(original.save(), again.save())).toBe(true)
      loaded.load(original.saveParts())
      change(original, 4, 500, 8000)
      change(loaded, 4, 500, 8000)
      expectAlike(loaded, original)
      expect(same(loaded.save(), original.save())).toBe(true)
    })

    it('is refused with any one bit flipped, and cut anywhere', () => {
      const index = make({ quantization: 'int8' })
      change(index, 2, 10, 5)
      const bytes = index.save()
      const target = make({ quantization: 'int8' })
      change(target, 5, 20)
      const before = target.save()
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        bytes[bit >> 3]! ^= 1 << (bit & 7)
        expect(['corrupt-data', 'incompatible']).toContain(refusal(() => target.load(bytes)))
        bytes[bit >> 3]! ^= 1 << (bit & 7)
      }
      for (let length = 0; length < bytes.length; length++)
        expect(refusal(() => target.load(bytes.subarray(0, length)))).toBe('corrupt-data')
      expect(same(target.save(), before)).toBe(true)
      target.load(bytes)
      expectAlike(target, index)
    })

    it('with numbers made up under right checksums is refused or harmless', () => {
      let refusals = 0
      const codes = ['corrupt-data', 'incompatible', 'unsupported']
      for (let seed = 1; seed <= 300; seed++) {
        const options = {
          metric: metrics[seed % 3]!,
          backend: seed % 2 === 0 ? 'wasm' : 'typescript',
        } as const
        const random = seededRandom(seed)
        const index = make(options)
        change(index, seed % 20, 40 + (seed % 100), 20)
        const bytes = sealed(tampered(opened(index.save()), random))
        const target = make(options)
        const code = refusal(() => target.load(bytes))
        if (code === 'nothing') {
          // Only a vector may have become enormous: then a sum leaves float32, which is said.
          expect(['nothing', 'invalid-vector']).toContain(refusal(() => use(target, seed)))
        } else {
          expect(codes).toContain(code)
          refusals++
        }
      }
      expect(refusals).toBeGreaterThan(75)
    })

    it('says what differs when it was made with other options', () => {
      const bytes = make({ metric: 'dot' }).save()
      const message = (index: Index, snapshot = bytes) => {
        try {
          index.load(snapshot)
        } catch (error) {
          if (isRagError(error, 'incompatible')) return error.message
          throw error
        }
        return 'nothing'
      }
      expect(message(make({ metric: 'cosine' }))).toContain(
        '`metric` is "cosine" here and "dot" in the snapshot',
      )
      expect(message(make({ metric: 'dot', quantization: 'int8' }))).toContain('`quantization` is "int8"')
      expect(message(make({ metric: 'dot', shardBytes: 2 ** 20 }))).toContain('`shardBytes` is 1048576')
      expect(message(make({}), make({ shardBytes: 2 ** 20 }).save())).toContain('`shardBytes` 1048576')
      expect(message(make({ metric: 'dot' }))).toBe('nothing')
      const other = sealed(opened(bytes), kind === 'flat' ? 'hnsw' : 'flat')
      expect(message(make({ metric: 'dot' }), other)).toContain(`"${kind}" is to be loaded`)
    })
  })
}

/** An index that is saved and loaded before every search. */
class Reloaded implements VectorIndex {
  private inner: Index
  private readonly make: () => Index
  constructor(make: () => Index) {
    this.make = make
    this.inner = make()
  }
  get dimensions(): number {
    return this.inner.dimensions
  }
  get metric(): Metric {
    return this.inner.metric
  }
  get size(): number {
    return this.inner.size
  }
  set(ordinal: number, vector: Float32Array): void {
    this.inner.set(ordinal, vector)
  }
  delete(ordinal: number): boolean {
    return this.inner.delete(ordinal)
  }
  search(query: Float32Array, options: IndexSearchOptions): TopHits {
    const fresh = this.make()
    fresh.load(this.inner.saveParts())
    this.inner = fresh
    return fresh.search(query, options)
  }
}

describe('the laws of a vector index hold when it is saved and loaded before every search', () => {
  const hnsw = vectorIndexLaws(
    (options) =>
      new Reloaded(() => hnswIndex({ ...options, connectivity: 8, efConstruction: 40, efSearch: 80 })),
    { exact: false, count: 400 },
  )
  const flat = vectorIndexLaws((options) => new Reloaded(() => flatIndex(options)), { exact: true })
  for (const law of hnsw) it(`hnswIndex: ${law.name}`, () => law.run())
  for (const law of flat) it(`flatIndex: ${law.name}`, () => law.run())
})
