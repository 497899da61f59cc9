import {
  type Embedder,
  ModelError,
  memoryCache,
  type RagEvent,
  type RelevanceModel,
  type RetryPolicy,
  rateLimiter,
} from '@tesserae/core'
import { embedderLaws, fakeEmbedder, hashEmbedding } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { managedEmbedder } from './embedder.js'
import { managedLanguageModel, managedRelevanceModel } from './models.js'
import { splitText } from './split-text.js'

const asDocument = { role: 'document' } as const
const noWait: RetryPolicy = { wait: async () => {} }
const words = (text: string) => text.split(/\s+/).filter(Boolean).length

/** Fails when `fails` says so; records batches and how many calls ran at once. */
function testEmbedder(
  fails: (texts: readonly string[], call: number) => unknown = () => undefined,
  delayMs = 0,
) {
  const batches: (readonly string[])[] = []
  const state = { running: 0, most: 0 }
  const embedder: Embedder = {
    id: 'test',
    dimensions: 16,
    maxBatchSize: 3,
    async embed(texts, { observer }) {
      batches.push(texts)
      state.running += 1
      state.most = Math.max(state.most, state.running)
      try {
        if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
        const error = fails(texts, batches.length)
        if (error !== undefined) throw error
        observer?.({ type: 'embed.usage', source: 'test', counts: { tokens: texts.length * 10 } })
        const vectors = new Float32Array(texts.length * 16)
        for (const [row, text] of texts.entries()) vectors.set(hashEmbedding(text, 16), row * 16)
        return vectors
      } finally {
        state.running -= 1
      }
    },
  }
  return { embedder, batches, state }
}

describe('the laws of core hold for a managed embedder', () => {
  const embedder = managedEmbedder(fakeEmbedder({ dimensions: 24, maxBatchSize: 4 }), {
    cache: memoryCache<Float32Array>({ maxEntries: 1000 }),
  })
  for (const law of embedderLaws(embedder)) it(law.name, () => law.run())
})

describe('managedEmbedder', () => {
  it('makes batches by number and by tokens, some at once, each text once', async () => {
    const { embedder, batches, state } = testEmbedder(undefined, 5)
    const managed = managedEmbedder(embedder, { concurrency: 2, maxBatchTokens: 5, tokensOf: words })
    const texts = ['a a a', 'b b', 'c', 'd d d d', 'e', 'f', 'g', 'a a a']
    const vectors = await managed.embed(texts, asDocument)
    expect(batches).toEqual([
      ['a a a', 'b b'],
      ['c', 'd d d d'],
      ['e', 'f', 'g'],
    ])
    expect(state.most).toBe(2)
    for (const [row, text] of texts.entries())
      expect(vectors.slice(row * 16, row * 16 + 16)).toEqual(hashEmbedding(text, 16))
  })

  it('retries what may pass, with waits drawn at random, and counts', async () => {
    const waits: number[] = []
    const { embedder, batches } = testEmbedder((_texts, call) =>
      call < 3 ? new ModelError('busy', { retryable: true }) : undefined,
    )
    const managed = managedEmbedder(embedder, {
      retry: { random: () => 0.5, baseMs: 100, wait: async (ms) => void waits.push(ms) },
      price: { perMillionInputTokens: 0.02, perThousandRequests: 1 },
    })
    const events: RagEvent[] = []
    await managed.embed(['one', 'two'], { ...asDocument, observer: (event) => events.push(event) })
    expect(batches).toHaveLength(3)
    expect(waits).toEqual([50, 100])
    expect(events.filter(({ type }) => type === 'model.retry')).toHaveLength(2)
    expect(managed.usage()).toEqual({
      requests: 3,
      retries: 2,
      failures: 0,
      inputTokens: 20,
      outputTokens: 0,
      estimatedTokens: 0,
      cost: (20 * 0.02) / 1e6 + 1 / 1000,
    })
  })

  it('lets a batch fail alone, and tells it per text', async () => {
    const { embedder } = testEmbedder((texts) =>
      texts.includes('d') ? new ModelError('refused') : undefined,
    )
    const managed = managedEmbedder(embedder, { retry: noWait })
    const texts = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    const results = await managed.embedEach(texts, asDocument)
    expect(results.map(({ type }) => type)).toEqual([
      'vector',
      'vector',
      'vector',
      'failure',
      'failure',
      'failure',
      'vector',
    ])
    await expect(managed.embed(texts, asDocument)).rejects.toThrow('refused')
    expect(managed.usage()).toMatchObject({ failures: 2, requests: 6, cost: undefined })
  })

  it('wraps foreign errors, and refuses vectors of the wrong shape', async () => {
    const foreign = testEmbedder(() => new TypeError('x is not a function'))
    await expect(managedEmbedder(foreign.embedder).embed(['a'], asDocument)).rejects.toMatchObject({
      code: 'model-failed',
      message: 'The embedder "test" failed on 1 texts: x is not a function',
    })
    const broken = (vectors: Float32Array) =>
      managedEmbedder({ ...foreign.embedder, embed: async () => vectors }).embed(['a'], asDocument)
    await expect(broken(new Float32Array(3))).rejects.toThrow(
      'The embedder "test" returned 3 numbers for 1 texts of 16 dimensions.',
    )
    await expect(broken(new Float32Array(16).fill(Number.NaN))).rejects.toThrow(
      'The embedder "test" returned NaN for text 0 of a batch; every number must be finite.',
    )
  })

  it('keeps to the quota: requests and tokens per minute', async () => {
    let clock = 0
    const limiter = rateLimiter({
      requestsPerMinute: 2,
      tokensPerMinute: 6,
      now: () => clock,
      wait: async (ms) => {
        clock += ms
      },
    })
    const { embedder, batches } = testEmbedder()
    const managed = managedEmbedder(embedder, { limiter, tokensOf: words, concurrency: 1 })
    await managed.embed(['a a a', 'b b b', 'c c', 'd', 'e e e e'], asDocument)
    expect(batches).toEqual([['a a a', 'b b b'], ['c c', 'd'], ['e e e e']])
    expect(clock).toBe(120_000)
  })

  it('sends a text that is too long in pieces, or refuses it', async () => {
    const { embedder, batches } = testEmbedder()
    const long = 'one two three four five six seven'
    const split = managedEmbedder(embedder, { maxTokens: 3, tokensOf: words, concurrency: 1 })
    const vectors = await split.embed(['short', long], asDocument)
    expect(batches.flat().slice(1).join('')).toBe(long)
    expect(batches.flat().every((text) => words(text) <= 3)).toBe(true)
    expect(Math.hypot(...vectors.subarray(16))).toBeCloseTo(1, 6)
    const strict = managedEmbedder(embedder, { maxTokens: 3, tokensOf: words, oversize: 'refuse' })
    const results = await strict.embedEach(['short', long], asDocument)
    expect(results[0]?.type).toBe('vector')
    expect(results[1]).toMatchObject({
      type: 'failure',
      error: {
        code: 'invalid-argument',
        message:
          'Text 1 has 7 tokens, the embedder "test" takes 3. Make smaller chunks, or set `oversize` to "split".',
      },
    })
  })

  it('asks the cache first, also for one text twice, and goes on without it when it fails', async () => {
    const { embedder, batches } = testEmbedder()
    const cache = memoryCache<Float32Array>({ maxEntries: 10 })
    const managed = managedEmbedder(embedder, { cache })
    const first = await managed.embed(['a', 'b', 'a'], asDocument)
    expect(batches).toEqual([['a', 'b']])
    const again = await managed.embed(['b', 'a', 'c'], asDocument)
    expect(batches).toEqual([['a', 'b'], ['c']])
    expect(again.slice(0, 16)).toEqual(first.slice(16, 32))
    await managed.embed(['a'], { role: 'query' })
    expect(batches).toHaveLength(3)

    const events: RagEvent[] = []
    const down = async () => {
      throw new Error('down')
    }
    const broken = managedEmbedder(embedder, { cache: { get: down, set: down, deleteTag: down } })
    await broken.embed(['a'], { ...asDocument, observer: (event) => events.push(event) })
    expect(events.filter(({ type }) => type === 'cache.failed')).toHaveLength(2)
  })

  it('estimates before anything is sent', () => {
    const { embedder, batches } = testEmbedder()
    const managed = managedEmbedder(embedder, {
      tokensOf: words,
      maxTokens: 3,
      price: { perMillionInputTokens: 100 },
    })
    const estimate = managed.estimate(['a a', 'b b b b', 'c'])
    expect(estimate).toEqual({ texts: 3, tokens: 7, requests: 2, cost: 0.0007 })
    expect(batches).toEqual([])
  })

  it('says which tokens are its own estimate', async () => {
    const managed = managedEmbedder(fakeEmbedder(), { tokensOf: words })
    await managed.embed(['a a', 'b'], asDocument)
    expect(managed.usage()).toMatchObject({ inputTokens: 3, estimatedTokens: 3 })
  })

  it('stops everything on abort', async () => {
    const { embedder, batches } = testEmbedder(undefined, 20)
    const controller = new AbortController()
    const managed = managedEmbedder(embedder, { concurrency: 1 })
    const running = managed.embed(
      Array.from({ length: 30 }, (_, i) => `text ${i}`),
      { ...asDocument, signal: controller.signal },
    )
    setTimeout(() => controller.abort(new Error('enough')), 30)
    await expect(running).rejects.toThrow('enough')
    const sent = batches.length
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(batches.length).toBe(sent)
  })

  it('shares one cap between calls made at the same time', async () => {
    const { embedder, state } = testEmbedder(undefined, 5)
    const managed = managedEmbedder(embedder, { concurrency: 2 })
    const leaver = new AbortController()
    const calls = Array.from({ length: 6 }, (_, i) =>
      managed.embed([`text ${i}`], { ...asDocument, ...(i === 4 && { signal: leaver.signal }) }),
    )
    leaver.abort(new Error('left the queue'))
    const settled = await Promise.allSettled(calls)
    expect(settled.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(state.most).toBe(2)
  })

  it('checks its options', () => {
    const { embedder } = testEmbedder()
    expect(() => managedEmbedder(embedder, { concurrency: 0 })).toThrow('`concurrency`')
    expect(() => managedEmbedder(embedder, { maxBatchSize: 0 })).toThrow('`maxBatchSize`')
    expect(() => managedEmbedder(embedder, { maxBatchTokens: 0 })).toThrow('`maxBatchTokens`')
    expect(() => managedEmbedder(embedder, { maxTokens: 0 })).toThrow('`maxTokens`')
    expect(() => managedEmbedder(embedder, { price: { perMillionInputTokens: -1 } })).toThrow(
      '`price.perMillionInputTokens`',
    )
    // @ts-expect-error: callers without types exist.
    expect(() => managedEmbedder(embedder, { oversize: 'truncate' })).toThrow('`oversize`')
  })
})

describe('splitText', () => {
  it('keeps every character, stays under the limit and cuts after blanks where it can', () => {
    const texts = [
      'one two three four five six',
      'x'.repeat(100),
      'a b\nc\td e',
      '🙂'.repeat(30),
      ' '.repeat(9),
    ]
    for (const text of texts)
      for (const limit of [1, 2, 3, 7, 50]) {
        const length = (piece: string) => Math.ceil(piece.length / 2)
        const pieces = splitText(text, limit, length)
        expect(pieces?.map((piece) => piece.text).join('')).toBe(text)
        for (const piece of pieces ?? []) {
          expect(piece.tokens).toBeLessThanOrEqual(limit)
          expect(piece.text).not.toMatch(/^[\udc00-\udfff]/)
        }
      }
  })

  it('gives up on a character that is too much by itself', () => {
    expect(splitText('ab', 1, () => 2)).toBeUndefined()
    expect(splitText('🙂', 1, (text) => text.length)).toBeUndefined()
  })
})

describe('managedLanguageModel', () => {
  it('retries, keeps to its quota and adds up', async () => {
    let calls = 0
    const asked: number[] = []
    const model = managedLanguageModel(
      {
        id: 'chat',
        async generate() {
          calls += 1
          if (calls === 1) throw new ModelError('busy', { retryable: true })
          const usage = calls === 2 ? { usage: { inputTokens: 11, outputTokens: 5 } } : {}
          return { text: 'four words are here', finishReason: 'stop', ...usage }
        },
      },
      {
        retry: noWait,
        tokensOf: words,
        price: { perMillionInputTokens: 1, perMillionOutputTokens: 10 },
        limiter: {
          tokensPerMinute: 1000,
          acquire: async (tokens = 0) => void asked.push(tokens),
          usage: () => ({ requests: 0, tokens: 0 }),
        },
      },
    )
    const request = {
      system: 'be brief',
      messages: [{ role: 'user', content: 'who pays?' }],
      maxTokens: 100,
    } as const
    await model.generate(request)
    await model.generate(request)
    expect(asked).toEqual([104, 104, 104])
    expect(model.usage()).toEqual({
      requests: 3,
      retries: 1,
      failures: 0,
      inputTokens: 15,
      outputTokens: 9,
      estimatedTokens: 4,
      cost: (15 + 90) / 1e6,
    })
  })
})

describe('managedRelevanceModel', () => {
  const model = (fails = false): RelevanceModel => ({
    id: 'rerank',
    maxBatchSize: 2,
    async score(_query, passages) {
      if (fails) throw new ModelError('refused')
      return Float32Array.from(passages, (passage) => passage.length)
    },
  })

  it('scores any number of passages in batches, in order', async () => {
    const managed = managedRelevanceModel(model(), { tokensOf: words, price: { perThousandRequests: 2 } })
    expect([...(await managed.score('q', ['a', 'bbb', 'cc', 'ddddd', '']))]).toEqual([1, 3, 2, 5, 0])
    expect(managed.usage()).toMatchObject({ requests: 3, inputTokens: 4 + 5, cost: 0.006 })
    expect(await managed.score('q', [])).toHaveLength(0)
  })

  it('fails as a whole', async () => {
    await expect(managedRelevanceModel(model(true)).score('q', ['a', 'b', 'c'])).rejects.toThrow('refused')
    const short = { ...model(), score: async () => new Float32Array(0) }
    await expect(managedRelevanceModel(short).score('q', ['a'])).rejects.toThrow(
      'The relevance model "rerank" returned 0 scores for 1 passages.',
    )
  })
})
