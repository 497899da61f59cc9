import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Cache, memoryCache } from './cache.js'
import { ttlByAge } from './cache-ttl.js'
import { cachedEmbedder } from './cached-embedder.js'
import { cachedRetriever } from './cached-retriever.js'
import type { Embedder } from './embedder.js'
import { eq } from './filter/build.js'
import type { RagEvent } from './observer.js'
import type { Hit, RetrieveOptions, Retriever } from './retriever.js'
import { scopeRetriever } from './scope.js'

const turn = () => new Promise((resolve) => setTimeout(resolve, 1))

async function read<V>(cache: Cache<V>, key: string): Promise<V | undefined> {
  return (await cache.get([key]))[0]
}

describe('memoryCache', () => {
  it('behaves like a list of the entries used last', async () => {
    const step = fc.oneof(
      fc.record({ op: fc.constant('get' as const), key: fc.nat(6) }),
      fc.record({ op: fc.constant('set' as const), key: fc.nat(6) }),
      fc.record({ op: fc.constant('tag' as const), key: fc.nat(2) }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(step, { minLength: 30, maxLength: 80 }),
        async (maxEntries, steps) => {
          const cache = memoryCache<number>({ maxEntries })
          let model: { key: string; value: number }[] = []
          for (const [value, { op, key: number }] of steps.entries()) {
            const key = `${number}`
            const found = model.find((entry) => entry.key === key)
            if (op === 'get') {
              expect(await read(cache, key)).toBe(found?.value)
              if (found) model = [...model.filter((entry) => entry !== found), found]
            } else if (op === 'set') {
              await cache.set([{ key, value, tags: [`t${number % 3}`] }])
              model = [...model.filter((entry) => entry.key !== key), { key, value }].slice(-maxEntries)
            } else {
              const kept = model.filter((entry) => Number(entry.key) % 3 !== number)
              expect(await cache.deleteTag(`t${number}`)).toBe(model.length - kept.length)
              model = kept
            }
            expect(cache.stats().entries).toBe(model.length)
          }
        },
      ),
    )
  })

  it('forgets what is too old', async () => {
    let time = 0
    const cache = memoryCache<string>({ maxEntries: 10, ttlMs: 100, now: () => time })
    await cache.set([{ key: 'a', value: 'x' }])
    time = 99
    expect(await read(cache, 'a')).toBe('x')
    time = 100
    expect(await read(cache, 'a')).toBeUndefined()
    expect(cache.stats()).toMatchObject({ hits: 1, misses: 1, entries: 0, bytes: 0, evictions: 0 })
  })

  it('keeps to its bytes, and does not keep what is larger than all of them', async () => {
    const cache = memoryCache<Float32Array>({ maxEntries: 100, maxBytes: 1_000 })
    for (let n = 0; n < 10; n++) await cache.set([{ key: `${n}`, value: new Float32Array(99) }])
    // 396 bytes of numbers and 2 of key: two fit.
    expect(cache.stats()).toMatchObject({ entries: 2, bytes: 796, evictions: 8 })
    await cache.set([{ key: 'large', value: new Float32Array(1_000) }])
    expect(await read(cache, 'large')).toBeUndefined()
    expect(cache.stats().entries).toBe(2)
    const weighed = memoryCache<string>({ maxEntries: 9, maxBytes: 10, bytesOf: () => 4 })
    await weighed.set([{ key: 'a', value: 'long text' }])
    await weighed.set([{ key: 'b', value: '' }])
    expect(weighed.stats()).toMatchObject({ entries: 1, bytes: 6 })
  })

  it('estimates the size of plain data', async () => {
    const cache = memoryCache<unknown>({ maxEntries: 9 })
    await cache.set([{ key: '', value: { text: 'x'.repeat(1_000), list: [1, 2, null] } }])
    expect(cache.stats().bytes).toBeGreaterThan(2_000)
    expect(cache.stats().bytes).toBeLessThan(2_200)
  })

  it('shares nothing with those who give and take', async () => {
    const cache = memoryCache<number[]>({ maxEntries: 1 })
    const given = [1]
    await cache.set([{ key: 'a', value: given }])
    given.push(2)
    const taken = await read(cache, 'a')
    taken?.push(3)
    expect(await read(cache, 'a')).toEqual([1])
  })

  it('forgets by key, and everything', async () => {
    const cache = memoryCache<number>({ maxEntries: 9 })
    await cache.set(['a:1', 'a:2', 'b:1'].map((key, value) => ({ key, value, tags: ['t'] })))
    expect(cache.deleteWhere((key) => key.startsWith('a:'))).toBe(2)
    expect(await cache.get(['a:1', 'b:1'])).toEqual([undefined, 2])
    cache.clear()
    expect(cache.stats()).toMatchObject({ entries: 0, bytes: 0 })
    expect(await cache.deleteTag('t')).toBe(0)
  })

  it('refuses wrong options', () => {
    expect(() => memoryCache({ maxEntries: 0 })).toThrow('`maxEntries`')
    expect(() => memoryCache({ maxEntries: 1, maxBytes: 0 })).toThrow('`maxBytes`')
    expect(() => memoryCache({ maxEntries: 1, ttlMs: -1 })).toThrow('`ttlMs`')
  })

  it('keeps each entry as long as it is told for that entry', async () => {
    let time = 0
    const cache = memoryCache<{ changed?: number }>({
      maxEntries: 9,
      now: () => time,
      ttlMs: ttlByAge({ modifiedAt: ({ changed }) => changed, minMs: 10, maxMs: 500, now: () => 10_000 }),
    })
    const values = { old: { changed: 0 }, older: { changed: -90_000 }, new: { changed: 9_990 }, unknown: {} }
    await cache.set([
      ...Object.entries(values).map(([key, value]) => ({ key, value })),
      { key: 'future', value: { changed: 20_000 } },
      { key: 'unreadable', value: { changed: Number.NaN } },
    ])
    const kept = async () => {
      const keys = ['old', 'older', 'new', 'unknown', 'future', 'unreadable']
      const found = await cache.get(keys)
      return keys.filter((_key, place) => found[place] !== undefined)
    }
    time = 9
    expect(await kept()).toHaveLength(6)
    time = 10
    expect(await kept()).toEqual(['old', 'older'])
    time = 499
    expect(await kept()).toEqual(['old', 'older'])
    time = 500
    expect(await kept()).toEqual([])
    expect(() => ttlByAge({ modifiedAt: () => 0, minMs: 5, maxMs: 4 })).toThrow(/maxMs/)
    const bad = memoryCache<number>({ maxEntries: 1, ttlMs: () => -1 })
    await expect(bad.set([{ key: 'a', value: 1 }])).rejects.toThrow(/ttlMs/)
  })
})

const brokenCache: Cache<never> = {
  get: async () => Promise.reject(new Error('cache is down')),
  set: async () => Promise.reject(new Error('cache is down')),
  deleteTag: async () => 0,
}

describe('cachedEmbedder', () => {
  interface Inner extends Embedder {
    readonly calls: { readonly texts: readonly string[]; readonly signal: AbortSignal | undefined }[]
  }

  function inner(before: () => Promise<unknown> | undefined = () => undefined, id = 'model'): Inner {
    const calls: Inner['calls'] = []
    return {
      id,
      dimensions: 2,
      maxBatchSize: 8,
      calls,
      async embed(texts, { role, signal }) {
        calls.push({ texts: [...texts], signal })
        await before()
        signal?.throwIfAborted()
        const side = role === 'query' ? 1_000 : 0
        return Float32Array.from(texts.flatMap((text) => [text.length, text.charCodeAt(0) + side]))
      },
    }
  }

  const asked = ({ calls }: Inner) => calls.map(({ texts }) => texts)
  const role = 'document'

  it('asks for what is new, each text once, and answers in order', async () => {
    const model = inner()
    const embedder = cachedEmbedder(model, memoryCache({ maxEntries: 100 }))
    expect(embedder).toMatchObject({ id: 'model', dimensions: 2, maxBatchSize: 8 })
    expect([...(await embedder.embed(['bb', 'a', 'bb'], { role }))]).toEqual([2, 98, 1, 97, 2, 98])
    expect([...(await embedder.embed(['ccc', 'a'], { role }))]).toEqual([3, 99, 1, 97])
    await embedder.embed(['ccc', 'bb', 'a'], { role })
    expect((await embedder.embed([], { role })).length).toBe(0)
    expect(asked(model)).toEqual([['bb', 'a'], ['ccc']])
  })

  it('gives the same as the embedder inside, for any calls', async () => {
    const call = fc.array(fc.constantFrom('a', 'bb', 'ccc', '', '\ud800', '\udc00', '🏠', 'x'.repeat(99)))
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 5 }), async (calls) => {
        const model = inner(turn)
        const embedder = cachedEmbedder(inner(turn), memoryCache({ maxEntries: 3 }))
        const both = calls.map(async (texts) =>
          expect(await embedder.embed(texts, { role })).toEqual(await model.embed(texts, { role })),
        )
        await Promise.all(both)
      }),
      { numRuns: 30 },
    )
  })

  it('keeps roles and models apart', async () => {
    const cache = memoryCache<Float32Array>({ maxEntries: 100 })
    const [model, other] = [inner(), inner(undefined, 'other')]
    await cachedEmbedder(model, cache).embed(['a'], { role: 'document' })
    const query = await cachedEmbedder(model, cache).embed(['a'], { role: 'query' })
    await cachedEmbedder(other, cache).embed(['a'], { role: 'query' })
    expect([...query]).toEqual([1, 1_097])
    expect([model.calls.length, other.calls.length]).toEqual([2, 1])
  })

  it('waits for a text that is being asked for already', async () => {
    const model = inner(turn)
    const embedder = cachedEmbedder(model, memoryCache({ maxEntries: 100 }))
    const [first, second] = await Promise.all([
      embedder.embed(['a', 'bb'], { role }),
      embedder.embed(['bb', 'ccc'], { role }),
    ])
    expect([...first, ...second]).toEqual([1, 97, 2, 98, 2, 98, 3, 99])
    expect(asked(model)).toEqual([['a', 'bb'], ['ccc']])
  })

  it('goes on for the others when one of those waiting leaves, and stops when all have left', async () => {
    const model = inner(turn)
    const embedder = cachedEmbedder(model, memoryCache({ maxEntries: 100 }))
    const [a, b, c] = [new AbortController(), new AbortController(), new AbortController()]
    const first = embedder.embed(['a'], { role, signal: a.signal })
    const second = embedder.embed(['a'], { role, signal: b.signal })
    while (model.calls.length === 0) await turn()
    a.abort(new Error('a left'))
    await expect(first).rejects.toThrow('a left')
    expect([...(await second)]).toEqual([1, 97])
    const third = embedder.embed(['other'], { role, signal: c.signal })
    while (model.calls.length === 1) await null
    c.abort(new Error('c left'))
    const fourth = embedder.embed(['other'], { role })
    await expect(third).rejects.toThrow('c left')
    expect(model.calls[1]?.signal?.aborted).toBe(true)
    expect([...(await fourth)]).toEqual([5, 111])
  })

  it('remembers no failure', async () => {
    let broken = true
    const model = inner(() => (broken ? Promise.reject(new Error('down')) : undefined))
    const embedder = cachedEmbedder(model, memoryCache({ maxEntries: 100 }))
    const both = await Promise.allSettled([embedder.embed(['a'], { role }), embedder.embed(['a'], { role })])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    broken = false
    expect([...(await embedder.embed(['a'], { role }))]).toEqual([1, 97])
    const short = { ...inner(), embed: async () => new Float32Array(1) }
    await expect(
      cachedEmbedder(short, memoryCache({ maxEntries: 1 })).embed(['a'], { role }),
    ).rejects.toMatchObject({ code: 'invalid-vector' })
  })

  it('works without a cache that fails, and says so', async () => {
    const events: RagEvent[] = []
    const embedder = cachedEmbedder(inner(), brokenCache)
    const vectors = await embedder.embed(['a'], { role, observer: (event) => events.push(event) })
    expect([...vectors]).toEqual([1, 97])
    expect(events.map(({ type }) => type)).toEqual(['cache.failed', 'cache.read', 'cache.failed'])
  })

  it('keeps no text in keys, and forgets by tag', async () => {
    const cache = memoryCache<Float32Array>({ maxEntries: 100 })
    const model = inner()
    const embedder = cachedEmbedder(model, cache, { tags: ['tenant:a'] })
    await embedder.embed(['secret'], { role })
    expect(cache.deleteWhere((key) => key.includes('secret'))).toBe(0)
    expect(await cache.deleteTag('tenant:a')).toBe(1)
    await embedder.embed(['secret'], { role })
    expect(model.calls).toHaveLength(2)
  })
})

describe('cachedRetriever', () => {
  function inner(before: () => Promise<unknown> | undefined = () => undefined, name = 'inner') {
    const calls: { readonly query: string; readonly options: RetrieveOptions | undefined }[] = []
    const made: Retriever & { readonly calls: typeof calls } = {
      name,
      calls,
      async retrieve(query, options) {
        calls.push({ query, options })
        await before()
        options?.signal?.throwIfAborted()
        const chunk = { id: query, documentId: `doc ${query}`, index: 0, start: 0, end: 1, text: 'x' }
        return [{ score: 1, trace: [], chunk: { ...chunk, headings: [], metadata: { tenant: 'a' } } }]
      },
    }
    return made
  }

  const fresh = () => memoryCache<readonly Hit[]>({ maxEntries: 100 })

  it('asks once for the same question, and again for any other', async () => {
    let version = '1'
    const cache = fresh()
    const retriever = inner()
    const cached = cachedRetriever(retriever, cache, { version: () => version, tenant: 'a' })
    const first = await cached.retrieve('q')
    expect(await cached.retrieve('q')).toEqual(first)
    expect(retriever.calls).toHaveLength(1)
    await cached.retrieve('Q')
    await cached.retrieve('q', { limit: 3 })
    await cached.retrieve('q', { filter: eq('year', 2024) })
    await cached.retrieve('q', { filter: eq('year', '2024') })
    await cachedRetriever(retriever, cache, { version: () => version, tenant: 'b' }).retrieve('q')
    await cachedRetriever(inner(undefined, 'x'), cache, { version: () => version, tenant: 'a' }).retrieve('q')
    expect(retriever.calls).toHaveLength(6)
    version = '2'
    await cached.retrieve('q')
    expect(retriever.calls).toHaveLength(7)
  })

  it('forgets a tenant or a document', async () => {
    const cache = fresh()
    const retriever = inner()
    const cached = cachedRetriever(retriever, cache, { version: () => '1', tenant: 'a' })
    await cached.retrieve('p')
    await cached.retrieve('q')
    expect(await cache.deleteTag('document:doc p')).toBe(1)
    expect(await cache.deleteTag('tenant:a')).toBe(1)
  })

  it('makes one call of equal questions at the same time', async () => {
    const retriever = inner(turn)
    const cached = cachedRetriever(retriever, fresh(), { version: () => '1' })
    const controller = new AbortController()
    const leaving = cached.retrieve('q', { signal: controller.signal })
    const staying = [cached.retrieve('q'), cached.retrieve('q')]
    while (retriever.calls.length === 0) await null
    controller.abort(new Error('left'))
    await expect(leaving).rejects.toThrow('left')
    const [one, two] = await Promise.all(staying)
    expect(one).toEqual(two)
    expect(one?.[0]).not.toBe(two?.[0])
    expect(retriever.calls).toHaveLength(1)
  })

  it('serves no scope what another one found', async () => {
    const cache = fresh()
    const cached = cachedRetriever(inner(), cache, { version: () => '1' })
    expect(await scopeRetriever(cached, eq('tenant', 'a')).retrieve('q')).toHaveLength(1)
    expect(await scopeRetriever(cached, eq('tenant', 'b')).retrieve('q')).toHaveLength(0)
    const [a, b] = ['a', 'b'].map((tenant) =>
      cachedRetriever(scopeRetriever(inner(), eq('tenant', tenant)), cache, { version: () => '1' }),
    )
    expect(await a?.retrieve('p')).toHaveLength(1)
    expect(await b?.retrieve('p')).toHaveLength(0)
    const byCall = scopeRetriever(inner(), () => eq('tenant', 'a'))
    expect(() => cachedRetriever(byCall, cache, { version: () => '1' })).toThrow('scope is fixed')
  })

  it('works without a cache that fails, remembers no failure, and wants a version', async () => {
    const cached = cachedRetriever(inner(), brokenCache, { version: () => '1' })
    expect(await cached.retrieve('q')).toHaveLength(1)
    let broken = true
    const failing = inner(() => (broken ? Promise.reject(new Error('down')) : undefined))
    const retrying = cachedRetriever(failing, fresh(), { version: () => '1' })
    await expect(retrying.retrieve('q')).rejects.toThrow('down')
    broken = false
    expect(await retrying.retrieve('q')).toHaveLength(1)
    expect(() => cachedRetriever(inner(), fresh(), {} as never)).toThrow('`version`')
  })
})
