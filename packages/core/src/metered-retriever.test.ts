import { describe, expect, it } from 'vitest'
import { memoryCache } from './cache.js'
import { cachedRetriever } from './cached-retriever.js'
import { eq } from './filter/build.js'
import { meteredRetriever } from './metered-retriever.js'
import type { Hit, Retriever } from './retriever.js'
import { scopeRetriever } from './scope.js'

function hitOf(id: string, score: number): Hit {
  const chunk = {
    id,
    documentId: 'd',
    index: 0,
    start: 0,
    end: 1,
    text: 'x',
    headings: [],
    metadata: {},
  }
  return { chunk, score, trace: [] }
}

/** Takes a millisecond for each character of the query, and gives the scores written in it. */
function setup(window?: number) {
  let time = 0
  const inner: Retriever = {
    name: 'inner',
    async retrieve(query, { signal } = {}) {
      time += query.length
      signal?.throwIfAborted()
      if (query === 'fail') throw new Error('down')
      return query
        .split(' ')
        .filter((score) => score !== '')
        .map((score, place) => hitOf(`${place}`, Number(score)))
    },
  }
  return meteredRetriever(inner, { window, now: () => time })
}

describe('meteredRetriever', () => {
  it('counts answers, hits, answers without any, failures and aborts', async () => {
    const retriever = setup()
    expect(retriever.name).toBe('inner')
    expect(retriever.metrics()).toEqual({
      answered: 0,
      failed: 0,
      aborted: 0,
      hits: 0,
      zeroHits: 0,
      zeroHitRate: 0,
    })
    expect((await retriever.retrieve('3 2 1')).map(({ score }) => score)).toEqual([3, 2, 1])
    await retriever.retrieve('5')
    await retriever.retrieve('')
    await retriever.retrieve('   ')
    await expect(retriever.retrieve('fail')).rejects.toThrow('down')
    const signal = AbortSignal.abort(new Error('stop'))
    await expect(retriever.retrieve('1', { signal })).rejects.toThrow('stop')
    expect(retriever.metrics()).toEqual({
      answered: 4,
      failed: 1,
      aborted: 1,
      hits: 4,
      zeroHits: 2,
      zeroHitRate: 0.5,
      milliseconds: { mean: 2.25, p50: 1, p95: 5, max: 5 },
      bestScore: { mean: 4, p50: 3, p95: 5, max: 5 },
      lastScore: { mean: 3, p50: 1, p95: 5, max: 5 },
    })
  })

  it('tells of the last calls only, and counts all', async () => {
    const retriever = setup(20)
    for (let score = 1; score <= 100; score++) await retriever.retrieve(`${score}`)
    const { hits, bestScore } = retriever.metrics()
    expect(hits).toBe(100)
    expect(bestScore).toEqual({ mean: 90.5, p50: 90, p95: 99, max: 100 })
  })

  it('refuses a window that is none', () => {
    for (const window of [0, 1.5]) {
      expect(() => setup(window)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    }
  })

  it('is refused by a cache as what it wraps is', () => {
    const options = { version: () => '1' }
    const cache = memoryCache<readonly Hit[]>({ maxEntries: 1 })
    const byCall = scopeRetriever(setup(), () => eq('tenant', 'a'))
    expect(() => cachedRetriever(meteredRetriever(byCall), cache, options)).toThrow('Put the scope around')
    expect(cachedRetriever(setup(), cache, options).name).toBe('cached(inner)')
  })
})
