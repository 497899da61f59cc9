import { describe, expect, it } from 'vitest'
import type { Embedder } from './embedder.js'
import { eq } from './filter/build.js'
import type { Hit, RetrieveOptions, Retriever } from './retriever.js'
import { scopeRetriever } from './scope.js'
import { type SemanticCacheOptions, semanticallyCachedRetriever } from './semantic-cache.js'
import { forgettingStore } from './store-writes.js'
import { fakeStore } from './testing/index.js'

/** A question is an angle in degrees: `12 how hot is it`. `zero` has no direction, and `broken` no vector. */
function setup(options: Partial<SemanticCacheOptions> = {}) {
  const state = { version: '1', time: 0, asked: [] as string[] }
  const embedder: Embedder = {
    id: 'angles',
    dimensions: 2,
    maxBatchSize: 1,
    async embed([text = ''], { role, signal }) {
      signal?.throwIfAborted()
      expect(role).toBe('query')
      if (text === 'broken') throw new Error('down')
      if (text === 'zero') return Float32Array.of(0, 0)
      const angle = (Number.parseFloat(text) / 180) * Math.PI
      return Float32Array.of(3 * Math.cos(angle), 3 * Math.sin(angle))
    },
  }
  const inner: Retriever = {
    name: 'inner',
    async retrieve(query) {
      state.asked.push(query)
      const chunk = {
        id: query,
        documentId: `document of ${query}`,
        index: 0,
        start: 0,
        end: 1,
        text: 'x',
        headings: [],
        metadata: {},
      }
      return [{ chunk, score: 1, trace: [] }]
    },
  }
  const make = (more: Partial<SemanticCacheOptions> = {}) =>
    semanticallyCachedRetriever(inner, {
      embedder,
      version: () => state.version,
      now: () => state.time,
      threshold: Math.cos((10.001 / 180) * Math.PI),
      ...options,
      ...more,
    })
  return { state, inner, make, retriever: make() }
}

const idsOf = (hits: readonly Hit[]) => hits.map(({ chunk }) => chunk.id)

describe('semanticallyCachedRetriever', () => {
  it('answers what is like a question it knows with the hits of the most alike', async () => {
    const { state, retriever } = setup()
    const ask = async (query: string) => idsOf(await retriever.retrieve(query))
    expect(await ask('0')).toEqual(['0'])
    expect(await ask('15')).toEqual(['15'])
    expect(await ask('9')).toEqual(['15'])
    expect(await ask('7')).toEqual(['0'])
    expect(await ask('-10')).toEqual(['0'])
    expect(await ask('26')).toEqual(['26'])
    expect(await ask('180')).toEqual(['180'])
    expect(state.asked).toEqual(['0', '15', '26', '180'])
    expect(retriever.size).toBe(4)
  })

  it('asks again for another filter, limit, version or tenant', async () => {
    const { state, retriever, make } = setup()
    const calls: RetrieveOptions[] = [
      {},
      { limit: 3 },
      { filter: eq('tenant', 'a') },
      { filter: eq('tenant', 'b') },
    ]
    for (const call of calls) await retriever.retrieve('0', call)
    expect(state.asked).toHaveLength(4)
    for (const call of calls) await retriever.retrieve('1', call)
    expect(state.asked).toHaveLength(4)
    state.version = '2'
    await retriever.retrieve('0')
    expect(state.asked).toHaveLength(5)
    const other = make({ tenant: 'b' })
    await other.retrieve('0')
    expect(state.asked).toHaveLength(6)
  })

  it('shares nothing with those it gives to', async () => {
    const { retriever } = setup()
    const first = await retriever.retrieve('0')
    Reflect.set(first[0]!.chunk, 'id', 'changed')
    const second = await retriever.retrieve('0')
    expect(idsOf(second)).toEqual(['0'])
    Reflect.set(second[0]!.chunk, 'id', 'changed')
    expect(idsOf(await retriever.retrieve('0'))).toEqual(['0'])
  })

  it('keeps those used last, for as long as it is told', async () => {
    const { state, retriever } = setup({ maxEntries: 2, ttlMs: 10 })
    await retriever.retrieve('0')
    await retriever.retrieve('50')
    await retriever.retrieve('0')
    await retriever.retrieve('100')
    expect(retriever.size).toBe(2)
    await retriever.retrieve('0')
    expect(state.asked).toEqual(['0', '50', '100'])
    await retriever.retrieve('50')
    expect(state.asked).toEqual(['0', '50', '100', '50'])
    state.time = 10
    await retriever.retrieve('0')
    expect(state.asked).toEqual(['0', '50', '100', '50', '0'])
    expect(retriever.size).toBe(1)
  })

  it('forgets a tenant, and a document when its store does', async () => {
    const { retriever } = setup({ tenant: 'a' })
    await retriever.retrieve('0')
    await retriever.retrieve('50')
    const store = forgettingStore(fakeStore(), [retriever])
    const chunk = (await retriever.retrieve('0'))[0]!.chunk
    await store.upsert([{ chunk, revision: '' }])
    expect(retriever.size).toBe(1)
    expect(await retriever.deleteTag('tenant:b')).toBe(0)
    expect(await retriever.deleteTag('tenant:a')).toBe(1)
    expect(retriever.size).toBe(0)
  })

  it('asks the retriever when a question has no vector, and remembers no failure', async () => {
    const { state, inner, make, retriever } = setup()
    for (const query of ['broken', 'zero', 'broken']) await retriever.retrieve(query)
    expect(state.asked).toEqual(['broken', 'zero', 'broken'])
    expect(retriever.size).toBe(0)
    inner.retrieve = async () => {
      throw new Error('no answer')
    }
    await expect(make().retrieve('0')).rejects.toThrow('no answer')
    const signal = AbortSignal.abort(new Error('stop'))
    await expect(retriever.retrieve('0', { signal })).rejects.toThrow('stop')
    expect(retriever.size).toBe(0)
  })

  it('refuses wrong options, and a scope that is found call by call', () => {
    const { inner, make } = setup()
    for (const wrong of [{ threshold: 1.1 }, { maxEntries: 0 }, { ttlMs: -1 }, { version: undefined }]) {
      const options = wrong as Partial<SemanticCacheOptions>
      expect(() => make(options)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    }
    const byCall = scopeRetriever(inner, () => eq('tenant', 'a'))
    const embedder = { id: 'e', dimensions: 1, maxBatchSize: 1, embed: async () => new Float32Array(1) }
    expect(() => semanticallyCachedRetriever(byCall, { embedder, version: () => '' })).toThrow(
      'around the cache',
    )
  })
})
