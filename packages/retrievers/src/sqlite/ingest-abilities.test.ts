import { type Chunker, type Document, type Embedder, ingest, type Loaded } from '@tesserae/core'
import { hashEmbedding, seededRandom } from '@tesserae/core/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { hnswIndex } from '../hnsw/index.js'
import { memoryStore } from '../memory-store/store.js'
import { migrate, migrations, userVersion } from './schema.js'
import { dimensions, entryOf, randomVector } from './testing/entries.js'
import { listed, plainDriver, stores } from './testing/open.js'

const { files, open } = stores()
afterAll(() => files.remove())

const makes = {
  memoryStore: async () => memoryStore({ dimensions }),
  'memoryStore with a graph': async () =>
    memoryStore({ dimensions, vectorIndex: (length) => hnswIndex({ dimensions: length }) }),
  sqliteStore: () => open(),
}
type Made = Awaited<ReturnType<(typeof makes)[keyof typeof makes]>>

/** A unit vector, so that every index keeps it as it is. */
function unit(seed: number): Float32Array {
  const vector = randomVector(seededRandom(seed))
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}

const entry = (id: string, input: string, seed: number, documentId = 'd') => ({
  ...entryOf(id, `text ${id}`, { documentId, vector: false }),
  revision: `beside ${seed}.${input}`,
  vector: unit(seed),
})

const refsOf = (...given: { readonly chunk: { readonly id: string }; readonly revision: string }[]) =>
  given.map(({ chunk, revision }) => ({ id: chunk.id, revision }))

const expectClose = (actual: Float32Array | undefined, expected: Float32Array) => {
  expect(actual?.length).toBe(expected.length)
  for (const [i, value] of expected.entries()) expect(actual?.[i]).toBeCloseTo(value, 6)
}

describe.each(Object.entries(makes))('%s', (_, make) => {
  it('gives vectors back by id and by what they were made from, as they are now', async () => {
    const store: Made = await make()
    expect(await store.vectorsByInput(['one'])).toEqual([undefined])
    await store.upsert([entry('a', 'one', 1), entry('b', 'two.more', 2), entryOf('c', 'three')])
    const [a, none, b] = await store.vectors(['a', 'nobody', 'b'])
    expectClose(a, unit(1))
    expect(none).toBeUndefined()
    expectClose(b, unit(2))
    const found = await store.vectorsByInput(['two.more', 'one', 'more', '', 'revision of three'])
    expectClose(found[0], unit(2))
    expectClose(found[1], unit(1))
    expect(found.slice(2)).toEqual([undefined, undefined, undefined])

    await store.upsert([entry('a', 'two.more', 2)])
    expect(await store.vectorsByInput(['one'])).toEqual([undefined])
    await store.delete(['b'])
    expectClose((await store.vectorsByInput(['two.more']))[0], unit(2))
    await store.upsert([{ ...entry('a', 'two.more', 2), vector: undefined }])
    expect(await store.vectorsByInput(['two.more'])).toEqual([undefined])
    await store.delete(['a'])
    expect(await store.vectors(['a'])).toEqual([undefined])
  })

  it('finds a vector with whichever of the chunks of an input is left', async () => {
    const store: Made = await make()
    await store.vectorsByInput([])
    const ids = ['a', 'b', 'c', 'd']
    await store.upsert(ids.map((id) => entry(id, 'same', 3)))
    for (const id of ids) {
      expectClose((await store.vectorsByInput(['same']))[0], unit(3))
      await store.delete([id])
    }
    expect(await store.vectorsByInput(['same'])).toEqual([undefined])
  })

  it('keeps the seal of a document until a chunk of it is written or deleted', async () => {
    const store: Made = await make()
    const [a, b, other] = [entry('a', 'one', 1), entry('b', 'two', 2), entry('c', 'three', 3, 'other')]
    const seal = () => store.seal([{ documentId: 'd', seal: 'sealed', chunks: refsOf(b, a) }])
    await store.upsert([a, b, other])
    expect(await store.seals(['d', 'other', 'nobody'])).toEqual([undefined, undefined, undefined])
    await seal()
    expect(await store.seals(['other', 'd'])).toEqual([undefined, 'sealed'])
    await store.upsert([other])
    await store.delete(['nobody'])
    expect(await store.seals(['d'])).toEqual(['sealed'])

    const breaking: (() => Promise<void>)[] = [
      () => store.upsert([a]),
      () => store.delete(['b']),
      () => store.upsert([entry('new', 'four', 4)]),
      // A chunk that goes over to another document leaves this one with less.
      () => store.upsert([entry('a', 'one', 1, 'other')]),
    ]
    for (const change of breaking) {
      await store.delete(['new'])
      await store.upsert([a, b])
      await seal()
      expect(await store.seals(['d'])).toEqual(['sealed'])
      await change()
      expect(await store.seals(['d'])).toEqual([undefined])
    }
  })

  it('seals nothing of which it has more, less or something else', async () => {
    const store: Made = await make()
    const [a, b] = [entry('a', 'one', 1), entry('b', 'two', 2)]
    await store.upsert([a, b])
    const wrong = [
      refsOf(a),
      refsOf(a, b, entry('c', 'three', 3)),
      refsOf(a, entry('c', 'three', 3)),
      refsOf(a, entry('b', 'two', 5)),
      [],
    ]
    for (const chunks of wrong) await store.seal([{ documentId: 'd', seal: 'no', chunks }])
    await store.seal([{ documentId: 'nobody', seal: 'no', chunks: [] }])
    expect(await store.seals(['d', 'nobody'])).toEqual([undefined, undefined])
  })

  it('names each document once', async () => {
    const store: Made = await make()
    const names = async () => {
      const ids: string[] = []
      for await (const id of store.documentIds()) ids.push(id)
      return ids.sort()
    }
    expect(await names()).toEqual([])
    await store.upsert([entry('a', 'one', 1), entry('b', 'two', 2), entry('c', 'x', 3, '"odd\ud800\0')])
    expect(await names()).toEqual(['"odd\ud800\0', 'd'])
    await store.delete(['a'])
    expect(await names()).toEqual(['"odd\ud800\0', 'd'])
    await store.delete(['b', 'c'])
    expect(await names()).toEqual([])
  })

  it('is brought up to date without being listed, and asks the model only for new text', async () => {
    const made: Made = await make()
    const listedWhole: unknown[] = []
    const store: Made = new Proxy(made, {
      get(target, key) {
        if (key === 'list') {
          return (options: Parameters<Made['list']>[0] = {}) => {
            if (options.documentId === undefined) listedWhole.push(options)
            return target.list(options)
          }
        }
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const embedded: string[] = []
    const embedder: Embedder = {
      id: 'hash',
      dimensions,
      maxBatchSize: 16,
      async embed(texts) {
        embedded.push(...texts)
        return Float32Array.from(texts.flatMap((text) => [...hashEmbedding(text, dimensions)]))
      },
    }
    const chunker: Chunker = {
      id: 'lines',
      split: async ({ text }) =>
        [...text.matchAll(/[^\n]+/g)].map(({ index, 0: line }) => ({
          start: index,
          end: index + line.length,
        })),
    }
    const source = (...texts: [string, string][]): Loaded[] =>
      texts.map(([id, text]) => {
        const document: Document = { id, text, marks: [], metadata: {}, uri: id }
        return { type: 'document', document }
      })
    const run = (given: Loaded[]) => {
      embedded.length = 0
      return ingest(given, { store, chunker, embedder, removeMissing: true, maxBatchDelayMs: 0 })
    }
    await run(source(['a', 'one\ntwo'], ['b', 'three']))
    expect(embedded.sort()).toEqual(['one', 'three', 'two'])
    // Renamed, moved with what stands before it, and new.
    const report = await run(source(['renamed', 'zero\none\ntwo'], ['b', 'three']))
    expect(embedded).toEqual(['zero'])
    expect(report.chunks).toMatchObject({ written: 3, reused: 2, embedded: 1, deleted: 2, unchanged: 1 })
    expect(listedWhole).toEqual([])
    const refs = await listed(made)
    const vectors = await made.vectors(refs.map(({ id }) => id))
    const chunks = await made.get(refs.map(({ id }) => id))
    for (const [i, chunk] of chunks.entries()) {
      expectClose(vectors[i], hashEmbedding(chunk!.text, dimensions))
    }
  })
})

describe('sqliteStore', () => {
  it('keeps seals in the file, for later and for readers beside it', async () => {
    const path = files.path()
    const store = await open(path)
    const a = entry('a', 'one', 1)
    await store.upsert([a])
    const generation = store.generation
    await store.seal([{ documentId: 'd', seal: '"se\0al', chunks: refsOf(a) }])
    expect(store.generation).toBe(generation)
    const reader = await open(path, { readOnly: true })
    expect(await reader.seals(['d'])).toEqual(['"se\0al'])
    await expect(reader.seal([])).rejects.toMatchObject({ code: 'store-failed' })
    await reader.close()
    await store.close()
    const again = await open(path)
    expect(await again.seals(['d'])).toEqual(['"se\0al'])
    await again.close()
  })

  it('knows seals however they are asked for, with writes in between', async () => {
    const random = seededRandom(11)
    const store = await open()
    const all = Array.from({ length: 300 }, (_, i) => entry(`c${i}`, `${i}`, i, `d${i}`))
    await store.upsert(all)
    const expected = new Map<string, string>()
    const ids = all.map(({ chunk }) => chunk.documentId)
    const ask = async (asked: readonly string[]) => {
      expect(await store.seals(asked)).toEqual(asked.map((id) => expected.get(id)))
    }
    for (let round = 0; round < 12; round++) {
      for (const one of all.filter(() => random.chance(0.5))) {
        const { documentId } = one.chunk
        const seal = `${round} ${documentId}`
        await store.seal([{ documentId, seal, chunks: refsOf(one) }])
        expected.set(documentId, seal)
      }
      for (const id of ids) {
        if (random.chance(0.02)) {
          const one = random.pick(all)
          await store.upsert([one])
          expected.delete(one.chunk.documentId)
        }
        await ask([id])
      }
      for (let n = 0; n < 100; n++) await ask([random.pick(ids), random.pick(ids), 'nobody'])
    }
    await store.close()
  })

  it('opens a file of the first version, and finds its vectors by what they were made from', async () => {
    const path = files.path()
    const first = await open(path)
    await first.upsert([entry('a', 'one', 1)])
    await first.close()
    const connection = (await plainDriver()).open(path)
    connection.exec(
      'DROP INDEX chunks_by_input; ALTER TABLE documents DROP COLUMN seal; PRAGMA user_version = 1',
    )
    connection.close()
    const reader = await open(path, { readOnly: true })
    expect(await reader.seals(['d'])).toEqual([undefined])
    expectClose((await reader.vectorsByInput(['one']))[0], unit(1))
    await reader.close()
    const store = await open(path)
    expect((await store.check()).problems).toEqual([])
    expectClose((await store.vectorsByInput(['one']))[0], unit(1))
    expect(await store.seals(['d'])).toEqual([undefined])
    await store.close()
    const after = (await plainDriver()).open(path)
    expect(userVersion(after)).toBe(migrations.length)
    migrate(after, path)
    after.close()
  })
})

describe('memoryStore', () => {
  it('keeps seals and vectors through a snapshot', async () => {
    const store = memoryStore({ dimensions })
    const [a, b] = [entry('a', 'one', 1), entry('b', 'two', 2, '\ud800')]
    await store.upsert([a, b])
    await store.seal([
      { documentId: 'd', seal: 'sealed', chunks: refsOf(a) },
      { documentId: '\ud800', seal: 'too', chunks: refsOf(b) },
    ])
    const loaded = memoryStore({ dimensions })
    await loaded.vectorsByInput(['one'])
    loaded.load(store.save())
    expect(await loaded.seals(['d', '\ud800'])).toEqual(['sealed', 'too'])
    expectClose((await loaded.vectorsByInput(['one']))[0], unit(1))
    await loaded.delete(['a'])
    expect(await loaded.seals(['d', '\ud800'])).toEqual([undefined, 'too'])
    expect(await store.seals(['d'])).toEqual(['sealed'])
  })

  it('has no vectors to give from an index that does not give them, and from none', async () => {
    const index = hnswIndex({ dimensions })
    const bare = {
      dimensions,
      metric: index.metric,
      get size() {
        return index.size
      },
      set: (ordinal: number, vector: Float32Array) => index.set(ordinal, vector),
      delete: (ordinal: number) => index.delete(ordinal),
      search: index.search.bind(index),
    }
    const store = memoryStore({ dimensions, vectorIndex: () => bare })
    await store.upsert([entry('a', 'one', 1)])
    expect(await store.vectors(['a'])).toEqual([undefined])
    expect(await store.vectorsByInput(['one'])).toEqual([undefined])
    expect(await memoryStore().vectors(['a'])).toEqual([undefined])
  })
})
