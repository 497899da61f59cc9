import { getEventListeners } from 'node:events'
import {
  type Chunk,
  type Hit,
  isRagError,
  ModelError,
  RagError,
  type RagEvent,
  type RelevanceModel,
  type Reranker,
} from '@tesserae/core'
import { fakeEmbedder, fakeRelevanceModel, fakeRetriever } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { cascade } from './cascade.js'
import { crossEncoderReranker } from './cross-encoder.js'
import { cutReranker } from './cut.js'
import { embeddingReranker } from './embedding.js'
import { mmrReranker } from './mmr.js'
import { reranked } from './reranked.js'

const chunk = (id: string, text: string): Chunk => ({
  id,
  documentId: 'doc',
  index: 0,
  start: 0,
  end: text.length,
  text,
  headings: [],
  metadata: {},
})
/** Hits with the scores n, n − 1, … in the order given. */
const hitsOf = (texts: Record<string, string>): Hit[] =>
  Object.entries(texts).map(([id, text], index, all) => ({
    chunk: chunk(id, text),
    score: all.length - index,
    trace: [{ stage: 'lexical', kind: 'lexical', rank: index + 1, score: all.length - index }],
  }))
const scored = (...scores: number[]): Hit[] =>
  scores.map((score, index) => ({ chunk: chunk(`h${index}`, 'x'), score, trace: [] }))
const ranking = (hits: readonly Hit[]) => hits.map((hit) => hit.chunk.id).join(' ')
const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )
const codeOf = (action: () => unknown) => {
  try {
    action()
  } catch (error) {
    return isRagError(error) ? error.code : error
  }
  return 'nothing thrown'
}
/** Never answers and does not listen. */
const stuckModel: RelevanceModel = { id: 'stuck', maxBatchSize: 8, score: () => new Promise(() => {}) }
const hits = hitsOf({
  a: 'the cat sat',
  b: 'the deposit',
  c: 'who pays the deposit of the flat',
  d: 'who pays',
})

describe('crossEncoderReranker', () => {
  it('sorts by the model’s scores, ties by chunk id, and adds to the trace', async () => {
    const reranker = crossEncoderReranker({ model: fakeRelevanceModel(), weight: 1 })
    const result = await reranker.rerank('who pays the deposit', hits)
    expect(ranking(result)).toBe('c b d a')
    expect(result[1]!).toEqual({
      chunk: hits[1]!.chunk,
      score: 0.5,
      trace: [hits[1]!.trace[0], { stage: 'cross-encoder', kind: 'relevance', rank: 2, score: 0.5 }],
    })
    expect(ranking(await reranker.rerank('who pays the deposit', hits, { limit: 2 }))).toBe('c b')
  })

  it('gives the same result whatever the batches, each no larger than allowed and of similar lengths', async () => {
    const many = hitsOf(
      Object.fromEntries(Array.from({ length: 23 }, (_, i) => [`c${i}`, 'deposit '.repeat((i * 7) % 23)])),
    )
    const score = (_: string, passage: string) => passage.length % 11
    const alone = fakeRelevanceModel({ score, maxBatchSize: 1 })
    const expected = await crossEncoderReranker({ model: alone }).rerank('q', many)
    for (const [batchSize, concurrency] of [
      [5, 1],
      [5, 3],
      [32, 1],
    ] as const) {
      const model = fakeRelevanceModel({ score })
      const result = await crossEncoderReranker({ model, batchSize, concurrency }).rerank('q', many)
      expect(result).toEqual(expected)
      const lengths = model.calls.flatMap(({ passages }) => passages.map((passage) => passage.length))
      expect(model.calls.every(({ passages }) => passages.length <= batchSize)).toBe(true)
      expect(lengths).toEqual(lengths.toSorted((x, y) => x - y))
    }
  })

  it('reads context and text, or what it is told to', async () => {
    const model = fakeRelevanceModel()
    const [hit] = hits
    const withContext = [{ ...hit!, chunk: { ...hit!.chunk, context: 'Chapter one' } }]
    await crossEncoderReranker({ model }).rerank('q', withContext)
    await crossEncoderReranker({ model, passageOf: ({ text }) => text }).rerank('q', withContext)
    expect(model.calls.map(({ passages }) => passages)).toEqual([
      ['Chapter one\nthe cat sat'],
      ['the cat sat'],
    ])
  })

  it('does not ask the model about nothing', async () => {
    const model = fakeRelevanceModel()
    expect(await crossEncoderReranker({ model }).rerank('q', [])).toEqual([])
    expect(model.calls.length).toBe(0)
  })

  it('falls back to the order the hits came in when the time is over, though the model does not listen', async () => {
    const events: RagEvent[] = []
    const reranker = crossEncoderReranker({ model: stuckModel, timeoutMs: 20, failure: 'throw' })
    const result = await reranker.rerank('q', hits, {
      limit: 3,
      observer: (event) => void events.push(event),
    })
    expect(result).toEqual(hits.slice(0, 3))
    expect(events.filter((event) => event.type === 'rerank.degraded')).toEqual([
      {
        type: 'rerank.degraded',
        source: 'cross-encoder',
        counts: { hits: 4 },
        labels: { reason: 'TimeoutError' },
      },
    ])
    const never = fakeRelevanceModel()
    expect(await crossEncoderReranker({ model: never, timeoutMs: 0 }).rerank('q', hits)).toEqual(hits)
    expect(never.calls.length).toBe(0)
  })

  it('falls back when the model fails or breaks its contract, or throws when told to', async () => {
    const broken: RelevanceModel[] = [
      fakeRelevanceModel({ failOn: () => true }),
      { id: 'short', maxBatchSize: 8, score: async () => new Float32Array(1) },
      {
        id: 'infinite',
        maxBatchSize: 8,
        score: async () => new Float32Array(4).fill(Number.POSITIVE_INFINITY),
      },
      {
        id: 'nan',
        maxBatchSize: 8,
        score: async (_, passages) => new Float32Array(passages.length).fill(Number.NaN),
      },
    ]
    for (const model of broken) {
      expect(await crossEncoderReranker({ model }).rerank('q', hits)).toEqual(hits)
      const strict = crossEncoderReranker({ model, failure: 'throw' })
      expect(await errorOf(strict.rerank('q', hits))).toBeInstanceOf(ModelError)
    }
  })

  it('never falls back on a mistake of the caller', async () => {
    const model = fakeRelevanceModel({ failOn: () => new RagError('unsupported', 'Install the package.') })
    expect(isRagError(await errorOf(crossEncoderReranker({ model }).rerank('q', hits)), 'unsupported')).toBe(
      true,
    )
  })

  it('leaves no listener on a signal that lives longer than the call', async () => {
    const { signal } = new AbortController()
    const reranker = crossEncoderReranker({ model: fakeRelevanceModel(), timeoutMs: 60_000 })
    for (let call = 0; call < 20; call++) await reranker.rerank('q', hits, { signal })
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('passes the caller’s abort through and stops the model', async () => {
    let told: AbortSignal | undefined
    const model: RelevanceModel = {
      id: 'waiting',
      maxBatchSize: 8,
      score: (_query, _passages, options) => {
        told = options?.signal
        return new Promise(() => {})
      },
    }
    const controller = new AbortController()
    const reason = new Error('user went away')
    const pending = errorOf(crossEncoderReranker({ model }).rerank('q', hits, { signal: controller.signal }))
    await new Promise((resolve) => setTimeout(resolve, 5))
    controller.abort(reason)
    expect(await pending).toBe(reason)
    expect(told?.reason).toBe(reason)
  })
})

describe('mmrReranker', () => {
  const direction: Record<string, number[]> = {
    east: [1, 0],
    'east again': [1, 0],
    north: [0, 1],
    west: [-1, 0],
  }
  const embedder = {
    ...fakeEmbedder({ dimensions: 2 }),
    embed: async (texts: readonly string[]) => Float32Array.from(texts.flatMap((text) => direction[text]!)),
  }
  const compass = hitsOf({ a: 'east', b: 'east again', c: 'north', d: 'west' })

  it('takes the near copy last, by hand', async () => {
    const result = await mmrReranker({ embedder, lambda: 0.5 }).rerank('q', compass)
    // Relevance by min-max: 1, 2/3, 1/3, 0. After a, b has cosine 1 with it, c and d none that counts.
    expect(result.map((hit) => [hit.chunk.id, hit.score])).toEqual([
      ['a', 0.5],
      ['c', 0.5 * (1 / 3)],
      ['d', 0],
      ['b', 0.5 * (2 / 3) - 0.5],
    ])
    expect(result[3]!.trace[1]).toEqual({ stage: 'mmr', kind: 'feature', rank: 4, score: result[3]!.score })
  })

  it('changes no order at lambda 1 and looks at diversity only at 0', async () => {
    expect(ranking(await mmrReranker({ embedder, lambda: 1 }).rerank('q', compass))).toBe('a b c d')
    expect(ranking(await mmrReranker({ embedder, lambda: 0 }).rerank('q', compass))).toBe('a c d b')
    expect(ranking(await mmrReranker({ embedder }).rerank('q', compass, { limit: 2 }))).toBe('a c')
  })

  it('can take relevance from the query as in the paper', async () => {
    const reranker = mmrReranker({ embedder, relevance: 'query', lambda: 0.6 })
    expect(ranking(await reranker.rerank('north', compass))).toBe('c a d b')
  })

  it('falls back when the embedder fails or is late', async () => {
    const broken = fakeEmbedder({ dimensions: 2, failOn: () => new RagError('model-failed', 'down') })
    expect(await mmrReranker({ embedder: broken }).rerank('q', compass)).toEqual(compass)
    expect(
      await errorOf(mmrReranker({ embedder: broken, failure: 'throw' }).rerank('q', compass)),
    ).toBeInstanceOf(RagError)
    const slow = fakeEmbedder({ dimensions: 2, delayMs: 10_000 })
    expect(await mmrReranker({ embedder: slow, timeoutMs: 10 }).rerank('q', compass)).toEqual(compass)
  })
})

describe('embeddingReranker', () => {
  const direction: Record<string, number[]> = { query: [1, 0], near: [0.8, 0.6], far: [0, 1], same: [1, 0] }
  const embedder = {
    ...fakeEmbedder({ dimensions: 2 }),
    embed: async (texts: readonly string[]) => Float32Array.from(texts.flatMap((text) => direction[text]!)),
  }
  const found = hitsOf({ a: 'far', b: 'near', c: 'same' })

  it('sorts by the cosine with the query', async () => {
    const result = await embeddingReranker({ embedder, weight: 1 }).rerank('query', found)
    expect(result.map(({ chunk: { id }, score }) => [id, Number(score.toFixed(6))])).toEqual([
      ['c', 1],
      ['b', 0.8],
      ['a', 0],
    ])
    expect(ranking(await embeddingReranker({ embedder }).rerank('query', found))).toBe('a b c')
  })

  it('falls back when the embedder fails or is late', async () => {
    const broken = fakeEmbedder({ dimensions: 2, failOn: () => true })
    expect(await embeddingReranker({ embedder: broken }).rerank('q', hits)).toEqual(hits)
    expect(
      await errorOf(embeddingReranker({ embedder: broken, failure: 'throw' }).rerank('q', hits)),
    ).toBeInstanceOf(RagError)
    const slow = fakeEmbedder({ dimensions: 2, delayMs: 10_000 })
    expect(await embeddingReranker({ embedder: slow, timeoutMs: 10 }).rerank('q', hits)).toEqual(hits)
  })
})

describe('cutReranker', () => {
  const list = scored(0.9, 0.8, 0.75, 0.2, 0.1)
  const kept = async (reranker: Reranker, from = list, limit?: number) =>
    (await reranker.rerank('q', from, { limit })).length

  it('keeps what reaches the threshold, a score equal to it too', async () => {
    expect(await kept(cutReranker({ threshold: 0.75 }))).toBe(3)
    expect(await kept(cutReranker({ threshold: 0 }), scored(1, 0, -1))).toBe(2)
    expect(await kept(cutReranker({ threshold: 2 }))).toBe(0)
  })

  it('cuts at the first drop larger than the gap', async () => {
    expect(await kept(cutReranker({ gap: 0.3 }))).toBe(3)
    expect(await kept(cutReranker({ gap: 0.6 }))).toBe(5)
    expect(await kept(cutReranker({ gap: 0 }), scored(1, 1, 0.9))).toBe(2)
  })

  it('keeps the fewest with the share of the softmax', async () => {
    const logits = scored(Math.log(6), Math.log(3), Math.log(1))
    expect(await kept(cutReranker({ topP: 0.55 }), logits)).toBe(1)
    expect(await kept(cutReranker({ topP: 0.85 }), logits)).toBe(2)
    expect(await kept(cutReranker({ topP: 1 }), logits)).toBe(3)
    expect(await kept(cutReranker({ topP: 0.55, temperature: 100 }), logits)).toBe(2)
    expect(await kept(cutReranker({ topP: 0.9 }), scored(2000, 0))).toBe(1)
  })

  it('lets the strictest rule win, keeps the minimum, honours the limit, changes nothing else', async () => {
    expect(await kept(cutReranker({ threshold: 0.15, gap: 0.3 }))).toBe(3)
    expect(await kept(cutReranker({ threshold: 2, minimum: 2 }))).toBe(2)
    expect(await kept(cutReranker({ threshold: 0.15 }), list, 2)).toBe(2)
    expect(await kept(cutReranker({ threshold: 0.5, minimum: 9 }), [])).toBe(0)
    const [first] = await cutReranker({ gap: 0.3 }).rerank('q', list)
    expect(first).toEqual({ ...list[0]!, trace: [{ stage: 'cut', kind: 'feature', rank: 1, score: 0.9 }] })
  })
})

describe('cascade', () => {
  const byLength = crossEncoderReranker({
    name: 'length',
    model: fakeRelevanceModel({ score: (_, passage) => passage.length }),
    weight: 1,
  })

  it('runs the stages in order, each on what the one before let through', async () => {
    const dear = fakeRelevanceModel()
    const both = cascade([{ reranker: byLength, limit: 3 }, crossEncoderReranker({ model: dear, weight: 1 })])
    const result = await both.rerank('who pays', hits, { limit: 2 })
    expect(ranking(result)).toBe('c a')
    expect(dear.calls[0]!.passages.length).toBe(3)
    expect(result[0]!.trace.map((entry) => entry.stage)).toEqual(['lexical', 'length', 'cross-encoder'])
  })

  it('drops what a stage scores below its threshold', async () => {
    const result = await cascade([{ reranker: byLength, threshold: 11 }]).rerank('q', hits)
    expect(ranking(result)).toBe('c a b')
  })

  it('lets the hits pass a stage that is late, cut to its limit but not by its threshold', async () => {
    const stuck = crossEncoderReranker({ name: 'stuck', model: stuckModel })
    const result = await cascade([
      { reranker: stuck, timeoutMs: 15, limit: 3, threshold: 100 },
      byLength,
    ]).rerank('q', hits)
    expect(ranking(result)).toBe('c a b')
  })

  it('leaves the hits as they are once the time of all stages is over', async () => {
    const never = fakeRelevanceModel()
    const stuck = crossEncoderReranker({ name: 'stuck', model: stuckModel })
    const all = cascade([stuck, crossEncoderReranker({ model: never })], { timeoutMs: 15 })
    expect(await all.rerank('q', hits)).toEqual(hits)
    expect(never.calls.length).toBe(0)
  })

  it('does not hide what a stage throws', async () => {
    const model = fakeRelevanceModel({ failOn: () => true })
    const strict = crossEncoderReranker({ model, failure: 'throw' })
    expect(await errorOf(cascade([strict]).rerank('q', hits))).toBeInstanceOf(ModelError)
  })
})

describe('reranked', () => {
  it('asks for the candidates and returns the best of them', async () => {
    const retriever = fakeRetriever(hits, { name: 'text' })
    const retrieve = reranked(retriever, crossEncoderReranker({ model: fakeRelevanceModel(), weight: 1 }), {
      candidates: 4,
    })
    expect(retrieve.name).toBe('text + cross-encoder')
    expect(ranking(await retrieve.retrieve('who pays the deposit', { limit: 1 }))).toBe('c')
    await retrieve.retrieve('q', { limit: 9 })
    expect(retriever.calls.map((call) => call.limit)).toEqual([4, 9])
  })
})

it('checks options when a reranker is made, and limits when it is called', async () => {
  const model = fakeRelevanceModel()
  const embedder = fakeEmbedder()
  for (const make of [
    () => crossEncoderReranker({ model, batchSize: 33 }),
    () => crossEncoderReranker({ model, batchSize: 0 }),
    () => crossEncoderReranker({ model, concurrency: 0 }),
    () => crossEncoderReranker({ model, timeoutMs: Number.NaN }),
    () => mmrReranker({ embedder, lambda: 1.1 }),
    () => cutReranker({}),
    () => cutReranker({ minimum: 1 }),
    () => cutReranker({ threshold: Number.NaN }),
    () => cutReranker({ gap: -1 }),
    () => cutReranker({ topP: 0 }),
    () => cutReranker({ topP: 1.5 }),
    () => cutReranker({ threshold: 1, temperature: 2 }),
    () => cascade([]),
    () => cascade([{ reranker: cutReranker({ gap: 1 }), limit: 0 }]),
    () => cascade([cutReranker({ gap: 1 })], { timeoutMs: -1 }),
    () => reranked(fakeRetriever([]), cutReranker({ gap: 1 }), { candidates: 0 }),
  ]) {
    expect(codeOf(make)).toBe('invalid-argument')
  }
  for (const reranker of [
    crossEncoderReranker({ model }),
    mmrReranker({ embedder }),
    cutReranker({ gap: 1 }),
    cascade([cutReranker({ gap: 1 })]),
  ]) {
    expect(isRagError(await errorOf(reranker.rerank('q', hits, { limit: 0 })), 'invalid-argument')).toBe(true)
  }
})
