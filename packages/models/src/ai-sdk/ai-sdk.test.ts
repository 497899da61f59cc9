import { createCohere as createCurrent } from '@ai-sdk/cohere'
import type { RagEvent } from '@tesserae/core'
import { embedderLaws, hashEmbedding } from '@tesserae/core/testing'
import { createCohere as createPrevious } from 'ai-sdk-cohere-previous'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { managedEmbedder } from '../managed/embedder.js'
import { type Answer, type Received, type TestServer, testServer } from '../testing/server.js'
import { type AiSdkEmbeddingModel, aiSdkEmbedder, aiSdkLanguageModel, aiSdkRelevanceModel } from './ai-sdk.js'

// Real provider packages of both specifications speak to a server of ours.
let server: TestServer
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.close())

const dimensions = 16
const asDocument = { role: 'document' } as const
const providers = [
  { version: 'v4', create: () => createCurrent({ baseURL: server.url, apiKey: 'key' }) },
  { version: 'v3', create: () => createPrevious({ baseURL: server.url, apiKey: 'key' }) },
]

function embeddings({ body }: Received): Answer {
  const { texts } = body as { texts: readonly string[] }
  const float = texts.map((text) => [...hashEmbedding(text, dimensions)])
  return { json: { embeddings: { float }, meta: { billed_units: { input_tokens: texts.length * 3 } } } }
}

const problem = (status: number, message: string, headers: Record<string, string> = {}): Answer => ({
  status,
  headers,
  json: { message },
})

for (const { version, create } of providers)
  describe(`a provider of specification ${version}`, () => {
    const embedder = (options: object = {}) =>
      aiSdkEmbedder(create().embeddingModel('embed-v4.0'), { dimensions, timeoutMs: 5000, ...options })

    it('is of that specification', () => {
      expect(create().embeddingModel('embed-v4.0').specificationVersion).toBe(version)
    })

    describe('obeys the laws', () => {
      beforeAll(() => server.answer(embeddings))
      for (const law of embedderLaws(() => embedder())) it(law.name, () => law.run())
    })

    it('embeds, tells its tokens and passes options on', async () => {
      server.answer(embeddings)
      const events: RagEvent[] = []
      const model = embedder({
        providerOptions: { cohere: { inputType: 'search_document', truncate: 'NONE' } },
      })
      const vectors = await model.embed(['a', 'b'], {
        ...asDocument,
        observer: (event) => events.push(event),
      })
      expect(vectors.slice(16)).toEqual(hashEmbedding('b', 16))
      expect(server.received[0]?.body).toMatchObject({ input_type: 'search_document', truncate: 'NONE' })
      expect(events).toEqual([{ type: 'embed.usage', source: model.id, counts: { tokens: 6 } }])
      expect(model).toMatchObject({
        id: expect.stringMatching(/^ai-sdk:cohere.*:embed-v4\.0:16$/),
        maxBatchSize: 96,
      })
    })

    it('tells what goes wrong', async () => {
      const name = 'The embedding model "embed-v4.0"'
      const cases: readonly (readonly [Answer, string | RegExp, boolean])[] = [
        [problem(429, 'trial limit', { 'retry-after': '4' }), `${name} answered 429: trial limit.`, true],
        [problem(401, 'invalid api token'), `${name} answered 401: invalid api token.`, false],
        [problem(500, 'internal'), `${name} answered 500: internal.`, true],
        [
          { text: 'no json' },
          /^The embedding model "embed-v4.0" answered 200: Invalid JSON response\.$/,
          false,
        ],
        ['hangUp', /^The embedding model "embed-v4.0" failed: Cannot connect to API/, true],
        [{ cutBody: '{"embeddings": {"float": [[0.1' }, /^The embedding model "embed-v4.0" /, true],
      ]
      for (const [answer, message, retryable] of cases) {
        server.answer(answer)
        const running = embedder().embed(['a'], asDocument)
        await expect(running).rejects.toThrow(message)
        await expect(running).rejects.toMatchObject({ code: 'model-failed', retryable })
      }
      server.answer(problem(429, 'trial limit', { 'retry-after': '4' }))
      await expect(embedder().embed(['a'], asDocument)).rejects.toMatchObject({ retryAfterMs: 4000 })
    })

    it('is throttled, waits as asked, and goes on', async () => {
      const waits: number[] = []
      server.answer(problem(429, 'slow', { 'retry-after': '2' }), embeddings)
      const wait = async (ms: number) => void waits.push(ms)
      await managedEmbedder(embedder(), { retry: { wait, random: () => 0 } }).embed(['a'], asDocument)
      expect(waits).toEqual([2000])
    })

    it('times out, and is aborted in flight', async () => {
      server.answer('silence')
      await expect(embedder({ timeoutMs: 50 }).embed(['a'], asDocument)).rejects.toThrow(
        'The embedding model "embed-v4.0" did not answer within 50 ms.',
      )
      const controller = new AbortController()
      const running = embedder().embed(['a'], { ...asDocument, signal: controller.signal })
      setTimeout(() => controller.abort(new Error('enough')), 30)
      await expect(running).rejects.toThrow('enough')
      await expect.poll(() => server.left()).toBe(2)
    })

    it('reranks', async () => {
      server.answer(({ body }) => {
        const { documents } = body as { documents: readonly string[] }
        const results = documents.map((text, index) => ({ index, relevance_score: text.length / 16 }))
        return { json: { id: 'x', results: results.reverse(), meta: {} } }
      })
      const model = aiSdkRelevanceModel(create().rerankingModel('rerank-v3.5'), { maxBatchSize: 3 })
      expect([...(await model.score('who?', ['aa', '', 'bbbb']))]).toEqual([0.125, 0, 0.25])
      expect(server.received[0]?.body).toMatchObject({ query: 'who?', top_n: 3 })
      expect(await model.score('who?', [])).toHaveLength(0)
      await expect(model.score('who?', ['a', 'b', 'c', 'd'])).rejects.toThrow('`passages` must be at most 3')
      server.answer({ json: { id: 'x', results: [], meta: {} } })
      await expect(model.score('who?', ['a'])).rejects.toThrow(
        'The rerank model "rerank-v3.5" answered with no score for passage 0 of 1.',
      )
    })

    it('never takes half an answer for a whole one', async () => {
      server.answer({
        cutBody: '{"message": {"role": "assistant", "content": [{"type": "text", "text": "The ten',
      })
      const running = aiSdkLanguageModel(create()('command-a-03-2025')).generate({
        messages: [{ role: 'user', content: 'Who pays?' }],
      })
      await expect(running).rejects.toMatchObject({ code: 'model-failed', retryable: true })
      await expect(running).rejects.toThrow(/^The language model "command-a-03-2025" /)
    })

    it('generates', async () => {
      server.answer({
        json: {
          generation_id: 'x',
          message: { role: 'assistant', content: [{ type: 'text', text: 'The tenant.' }] },
          finish_reason: 'COMPLETE',
          usage: {
            billed_units: { input_tokens: 8, output_tokens: 3 },
            tokens: { input_tokens: 12, output_tokens: 3 },
          },
        },
      })
      const model = aiSdkLanguageModel(create()('command-a-03-2025'))
      const result = await model.generate({
        system: 'Be brief.',
        messages: [
          { role: 'user', content: 'Who pays?' },
          { role: 'assistant', content: 'What?' },
          { role: 'user', content: 'The deposit.' },
        ],
        maxTokens: 50,
        temperature: 0,
        stopSequences: ['END'],
      })
      expect(result).toEqual({
        text: 'The tenant.',
        finishReason: 'stop',
        usage: { inputTokens: 12, outputTokens: 3 },
      })
      expect(server.received[0]?.body).toMatchObject({
        max_tokens: 50,
        temperature: 0,
        stop_sequences: ['END'],
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user' },
          { role: 'assistant' },
          { role: 'user' },
        ],
      })
    })
  })

describe('models of other makes', () => {
  const plain: AiSdkEmbeddingModel = {
    specificationVersion: 'v2',
    provider: 'test',
    modelId: 'm',
    maxEmbeddingsPerCall: Promise.resolve(2),
    doEmbed: async (options) => ({
      embeddings: (options as { values: string[] }).values.map(() => [3, 4]),
      warnings: [{ type: 'other', message: 'careful' }],
    }),
  }

  it('may learn later how many texts they take, and may warn', async () => {
    const events: RagEvent[] = []
    const model = aiSdkEmbedder(plain, { dimensions: 2 })
    const observer = (event: RagEvent) => events.push(event)
    expect(await model.embed(['a', 'b', 'c'], { ...asDocument, observer })).toHaveLength(6)
    expect(events).toEqual([
      { type: 'model.warnings', source: 'ai-sdk:test:m:2', counts: { warnings: 1 } },
      { type: 'model.warnings', source: 'ai-sdk:test:m:2', counts: { warnings: 1 } },
    ])
  })

  it('may have usage and reasons of specification 2', async () => {
    const model = aiSdkLanguageModel({
      ...plain,
      doGenerate: async () => ({
        content: [
          { type: 'reasoning', text: 'hm' },
          { type: 'text', text: 'yes' },
        ],
        finishReason: 'content-filter',
        usage: { inputTokens: 5, outputTokens: 1 },
      }),
    })
    expect(await model.generate({ messages: [] })).toEqual({
      text: 'yes',
      finishReason: 'filtered',
      usage: { inputTokens: 5, outputTokens: 1 },
    })
    const empty = aiSdkLanguageModel({ ...plain, doGenerate: async () => ({}) })
    await expect(empty.generate({ messages: [] })).rejects.toThrow(
      'The language model "m" answered without content.',
    )
    const none = aiSdkEmbedder({ ...plain, doEmbed: async () => ({}) }, { dimensions: 2 })
    await expect(none.embed(['a'], asDocument)).rejects.toThrow(
      'The embedding model "m" answered without embeddings.',
    )
  })

  it('are refused when they are none, or of a specification that is not known', () => {
    // @ts-expect-error: ids are for the gateway.
    expect(() => aiSdkEmbedder('openai/text-embedding-3-small', { dimensions: 2 })).toThrow(
      '`model` must be a model of the AI SDK, not its id, got "openai/text-embedding-3-small".',
    )
    expect(() => aiSdkEmbedder({ ...plain, specificationVersion: 'v1' }, { dimensions: 2 })).toThrow(
      '`model` must have `doEmbed` and follow specification v2, v3, v4 of the AI SDK; this one says v1.',
    )
    // @ts-expect-error: an embedding model does not rerank.
    expect(() => aiSdkRelevanceModel(plain)).toThrow('`model` must have `doRerank`')
    // @ts-expect-error: vectors have a size.
    expect(() => aiSdkEmbedder(plain, {})).toThrow('`dimensions`')
  })
})
