import { describe, expect, it } from 'vitest'
import { memoryCache } from './cache.js'
import { cachedEmbedder } from './cached-embedder.js'
import { cachedRetriever } from './cached-retriever.js'
import type { Chunk } from './chunk.js'
import { fallbackRetriever } from './fallback.js'
import { or } from './filter/build.js'
import type { Filter } from './filter/filter.js'
import { ingest } from './ingest.js'
import type { Loaded } from './loader.js'
import { meteredRetriever } from './metered-retriever.js'
import type { Hit, Retriever } from './retriever.js'
import { scopeRetriever } from './scope.js'
import { semanticallyCachedRetriever } from './semantic-cache.js'
import {
  embedderLaws,
  fakeChunker,
  fakeEmbedder,
  fakeLoader,
  fakeRetriever,
  fakeStore,
  generateTexts,
  hashEmbedding,
  retrieverLaws,
} from './testing/index.js'

// A wrapped retriever is a retriever, a wrapped embedder an embedder: they keep the laws of what they wrap.

/** Ranks chunks whose text shares a word with the query by how many they share. */
async function lexical(chunks: readonly Chunk[]): Promise<Retriever> {
  const store = fakeStore()
  await store.upsert(chunks.map((chunk) => ({ chunk, revision: '1' })))
  return {
    name: 'lexical',
    async retrieve(query, { limit = 5, filter, signal } = {}) {
      const ranked = await store.searchByText(query, { limit, filter }, { signal })
      return ranked.map(({ chunk, score }, place): Hit => {
        const trace = [{ stage: 'lexical', kind: 'lexical' as const, rank: place + 1, score }]
        return { chunk, score, trace }
      })
    },
  }
}

/** Keeps every chunk that has an id of its own in its metadata. */
function everyone(chunks: readonly Chunk[]): { readonly scope: Filter; readonly chunks: Chunk[] } {
  const own = chunks.map((chunk, n): Chunk => ({ ...chunk, metadata: { ...chunk.metadata, own: n } }))
  return { scope: or(...own.map((_, n): Filter => ({ op: 'eq', field: 'own', value: n }))), chunks: own }
}

describe('scopeRetriever keeps the laws of a retriever', () => {
  const make = async (given: readonly Chunk[]) => {
    const { scope, chunks } = everyone(given)
    return scopeRetriever(await lexical(chunks), scope, { hide: ['own'] })
  }
  for (const law of retrieverLaws(make)) it(law.name, () => law.run())
})

describe('semanticallyCachedRetriever keeps the laws of a retriever', () => {
  const make = async (chunks: readonly Chunk[]) =>
    semanticallyCachedRetriever(await lexical(chunks), {
      embedder: fakeEmbedder(),
      version: () => '1',
      threshold: 1,
    })
  for (const law of retrieverLaws(make)) it(law.name, () => law.run())
})

describe('meteredRetriever keeps the laws of a retriever', () => {
  const make = async (chunks: readonly Chunk[]) => meteredRetriever(await lexical(chunks))
  for (const law of retrieverLaws(make)) it(law.name, () => law.run())
})

describe('fallbackRetriever keeps the laws of a retriever', () => {
  const make = async (chunks: readonly Chunk[]) => {
    const broken = fakeRetriever([], { name: 'broken', failWith: new Error('down') })
    return fallbackRetriever([broken, await lexical(chunks)], { timeoutMs: 60_000 })
  }
  for (const law of retrieverLaws(make)) it(law.name, () => law.run())
})

describe('cachedRetriever keeps the laws of a retriever', () => {
  const make = async (chunks: readonly Chunk[]) =>
    cachedRetriever(await lexical(chunks), memoryCache({ maxEntries: 4 }), { version: () => '1' })
  for (const law of retrieverLaws(make)) it(law.name, () => law.run())
})

describe('cachedEmbedder keeps the laws of an embedder', () => {
  const make = () => cachedEmbedder(fakeEmbedder(), memoryCache({ maxEntries: 30 }))
  for (const law of embedderLaws(make)) it(law.name, () => law.run())
})

describe('ingest, on generated texts', () => {
  it('leaves in the store exactly the chunks of the documents, whatever was there before', async () => {
    const [before, after] = [generateTexts({ seed: 5, count: 60 }), generateTexts({ seed: 6, count: 50 })]
    const chunker = fakeChunker({ maxUnits: 64 })
    const embedder = fakeEmbedder()
    const store = fakeStore()
    const options = { chunker, embedder, store, removeMissing: true, maxQueuedChunks: 100 }
    for (const texts of [before, after, after]) {
      const loader = fakeLoader([...texts])
      const report = await ingest(loader.load(), options)
      expect(report.failures).toEqual([])
      const held: string[] = []
      for await (const { id } of store.list()) held.push(id)
      const chunks = await store.get(held)
      const covered = new Map<string, number>()
      for (const chunk of chunks) {
        const text = texts[Number(chunk?.documentId.slice('document-'.length))]
        expect(chunk?.text).toBe(text?.slice(chunk?.start, chunk?.end))
        const documentId = chunk?.documentId ?? ''
        covered.set(documentId, (covered.get(documentId) ?? 0) + (chunk?.text.replace(/\s/g, '').length ?? 0))
        const [nearest] = await store.searchByVector(hashEmbedding(chunk?.text ?? '', 32), { limit: 1 })
        expect(nearest?.score).toBeCloseTo(1, 4)
      }
      for (const [n, text] of texts.entries()) {
        expect(covered.get(`document-${n}`) ?? 0).toBe(text.replace(/\s/g, '').length)
      }
      expect(report.chunks.total).toBe(held.length)
    }
  })

  it('picks up an interrupted run where it was', async () => {
    const texts = generateTexts({ seed: 7, count: 40 })
    const chunker = fakeChunker({ maxUnits: 64 })
    const whole = fakeStore()
    await ingest(fakeLoader([...texts]).load(), { chunker, embedder: fakeEmbedder(), store: whole })
    const store = fakeStore()
    const controller = new AbortController()
    const interrupted = async function* (): AsyncGenerator<Loaded> {
      let n = 0
      for await (const item of fakeLoader([...texts]).load()) {
        if (n++ === 20) controller.abort(new Error('power cut'))
        yield item
      }
    }
    const options = { chunker, embedder: fakeEmbedder({ maxBatchSize: 4 }), store, maxQueuedChunks: 8 }
    await expect(ingest(interrupted(), { ...options, signal: controller.signal })).rejects.toThrow(
      'power cut',
    )
    expect(store.size).toBeGreaterThan(0)
    expect(store.size).toBeLessThan(whole.size)
    const acknowledged = store.size
    const report = await ingest(fakeLoader([...texts]).load(), options)
    expect(report.chunks).toMatchObject({ unchanged: acknowledged, deleted: 0 })
    const ids = async (from: typeof store) => {
      const all: string[] = []
      for await (const { id, revision } of from.list()) all.push(`${id} ${revision}`)
      return all.sort()
    }
    expect(await ids(store)).toEqual(await ids(whole))
  })
})
