import type { RagEvent } from '@tesserae/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, type Received, type TestServer, testServer } from '../testing/server.js'
import { httpRerankModel, type RerankService } from './rerank-model.js'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.close())

const modelAt = (service: RerankService, options: object = {}) =>
  httpRerankModel({
    service,
    baseUrl: server.url,
    model: 'rerank-1',
    apiKey: 'key',
    timeoutMs: 5000,
    ...options,
  })

/** Best first, as the services do; scores are lengths. */
function ranked(request: Received): readonly object[] {
  const { documents } = request.body as { documents: readonly string[] }
  return documents
    .map((text, index) => ({ index, relevance_score: text.length / 10 }))
    .toSorted((a, b) => b.relevance_score - a.relevance_score)
}

const answers: { readonly [service in RerankService]: (request: Received) => Answer } = {
  cohere: (request) => ({
    json: { id: 'x', results: ranked(request), meta: { billed_units: { search_units: 1 } } },
  }),
  voyage: (request) => ({
    json: { object: 'list', data: ranked(request), model: 'rerank-1', usage: { total_tokens: 26 } },
  }),
  jina: (request) => ({ json: { model: 'rerank-1', usage: { total_tokens: 15 }, results: ranked(request) } }),
}

describe('httpRerankModel', () => {
  const expected = {
    cohere: { top_n: 3 },
    voyage: { top_k: 3, truncation: false },
    jina: { top_n: 3, return_documents: false },
  }
  for (const service of ['cohere', 'voyage', 'jina'] as const)
    it(`speaks as ${service} does`, async () => {
      server.answer(answers[service])
      const events: RagEvent[] = []
      const model = modelAt(service, { parameters: { extra: 1 } })
      const scores = await model.score('who?', ['aa', '', 'bbbb'], {
        observer: (event) => events.push(event),
      })
      expect([...scores]).toEqual([0.2, 0, 0.4].map(Math.fround))
      const [request] = server.received
      expect(request?.path).toBe('/rerank')
      expect(request?.headers.authorization).toBe('Bearer key')
      expect(request?.body).toEqual({
        model: 'rerank-1',
        query: 'who?',
        documents: ['aa', '', 'bbbb'],
        ...expected[service],
        extra: 1,
      })
      expect(model.id).toBe(`${service}:rerank-1`)
      expect(events.map(({ counts }) => counts?.tokens)).toEqual(
        { cohere: [], voyage: [26], jina: [15] }[service],
      )
      expect(await model.score('who?', [])).toHaveLength(0)
    })

  const name = 'The rerank model "rerank-1"'
  const failures: readonly (readonly [string, Answer, string | RegExp, boolean])[] = [
    [
      'throttling',
      { status: 429, headers: { 'retry-after': '1' }, json: { message: 'trial limit' } },
      `${name} answered 429: trial limit. Too many requests: use a rate limiter, or wait.`,
      true,
    ],
    [
      'a wrong key',
      { status: 401, json: { message: 'invalid api token' } },
      `${name} answered 401: invalid api token. Check the API key.`,
      false,
    ],
    [
      'a passage that is too long',
      { status: 400, json: { detail: 'a document has too many tokens' } },
      `${name} answered 400: a document has too many tokens. The request is not what this service expects; check the model and \`parameters\`.`,
      false,
    ],
    ['no results', { json: {} }, `${name} answered without a list of results.`, false],
    [
      'a score too few',
      { json: { results: [{ index: 1, relevance_score: 1 }] } },
      `${name} answered with no score for passage 0 of 2.`,
      false,
    ],
    [
      'an index out of range',
      { json: { results: [{ index: 2, relevance_score: 1 }] } },
      `${name} answered with the index 2 for 2 passages.`,
      false,
    ],
    [
      'a score that is none',
      { json: { results: [{ index: 0, relevance_score: 'high' }] } },
      `${name} answered with the score high for passage 0.`,
      false,
    ],
    [
      'a score twice',
      {
        json: {
          results: [
            { index: 0, relevance_score: 1 },
            { index: 0, relevance_score: 2 },
          ],
        },
      },
      `${name} answered with two scores for passage 0.`,
      false,
    ],
    [
      'a body that is not JSON',
      { text: 'ok' },
      `${name} answered with something that is not JSON: ok`,
      false,
    ],
    ['a body that breaks off', { cutBody: '{"results":' }, /broke off its answer/, true],
    [
      'silence',
      'silence',
      `${name} did not answer within 60 ms. Raise \`timeoutMs\` if it needs longer.`,
      true,
    ],
  ]
  for (const [what, answer, message, retryable] of failures)
    it(`tells ${what}`, async () => {
      server.answer(answer)
      const model = modelAt('cohere', answer === 'silence' ? { timeoutMs: 60 } : {})
      const running = model.score('who?', ['a', 'b'])
      await expect(running).rejects.toMatchObject({ code: 'model-failed', retryable })
      await expect(running).rejects.toThrow(message)
    })

  it('is aborted in flight', async () => {
    server.answer('silence')
    const controller = new AbortController()
    const running = modelAt('jina').score('who?', ['a'], { signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 30)
    await expect(running).rejects.toThrow('enough')
    await expect.poll(() => server.left()).toBe(1)
  })

  it('checks what it is given', async () => {
    // @ts-expect-error: callers without types exist.
    expect(() => modelAt('google')).toThrow(
      '`service` must be one of "cohere", "voyage", "jina", got "google".',
    )
    expect(() => modelAt('jina', { model: '' })).toThrow('`model`')
    expect(() => modelAt('jina', { maxBatchSize: 0 })).toThrow('`maxBatchSize`')
    await expect(modelAt('jina', { maxBatchSize: 1 }).score('q', ['a', 'b'])).rejects.toThrow(
      '`passages` must be at most 1 for "jina:rerank-1", got 2. Send batches, or wrap it with managedRelevanceModel.',
    )
    // @ts-expect-error: callers without types exist.
    await expect(modelAt('jina').score(1, ['a'])).rejects.toThrow('`query` must be a string')
    // @ts-expect-error: callers without types exist.
    await expect(modelAt('jina').score('q', [1])).rejects.toThrow('`passages[0]` must be a string')
  })
})
