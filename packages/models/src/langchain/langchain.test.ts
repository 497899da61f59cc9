import { FakeEmbeddings, FakeListChatModel } from '@langchain/core/utils/testing'
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai'
import { embedderLaws, hashEmbedding } from '@tesserae/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, type Received, type TestServer, testServer } from '../testing/server.js'
import { langChainEmbedder, langChainLanguageModel } from './langchain.js'

// The real classes of @langchain/openai speak to a server of ours.
let server: TestServer
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.close())

const dimensions = 16
const asDocument = { role: 'document' } as const
const embedder = (options: object = {}) =>
  langChainEmbedder(
    new OpenAIEmbeddings({
      apiKey: 'key',
      model: 'some-model',
      maxRetries: 0,
      encodingFormat: 'float',
      configuration: { baseURL: server.url },
    }),
    { id: 'some-model', dimensions, timeoutMs: 5000, ...options },
  )

function embeddings({ body }: Received): Answer {
  const { input } = body as { input: string | readonly string[] }
  const data = [input].flat().map((text, index) => ({
    object: 'embedding',
    index,
    embedding: [...hashEmbedding(text, dimensions)],
  }))
  return { json: { object: 'list', model: 'm', data, usage: { prompt_tokens: 3, total_tokens: 3 } } }
}

describe('the laws of core hold for Embeddings of LangChain', () => {
  beforeAll(() => server.answer(embeddings))
  for (const law of embedderLaws(() => embedder())) it(law.name, () => law.run())
})

describe('langChainEmbedder', () => {
  it('sends documents together and queries one by one', async () => {
    server.answer(embeddings)
    const inputs = () => server.received.map(({ body }) => (body as { input: unknown }).input)
    await embedder().embed(['a', 'b'], asDocument)
    expect(inputs().at(-1)).toEqual(['a', 'b'])
    const vectors = await embedder().embed(['a', 'b'], { role: 'query' })
    expect(inputs().slice(-2).toSorted()).toEqual(['a', 'b'])
    expect(vectors.slice(16)).toEqual(hashEmbedding('b', 16))
  })

  it('tells what goes wrong', async () => {
    const name = 'The embedding model "some-model"'
    const cases: readonly (readonly [Answer, string | RegExp, boolean])[] = [
      [
        { status: 429, headers: { 'retry-after': '3' }, json: { error: { message: 'slow down' } } },
        /^The embedding model "some-model" answered 429: 429 slow down/,
        true,
      ],
      [{ status: 401, json: { error: { message: 'wrong key' } } }, /answered 401: 401 wrong key/, false],
      [{ status: 500, json: { error: { message: 'boom' } } }, `${name} answered 500: 500 boom.`, true],
      ['hangUp', /^The embedding model "some-model" failed: Connection error\.$/, true],
      [{ cutBody: '{"data": [{"embedding": [0.1' }, /^The embedding model "some-model" /, true],
    ]
    for (const [answer, message, retryable] of cases) {
      server.answer(answer)
      const running = embedder().embed(['a'], asDocument)
      await expect(running).rejects.toThrow(message)
      await expect(running).rejects.toMatchObject({ code: 'model-failed', retryable })
    }
    server.answer(cases[0]![0])
    await expect(embedder().embed(['a'], asDocument)).rejects.toMatchObject({ retryAfterMs: 3000 })
    const other = langChainEmbedder(new FakeEmbeddings(), { id: 'fake', dimensions: 5 })
    await expect(other.embed(['a'], asDocument)).rejects.toThrow(
      'The embedder "langchain:fake" returned 4 numbers for text 0; `dimensions` is 5.',
    )
  })

  it('stops waiting on abort and when time is up', async () => {
    server.answer('silence')
    await expect(embedder({ timeoutMs: 50 }).embed(['a'], asDocument)).rejects.toMatchObject({
      retryable: true,
      message:
        'The embedding model "some-model" did not answer within 50 ms. Raise `timeoutMs` if it needs longer.',
    })
    const controller = new AbortController()
    const running = embedder().embed(['a'], { ...asDocument, signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 30)
    await expect(running).rejects.toThrow('enough')
  })

  it('checks what it is given', () => {
    const fake = new FakeEmbeddings()
    expect(() => langChainEmbedder(fake, { id: '', dimensions: 4 })).toThrow('`id`')
    expect(() => langChainEmbedder(fake, { id: 'fake', dimensions: 0 })).toThrow('`dimensions`')
    // @ts-expect-error: callers without types exist.
    expect(() => langChainEmbedder({}, { id: 'fake', dimensions: 4 })).toThrow(
      '`embeddings` must be an object with `embedDocuments`',
    )
  })
})

describe('langChainLanguageModel', () => {
  const request = {
    system: 'Be brief.',
    messages: [{ role: 'user', content: 'Who pays?' }],
    stopSequences: ['END'],
  } as const
  const chat = (options: object = {}) =>
    langChainLanguageModel(
      new ChatOpenAI({ apiKey: 'key', model: 'chat', maxRetries: 0, configuration: { baseURL: server.url } }),
      { id: 'chat', timeoutMs: 5000, ...options },
    )
  const answer = (finish_reason: string): Answer => ({
    json: {
      id: 'x',
      object: 'chat.completion',
      model: 'chat',
      choices: [{ index: 0, message: { role: 'assistant', content: 'The tenant.' }, finish_reason }],
      usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
    },
  })

  it('asks and reads the answer', async () => {
    server.answer(answer('stop'))
    expect(await chat().generate(request)).toEqual({
      text: 'The tenant.',
      finishReason: 'stop',
      usage: { inputTokens: 9, outputTokens: 3 },
    })
    expect(server.received[0]?.body).toMatchObject({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Who pays?' },
      ],
      stop: ['END'],
    })
    server.answer(answer('length'))
    expect((await chat().generate(request)).finishReason).toBe('length')
  })

  it('works with any chat model', async () => {
    const fake = new FakeListChatModel({ responses: ['first', 'second'] })
    const model = langChainLanguageModel(fake, { id: 'fake' })
    const plain = { messages: request.messages }
    expect(await model.generate(plain)).toEqual({ text: 'first', finishReason: 'other' })
    expect((await model.generate(plain)).text).toBe('second')
  })

  it('refuses what it could not pass on, unless told how', async () => {
    await expect(chat().generate({ ...request, maxTokens: 5 })).rejects.toMatchObject({
      code: 'unsupported',
      message:
        'The language model "chat" cannot be given `maxTokens` for one request. Set `callOptions` to pass it on in this model’s own words.',
    })
    await expect(chat().generate({ ...request, temperature: 0 })).rejects.toThrow('`temperature`')
    server.answer(answer('stop'))
    const told = chat({ callOptions: () => ({ seed: 7 }) })
    await told.generate({ ...request, maxTokens: 5 })
    expect(server.received[0]?.body).toMatchObject({ seed: 7 })
  })

  it('tells what goes wrong', async () => {
    server.answer({ status: 503, json: { error: { message: 'overloaded' } } })
    await expect(chat().generate(request)).rejects.toMatchObject({
      retryable: true,
      message: 'The language model "chat" answered 503: 503 overloaded.',
    })
    server.answer({ cutBody: '{"choices": [{"message": {"role": "assistant", "content": "The ten' })
    const half = chat().generate(request)
    await expect(half).rejects.toMatchObject({ code: 'model-failed', retryable: true })
    server.answer('silence')
    await expect(chat({ timeoutMs: 50 }).generate(request)).rejects.toThrow('did not answer within 50 ms')
    const controller = new AbortController()
    const running = chat().generate(request, { signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 30)
    await expect(running).rejects.toThrow('enough')
    // @ts-expect-error: callers without types exist.
    expect(() => langChainLanguageModel({}, { id: 'x' })).toThrow('`model` must be an object with `invoke`')
  })

  it('never takes half a stream for an answer', async () => {
    const streaming = langChainLanguageModel(
      new ChatOpenAI({
        apiKey: 'key',
        model: 'chat',
        maxRetries: 0,
        streaming: true,
        configuration: { baseURL: server.url },
      }),
      { id: 'chat', timeoutMs: 5000 },
    )
    const event = (content: string) =>
      JSON.stringify({
        id: 'x',
        object: 'chat.completion.chunk',
        model: 'chat',
        choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }],
      })
    server.answer({ events: [event('The '), event('ten')], cut: true })
    const cut = streaming.generate(request)
    await expect(cut).rejects.toMatchObject({ code: 'model-failed', retryable: true })
    await expect(cut).rejects.toThrow(/^The language model "chat" failed: /)
  })
})
