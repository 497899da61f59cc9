import {
  checkOneOf,
  type GenerateRequest,
  type GenerateResult,
  type LanguageModel,
  ModelError,
} from '@tesserae/core'
import { type EndpointOptions, endpointOf, postForEvents, postJson } from '../remote/http.js'
import { fieldOf, sentence } from '../remote/model-error.js'
import { checkName, checkTimeout, type Parameters } from '../remote/parameters.js'
import { openAiUrl } from './embedder.js'

export interface OpenAiLanguageModelOptions extends EndpointOptions {
  readonly model: string
  /** Reads the answer as it is written, so that `timeoutMs` counts between two pieces of it. @default false */
  readonly stream?: boolean | undefined
  /**
   * The field that limits the answer. @default 'max_completion_tokens' at OpenAI, elsewhere 'max_tokens'
   */
  readonly limitField?: 'max_tokens' | 'max_completion_tokens' | undefined
  /** More fields of the request, for example `{ seed: 1, response_format: { type: 'json_object' } }`. @default none */
  readonly parameters?: Parameters | undefined
}

/**
 * A chat model behind the `/chat/completions` endpoint of OpenAI, or of whatever speaks like it. One request,
 * no retries: `managedLanguageModel` does that.
 *
 * @throws RagError `model-failed` (a `ModelError`) for what goes wrong on the way, `invalid-argument` for wrong
 * options.
 */
export function openAiLanguageModel(options: OpenAiLanguageModelOptions): LanguageModel {
  const model = checkName('model', options.model)
  const atOpenAi = options.baseUrl === undefined || options.baseUrl.startsWith(openAiUrl)
  const limitField = checkOneOf(
    'limitField',
    options.limitField ?? (atOpenAi ? 'max_completion_tokens' : 'max_tokens'),
    ['max_tokens', 'max_completion_tokens'],
  )
  const endpoint = endpointOf(
    `The language model "${model}"`,
    options,
    openAiUrl,
    '/chat/completions',
    checkTimeout(options.timeoutMs),
  )
  const bodyOf = (request: GenerateRequest) => ({
    model,
    messages: [
      ...(request.system === undefined ? [] : [{ role: 'system', content: request.system }]),
      ...request.messages.map(({ role, content }) => ({ role, content })),
    ],
    ...(request.maxTokens !== undefined && { [limitField]: request.maxTokens }),
    ...(request.temperature !== undefined && { temperature: request.temperature }),
    ...(request.stopSequences !== undefined &&
      request.stopSequences.length > 0 && { stop: request.stopSequences }),
    ...options.parameters,
  })
  return {
    id: `openai:${model}`,
    generate: (request, { signal } = {}) =>
      options.stream
        ? readStream(
            endpoint,
            { ...bodyOf(request), stream: true, stream_options: { include_usage: true } },
            signal,
          )
        : readWhole(endpoint, bodyOf(request), signal),
  }
}

type Endpoint = ReturnType<typeof endpointOf>

async function readWhole(
  endpoint: Endpoint,
  body: object,
  signal: AbortSignal | undefined,
): Promise<GenerateResult> {
  const answer = await postJson(endpoint, body, signal)
  const choices = fieldOf(answer, 'choices')
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined
  const message = fieldOf(choice, 'message')
  if (message === undefined) throw new ModelError(`${endpoint.name} answered without a message.`)
  return result(textOf(message), fieldOf(choice, 'finish_reason'), message, fieldOf(answer, 'usage'))
}

async function readStream(
  endpoint: Endpoint,
  body: object,
  signal: AbortSignal | undefined,
): Promise<GenerateResult> {
  let text = ''
  let reason: unknown
  let refusal: unknown
  let usage: unknown
  const onData = (data: string) => {
    if (data === '[DONE]') return 'done'
    const event = parse(endpoint.name, data)
    const error = fieldOf(event, 'error')
    if (error !== undefined && error !== null) {
      const said = fieldOf(error, 'message')
      throw new ModelError(
        `${endpoint.name} stopped in the middle of its answer: ${sentence(typeof said === 'string' ? said : String(error))}`,
        { retryable: true },
      )
    }
    usage = fieldOf(event, 'usage') ?? usage
    const choices = fieldOf(event, 'choices')
    const choice: unknown = Array.isArray(choices) ? choices[0] : undefined
    const delta = fieldOf(choice, 'delta')
    text += textOf(delta)
    refusal = fieldOf(delta, 'refusal') ?? refusal
    reason = fieldOf(choice, 'finish_reason') ?? reason
    return 'more'
  }
  await postForEvents(endpoint, body, signal, onData, () => reason !== undefined)
  return result(text, reason, { refusal }, usage)
}

function parse(name: string, data: string): unknown {
  try {
    return JSON.parse(data)
  } catch (cause) {
    throw new ModelError(`${name} sent an event that is not JSON: ${data.slice(0, 80)}`, { cause })
  }
}

/** Content is a string, or parts of which some are text. */
function textOf(message: unknown): string {
  const content = fieldOf(message, 'content')
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .map((part) => fieldOf(part, 'text'))
    .filter((part) => typeof part === 'string')
    .join('')
}

const reasons: { readonly [reason: string]: GenerateResult['finishReason'] } = {
  stop: 'stop',
  length: 'length',
  content_filter: 'filtered',
}

function result(text: string, reason: unknown, message: unknown, usage: unknown): GenerateResult {
  const refused = typeof fieldOf(message, 'refusal') === 'string' && text === ''
  const inputTokens = fieldOf(usage, 'prompt_tokens')
  const outputTokens = fieldOf(usage, 'completion_tokens')
  return {
    text,
    finishReason: refused ? 'filtered' : (reasons[String(reason)] ?? 'other'),
    ...(typeof inputTokens === 'number' &&
      typeof outputTokens === 'number' && { usage: { inputTokens, outputTokens } }),
  }
}
