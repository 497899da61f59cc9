import { describe, expect, it } from 'vitest'
import { RagError } from './errors.js'
import { fallbackRetriever } from './fallback.js'
import type { RagEvent } from './observer.js'
import type { Hit, Retriever } from './retriever.js'

function hits(...scores: number[]): Hit[] {
  return scores.map((score, n) => ({
    score,
    trace: [],
    chunk: { id: `${n}`, documentId: 'd', index: n, start: 0, end: 1, text: 'x', headings: [], metadata: {} },
  }))
}

function retriever(name: string, answer: Hit[] | Error | ((signal?: AbortSignal) => Promise<Hit[]>)) {
  const made = {
    name,
    calls: 0,
    async retrieve(_query: string, options?: { signal?: AbortSignal | undefined }) {
      made.calls += 1
      if (answer instanceof Error) throw answer
      return typeof answer === 'function' ? answer(options?.signal) : answer
    },
  }
  return made satisfies Retriever
}

const never = (signal?: AbortSignal) =>
  new Promise<Hit[]>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))

describe('fallbackRetriever', () => {
  it('asks the first one only, when it is good enough', async () => {
    const [first, second] = [retriever('first', hits(1)), retriever('second', hits(2))]
    expect(await fallbackRetriever([first, second]).retrieve('q')).toEqual(hits(1))
    expect([first.calls, second.calls]).toEqual([1, 0])
  })

  it('goes on after a failure and after no hits, and tells which one served', async () => {
    const events: RagEvent[] = []
    const fallback = fallbackRetriever([
      retriever('down', new RagError('model-failed', 'no model')),
      retriever('empty', []),
      retriever('good', hits(3)),
    ])
    const found = await fallback.retrieve('q', { observer: (event) => events.push(event) })
    expect(found).toEqual(hits(3))
    expect(events.map(({ type, labels }) => [type, labels])).toEqual([
      ['fallback.passed', { retriever: 'down', reason: 'failed', code: 'model-failed' }],
      ['fallback.passed', { retriever: 'empty', reason: 'too-few' }],
      ['fallback.served', { retriever: 'good', degraded: 'true' }],
    ])
  })

  it('counts hits of the score it is told, up to as many as were asked for', async () => {
    const weak = retriever('weak', hits(0.9, 0.2, 0.1))
    const strong = retriever('strong', hits(0.9, 0.8))
    const fallback = fallbackRetriever([weak, strong], { minHits: 2, minScore: 0.5 })
    expect(await fallback.retrieve('q')).toEqual(hits(0.9, 0.8))
    expect(await fallback.retrieve('q', { limit: 1 })).toEqual(hits(0.9, 0.2, 0.1))
  })

  it('gives the fullest of several poor answers, the earlier one among equals', async () => {
    const poor = [hits(1), hits(2, 2), hits(3, 3)].map((answer, n) => retriever(`${n}`, answer))
    expect(await fallbackRetriever(poor, { minHits: 4 }).retrieve('q')).toEqual(hits(2, 2))
    const failing = [retriever('empty', []), retriever('down', new Error('x'))]
    expect(await fallbackRetriever(failing).retrieve('q')).toEqual([])
  })

  it('takes no hits for an answer when none are needed', async () => {
    const second = retriever('second', hits(1))
    expect(await fallbackRetriever([retriever('first', []), second], { minHits: 0 }).retrieve('q')).toEqual(
      [],
    )
    expect(second.calls).toBe(0)
  })

  it('throws one error for all when all failed', async () => {
    const errors = [new Error('one'), new RagError('model-failed', 'two')]
    const fallback = fallbackRetriever(errors.map((error, n) => retriever(`r${n}`, error)))
    const thrown = await fallback.retrieve('q').catch((error: unknown) => error)
    expect(thrown).toMatchObject({
      code: 'model-failed',
      message: 'Every retriever of the fallback failed. r0: one; r1: two',
      cause: { errors },
    })
  })

  it('goes on when one is too slow, stopping it, even if it does not listen', async () => {
    let stopped: unknown
    const listening = retriever('listening', (signal) => {
      signal?.addEventListener('abort', () => {
        stopped = signal.reason
      })
      return never(signal)
    })
    const deaf = retriever('deaf', () => new Promise(() => {}))
    const events: RagEvent[] = []
    const fallback = fallbackRetriever([listening, deaf, retriever('good', hits(1))], { timeoutMs: 5 })
    expect(await fallback.retrieve('q', { observer: (event) => events.push(event) })).toEqual(hits(1))
    expect(stopped).toMatchObject({ name: 'TimeoutError' })
    expect(events.map(({ labels }) => labels?.reason)).toEqual(['timeout', 'timeout', undefined])
  })

  it('passes the caller’s abort through without asking anyone else', async () => {
    for (const timeoutMs of [undefined, 10_000]) {
      const controller = new AbortController()
      const reason = new Error('left')
      const second = retriever('second', hits(1))
      const running = fallbackRetriever([retriever('slow', never), second], { timeoutMs }).retrieve('q', {
        signal: controller.signal,
      })
      controller.abort(reason)
      await expect(running).rejects.toBe(reason)
      expect(second.calls).toBe(0)
    }
  })

  it('takes an abort that is not the caller’s for a failure', async () => {
    const aborting = retriever('aborting', new DOMException('timed out', 'AbortError'))
    expect(await fallbackRetriever([aborting, retriever('good', hits(1))]).retrieve('q')).toEqual(hits(1))
  })

  it('refuses wrong options', () => {
    const one = [retriever('one', [])]
    expect(() => fallbackRetriever([])).toThrow('`retrievers`')
    expect(() => fallbackRetriever(one, { minHits: -1 })).toThrow('`minHits`')
    expect(() => fallbackRetriever(one, { minScore: Number.NaN })).toThrow('`minScore`')
    expect(() => fallbackRetriever(one, { timeoutMs: 0 })).toThrow('`timeoutMs`')
  })

  it('leaves alone what keeps being late, and comes back to it after a while', async () => {
    let time = 0
    let isLate = true
    const first = retriever('first', (signal) => (isLate ? never(signal) : Promise.resolve(hits(1))))
    const fallback = fallbackRetriever([first, retriever('second', hits(2))], {
      timeoutMs: 5,
      breaker: { failures: 2, cooldownMs: 1000, now: () => time },
    })
    const reasons: (string | undefined)[] = []
    const ask = () =>
      fallback.retrieve('q', {
        observer: ({ type, labels }) => {
          if (type === 'fallback.passed') reasons.push(labels?.reason)
        },
      })
    for (let n = 0; n < 4; n++) expect(await ask()).toEqual(hits(2))
    expect([reasons, first.calls]).toEqual([['timeout', 'timeout', 'open', 'open'], 2])
    time = 1000
    isLate = false
    expect(await ask()).toEqual(hits(1))
  })
})
