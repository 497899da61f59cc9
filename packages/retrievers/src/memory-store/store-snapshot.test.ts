import type {
  CallOptions,
  Chunk,
  ChunkRef,
  DocumentIds,
  DocumentSeals,
  Entry,
  Explanation,
  LexicalIndex,
  ListOptions,
  Metadata,
  Ranked,
  SearchRequest,
  VectorIndex,
  VectorReuse,
  VectorsByInput,
} from '@tesserae/core'
import { eq } from '@tesserae/core'
import { type Random, seededRandom, storeLaws } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { bm25Index } from '../bm25/index.js'
import { flatIndex } from '../flat/index.js'
import { hnswIndex } from '../hnsw/index.js'
import type { Savable } from '../snapshot/index.js'
import { opened, refusal, sealed, tampered } from '../snapshot/testing/tamper.js'
import type { MemoryStore } from './memory-store.js'
import { memoryStore } from './store.js'

const dimensions = 5
const makes: { readonly [name: string]: () => MemoryStore } = {
  'a flat index': () => memoryStore({ dimensions }),
  'a graph': () =>
    memoryStore({
      dimensions,
      vectorIndex: (length) =>
        hnswIndex({ dimensions: length, connectivity: 3, efConstruction: 10, quantization: 'int8' }),
    }),
  'no vectors': () => memoryStore({ lexicalIndex: () => bm25Index({ positions: true }) }),
}

const texts = [
  'deposit of two months',
  'quiet hours',
  '\ud83d\ude00 emoji \ud800 lone',
  'line\nline\r\n\u2028',
  '"quoted"\\',
  '',
]
const values: readonly Metadata[string][] = [
  'x',
  7,
  -0,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  true,
  null,
  ['a', '\udc00'],
  [1, -0, Number.NEGATIVE_INFINITY],
  [],
]

function entryOf(random: Random, id: string, vectors: boolean): Entry {
  const text = `${random.pick(texts)} ${random.pick(texts)}`
  const chunk: Chunk = {
    id,
    documentId: `d${random.integer(0, 5)}`,
    index: random.integer(0, 9),
    start: 0,
    end: text.length,
    text,
    headings: random.chance() ? ['A', 'B'] : [],
    metadata: {
      ...(random.chance(0.7) && { kind: random.pick(values) }),
      ...(random.chance(0.3) && { ['__proto__']: random.pick(values), number: 1 }),
    },
    ...(random.chance(0.3) && { window: { start: 0, end: 3 }, context: 'Chapter', page: 'iv', tokens: 4 }),
  }
  const vector = Float32Array.from({ length: dimensions }, () => random.normal())
  return { chunk, revision: `r${random.integer(0, 99)}`, ...(vectors && random.chance(0.8) && { vector }) }
}

async function change(store: MemoryStore, seed: number, steps: number): Promise<void> {
  const random = seededRandom(seed)
  for (let step = 0; step < steps; step++) {
    const ids = random
      .shuffle(Array.from({ length: 30 }, (_, i) => `chunk ${i}`))
      .slice(0, random.integer(1, 4))
    if (random.chance(0.4)) await store.delete(ids)
    else await store.upsert(ids.map((id) => entryOf(random, id, store.dimensions > 0)))
  }
}

const listed = async (store: MemoryStore, options?: ListOptions) => {
  const refs: ChunkRef[] = []
  for await (const ref of store.list(options)) refs.push(ref)
  return refs
}

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0

async function expectAlike(a: MemoryStore, b: MemoryStore): Promise<void> {
  expect(a.size).toBe(b.size)
  const refs = await listed(a)
  expect(await listed(b)).toEqual(refs)
  for (let document = 0; document <= 5; document++) {
    const documentId = `d${document}`
    expect(await listed(a, { documentId })).toEqual(await listed(b, { documentId }))
  }
  const ids = refs.map(({ id }) => id)
  const [chunksOfA, chunksOfB] = [await a.get(ids), await b.get(ids)]
  expect(chunksOfB).toEqual(chunksOfA)
  for (const [i, chunk] of chunksOfA.entries()) {
    expect(Object.isFrozen(chunksOfB[i])).toBe(true)
    expect(Object.getOwnPropertyNames(chunksOfB[i]?.metadata)).toEqual(
      Object.getOwnPropertyNames(chunk?.metadata),
    )
    expect(
      Object.is(chunksOfB[i]?.metadata.kind, chunk?.metadata.kind) ||
        typeof chunk?.metadata.kind === 'object',
    ).toBe(true)
  }
  const random = seededRandom(9)
  for (const request of [{ limit: 5 }, { limit: 4, filter: eq('kind', 'x') }, { limit: 50 }]) {
    expect(await a.searchByText('deposit hours quoted', request)).toEqual(
      await b.searchByText('deposit hours quoted', request),
    )
    if (a.dimensions === 0) continue
    const query = Float32Array.from({ length: dimensions }, () => random.normal())
    expect(await a.searchByVector(query, request)).toEqual(await b.searchByVector(query, request))
  }
}

for (const [name, make] of Object.entries(makes)) {
  describe(`a snapshot of a store with ${name}`, () => {
    it('goes on as its original does', async () => {
      for (let seed = 1; seed <= 8; seed++) {
        const original = make()
        await change(original, seed, seed * 9)
        const bytes = original.save()
        const loaded = make()
        await change(loaded, 77, 5)
        loaded.load(seed % 2 === 0 ? bytes : original.saveParts())
        expect(same(loaded.save(), bytes)).toBe(true)
        await expectAlike(original, loaded)
        await change(original, seed + 50, 25)
        await change(loaded, seed + 50, 25)
        expect(same(loaded.save(), original.save())).toBe(true)
        await expectAlike(original, loaded)
      }
    })

    it('is refused with bits flipped or cut, and leaves the store as it was', async () => {
      const original = make()
      await change(original, 3, 4)
      const bytes = original.save()
      const target = make()
      await change(target, 5, 9)
      const before = target.save()
      for (let bit = 0; bit < bytes.length * 8; bit += 23) {
        bytes[bit >> 3]! ^= 1 << (bit & 7)
        expect(['corrupt-data', 'incompatible']).toContain(refusal(() => target.load(bytes)))
        bytes[bit >> 3]! ^= 1 << (bit & 7)
      }
      for (let length = 0; length < bytes.length; length += 17)
        expect(refusal(() => target.load(bytes.subarray(0, length)))).toBe('corrupt-data')
      expect(same(target.save(), before)).toBe(true)
    })

    it('with numbers made up under right checksums is refused or harmless', async () => {
      let refusals = 0
      for (let seed = 1; seed <= 100; seed++) {
        const original = make()
        await change(original, seed, 12)
        const whole = opened(original.save())
        const random = seededRandom(seed)
        const inner = whole.sections.findIndex(({ name }) => name === random.pick(['lexical', 'vectors']))
        const snapshot =
          seed % 2 === 0 || inner < 0
            ? tampered(whole, random)
            : {
                ...whole,
                sections: whole.sections.map((section, i) =>
                  i === inner
                    ? {
                        ...section,
                        numbers: sealed(tampered(opened(Uint8Array.from(section.numbers)), random)),
                      }
                    : section,
                ),
              }
        const target = make()
        const code = refusal(() => target.load(sealed(snapshot)))
        if (code === 'nothing') {
          await target.searchByText('deposit hours', { limit: 5 })
          await listed(target)
          await change(target, seed, 10)
          const bytes = target.save()
          target.load(bytes)
          expect(same(target.save(), bytes)).toBe(true)
        } else {
          expect(['corrupt-data', 'incompatible', 'unsupported']).toContain(code)
          refusals++
        }
      }
      expect(refusals).toBeGreaterThan(40)
    })
  })
}

describe('a snapshot of a store', () => {
  it('needs indexes that can be saved, and a store of the same dimensions', async () => {
    const { set, search, delete: drop, dimensions: length, metric, size } = flatIndex({ dimensions })
    const bare: VectorIndex = { set, search, delete: drop, dimensions: length, metric, size }
    expect(refusal(() => memoryStore({ dimensions, vectorIndex: () => bare }).save())).toBe('unsupported')
    const lexical: LexicalIndex = {
      size: 0,
      set() {},
      delete: () => false,
      search: () => ({ ordinals: new Uint32Array(0), scores: new Float32Array(0) }),
      explain: () => ({ value: 0, description: '', details: [] }),
    }
    expect(refusal(() => memoryStore({ lexicalIndex: () => lexical }).save())).toBe('unsupported')
    expect(refusal(() => memoryStore({ dimensions }).load(memoryStore().save()))).toBe('incompatible')
    expect(refusal(() => memoryStore().load(memoryStore({ dimensions }).save()))).toBe('incompatible')
  })

  it('is refused when an index in it holds other ordinals than the store', async () => {
    const store = memoryStore()
    await store.upsert([entryOf(seededRandom(1), 'a', false), entryOf(seededRandom(2), 'b', false)])
    const index = bm25Index()
    index.set(0, 'one')
    index.set(2, 'two')
    const whole = opened(store.save())
    const sections = whole.sections.map((section) =>
      section.name === 'lexical' ? { ...section, numbers: index.save() } : section,
    )
    expect(refusal(() => memoryStore().load(sealed({ ...whole, sections })))).toBe('corrupt-data')
  })

  it('refuses to go on when the store changes while its parts are taken', async () => {
    const store = memoryStore()
    await store.upsert([entryOf(seededRandom(1), 'a', false)])
    const parts = store.saveParts()[Symbol.iterator]()
    parts.next()
    await store.delete(['a'])
    expect(refusal(() => parts.next())).toBe('invalid-argument')
  })
})

type Reuse = VectorReuse & VectorsByInput

/** A store that is saved and loaded before every call. */
class Reloaded
  implements Omit<MemoryStore, keyof Savable | keyof DocumentSeals | keyof DocumentIds | keyof Reuse>
{
  private inner: MemoryStore
  private readonly make: () => MemoryStore
  constructor(make: () => MemoryStore) {
    this.make = make
    this.inner = make()
  }
  private get fresh(): MemoryStore {
    const fresh = this.make()
    fresh.load(this.inner.saveParts())
    this.inner = fresh
    return fresh
  }
  get name(): string {
    return this.inner.name
  }
  get size(): number {
    return this.inner.size
  }
  get dimensions(): number {
    return this.inner.dimensions
  }
  upsert(entries: readonly Entry[], options?: CallOptions): Promise<void> {
    return this.fresh.upsert(entries, options)
  }
  get(ids: readonly string[], options?: CallOptions): Promise<readonly (Chunk | undefined)[]> {
    return this.fresh.get(ids, options)
  }
  delete(ids: readonly string[], options?: CallOptions): Promise<void> {
    return this.fresh.delete(ids, options)
  }
  list(options?: ListOptions): AsyncIterable<ChunkRef> {
    return this.fresh.list(options)
  }
  searchByVector(
    vector: Float32Array,
    request: SearchRequest,
    options?: CallOptions,
  ): Promise<readonly Ranked[]> {
    return this.fresh.searchByVector(vector, request, options)
  }
  searchByText(query: string, request: SearchRequest, options?: CallOptions): Promise<readonly Ranked[]> {
    return this.fresh.searchByText(query, request, options)
  }
  explainText(query: string, id: string, options?: CallOptions): Promise<Explanation | undefined> {
    return this.fresh.explainText(query, id, options)
  }
}

describe('the laws of a store hold when it is saved and loaded before every call', () => {
  const flat = storeLaws(() => new Reloaded(() => memoryStore({ dimensions: 16 })), {
    vector: 16,
    text: true,
    count: 20,
  })
  const lexical = storeLaws(() => new Reloaded(() => memoryStore()), { text: true, count: 20 })
  for (const law of flat) it(`with vectors: ${law.name}`, () => law.run())
  for (const law of lexical) it(`without vectors: ${law.name}`, () => law.run())
})
