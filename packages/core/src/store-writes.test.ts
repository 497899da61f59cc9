import { describe, expect, it } from 'vitest'
import { memoryCache } from './cache.js'
import { cachedEmbedder } from './cached-embedder.js'
import { cachedRetriever } from './cached-retriever.js'
import { eq } from './filter/build.js'
import { ingest } from './ingest.js'
import type { Hit, Retriever } from './retriever.js'
import { forgettingStore, versionedStore } from './store-writes.js'
import { removeDocument } from './sync.js'
import { document, lineChunker, loaded } from './testing/fakes/recording.js'
import { fakeEmbedder, fakeStore, storeLaws } from './testing/index.js'

/** Text search as a retriever, and how often it was asked. */
function searching(store: ReturnType<typeof fakeStore>, name = 'text') {
  const asked: string[] = []
  const retriever: Retriever = {
    name,
    async retrieve(query, { limit = 5, filter } = {}) {
      asked.push(query)
      const ranked = await store.searchByText(query, { limit, filter })
      return ranked.map(({ chunk, score }): Hit => ({ chunk, score, trace: [] }))
    },
  }
  return { retriever, asked }
}

describe('versionedStore and forgettingStore keep the laws of a store', () => {
  const make = () =>
    forgettingStore(versionedStore(fakeStore({ dimensions: 16 })), [memoryCache<never>({ maxEntries: 5 })])
  for (const law of storeLaws(make, { vector: 16, text: true })) it(law.name, () => law.run())
})

describe('versionedStore', () => {
  it('has another version after every write, failed ones included, and after no read', async () => {
    let fail = false
    const inner = fakeStore({ failOn: ({ method }) => fail && method === 'upsert' })
    const store = versionedStore(inner)
    const seen = new Set([store.version()])
    expect(versionedStore(inner).version()).not.toBe(store.version())
    const chunks = await ingestOne(store, 'a', 'one')
    seen.add(store.version())
    await store.get(chunks)
    await store.searchByText('one', { limit: 1 })
    seen.add(store.version())
    await store.delete(chunks)
    seen.add(store.version())
    fail = true
    await expect(store.upsert([])).rejects.toThrow()
    seen.add(store.version())
    expect(seen.size).toBe(4)
    expect(store.size).toBe(0)
  })

  it('keeps what the store can do, called on the store itself', async () => {
    class Counting {
      readonly name = 'counting'
      #reads = 0
      upsert = async () => {}
      delete = async () => {}
      get = async () => {
        this.#reads += 1
        return []
      }
      async *list() {}
      reads() {
        return this.#reads
      }
    }
    const store = versionedStore(new Counting())
    await store.get()
    expect(store.reads()).toBe(1)
    expect('reads' in store && 'version' in store && !('vectors' in store)).toBe(true)
    expect(store.get).toBe(store.get)
  })

  it('makes a cached retriever answer anew after every write, and from the cache between them', async () => {
    const inner = fakeStore()
    const store = versionedStore(inner)
    const { retriever, asked } = searching(inner)
    const cached = cachedRetriever(retriever, memoryCache({ maxEntries: 10 }), {
      version: () => store.version(),
      tenant: 't',
      model: 'm',
    })
    expect(await cached.retrieve('one')).toEqual([])
    await ingestOne(store, 'a', 'one')
    expect((await cached.retrieve('one')).map(({ chunk }) => chunk.documentId)).toEqual(['a'])
    await cached.retrieve('one')
    expect(asked).toHaveLength(2)
    await removeDocument(store, 'a')
    expect(await cached.retrieve('one')).toEqual([])
  })
})

describe('cachedRetriever: keys', () => {
  it('differ by tenant, filter, version and model', async () => {
    const cache = memoryCache<readonly Hit[]>({ maxEntries: 100 })
    const inner = fakeStore()
    const { retriever, asked } = searching(inner)
    let version = '1'
    const make = (tenant: string, model: string | undefined) =>
      cachedRetriever(retriever, cache, { version: () => version, tenant, model })
    const ask = () => make('a', 'm1').retrieve('x', { limit: 3, filter: eq('y', 1) })
    await ask()
    await ask()
    expect(asked).toHaveLength(1)
    await make('b', 'm1').retrieve('x', { limit: 3, filter: eq('y', 1) })
    await make('a', 'm2').retrieve('x', { limit: 3, filter: eq('y', 1) })
    await make('a', undefined).retrieve('x', { limit: 3, filter: eq('y', 1) })
    await make('a', 'm1').retrieve('x', { limit: 3, filter: eq('y', 2) })
    version = '2'
    await ask()
    expect(asked).toHaveLength(6)
    expect(cache.stats().entries).toBe(6)
    expect(await cache.deleteTag('tenant:a')).toBe(5)
  })
})

describe('forgettingStore', () => {
  it('takes what caches hold of a document along when the document goes', async () => {
    const vectors = memoryCache<Float32Array>({ maxEntries: 100 })
    const answers = memoryCache<readonly Hit[]>({ maxEntries: 100 })
    const inner = fakeStore()
    const store = forgettingStore(inner, [vectors, answers])
    const embedder = cachedEmbedder(fakeEmbedder(), vectors)
    const cached = cachedRetriever(searching(inner).retriever, answers, { version: () => 'fixed' })
    const source = loaded(document('a', 'red\nblue'), document('b', 'green'))
    await ingest(source, { chunker: lineChunker(), embedder, store })
    expect(vectors.stats().entries).toBe(3)
    await cached.retrieve('red')
    await cached.retrieve('green')
    expect(await removeDocument(store, 'a')).toBe(2)
    expect(vectors.stats().entries).toBe(1)
    expect(answers.stats().entries).toBe(1)
    expect(await cached.retrieve('red')).toEqual([])
    expect(inner.size).toBe(1)
    expect(await removeDocument(store, 'a')).toBe(0)
  })

  it('forgets answers when a document changes, and not its vectors', async () => {
    const vectors = memoryCache<Float32Array>({ maxEntries: 100 })
    const answers = memoryCache<readonly Hit[]>({ maxEntries: 100 })
    const inner = fakeStore()
    const store = forgettingStore(inner, [vectors, answers])
    const embedder = cachedEmbedder(fakeEmbedder(), vectors)
    const cached = cachedRetriever(searching(inner).retriever, answers, { version: () => 'fixed' })
    const run = (acl: string) =>
      ingest(loaded(document('a', 'red', { metadata: { acl } })), { chunker: lineChunker(), embedder, store })
    await run('everyone')
    await cached.retrieve('red')
    await run('nobody')
    const [hit] = await cached.retrieve('red')
    expect(hit?.chunk.metadata).toEqual({ acl: 'nobody' })
    expect(vectors.stats().entries).toBe(1)
  })

  it('deletes nothing when a cache cannot forget, and everything when run again', async () => {
    const inner = fakeStore()
    let down = false
    const cache = {
      async deleteTag() {
        if (down) throw new Error('cache down')
        return 0
      },
    }
    const store = forgettingStore(inner, [cache])
    await ingestOne(store, 'a', 'one')
    down = true
    await expect(removeDocument(store, 'a')).rejects.toThrow('cache down')
    expect(inner.size).toBe(1)
    down = false
    expect(await removeDocument(store, 'a')).toBe(1)
    expect(inner.size).toBe(0)
  })
})

async function ingestOne(store: Parameters<typeof removeDocument>[0], id: string, text: string) {
  await ingest(loaded(document(id, text)), { chunker: lineChunker(), store })
  const ids: string[] = []
  for await (const ref of store.list({ documentId: id })) ids.push(ref.id)
  return ids
}
