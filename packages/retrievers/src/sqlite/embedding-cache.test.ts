import { readFileSync } from 'node:fs'
import { cachedEmbedder, sha256 } from '@tesserae/core'
import { fakeEmbedder } from '@tesserae/core/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { dimensions, entryOf } from './testing/entries.js'
import { stores } from './testing/open.js'

const { files, open } = stores()
afterAll(() => files.remove())

describe('the embedding cache of a sqliteStore', () => {
  const vectorOf = (value: number) => new Float32Array(3).fill(value)

  it('keeps vectors across reopenings and answers in order', async () => {
    const path = files.path()
    const store = await open(path)
    const hostile = 'key \0 with "quotes" \ud800'
    await store.embeddingCache().set([
      { key: 'a', value: vectorOf(1) },
      { key: hostile, value: vectorOf(2) },
    ])
    await store.close()
    const again = await open(path)
    expect(await again.embeddingCache().get([hostile, 'none', 'a'])).toEqual([
      vectorOf(2),
      undefined,
      vectorOf(1),
    ])
    await again.close()
  })

  it('makes room of what was used longest ago, and of what is too old', async () => {
    let time = 0
    const store = await open(undefined, { now: () => time })
    const cache = store.embeddingCache({ maxEntries: 2, ttlMs: 10 })
    await cache.set([{ key: 'a', value: vectorOf(1) }])
    await cache.set([{ key: 'b', value: vectorOf(2) }])
    await cache.get(['a'])
    await cache.set([{ key: 'c', value: vectorOf(3) }])
    expect(await cache.get(['a', 'b', 'c'])).toEqual([vectorOf(1), undefined, vectorOf(3)])
    time = 9
    await cache.set([{ key: 'c', value: vectorOf(4) }])
    time = 11
    expect(await cache.get(['a', 'c'])).toEqual([undefined, vectorOf(4)])
    await store.close()
  })

  it('forgets by tag', async () => {
    const store = await open()
    const cache = store.embeddingCache()
    await cache.set([
      { key: 'a', value: vectorOf(1), tags: ['x', 'y', 'x'] },
      { key: 'b', value: vectorOf(2), tags: ['y'] },
      { key: 'c', value: vectorOf(3) },
    ])
    expect(await cache.deleteTag('x')).toBe(1)
    expect(await cache.deleteTag('x')).toBe(0)
    expect(await cache.get(['a', 'b', 'c'])).toEqual([undefined, vectorOf(2), vectorOf(3)])
    expect((await store.check()).problems).toEqual([])
    await store.close()
  })
})

describe('a sqliteStore forgets', () => {
  it('every trace of a deleted chunk, cached vector included', async () => {
    const path = files.path()
    const store = await open(path)
    const embedder = cachedEmbedder(fakeEmbedder({ dimensions }), store.embeddingCache())
    const secret = entryOf('secret-id', 'xylophonic confession', { documentId: 'secret-document' })
    const plain = entryOf('plain', 'ordinary words', { documentId: 'e' })
    await embedder.embed([secret.chunk.text, plain.chunk.text], { role: 'document' })
    await store.upsert([secret, plain])
    await store.checkpoint()
    await store.delete(['secret-id'])
    await store.checkpoint()
    await store.close()
    const bytes = readFileSync(path)
    const places = (text: string) => bytes.includes(text) || bytes.includes(Buffer.from(text, 'utf16le'))
    expect(places('ordinary')).toBe(true)
    for (const trace of ['xylophonic', 'confession', 'secret', sha256(secret.chunk.text)]) {
      expect(places(trace), trace).toBe(false)
    }
    expect(places(sha256(plain.chunk.text))).toBe(true)
  })
})
