import { getEventListeners } from 'node:events'
import {
  type Chunk,
  eq,
  type Hit,
  isRagError,
  type Metadata,
  ModelError,
  RagError,
  type RagEvent,
  type Retriever,
  type StageScore,
} from '@tesserae/core'
import { fakeEmbedder, fakeRetriever } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { denseRetriever } from './dense.js'
import { convexFusion } from './fusion/convex.js'
import { reciprocalRankFusion } from './fusion/reciprocal-rank.js'
import { hybridRetriever } from './hybrid.js'
import { lexicalRetriever } from './lexical.js'
import { memoryStore } from './memory-store/store.js'

const chunk = (id: string, text = id, metadata: Metadata = {}): Chunk => ({
  id,
  documentId: 'doc',
  index: 0,
  start: 0,
  end: text.length,
  text,
  headings: [],
  metadata,
})
const hitsOf = (stage: string, kind: StageScore['kind'], scores: Record<string, number>): Hit[] =>
  Object.entries(scores).map(([id, score], index) => ({
    chunk: chunk(id),
    score,
    trace: [{ stage, kind, rank: index + 1, score }],
  }))
const lexical = () => fakeRetriever(hitsOf('lexical', 'lexical', { a: 12, b: 9, c: 3 }), { name: 'lexical' })
const dense = () => fakeRetriever(hitsOf('dense', 'vector', { c: 0.8, d: 0.5, a: 0.4 }), { name: 'dense' })
const named = (name: string, retrieve: Retriever['retrieve']): Retriever => ({ name, retrieve })
const failing = (name: string, error: Error) => fakeRetriever([], { name, failWith: error })
/** Never answers, and does not listen to its signal either. */
const stuck = (name: string) => named(name, () => new Promise(() => {}))
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

describe('fusing', () => {
  it('weighs vector legs 0.3 and lexical legs 0.7 by default, in either order', async () => {
    for (const legs of [
      [dense(), lexical()],
      [lexical(), dense()],
    ]) {
      const hits = await hybridRetriever(legs).retrieve('q')
      expect(ranking(hits)).toBe('a b c d')
      expect(hits[0]!.score).toBeCloseTo(0.7, 12)
      expect(hits[1]!.score).toBeCloseTo(0.7 * (9 / 12), 12)
      expect(hits[2]!.score).toBeCloseTo(0.7 * (3 / 12) + 0.3, 12)
    }
  })

  it('puts every leg’s rank and raw score into the trace, then its own', async () => {
    const [first, , , last] = await hybridRetriever([lexical(), dense()]).retrieve('q')
    expect(first!.trace).toEqual([
      { stage: 'lexical', kind: 'lexical', rank: 1, score: 12 },
      { stage: 'dense', kind: 'vector', rank: 3, score: 0.4 },
      { stage: 'hybrid', kind: 'fused', rank: 1, score: first!.score },
    ])
    expect(last!.trace.map((entry) => entry.stage)).toEqual(['dense', 'hybrid'])
  })

  it('traces a leg that does not trace itself', async () => {
    const bare = named('mine', async () => [{ chunk: chunk('a'), score: 5, trace: [] }])
    const [hit] = await hybridRetriever([bare]).retrieve('q')
    expect(hit!.trace[0]).toEqual({ stage: 'mine', kind: 'feature', rank: 1, score: 5 })
  })

  it('takes another fusion and weights, for all queries or for one', async () => {
    const rrf = hybridRetriever([lexical(), dense()], { fusion: reciprocalRankFusion() })
    expect(ranking(await rrf.retrieve('q'))).toBe('a c b d')
    const swapped = hybridRetriever([lexical(), dense()], { weights: [1, 9] })
    expect(ranking(await swapped.retrieve('q'))).toBe('c d a b')
    expect(ranking(await swapped.retrieve('q', { weights: [9, 1] }))).toBe('a b c d')
    const fixed = hybridRetriever([lexical(), dense()], { fusion: convexFusion({ weights: [1, 9] }) })
    expect(await fixed.retrieve('q')).toEqual(await swapped.retrieve('q'))
  })

  it('does not even ask a leg of weight 0, so it has no influence on order or membership', async () => {
    const silent = dense()
    const hybrid = hybridRetriever([lexical(), silent], { weights: [0.2, 0] })
    expect((await hybrid.retrieve('q')).map((hit) => [hit.chunk.id, hit.score])).toEqual([
      ['a', 1],
      ['b', 9 / 12],
      ['c', 3 / 12],
    ])
    expect(silent.calls.length).toBe(0)
    const text = lexical()
    const semantic = await hybridRetriever([text, dense()]).retrieve('q', { weights: [0, 1] })
    expect(ranking(semantic)).toBe('c d a')
    expect(text.calls.length).toBe(0)
  })

  it('asks each leg for the candidates, or for the limit when that is more, with the filter', async () => {
    const leg = lexical()
    const hybrid = hybridRetriever([leg], { candidates: 7 })
    await hybrid.retrieve('q', { limit: 3, filter: eq('x', 1) })
    await hybrid.retrieve('q', { limit: 20 })
    expect(leg.calls.map((call) => [call.limit, call.filter])).toEqual([
      [7, eq('x', 1)],
      [20, undefined],
    ])
    expect((await hybridRetriever([lexical(), dense()]).retrieve('q', { limit: 2 })).length).toBe(2)
  })

  it('breaks ties by chunk id and returns a chunk once, though a leg names it twice', async () => {
    const twice = named('twice', async () => {
      const hits = hitsOf('twice', 'lexical', { z: 1, y: 1, x: 1 })
      return [...hits, hits[0]!]
    })
    expect(ranking(await hybridRetriever([twice]).retrieve('q'))).toBe('x y z')
  })

  it('fuses legs of 140,000 hits', async () => {
    const many = Array.from(
      { length: 140_000 },
      (_, i): Hit => ({ chunk: chunk(`c${i}`), score: -i, trace: [] }),
    )
    const hybrid = hybridRetriever([named('one', async () => many), named('two', async () => many)])
    const hits = await hybrid.retrieve('q', { limit: 140_000 })
    expect(hits.length).toBe(140_000)
    expect(hits[0]!.chunk.id).toBe('c0')
  })

  it('gives nothing when no leg finds anything', async () => {
    expect(await hybridRetriever([fakeRetriever([])]).retrieve('q')).toEqual([])
    expect(await hybridRetriever([fakeRetriever([])], { weights: [2] }).retrieve('q')).toEqual([])
  })
})

describe('failing legs', () => {
  it('lets the others serve and tells which one is missing', async () => {
    const events: RagEvent[] = []
    const hybrid = hybridRetriever([failing('dense', new ModelError('the model is down')), lexical()])
    const hits = await hybrid.retrieve('private words', { observer: (event) => void events.push(event) })
    expect(ranking(hits)).toBe('a b c')
    expect(events.filter((event) => event.type === 'retrieve.degraded')).toEqual([
      {
        type: 'retrieve.degraded',
        source: 'hybrid',
        counts: { legs: 2 },
        labels: { leg: 'dense', reason: 'model-failed' },
      },
    ])
    expect(JSON.stringify(events)).not.toContain('private')
  })

  it('throws when all fail, naming each and keeping the causes', async () => {
    const causes = [new ModelError('model down'), new Error('socket closed')]
    const hybrid = hybridRetriever([failing('dense', causes[0]!), failing('text', causes[1]!)])
    const error = await errorOf(hybrid.retrieve('q'))
    expect(isRagError(error, 'model-failed')).toBe(true)
    expect(String(error)).toMatch(/"dense" \(model down\), "text" \(socket closed\)/)
    expect((error as { cause: AggregateError }).cause.errors).toEqual(causes)
  })

  it('treats a score that is not a number as a failure of that leg', async () => {
    const broken = named('broken', async () => hitsOf('broken', 'vector', { a: Number.NaN }))
    expect(ranking(await hybridRetriever([broken, lexical()]).retrieve('q'))).toBe('a b c')
  })

  it('throws at the first failure, or below the quorum, when told to, and stops the other legs', async () => {
    const down = () => failing('down', new Error('down'))
    let stopped: unknown
    const waiting = named(
      'waiting',
      (_, options) =>
        new Promise((_resolve, reject) => {
          options?.signal?.addEventListener('abort', () => {
            stopped = options.signal?.reason
            reject(stopped)
          })
        }),
    )
    const strict = hybridRetriever([down(), waiting], { failure: 'throw' })
    const error = await errorOf(strict.retrieve('q'))
    expect(isRagError(error, 'store-failed')).toBe(true)
    expect(stopped).toBe(error)

    const two = { failure: { quorum: 2 } }
    expect(ranking(await hybridRetriever([down(), lexical(), dense()], two).retrieve('q'))).toBe('a b c d')
    expect(isRagError(await errorOf(hybridRetriever([down(), lexical()], two).retrieve('q')))).toBe(true)
  })

  it('never hides a mistake of the caller behind the other legs', async () => {
    const wrong = failing('wrong', new RagError('unsupported', 'Operator "has" is not supported.'))
    const error = await errorOf(hybridRetriever([wrong, lexical()]).retrieve('q'))
    expect(isRagError(error, 'unsupported')).toBe(true)
  })

  it('goes on without a leg that is late, even one that does not listen', async () => {
    const events: RagEvent[] = []
    const hybrid = hybridRetriever([stuck('slow'), lexical()], { timeoutMs: 20 })
    const hits = await hybrid.retrieve('q', { observer: (event) => void events.push(event) })
    expect(ranking(hits)).toBe('a b c')
    expect(events.find((event) => event.type === 'retrieve.degraded')?.labels).toEqual({
      leg: 'slow',
      reason: 'TimeoutError',
    })
  })

  it('leaves no listener on a signal that lives longer than the call', async () => {
    const { signal } = new AbortController()
    const hybrid = hybridRetriever([lexical(), failing('down', new Error('down'))], { timeoutMs: 60_000 })
    for (let call = 0; call < 20; call++) await hybrid.retrieve('q', { signal })
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('passes the caller’s abort through untouched and stops the legs', async () => {
    const reason = new Error('user went away')
    const controller = new AbortController()
    let told: AbortSignal | undefined
    const leg = named('leg', (_, options) => {
      told = options?.signal
      return new Promise(() => {})
    })
    const pending = errorOf(
      hybridRetriever([leg, stuck('other')]).retrieve('q', { signal: controller.signal }),
    )
    controller.abort(reason)
    expect(await pending).toBe(reason)
    expect(told?.aborted && told.reason).toBe(reason)
    expect(await errorOf(hybridRetriever([lexical()]).retrieve('q', { signal: controller.signal }))).toBe(
      reason,
    )
  })
})

describe('with real legs', () => {
  const embedder = fakeEmbedder({ dimensions: 64 })
  const texts = {
    deposit: 'The tenant pays the deposit before moving in.',
    rent: 'Rent is due on the first day of the month.',
    pets: 'Pets are welcome when the landlord agrees.',
    repairs: 'The landlord pays for repairs of the heating.',
  }
  const filled = async () => {
    const store = memoryStore({ dimensions: embedder.dimensions })
    const vectors = await embedder.embed(Object.values(texts), { role: 'document' })
    await store.upsert(
      Object.entries(texts).map(([id, text], row) => ({
        chunk: chunk(id, text, { even: row % 2 === 0 }),
        vector: vectors.slice(row * 64, (row + 1) * 64),
        revision: '1',
      })),
    )
    return store
  }

  it('explains a fused score down to BM25 with the very numbers used', async () => {
    const store = await filled()
    const hybrid = hybridRetriever([denseRetriever({ store, embedder }), lexicalRetriever({ store })])
    const query = 'who pays the deposit?'
    const hits = await hybrid.retrieve(query, { limit: 3, filter: eq('even', true) })
    expect(hits[0]!.chunk.id).toBe('deposit')
    for (const hit of hits) {
      const tree = await hybrid.explain(query, hit.chunk.id, { limit: 3, filter: eq('even', true) })
      expect(tree!.value).toBe(hit.score)
      let sum = 0
      for (const leg of tree!.details) {
        const [weight, value] = leg.details
        expect(leg.value).toBe(weight!.value * value!.value)
        sum += leg.value
      }
      expect(sum).toBe(hit.score)
    }
    const best = await hybrid.explain(query, 'deposit', { limit: 3, filter: eq('even', true) })
    const raw = best!.details[1]!.details[1]!.details[0]!
    expect(raw.value).toBe(hits[0]!.trace.find((entry) => entry.stage === 'lexical')!.score)
    expect(Math.fround(raw.details[0]!.value)).toBe(raw.value)
    expect(raw.details[0]!.details.length).toBeGreaterThan(0)
    expect(await hybrid.explain(query, 'rent', { filter: eq('even', true) })).toBeUndefined()
  })

  it('serves many queries at once without mixing them up', async () => {
    const store = await filled()
    const hybrid = hybridRetriever([denseRetriever({ store, embedder }), lexicalRetriever({ store })])
    const queries = Object.values(texts)
    const alone = []
    for (const query of queries) alone.push(await hybrid.retrieve(query, { filter: eq('even', true) }))
    const together = await Promise.all(
      Array.from({ length: 40 }, (_, i) => hybrid.retrieve(queries[i % 4]!, { filter: eq('even', true) })),
    )
    for (const [i, hits] of together.entries()) expect(hits).toEqual(alone[i % 4])
  })

  it('works on without the embedder', async () => {
    const store = await filled()
    const broken = fakeEmbedder({ dimensions: 64, failOn: () => true })
    const hybrid = hybridRetriever([denseRetriever({ store, embedder: broken }), lexicalRetriever({ store })])
    expect((await hybrid.retrieve('deposit'))[0]!.chunk.id).toBe('deposit')
  })

  it('refuses an embedder of other dimensions when the retriever is made', async () => {
    const store = await filled()
    const other = fakeEmbedder({ dimensions: 32 })
    expect(codeOf(() => denseRetriever({ store, embedder: other }))).toBe('incompatible')
  })
})

it('checks its options', async () => {
  const legs = [lexical(), dense()]
  for (const options of [
    { weights: [1] },
    { weights: [0, 0] },
    { weights: [Number.NaN, 1] },
    { weights: [-1, 2] },
    { candidates: 0 },
    { timeoutMs: -1 },
    { failure: { quorum: 3 } },
    { failure: { quorum: 0 } },
    { fusion: convexFusion({ weights: [1, 2, 3] }) },
  ]) {
    expect(codeOf(() => hybridRetriever(legs, options))).toBe('invalid-argument')
  }
  // @ts-expect-error not a failure rule
  expect(codeOf(() => hybridRetriever(legs, { failure: 'ignore' }))).toBe('invalid-argument')
  expect(codeOf(() => hybridRetriever([]))).toBe('invalid-argument')
  expect(codeOf(() => hybridRetriever([lexical(), lexical()]))).toBe('invalid-argument')
  for (const options of [{ limit: 0 }, { weights: [0, 0] }, { weights: [1] }]) {
    expect(isRagError(await errorOf(hybridRetriever(legs).retrieve('q', options)), 'invalid-argument')).toBe(
      true,
    )
  }
})
