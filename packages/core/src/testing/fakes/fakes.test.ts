import { describe, expect, it } from 'vitest'
import { isRagError, ModelError, RagError } from '../../errors.js'
import { collect } from '../assert.js'
import { randomHits } from '../laws/reranker.js'
import { randomEntries } from '../laws/store-rules.js'
import { seededRandom } from '../random.js'
import { dotProduct } from '../vectors.js'
import { fakeChunker } from './chunker.js'
import { fakeEmbedder, hashEmbedding } from './embedder.js'
import { fakeLanguageModel } from './language-model.js'
import { fakeLoader, textDocument } from './loader.js'
import { fakeRelevanceModel, wordOverlap } from './relevance-model.js'
import { fakeRetriever } from './retriever.js'
import { fakeStore } from './store.js'
import { pause, wait } from './wait.js'

const role = 'document' as const
const ask = { messages: [{ role: 'user' as const, content: 'two words' }] }

describe('fakeEmbedder', () => {
  it('puts texts that share words closer together', () => {
    const [a, b, c] = ['the red fox jumps', 'a red fox sleeps', 'tax law of 1994'].map((text) =>
      hashEmbedding(text, 64),
    ) as [Float32Array, Float32Array, Float32Array]
    expect(dotProduct(a, b)).toBeGreaterThan(dotProduct(a, c) + 0.2)
  })

  it('records texts and roles of every call', async () => {
    const embedder = fakeEmbedder()
    const texts = ['a', 'b']
    await embedder.embed(texts, { role: 'query' })
    texts.push('c')
    await embedder.embed([], { role })
    expect(embedder.calls).toEqual([
      { texts: ['a', 'b'], role: 'query' },
      { texts: [], role: 'document' },
    ])
  })

  it('fails on the texts and calls it is told to, and counts them', async () => {
    const refused = new ModelError('busy', { retryable: true })
    const embedder = fakeEmbedder({ failOn: (text, call) => (text === 'bad' ? true : call === 2 && refused) })
    await expect(embedder.embed(['good', 'bad'], { role })).rejects.toThrow('told to fail')
    await expect(embedder.embed(['good'], { role })).rejects.toBe(refused)
    await expect(embedder.embed(['good'], { role })).resolves.toHaveLength(32)
    expect(embedder.calls).toHaveLength(3)
  })

  it('refuses a batch over its size', async () => {
    await expect(fakeEmbedder({ maxBatchSize: 2 }).embed(['a', 'b', 'c'], { role })).rejects.toThrow(
      'at most 2',
    )
  })

  it('checks its options', () => {
    expect(() => fakeEmbedder({ dimensions: 0 })).toThrow('`dimensions`')
    expect(() => fakeEmbedder({ delayMs: -1 })).toThrow('`delayMs`')
  })
})

describe('fakeRelevanceModel', () => {
  it('scores by shared words unless told otherwise', async () => {
    const model = fakeRelevanceModel()
    expect([...(await model.score('red fox', ['a red fox', 'red', 'nothing']))]).toEqual([1, 0.5, 0])
    expect([
      ...(await fakeRelevanceModel({ score: (_, passage) => passage.length }).score('x', ['abc'])),
    ]).toEqual([3])
    expect(model.calls).toEqual([{ query: 'red fox', passages: ['a red fox', 'red', 'nothing'] }])
    expect(wordOverlap('?', 'anything')).toBe(0)
  })

  it('fails when told to and refuses a batch over its size', async () => {
    await expect(
      fakeRelevanceModel({ failOn: (passage) => passage === 'bad' }).score('q', ['bad']),
    ).rejects.toBeInstanceOf(ModelError)
    await expect(fakeRelevanceModel({ maxBatchSize: 1 }).score('q', ['a', 'b'])).rejects.toThrow('at most 1')
  })
})

describe('fakeLanguageModel', () => {
  it('gives its responses in order and fails past their end', async () => {
    const refused = new ModelError('refused')
    const model = fakeLanguageModel(['first answer', refused, { text: 'cut', finishReason: 'length' }])
    expect(await model.generate(ask)).toEqual({
      text: 'first answer',
      finishReason: 'stop',
      usage: { inputTokens: 2, outputTokens: 2 },
    })
    await expect(model.generate(ask)).rejects.toBe(refused)
    expect(await model.generate(ask)).toEqual({ text: 'cut', finishReason: 'length' })
    await expect(model.generate(ask)).rejects.toThrow('has 3 responses and was called 4 times')
    expect(model.calls).toHaveLength(4)
  })

  it('asks a function with the request and the number of the call', async () => {
    const model = fakeLanguageModel(async ({ messages }, call) => `${call}: ${messages[0]?.content}`)
    await model.generate(ask)
    expect((await model.generate(ask)).text).toBe('2: two words')
  })

  it('records what was asked, not what the caller makes of it later', async () => {
    const model = fakeLanguageModel(() => 'x')
    const messages = [...ask.messages]
    await model.generate({ messages })
    messages.pop()
    expect(model.calls[0]?.messages).toEqual(ask.messages)
  })
})

describe('fakeLoader', () => {
  it('gives documents, texts and failures in order, one by one', async () => {
    const loader = fakeLoader([textDocument('a', 'x'), 'text', { uri: 'b', failure: 'broken' }])
    const items = await collect(loader.load())
    expect(items.map((item) => (item.type === 'document' ? item.document.id : item.uri))).toEqual([
      'a',
      'document-1',
      'b',
    ])
    const failure = items[2]
    expect(failure?.type === 'failure' && isRagError(failure.error, 'load-failed')).toBe(true)
  })

  it('tells how far it was pulled', async () => {
    const loader = fakeLoader(['a', 'b', 'c'])
    for await (const _ of loader.load()) break
    expect([loader.loads, loader.pulled]).toEqual([1, 1])
  })
})

describe('fakeChunker', () => {
  it('slices into parts of the asked size, blanks off both ends', async () => {
    const chunker = fakeChunker({ maxUnits: 4 })
    const document = textDocument('d', '  abcdefghi ')
    expect(await chunker.split(document)).toEqual([
      { start: 2, end: 6 },
      { start: 6, end: 10 },
      { start: 10, end: 11 },
    ])
    expect(chunker.calls).toEqual([document])
  })

  it('keeps a pair whole even when it is larger than the size', async () => {
    expect(await fakeChunker({ maxUnits: 1 }).split(textDocument('d', '😀\r\na'))).toEqual([
      { start: 0, end: 2 },
      { start: 2, end: 4 },
      { start: 4, end: 5 },
    ])
  })

  it('names its options in its id', () => {
    expect(fakeChunker({ maxUnits: 4 }).id).not.toBe(fakeChunker({ maxUnits: 5 }).id)
  })
})

describe('fakeStore', () => {
  it('records methods and ids, and tells its size', async () => {
    const store = fakeStore({ dimensions: 4 })
    await store.upsert(randomEntries(seededRandom(1), 2, 4))
    await store.get(['chunk-001'])
    await collect(store.list())
    expect(store.calls).toEqual([
      { method: 'upsert', ids: ['chunk-000', 'chunk-001'] },
      { method: 'get', ids: ['chunk-001'] },
      { method: 'list', ids: [] },
    ])
    expect(store.size).toBe(2)
  })

  it('fails when told to, writing nothing', async () => {
    const store = fakeStore({ failOn: ({ method }) => method === 'upsert' })
    await expect(store.upsert(randomEntries(seededRandom(1), 1))).rejects.toThrow(RagError)
    expect(store.size).toBe(0)
  })
})

describe('fakeRetriever', () => {
  const hits = randomHits(seededRandom(1), 8)

  it('gives the best hits that pass the filter, and records the call', async () => {
    const retriever = fakeRetriever(hits.toReversed())
    const filter = { op: 'exists', field: 'tenant' } as const
    const found = await retriever.retrieve('q', { limit: 2, filter })
    expect(found).toEqual(hits.filter((hit) => 'tenant' in hit.chunk.metadata).slice(0, 2))
    expect(retriever.calls).toEqual([{ query: 'q', limit: 2, filter }])
    expect(await retriever.retrieve('q')).toEqual(hits.slice(0, 5))
  })

  it('asks a function and fails when told to', async () => {
    expect(await fakeRetriever((query) => hits.slice(0, query.length)).retrieve('abc')).toHaveLength(3)
    const failWith = new RagError('store-failed', 'down')
    await expect(fakeRetriever(hits, { failWith }).retrieve('q')).rejects.toBe(failWith)
  })
})

describe('an abort', () => {
  const hits = randomHits(seededRandom(1), 2)
  const delayMs = 10_000
  it.each<[string, (signal: AbortSignal) => Promise<unknown>]>([
    ['fakeEmbedder', (signal) => fakeEmbedder({ delayMs }).embed(['a'], { role, signal })],
    ['fakeRelevanceModel', (signal) => fakeRelevanceModel({ delayMs }).score('q', ['a'], { signal })],
    ['fakeLanguageModel', (signal) => fakeLanguageModel(['x'], { delayMs }).generate(ask, { signal })],
    ['fakeLoader', (signal) => collect(fakeLoader(['a'], { delayMs }).load({ signal }))],
    ['fakeChunker', (signal) => fakeChunker({ delayMs }).split(textDocument('d', 'x'), { signal })],
    ['fakeStore', (signal) => fakeStore({ delayMs }).get(['a'], { signal })],
    ['fakeStore list', (signal) => collect(fakeStore({ delayMs }).list({ signal }))],
    ['fakeRetriever', (signal) => fakeRetriever(hits, { delayMs }).retrieve('q', { signal })],
    ['wait', (signal) => wait(delayMs, signal)],
    ['pause without a delay', (signal) => pause(undefined, signal)],
  ])('ends %s while it waits, with the reason of the signal', async (_, call) => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const running = call(controller.signal)
    controller.abort(reason)
    await expect(running).rejects.toBe(reason)
    await expect(call(controller.signal)).rejects.toBe(reason)
  })
})
