import { checkInteger, checkOneOf, type Embedder, invalid, ModelError, tell } from '@tesserae/core'
import { defineEmbedder } from '../define/define-embedder.js'
import { type EndpointOptions, endpointOf, postJson } from '../remote/http.js'
import { fieldOf } from '../remote/model-error.js'
import { checkName, checkTimeout, type Parameters } from '../remote/parameters.js'

export interface OpenAiEmbedderOptions extends EndpointOptions {
  readonly model: string
  /** Numbers of a vector. @default known for OpenAI's own models; others must say */
  readonly dimensions?: number | undefined
  /** Asks for numbers as text or as base64, a third of the size. Either is understood. @default 'float' */
  readonly encoding?: 'float' | 'base64' | undefined
  /** Texts of one request, at most. @default 128 */
  readonly maxBatchSize?: number | undefined
  /** Tokens of one request, at most. @default 300,000 at OpenAI, elsewhere no limit */
  readonly maxBatchTokens?: number | undefined
  /** Put in front of a text by role, for open models that want it. @default nothing */
  readonly prefixes?:
    | { readonly query?: string | undefined; readonly document?: string | undefined }
    | undefined
  /** More fields of the request, for example `{ dimensions: 256 }` where a service takes it. @default none */
  readonly parameters?: Parameters | undefined
}

export const openAiUrl = 'https://api.openai.com/v1'

/** Native dimensions of OpenAI's models; the third generation can be asked for fewer. */
const known: { readonly [model: string]: { readonly dimensions: number; readonly shortens: boolean } } = {
  'text-embedding-3-small': { dimensions: 1536, shortens: true },
  'text-embedding-3-large': { dimensions: 3072, shortens: true },
  'text-embedding-ada-002': { dimensions: 1536, shortens: false },
}

/**
 * An embedding model behind the `/embeddings` endpoint of OpenAI, or of whatever speaks like it: Ollama, vLLM,
 * LM Studio, llama.cpp, gateways. One request per batch, no retries: `ingest`, `embedTexts` and
 * `managedEmbedder` do that. Tokens that the service counts are told as `embed.usage`.
 *
 * A text over the model's window is the service's affair: OpenAI refuses it, some others cut it silently.
 * `maxTokens` of `managedEmbedder` keeps such texts from being sent.
 *
 * @throws RagError `model-failed` (a `ModelError`) for what goes wrong on the way, `invalid-vector` for an answer
 * of another shape, `invalid-argument` for wrong options.
 */
export function openAiEmbedder(options: OpenAiEmbedderOptions): Embedder {
  const model = checkName('model', options.model)
  const preset = known[model]
  const dimensions = options.dimensions ?? preset?.dimensions
  if (dimensions === undefined) {
    invalid(
      'dimensions',
      'given for a model that is not known here',
      undefined,
      `What does "${model}" return?`,
    )
  }
  checkInteger('dimensions', dimensions)
  const encoding = checkOneOf('encoding', options.encoding ?? 'float', ['float', 'base64'])
  const endpoint = endpointOf(
    `The embedding model "${model}"`,
    options,
    openAiUrl,
    '/embeddings',
    checkTimeout(options.timeoutMs),
  )
  const atOpenAi = options.baseUrl === undefined || options.baseUrl.startsWith(openAiUrl)
  const shorter = preset?.shortens && dimensions !== preset.dimensions ? { dimensions } : {}
  const id = `openai:${model}:${dimensions}`
  return defineEmbedder({
    id,
    dimensions,
    maxBatchSize: options.maxBatchSize ?? 128,
    maxBatchTokens: options.maxBatchTokens ?? (atOpenAi ? 300_000 : undefined),
    prefixes: options.prefixes,
    async embed(texts, { signal, observer }) {
      const body = { model, input: texts, encoding_format: encoding, ...shorter, ...options.parameters }
      const answer = await postJson(endpoint, body, signal)
      const tokens = fieldOf(fieldOf(answer, 'usage'), 'prompt_tokens')
      if (typeof tokens === 'number') tell(observer, { type: 'embed.usage', source: id, counts: { tokens } })
      return readVectors(endpoint.name, answer, texts.length)
    },
  })
}

/** `data` in the order of its own `index`; a text without a vector, or with two, is an error. */
function readVectors(name: string, answer: unknown, texts: number): readonly ArrayLike<number>[] {
  const data = fieldOf(answer, 'data')
  if (!Array.isArray(data)) throw malformed(name, 'no list `data`')
  if (data.length !== texts) throw malformed(name, `${data.length} vectors for ${texts} texts`)
  const vectors = new Array<ArrayLike<number> | undefined>(texts).fill(undefined)
  for (const [place, item] of data.entries()) {
    const index = fieldOf(item, 'index') ?? place
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= texts)
      throw malformed(name, `the index ${String(index)} for ${texts} texts`)
    if (vectors[index] !== undefined) throw malformed(name, `two vectors for text ${index}`)
    vectors[index] = readVector(name, fieldOf(item, 'embedding'), index)
  }
  return vectors.map((vector) => vector ?? [])
}

function readVector(name: string, value: unknown, index: number): ArrayLike<number> {
  if (Array.isArray(value)) return value
  if (typeof value !== 'string') throw malformed(name, `no embedding for text ${index}`)
  let bytes: Uint8Array
  try {
    bytes = Uint8Array.from(atob(value), (character) => character.charCodeAt(0))
  } catch {
    throw malformed(name, `an embedding for text ${index} that is not base64`)
  }
  if (bytes.length % 4 !== 0)
    throw malformed(name, `${bytes.length} bytes for text ${index}, not whole numbers`)
  const view = new DataView(bytes.buffer)
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(i * 4, true))
}

function malformed(name: string, what: string): ModelError {
  return new ModelError(`${name} answered with ${what}.`)
}
