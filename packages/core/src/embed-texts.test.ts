import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { embedTexts } from './embed-texts.js'
import { ModelError } from './errors.js'
import type { RagEvent } from './observer.js'
import { fakeEmbedder, hashEmbedding } from './testing/index.js'

const role = 'document'

describe('embedTexts', () => {
  it('gives each text its own vector, whatever the batches', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'binary', maxLength: 12 })),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 12, max: 40 }),
        fc.integer({ min: 1, max: 3 }),
        async (texts, maxBatchSize, maxBatchTokens, concurrency) => {
          const embedder = fakeEmbedder({ maxBatchSize, maxBatchTokens, dimensions: 8 })
          const tokensOf = (text: string) => text.length
          const { results, calls, tokens } = await embedTexts(embedder, texts, {
            role,
            tokensOf,
            concurrency,
          })
          expect(results).toEqual(
            texts.map((text) =>
              text.length > maxBatchTokens
                ? expect.objectContaining({ type: 'failure' })
                : { type: 'vector', vector: hashEmbedding(text, 8) },
            ),
          )
          const fitting = texts.filter((text) => text.length <= maxBatchTokens)
          expect(embedder.calls.flatMap((call) => call.texts)).toEqual(fitting)
          expect(calls).toBe(embedder.calls.length)
          expect(tokens).toBe(fitting.join('').length)
          for (const call of embedder.calls) {
            expect(call.texts.length).toBeLessThanOrEqual(maxBatchSize)
            expect(call.texts.join('').length).toBeLessThanOrEqual(maxBatchTokens)
          }
        },
      ),
    )
  })

  it('loses only the batch that fails', async () => {
    const embedder = fakeEmbedder({ maxBatchSize: 2, failOn: (text) => text === 'poison' })
    const texts = ['a', 'b', 'poison', 'c', 'd']
    const { results, calls } = await embedTexts(embedder, texts, { role })
    expect(results.map(({ type }) => type)).toEqual(['vector', 'vector', 'failure', 'failure', 'vector'])
    expect(calls).toBe(3)
    expect(results[2]).toMatchObject({ error: { code: 'model-failed' } })
  })

  it('wraps what is no error of this library', async () => {
    const failure = new TypeError('fetch failed')
    const embedder = fakeEmbedder({ failOn: () => failure })
    const { results } = await embedTexts(embedder, ['a'], { role })
    expect(results[0]).toMatchObject({
      error: { name: 'ModelError', cause: failure, message: expect.stringContaining('fetch failed') },
    })
  })

  it('fails a text too long for the model without sending it', async () => {
    const embedder = fakeEmbedder({ maxBatchTokens: 3 })
    const { results } = await embedTexts(embedder, ['one', 'four', 'two'], {
      role,
      tokensOf: (text) => text.length,
    })
    expect(results.map(({ type }) => type)).toEqual(['vector', 'failure', 'vector'])
    expect(results[1]).toMatchObject({
      error: { code: 'invalid-argument', details: { tokens: 4, limit: 3 } },
    })
    expect(embedder.calls.flatMap(({ texts }) => texts)).toEqual(['one', 'two'])
  })

  it('estimates tokens when it is not told how to count', async () => {
    const { tokens } = await embedTexts(fakeEmbedder(), ['one two three', 'four'], { role })
    expect(tokens).toBe(4)
  })

  it('retries by the policy it is given, and counts every call', async () => {
    const throttled = new ModelError('throttled', { retryable: true })
    const failOn = (_text: string, call: number) => call < 3 && throttled
    const events: RagEvent[] = []
    const patient = fakeEmbedder({ failOn })
    const retry = { attempts: 3, baseMs: 0 }
    const observer = (event: RagEvent) => void events.push(event)
    const report = await embedTexts(patient, ['a'], { role, retry, observer })
    expect(report).toMatchObject({ calls: 3, results: [{ type: 'vector' }] })
    expect(events.map(({ type, labels }) => [type, labels?.outcome])).toEqual([
      ['embed.batch', 'failed'],
      ['embed.retry', undefined],
      ['embed.batch', 'failed'],
      ['embed.retry', undefined],
      ['embed.batch', 'ok'],
    ])
    const once = await embedTexts(fakeEmbedder({ failOn }), ['a'], { role, retry: false })
    expect(once).toMatchObject({ calls: 1, results: [{ type: 'failure', error: throttled }] })
  })

  it('passes the role on and tells counts, never text', async () => {
    const embedder = fakeEmbedder()
    const events: RagEvent[] = []
    await embedTexts(embedder, ['secret'], { role: 'query', observer: (event) => events.push(event) })
    expect(embedder.calls[0]?.role).toBe('query')
    expect(events).toEqual([
      {
        type: 'embed.batch',
        source: 'fake-embedder',
        milliseconds: expect.any(Number),
        counts: { texts: 1, tokens: 1 },
        labels: { role: 'query', outcome: 'ok' },
      },
    ])
  })

  it('keeps batches within a quota of tokens', async () => {
    const asked: number[] = []
    const limiter = {
      tokensPerMinute: 5,
      acquire: async (tokens = 0) => void asked.push(tokens),
      usage: () => ({ requests: 0, tokens: 0 }),
    }
    await embedTexts(fakeEmbedder(), ['aa', 'bb', 'cc'], { role, limiter, tokensOf: (text) => text.length })
    expect(asked).toEqual([4, 2])
  })

  it('rejects with the reason when aborted, and refuses a wrong option', async () => {
    const controller = new AbortController()
    const running = embedTexts(fakeEmbedder({ delayMs: 1_000 }), ['a'], { role, signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(running).rejects.toThrow('enough')
    await expect(embedTexts(fakeEmbedder(), ['a'], { role, concurrency: 0 })).rejects.toMatchObject({
      code: 'invalid-argument',
    })
  })
})
