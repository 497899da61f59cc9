import type { Embedder, RagEvent } from '@tesserae/core'
import { embedTexts } from '@tesserae/core'
import { embedderLaws, hashEmbedding } from '@tesserae/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { managedEmbedder } from '../managed/embedder.js'
import { type Answer, type Received, type TestServer, testServer } from '../testing/server.js'
import { openAiEmbedder } from './embedder.js'
import { openAiLanguageModel } from './language-model.js'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.close())

const asDocument = { role: 'document' } as const
const dimensions = 16

function inputOf(request: Received): readonly string[] {
  return (request.body as { input: readonly string[] }).input
}

/** Answers as OpenAI does, the vectors in reverse order. */
function embeddings(request: Received): Answer {
  const { encoding_format } = request.body as { encoding_format: string }
  const data = inputOf(request).map((text, index) => {
    const vector = hashEmbedding(text, dimensions).map((value) => value * 3)
    const embedding =
      encoding_format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector]
    return { object: 'embedding', index, embedding }
  })
  return { json: { object: 'list', data: data.reverse(), usage: { prompt_tokens: data.length * 7 } } }
}

function embedderAt(url: string, options: object = {}): Embedder {
  return openAiEmbedder({ baseUrl: `${url}/v1/`, model: 'some-model', dimensions, ...options })
}

const problem = (
  status: number,
  message: string,
  headers: Record<string, string> = {},
  code?: string,
): Answer => ({
  status,
  headers,
  json: { error: { message, type: 'error', ...(code !== undefined && { code }) } },
})

describe('the laws of core hold over HTTP', () => {
  beforeAll(() => server.answer(embeddings))
  for (const law of embedderLaws(() => embedderAt(server.url))) it(law.name, () => law.run())
})

describe('openAiEmbedder', () => {
  it('asks as the service expects, and takes vectors by their index', async () => {
    server.answer(embeddings)
    const events: RagEvent[] = []
    const embedder = embedderAt(server.url, {
      apiKey: 'sk-test',
      headers: { 'x-team': 'search' },
      prefixes: { query: 'search_query: ' },
      parameters: { user: 'me' },
    })
    const vectors = await embedder.embed(['a', 'b'], {
      role: 'query',
      observer: (event) => events.push(event),
    })
    const [request] = server.received
    expect(request?.path).toBe('/v1/embeddings')
    expect(request?.headers).toMatchObject({ authorization: 'Bearer sk-test', 'x-team': 'search' })
    expect(request?.body).toEqual({
      model: 'some-model',
      input: ['search_query: a', 'search_query: b'],
      encoding_format: 'float',
      user: 'me',
    })
    for (const [row, text] of ['search_query: a', 'search_query: b'].entries())
      for (const [d, value] of hashEmbedding(text, dimensions).entries())
        expect(vectors[row * dimensions + d]).toBeCloseTo(value, 6)
    expect(events).toEqual([{ type: 'embed.usage', source: embedder.id, counts: { tokens: 14 } }])
  })

  it('understands base64', async () => {
    server.answer(embeddings)
    const plain = await embedderAt(server.url).embed(['a', 'b'], asDocument)
    expect(await embedderAt(server.url, { encoding: 'base64' }).embed(['a', 'b'], asDocument)).toEqual(plain)
    expect(server.received[1]?.body).toMatchObject({ encoding_format: 'base64' })
  })

  it('knows the dimensions of OpenAI’s own models and asks for fewer where that works', async () => {
    expect(openAiEmbedder({ model: 'text-embedding-3-large' })).toMatchObject({
      dimensions: 3072,
      maxBatchTokens: 300_000,
      id: 'openai:text-embedding-3-large:3072',
    })
    server.answer(embeddings)
    const small = openAiEmbedder({ baseUrl: server.url, model: 'text-embedding-3-small', dimensions })
    await small.embed(['a'], asDocument)
    expect(server.received[0]?.body).toMatchObject({ dimensions })
    expect(() => openAiEmbedder({ model: 'mystery' })).toThrow(
      '`dimensions` must be given for a model that is not known here, got undefined. What does "mystery" return?',
    )
  })

  const name = 'The embedding model "some-model"'
  const failures: readonly {
    readonly what: string
    readonly answer: Answer
    readonly message: string | RegExp
    readonly retryable: boolean
    readonly retryAfterMs?: number
  }[] = [
    {
      what: 'throttling in seconds',
      answer: problem(429, 'Rate limit reached', { 'retry-after': '7' }),
      message: `${name} answered 429: Rate limit reached. Too many requests: use a rate limiter, or wait.`,
      retryable: true,
      retryAfterMs: 7000,
    },
    {
      what: 'throttling in milliseconds',
      answer: problem(429, 'Rate limit reached.', { 'retry-after': '7', 'retry-after-ms': '250' }),
      message: `${name} answered 429: Rate limit reached. Too many requests: use a rate limiter, or wait.`,
      retryable: true,
      retryAfterMs: 250,
    },
    {
      what: 'an account without quota',
      answer: problem(429, 'You exceeded your current quota', {}, 'insufficient_quota'),
      message: `${name} answered 429: You exceeded your current quota. The account has no quota left.`,
      retryable: false,
    },
    {
      what: 'a wrong key',
      answer: problem(401, 'Incorrect API key provided'),
      message: `${name} answered 401: Incorrect API key provided. Check the API key.`,
      retryable: false,
    },
    {
      what: 'a model that may not be used',
      answer: { status: 403, json: { message: 'Forbidden' } },
      message: `${name} answered 403: Forbidden. Check that this API key may use the model.`,
      retryable: false,
    },
    {
      what: 'an unknown model',
      answer: { status: 404, json: { error: 'model "some-model" not found, try pulling it first' } },
      message: `${name} answered 404: model "some-model" not found, try pulling it first. Check \`baseUrl\` and the name of the model.`,
      retryable: false,
    },
    {
      what: 'a text that is too long',
      answer: problem(400, "This model's maximum context length is 8192 tokens"),
      message: `${name} answered 400: This model's maximum context length is 8192 tokens. The request is not what this service expects; check the model and \`parameters\`.`,
      retryable: false,
    },
    {
      what: 'a request that is too large',
      answer: { status: 413, text: 'too big' },
      message: `${name} answered 413: too big. Send smaller batches or shorter texts.`,
      retryable: false,
    },
    {
      what: 'a validation error',
      answer: { status: 422, json: { detail: 'input must not be empty' } },
      message: `${name} answered 422: input must not be empty. The request is not what this service expects; check the model and \`parameters\`.`,
      retryable: false,
    },
    {
      what: 'a server error',
      answer: { status: 503, text: '<html>down</html>' },
      message: `${name} answered 503.`,
      retryable: true,
    },
    {
      what: 'a body that is not JSON',
      answer: { text: '<html>login</html>' },
      message: `${name} answered with something that is not JSON: <html>login</html>`,
      retryable: false,
    },
    {
      what: 'a body that breaks off',
      answer: { cutBody: '{"data": [' },
      message:
        /^The embedding model "some-model" could not be reached at http:.*, or broke off its answer \(UND_ERR_SOCKET\)\./,
      retryable: true,
    },
    {
      what: 'a connection that breaks off',
      answer: 'hangUp',
      message: /could not be reached at .* Check the address and that it is running\.$/,
      retryable: true,
    },
    {
      what: 'silence',
      answer: 'silence',
      message: `${name} did not answer within 80 ms. Raise \`timeoutMs\` if it needs longer.`,
      retryable: true,
    },
    {
      what: 'no list of vectors',
      answer: { json: { object: 'error' } },
      message: `${name} answered with no list \`data\`.`,
      retryable: false,
    },
    {
      what: 'too few vectors',
      answer: { json: { data: [] } },
      message: `${name} answered with 0 vectors for 1 texts.`,
      retryable: false,
    },
    {
      what: 'an index out of range',
      answer: { json: { data: [{ index: 4, embedding: [1] }] } },
      message: `${name} answered with the index 4 for 1 texts.`,
      retryable: false,
    },
    {
      what: 'a missing vector',
      answer: { json: { data: [{ index: 0 }] } },
      message: `${name} answered with no embedding for text 0.`,
      retryable: false,
    },
    {
      what: 'base64 that is none',
      answer: { json: { data: [{ index: 0, embedding: '?' }] } },
      message: `${name} answered with an embedding for text 0 that is not base64.`,
      retryable: false,
    },
    {
      what: 'base64 that is cut',
      answer: { json: { data: [{ index: 0, embedding: 'AAAAAAAA' }] } },
      message: `${name} answered with 6 bytes for text 0, not whole numbers.`,
      retryable: false,
    },
  ]
  for (const { what, answer, message, retryable, retryAfterMs } of failures)
    it(`tells ${what}`, async () => {
      server.answer(answer)
      const timeoutMs = answer === 'silence' ? 80 : 5000
      const running = embedderAt(server.url, { timeoutMs, apiKey: 'sk-secret' }).embed(['a'], asDocument)
      await expect(running).rejects.toMatchObject({ code: 'model-failed', retryable, retryAfterMs })
      await expect(running).rejects.toThrow(message)
      await expect(running).rejects.not.toThrow('sk-secret')
    })

  it('tells two vectors for one text, and vectors of other dimensions', async () => {
    server.answer({
      json: {
        data: [
          { index: 0, embedding: [1] },
          { index: 0, embedding: [1] },
        ],
      },
    })
    await expect(embedderAt(server.url).embed(['a', 'b'], asDocument)).rejects.toThrow(
      'two vectors for text 0',
    )
    server.answer({ json: { data: [{ index: 0, embedding: [1, 2] }] } })
    await expect(embedderAt(server.url).embed(['a'], asDocument)).rejects.toMatchObject({
      code: 'invalid-vector',
      message: 'The embedder "openai:some-model:16" returned 2 numbers for text 0; `dimensions` is 16.',
    })
  })

  it('is not reachable where nobody listens', async () => {
    const embedder = openAiEmbedder({ baseUrl: 'http://127.0.0.1:9', model: 'm', dimensions })
    await expect(embedder.embed(['a'], asDocument)).rejects.toMatchObject({
      retryable: true,
      message: expect.stringContaining('The embedding model "m" could not be reached at http://127.0.0.1:9'),
    })
  })

  it('lets a request go that was aborted in flight', async () => {
    server.answer('silence')
    const controller = new AbortController()
    const running = embedderAt(server.url).embed(['a'], { ...asDocument, signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 30)
    await expect(running).rejects.toThrow('enough')
    await expect.poll(() => server.left()).toBe(1)
  })

  it('is throttled, waits as asked, and goes on; a batch that is refused fails alone', async () => {
    const waits: number[] = []
    server.answer(problem(429, 'slow down', { 'retry-after': '2' }), embeddings)
    const wait = async (ms: number) => void waits.push(ms)
    await managedEmbedder(embedderAt(server.url), { retry: { wait, random: () => 0 } }).embed(
      ['a'],
      asDocument,
    )
    expect(waits).toEqual([2000])

    server.answer((request) => (inputOf(request).includes('bad') ? problem(400, 'no') : embeddings(request)))
    const { results, calls } = await embedTexts(
      embedderAt(server.url, { maxBatchSize: 2 }),
      ['a', 'b', 'bad', 'c', 'd'],
      asDocument,
    )
    expect(results.map(({ type }) => type)).toEqual(['vector', 'vector', 'failure', 'failure', 'vector'])
    expect(calls).toBe(3)
  })

  it('checks its options', () => {
    const make = (options: object) => () => embedderAt(server.url, options)
    expect(make({ model: '' })).toThrow('`model` must be a string with something in it')
    expect(make({ dimensions: 0 })).toThrow('`dimensions`')
    expect(make({ encoding: 'hex' })).toThrow('`encoding`')
    expect(make({ timeoutMs: 0 })).toThrow('`timeoutMs`')
    expect(make({ maxBatchSize: 0 })).toThrow('`maxBatchSize`')
    expect(make({ baseUrl: 'localhost:11434' })).toThrow(
      '`baseUrl` must be an address that begins with http:// or https://, got "localhost:11434".',
    )
  })

  it('goes through another fetch when given one', async () => {
    const seen: string[] = []
    const answer = JSON.stringify({ data: [{ embedding: Array(dimensions).fill(1) }] })
    const embedder = embedderAt('http://models.internal', {
      fetch: async (url: string) => {
        seen.push(url)
        return new Response(answer)
      },
    })
    expect((await embedder.embed(['a'], asDocument))[0]).toBe(0.25)
    expect(seen).toEqual(['http://models.internal/v1/embeddings'])
  })
})

describe('openAiLanguageModel', () => {
  const request = {
    system: 'Be brief.',
    messages: [
      { role: 'user', content: 'Who pays?' },
      { role: 'assistant', content: 'The tenant.' },
      { role: 'user', content: 'How much?' },
    ],
    maxTokens: 50,
    temperature: 0,
    stopSequences: ['END'],
  } as const
  const chat = (message: object, finish_reason: string): Answer => ({
    json: {
      choices: [{ index: 0, message, finish_reason }],
      usage: { prompt_tokens: 20, completion_tokens: 4 },
    },
  })
  const modelAt = (options: object = {}) =>
    openAiLanguageModel({ baseUrl: server.url, model: 'chat', timeoutMs: 5000, ...options })
  const piece = (content: string, finish_reason: string | null = null) =>
    JSON.stringify({ choices: [{ delta: { content }, finish_reason }] })

  it('asks and answers', async () => {
    server.answer(chat({ role: 'assistant', content: 'Two months.' }, 'stop'))
    expect(await modelAt({ parameters: { seed: 1 } }).generate(request)).toEqual({
      text: 'Two months.',
      finishReason: 'stop',
      usage: { inputTokens: 20, outputTokens: 4 },
    })
    expect(server.received[0]?.path).toBe('/chat/completions')
    expect(server.received[0]?.body).toEqual({
      model: 'chat',
      messages: [{ role: 'system', content: 'Be brief.' }, ...request.messages],
      max_tokens: 50,
      temperature: 0,
      stop: ['END'],
      seed: 1,
    })
    await modelAt({ limitField: 'max_completion_tokens' }).generate({ messages: [], maxTokens: 5 })
    expect(server.received[1]?.body).toEqual({ model: 'chat', messages: [], max_completion_tokens: 5 })
  })

  it('tells why the answer ended', async () => {
    const reasons = [
      ['length', 'length'],
      ['content_filter', 'filtered'],
      ['tool_calls', 'other'],
    ] as const
    for (const [theirs, ours] of reasons) {
      server.answer(chat({ content: 'x' }, theirs))
      expect((await modelAt().generate(request)).finishReason).toBe(ours)
    }
    server.answer(chat({ content: null, refusal: 'I cannot.' }, 'stop'))
    expect(await modelAt().generate(request)).toMatchObject({ text: '', finishReason: 'filtered' })
    server.answer(
      chat(
        {
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
        'stop',
      ),
    )
    expect((await modelAt().generate(request)).text).toBe('ab')
  })

  it('reads a stream', async () => {
    const usage = JSON.stringify({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } })
    server.answer({ events: [piece('Two '), piece('months.'), piece('', 'stop'), usage, '[DONE]'] })
    expect(await modelAt({ stream: true }).generate(request)).toEqual({
      text: 'Two months.',
      finishReason: 'stop',
      usage: { inputTokens: 3, outputTokens: 2 },
    })
    expect(server.received[0]?.body).toMatchObject({ stream: true, stream_options: { include_usage: true } })
    server.answer({ events: [piece('Done', 'length')] })
    expect(await modelAt({ stream: true }).generate(request)).toEqual({
      text: 'Done',
      finishReason: 'length',
    })
  })

  it('never takes half a stream for an answer', async () => {
    const streaming = modelAt({ stream: true, timeoutMs: 300 })
    server.answer({ events: [piece('Two ')] })
    await expect(streaming.generate(request)).rejects.toMatchObject({
      retryable: true,
      message: 'The language model "chat" ended its stream before the answer was complete.',
    })
    server.answer({ events: [piece('Two ')], cut: true })
    await expect(streaming.generate(request)).rejects.toMatchObject({
      retryable: true,
      message: expect.stringContaining('or broke off its answer'),
    })
    server.answer({ events: [piece('Two '), '{"choices": [{'] })
    await expect(streaming.generate(request)).rejects.toThrow(
      'The language model "chat" sent an event that is not JSON: {"choices": [{',
    )
    server.answer({ events: [piece('Two '), JSON.stringify({ error: { message: 'Overloaded' } })] })
    await expect(streaming.generate(request)).rejects.toMatchObject({
      retryable: true,
      message: 'The language model "chat" stopped in the middle of its answer: Overloaded.',
    })
    server.answer({ json: { choices: [] } })
    await expect(modelAt().generate(request)).rejects.toThrow(
      'The language model "chat" answered without a message.',
    )
  })

  it('is aborted in flight, and times out', async () => {
    server.answer('silence')
    const controller = new AbortController()
    const running = modelAt().generate(request, { signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 30)
    await expect(running).rejects.toThrow('enough')
    await expect(modelAt({ timeoutMs: 40 }).generate(request)).rejects.toThrow(
      'The language model "chat" did not answer within 40 ms.',
    )
    const signal = AbortSignal.abort(new Error('before'))
    await expect(modelAt().generate(request, { signal })).rejects.toThrow('before')
  })
})
