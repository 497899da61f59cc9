import { BedrockAgentRuntimeClient } from '@aws-sdk/client-bedrock-agent-runtime'
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime'
import type { RagEvent } from '@tesserae/core'
import { embedderLaws, hashEmbedding } from '@tesserae/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { managedEmbedder } from '../managed/embedder.js'
import { managedRelevanceModel } from '../managed/models.js'
import { type Answer, type Received, type TestServer, testServer } from '../testing/server.js'
import { type BedrockEmbedderOptions, bedrockEmbedder } from './embedder.js'
import { bedrockLanguageModel } from './language-model.js'
import { bedrockRelevanceModel } from './relevance-model.js'

// The real AWS clients speak to a server of ours, in their own wire format.
let server: TestServer
let runtime: BedrockRuntimeClient
let agent: BedrockAgentRuntimeClient
beforeAll(async () => {
  server = await testServer(2)
  const config = {
    endpoint: server.url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
    maxAttempts: 1,
  }
  runtime = new BedrockRuntimeClient(config)
  agent = new BedrockAgentRuntimeClient(config)
})
afterAll(async () => {
  runtime.destroy()
  agent.destroy()
  await server.close()
})

const asDocument = { role: 'document' } as const
const titan = 'amazon.titan-embed-text-v2:0'
const embedderFor = (options: Partial<BedrockEmbedderOptions> = {}) =>
  bedrockEmbedder({ client: runtime, model: titan, timeoutMs: 5000, ...options })

interface TitanBody {
  readonly inputText: string
  readonly dimensions: number
  readonly embeddingTypes: readonly string[]
}

function titanAnswer({ body }: Received): Answer {
  const { inputText, dimensions, embeddingTypes } = body as TitanBody
  const float = [...hashEmbedding(inputText, dimensions)]
  const embeddingsByType =
    embeddingTypes[0] === 'binary' ? { binary: float.map((value) => (value > 0 ? 1 : 0)) } : { float }
  return {
    json: {
      ...(embeddingTypes[0] === 'float' && { embedding: float }),
      embeddingsByType,
      inputTextTokenCount: 5,
    },
  }
}

const failure = (
  exception: string,
  status: number,
  message: string,
  headers: Record<string, string> = {},
): Answer => ({
  status,
  headers: { 'x-amzn-errortype': exception, ...headers },
  json: { message },
})

describe('the laws of core hold for Titan over the AWS client', () => {
  beforeAll(() => server.answer(titanAnswer))
  for (const law of embedderLaws(() => embedderFor({ dimensions: 256 }))) it(law.name, () => law.run())
})

describe('bedrockEmbedder', () => {
  it('asks Titan for one text at a time, normalised, in the dimensions wanted', async () => {
    server.answer(titanAnswer)
    const events: RagEvent[] = []
    const embedder = embedderFor({ dimensions: 512 })
    const vectors = await embedder.embed(['a', 'b'], {
      ...asDocument,
      observer: (event) => events.push(event),
    })
    expect(embedder).toMatchObject({ maxBatchSize: 1, id: `bedrock:${titan}:512` })
    expect(server.received.map(({ path, body }) => ({ path, body }))).toEqual(
      ['a', 'b'].map((inputText) => ({
        path: `/model/${encodeURIComponent(titan)}/invoke`,
        body: { inputText, dimensions: 512, normalize: true, embeddingTypes: ['float'] },
      })),
    )
    expect(server.received[0]?.headers.authorization).toContain('AWS4-HMAC-SHA256 Credential=AKIATEST')
    for (const [d, value] of hashEmbedding('b', 512).entries()) expect(vectors[512 + d]).toBeCloseTo(value, 6)
    expect(events.map(({ counts }) => counts?.tokens)).toEqual([5, 5])
    expect(embedderFor().dimensions).toBe(1024)
  })

  it('turns bits into unit vectors whose product counts the bits that differ', async () => {
    server.answer(titanAnswer)
    const embedder = embedderFor({ dimensions: 256, values: 'binary' })
    const vectors = await embedder.embed(['a b c d e f', 'a b c x y z'], asDocument)
    const bits = ['a b c d e f', 'a b c x y z'].map((text) => [...hashEmbedding(text, 256)].map((v) => v > 0))
    const differ = bits[0]!.filter((bit, i) => bit !== bits[1]![i]).length
    let product = 0
    for (let d = 0; d < 256; d++) product += vectors[d]! * vectors[256 + d]!
    expect(product).toBeCloseTo(1 - (2 * differ) / 256, 5)
    expect(Math.hypot(...vectors.subarray(0, 256))).toBeCloseTo(1, 5)
    expect(embedder.id).toBe(`bedrock:${titan}:256:binary`)
  })

  it('asks Cohere v3 for up to 96 texts by role, never cut, and understands both of its answers', async () => {
    const model = 'cohere.embed-multilingual-v3'
    const rows = (request: Received) =>
      (request.body as { texts: string[] }).texts.map((text) => [...hashEmbedding(text, 1024)])
    server.answer((request) => ({
      json: { embeddings: { float: rows(request) }, response_type: 'embeddings_by_type' },
    }))
    const embedder = embedderFor({ model })
    const texts = Array.from({ length: 97 }, (_, i) => `text ${i}`)
    const vectors = await embedder.embed(texts, { role: 'query' })
    expect(server.received.map(({ body }) => (body as { texts: string[] }).texts.length)).toEqual([96, 1])
    expect(server.received[1]?.body).toEqual({
      texts: ['text 96'],
      input_type: 'search_query',
      truncate: 'NONE',
      embedding_types: ['float'],
    })
    server.answer((request) => ({ json: { embeddings: rows(request), response_type: 'embeddings_floats' } }))
    expect(await embedder.embed(texts.slice(0, 2), asDocument)).toEqual(vectors.slice(0, 2048))
    expect(server.received[0]?.body).toMatchObject({ input_type: 'search_document' })
  })

  it('asks Cohere v4 for a size, also behind a profile, and unpacks its bits', async () => {
    server.answer({ json: { embeddings: { ubinary: [[0b10000001, ...Array(31).fill(255)]] } } })
    const embedder = embedderFor({ model: 'eu.cohere.embed-v4:0', dimensions: 256, values: 'binary' })
    const vector = await embedder.embed(['a'], asDocument)
    expect([...vector.subarray(0, 9)].map(Math.sign)).toEqual([1, -1, -1, -1, -1, -1, -1, 1, 1])
    expect(server.received[0]?.body).toMatchObject({ output_dimension: 256, embedding_types: ['ubinary'] })
    const arn = 'arn:aws:bedrock:eu-central-1:1:application-inference-profile/abc'
    expect(() => embedderFor({ model: arn })).toThrow('If it is one of them behind a profile, set `family`')
    expect(embedderFor({ model: arn, family: 'cohere-v4' }).dimensions).toBe(1536)
  })

  const name = `The embedding model "${titan}"`
  const failures: readonly {
    readonly what: string
    readonly answer: Answer
    readonly message: string | RegExp
    readonly retryable: boolean
    readonly retryAfterMs?: number
  }[] = [
    {
      what: 'throttling',
      answer: failure('ThrottlingException', 429, 'Too many requests, please wait before trying again.', {
        'retry-after': '3',
      }),
      message: `${name} was throttled by Bedrock. Too many requests, please wait before trying again. Send fewer requests or tokens a minute, or ask for a higher quota.`,
      retryable: true,
      retryAfterMs: 3000,
    },
    {
      what: 'a quota',
      answer: failure('ServiceQuotaExceededException', 400, 'Your request exceeds the service quota'),
      message: `${name} is over a quota of this account. Your request exceeds the service quota. Wait, or ask for a higher quota in Service Quotas.`,
      retryable: true,
    },
    {
      what: 'a missing IAM action',
      answer: failure(
        'AccessDeniedException',
        403,
        'User: arn:aws:iam::1:user/me is not authorized to perform: bedrock:InvokeModel on resource: arn:aws:bedrock:eu-central-1::foundation-model/x because no identity-based policy allows it',
      ),
      message:
        /may not be asked by this role\. User: .* Add the IAM action bedrock:InvokeModel on arn:aws:bedrock:eu-central-1::foundation-model\/x to its policy\.$/,
      retryable: false,
    },
    {
      what: 'a denial that does not say more',
      answer: failure('AccessDeniedException', 403, 'Access denied'),
      message: `${name} may not be asked by this role. Access denied. Add the IAM action bedrock:InvokeModel to its policy.`,
      retryable: false,
    },
    {
      what: 'missing access to the model',
      answer: failure(
        'AccessDeniedException',
        403,
        "You don't have access to the model with the specified model ID.",
      ),
      message: `${name} is not open to this account. You don't have access to the model with the specified model ID. Ask for access to the model in the Bedrock console, in the same region.`,
      retryable: false,
    },
    {
      what: 'a text that is too long',
      answer: failure(
        'ValidationException',
        400,
        '400 Bad Request: Too many input tokens. Max input tokens: 8192',
      ),
      message: `${name} refused the request. 400 Bad Request: Too many input tokens. Max input tokens: 8192.`,
      retryable: false,
    },
    {
      what: 'a model without on-demand throughput',
      answer: failure(
        'ValidationException',
        400,
        "Invocation of model ID x with on-demand throughput isn't supported.",
      ),
      message: /Use the id of an inference profile, for example "us\." in front of the model’s id\.$/,
      retryable: false,
    },
    {
      what: 'an unknown model',
      answer: failure('ResourceNotFoundException', 404, 'Could not resolve the foundation model'),
      message: `${name} was not found. Could not resolve the foundation model. Check the id of the model and the region.`,
      retryable: false,
    },
    {
      what: 'a model that is not ready',
      answer: failure('ModelNotReadyException', 429, 'Model is not ready'),
      message: `${name} is not ready yet. Model is not ready. Bedrock is loading it; ask again in a while.`,
      retryable: true,
    },
    {
      what: 'a model that took too long',
      answer: failure('ModelTimeoutException', 408, 'Timed out'),
      message: `${name} took too long. Timed out. Send less at once.`,
      retryable: true,
    },
    {
      what: 'a model that failed',
      answer: {
        status: 424,
        headers: { 'x-amzn-errortype': 'ModelErrorException' },
        json: { message: 'boom', originalStatusCode: 500 },
      },
      message: `${name} failed while it was computing. boom.`,
      retryable: true,
    },
    {
      what: 'expired credentials',
      answer: failure('ExpiredTokenException', 403, 'The security token included in the request is expired'),
      message: `${name} could not be asked. The security token included in the request is expired. Check the AWS credentials of this process: they are missing, wrong or expired.`,
      retryable: false,
    },
    {
      what: 'a failing service',
      answer: failure('InternalServerException', 500, 'Internal failure'),
      message: `${name} answered 500. Internal failure.`,
      retryable: true,
    },
    {
      what: 'an unavailable service',
      answer: failure('ServiceUnavailableException', 503, 'Come back later'),
      message: `${name} answered 503. Come back later.`,
      retryable: true,
    },
    {
      what: 'a body that is not JSON',
      answer: { text: 'ok' },
      message: `${name} answered with something that is not JSON: ok`,
      retryable: false,
    },
    {
      what: 'a body without vectors',
      answer: { json: { message: 'ok' } },
      message: 'A Bedrock embedding model answered without the list of vectors that was asked for.',
      retryable: false,
    },
    {
      what: 'a connection that breaks off',
      answer: 'hangUp',
      message: /could not be reached\. .*Check the network and the region\.$/,
      retryable: true,
    },
    {
      what: 'a body that breaks off',
      answer: { cutBody: '{"embedding":' },
      message: /could not be reached\./,
      retryable: true,
    },
    {
      what: 'silence',
      answer: 'silence',
      message: `${name} did not answer within 80 ms. Raise \`timeoutMs\` if it needs longer.`,
      retryable: true,
    },
  ]
  for (const { what, answer, message, retryable, retryAfterMs } of failures)
    it(`tells ${what}`, async () => {
      server.answer(answer)
      const running = embedderFor(answer === 'silence' ? { timeoutMs: 80 } : {}).embed(['a'], asDocument)
      await expect(running).rejects.toMatchObject({ code: 'model-failed', retryable, retryAfterMs })
      await expect(running).rejects.toThrow(message)
    })

  it('is throttled, waits as asked, and goes on; one text of many fails alone', async () => {
    const waits: number[] = []
    server.answer(failure('ThrottlingException', 429, 'slow', { 'retry-after': '2' }), titanAnswer)
    const wait = async (ms: number) => void waits.push(ms)
    await managedEmbedder(embedderFor(), { retry: { wait, random: () => 0 } }).embed(['a'], asDocument)
    expect(waits).toEqual([2000])
    server.answer((request) =>
      (request.body as TitanBody).inputText === 'bad'
        ? failure('ValidationException', 400, 'no')
        : titanAnswer(request),
    )
    const results = await managedEmbedder(embedderFor()).embedEach(['a', 'bad', 'c'], asDocument)
    expect(results.map(({ type }) => type)).toEqual(['vector', 'failure', 'vector'])
  })

  it('is aborted in flight', async () => {
    server.answer('silence')
    const controller = new AbortController()
    const running = embedderFor().embed(['a'], { ...asDocument, signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 30)
    await expect(running).rejects.toThrow('enough')
    await expect.poll(() => server.left()).toBe(1)
  })

  it('makes a client of its own, and says when it knows no region or credentials', async () => {
    const saved = { ...process.env }
    try {
      for (const key of Object.keys(process.env)) if (key.startsWith('AWS_')) delete process.env[key]
      process.env.AWS_EC2_METADATA_DISABLED = 'true'
      process.env.AWS_CONFIG_FILE = '/nowhere'
      process.env.AWS_SHARED_CREDENTIALS_FILE = '/nowhere'
      await expect(bedrockEmbedder({ model: titan }).embed(['a'], asDocument)).rejects.toThrow(
        'Set `region`, or AWS_REGION in the environment.',
      )
      await expect(
        bedrockEmbedder({ model: titan, region: 'eu-west-1' }).embed(['a'], asDocument),
      ).rejects.toThrow('Check the AWS credentials of this process')
    } finally {
      process.env = saved
    }
  })

  it('checks its options', () => {
    expect(() => embedderFor({ model: 'amazon.titan-embed-image-v1' })).toThrow(
      'is no embedding model that is known here',
    )
    expect(() => embedderFor({ dimensions: 300 })).toThrow(
      '`dimensions` must be one of 1024, 512, 256 for this model, got 300.',
    )
    expect(() => embedderFor({ timeoutMs: 0 })).toThrow('`timeoutMs`')
    // @ts-expect-error: callers without types exist.
    expect(() => embedderFor({ values: 'int8' })).toThrow('`values` must be one of "float", "binary"')
    // @ts-expect-error: callers without types exist.
    expect(() => embedderFor({ family: 'titan' })).toThrow('`family` must be one of "titan-v2"')
  })
})

describe('bedrockRelevanceModel', () => {
  interface RerankBody {
    readonly sources: readonly {
      readonly inlineDocumentSource: { readonly textDocument: { readonly text: string } }
    }[]
    readonly nextToken?: string
  }
  const model = 'amazon.rerank-v1:0'
  const scorer = (options: object = {}) =>
    bedrockRelevanceModel({ client: agent, model, timeoutMs: 5000, ...options })

  /** Best first; all scores, or two pages of them. */
  const ranked =
    (pages: number) =>
    (request: Received): Answer => {
      const { sources, nextToken } = request.body as RerankBody
      const results = sources
        .map(({ inlineDocumentSource }, index) => ({
          index,
          relevanceScore: inlineDocumentSource.textDocument.text.length / 16,
        }))
        .toSorted((a, b) => b.relevanceScore - a.relevanceScore)
      if (pages === 1) return { json: { results } }
      return nextToken === undefined
        ? { json: { results: results.slice(0, 1), nextToken: 'more' } }
        : { json: { results: results.slice(1) } }
    }

  it('asks for every score, page by page', async () => {
    for (const pages of [1, 2]) {
      server.answer(ranked(pages))
      expect([...(await scorer().score('who?', ['aa', 'bbbb', 'c']))]).toEqual([0.125, 0.25, 0.0625])
      expect(server.received).toHaveLength(pages)
    }
    expect(server.received[0]?.path).toBe('/rerank')
    expect(server.received[0]?.body).toMatchObject({
      queries: [{ type: 'TEXT', textQuery: { text: 'who?' } }],
      rerankingConfiguration: {
        type: 'BEDROCK_RERANKING_MODEL',
        bedrockRerankingConfiguration: {
          numberOfResults: 3,
          modelConfiguration: { modelArn: `arn:aws:bedrock:eu-central-1::foundation-model/${model}` },
        },
      },
    })
    expect(server.received[1]?.body).toMatchObject({ nextToken: 'more' })
    expect(await scorer().score('who?', [])).toHaveLength(0)
  })

  it('takes more passages when managed', async () => {
    server.answer(ranked(1))
    const managed = managedRelevanceModel(scorer({ maxBatchSize: 2 }), { price: { perThousandRequests: 1 } })
    expect([...(await managed.score('who?', ['aa', 'bbbb', 'c']))]).toEqual([0.125, 0.25, 0.0625])
    expect(managed.usage()).toMatchObject({ requests: 2, cost: 0.002 })
    await expect(scorer({ maxBatchSize: 2 }).score('who?', ['a', 'b', 'c'])).rejects.toThrow(
      '`passages` must be at most 2',
    )
  })

  it('names the IAM action that is missing, and what else went wrong', async () => {
    server.answer(failure('AccessDeniedException', 403, 'Denied'))
    await expect(scorer().score('who?', ['a'])).rejects.toMatchObject({
      retryable: false,
      message: `The rerank model "${model}" may not be asked by this role. Denied. Add the IAM action bedrock:Rerank to its policy.`,
    })
    server.answer(failure('DependencyFailedException', 424, 'upstream'))
    await expect(scorer().score('who?', ['a'])).rejects.toThrow('answered 424. upstream.')
    server.answer({ json: { results: [] } })
    await expect(scorer().score('who?', ['a'])).rejects.toThrow('answered with no score for passage 0 of 1.')
    server.answer({ json: {} })
    await expect(scorer().score('who?', ['a'])).rejects.toThrow('answered without a list of results.')
    server.answer({ cutBody: '{"results": [{"index": 0, "relevanceSc' })
    await expect(scorer().score('who?', ['a'])).rejects.toMatchObject({
      retryable: true,
      message: expect.stringContaining('could not be reached'),
    })
  })

  it('needs a region to name a model', async () => {
    const client = { send: async () => ({ results: [] }) }
    await expect(bedrockRelevanceModel({ client, model }).score('q', ['a'])).rejects.toThrow(
      '`region` must be given with the id of a model, got undefined. Or pass the ARN of the model as `model`.',
    )
  })
})

describe('bedrockLanguageModel', () => {
  const model = 'eu.amazon.nova-lite-v1:0'
  const chat = (options: object = {}) =>
    bedrockLanguageModel({ client: runtime, model, timeoutMs: 5000, ...options })
  const request = {
    system: 'Be brief.',
    messages: [{ role: 'user', content: 'Who pays?' }],
    maxTokens: 50,
    temperature: 0,
    stopSequences: ['END'],
  } as const
  const converse = (stopReason: string): Answer => ({
    json: {
      output: { message: { role: 'assistant', content: [{ text: 'The ' }, { text: 'tenant.' }] } },
      stopReason,
      usage: { inputTokens: 12, outputTokens: 3, totalTokens: 15 },
      metrics: { latencyMs: 5 },
    },
  })

  it('asks through Converse and reads the answer', async () => {
    server.answer(converse('end_turn'))
    expect(
      await chat({ parameters: { additionalModelRequestFields: { top_k: 5 } } }).generate(request),
    ).toEqual({
      text: 'The tenant.',
      finishReason: 'stop',
      usage: { inputTokens: 12, outputTokens: 3 },
    })
    expect(server.received[0]?.path).toBe(`/model/${encodeURIComponent(model)}/converse`)
    expect(server.received[0]?.body).toEqual({
      messages: [{ role: 'user', content: [{ text: 'Who pays?' }] }],
      system: [{ text: 'Be brief.' }],
      inferenceConfig: { maxTokens: 50, temperature: 0, stopSequences: ['END'] },
      additionalModelRequestFields: { top_k: 5 },
    })
    const reasons = [
      ['max_tokens', 'length'],
      ['guardrail_intervened', 'filtered'],
      ['content_filtered', 'filtered'],
      ['tool_use', 'other'],
      ['stop_sequence', 'stop'],
    ] as const
    for (const [theirs, ours] of reasons) {
      server.answer(converse(theirs))
      expect((await chat().generate({ messages: [] })).finishReason).toBe(ours)
    }
  })

  it('tells what goes wrong', async () => {
    server.answer(failure('ThrottlingException', 429, 'slow'))
    await expect(chat().generate(request)).rejects.toMatchObject({
      retryable: true,
      message: expect.stringContaining(`The language model "${model}" was throttled by Bedrock.`),
    })
    server.answer({ json: { stopReason: 'end_turn' } })
    await expect(chat().generate(request)).rejects.toThrow('answered without a message.')
    server.answer({ text: '<html>' })
    await expect(chat().generate(request)).rejects.toThrow('answered with something that is not JSON')
    server.answer({ cutBody: '{"output": {"message": {"role": "assistant", "content": [{"text": "The ten' })
    const half = chat().generate(request)
    await expect(half).rejects.toMatchObject({ code: 'model-failed', retryable: true })
    await expect(half).rejects.toThrow('could not be reached')
    server.answer('silence')
    await expect(chat({ timeoutMs: 50 }).generate(request)).rejects.toThrow('did not answer within 50 ms')
    const controller = new AbortController()
    const running = chat().generate(request, { signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 30)
    await expect(running).rejects.toThrow('enough')
  })
})
