import { checkOneOf, type Embedder, invalid, ModelError, RagError, tell } from '@tesserae/core'
import { defineEmbedder, type EmbedderCall } from '../define/define-embedder.js'
import { fieldOf } from '../remote/model-error.js'
import { checkName, checkTimeout } from '../remote/parameters.js'
import { unpackBits, unpackedBits } from './bits.js'
import { type BedrockOptions, lazyCommands, sendCommand } from './client.js'

export type BedrockEmbeddingFamily = 'titan-v2' | 'cohere-v3' | 'cohere-v4'

export interface BedrockEmbedderOptions extends BedrockOptions {
  /** Id of a model, of an inference profile, or an ARN: 'amazon.titan-embed-text-v2:0', 'cohere.embed-multilingual-v3'. */
  readonly model: string
  /** Whose requests the model speaks. @default read off the id; an application profile's ARN must say */
  readonly family?: BedrockEmbeddingFamily | undefined
  /** Numbers of a vector: Titan 256, 512 or 1,024; Cohere v4 256 to 1,536. @default the most, 1,024 for Cohere v3 */
  readonly dimensions?: number | undefined
  /**
   * Vectors of numbers, or of bits: each bit becomes ±1/√dimensions, so that the dot product of two vectors is
   * 1 − 2 · (share of bits that differ). @default 'float'
   */
  readonly values?: 'float' | 'binary' | undefined
}

interface Family {
  readonly dimensions: readonly number[]
  readonly maxBatchSize: number
  body(texts: readonly string[], role: 'query' | 'document', dimensions: number, values: Values): object
  read(answer: unknown, values: Values): readonly ArrayLike<number>[]
}
type Values = 'float' | 'binary'

/** Nothing is cut by the service: Titan refuses long texts, and Cohere is told to (`truncate: NONE`). */
function cohere(dimensions: readonly number[], sized: boolean): Family {
  return {
    dimensions,
    maxBatchSize: 96,
    body: (texts, role, wanted, values) => ({
      texts,
      input_type: role === 'query' ? 'search_query' : 'search_document',
      truncate: 'NONE',
      embedding_types: [values === 'binary' ? 'ubinary' : 'float'],
      ...(sized && { output_dimension: wanted }),
    }),
    read(answer, values) {
      const embeddings = fieldOf(answer, 'embeddings')
      if (values === 'binary') return listOf(fieldOf(embeddings, 'ubinary')).map(unpackBits)
      return listOf(Array.isArray(embeddings) ? embeddings : fieldOf(embeddings, 'float'))
    },
  }
}

const families: { readonly [family in BedrockEmbeddingFamily]: Family } = {
  'titan-v2': {
    dimensions: [1024, 512, 256],
    maxBatchSize: 1,
    body: ([text], _role, dimensions, values) => ({
      inputText: text,
      dimensions,
      normalize: true,
      embeddingTypes: [values],
    }),
    read(answer, values) {
      const typed = fieldOf(fieldOf(answer, 'embeddingsByType'), values)
      const vector = typed ?? fieldOf(answer, 'embedding')
      const [numbers] = listOf([vector])
      return [values === 'binary' ? unpackedBits(numbers!) : numbers!]
    },
  },
  'cohere-v3': cohere([1024], false),
  'cohere-v4': cohere([1536, 1024, 512, 256], true),
}

/**
 * An embedding model of Amazon Bedrock: Titan Text Embeddings V2, Cohere Embed v3 or v4. One request per batch
 * (Titan takes one text each), no retries: `ingest`, `embedTexts` and `managedEmbedder` do that.
 *
 * @throws RagError `unsupported` without the optional peer or for another model, `model-failed` (a `ModelError`)
 * with the IAM action, quota or model access that is missing, `invalid-argument` for wrong options.
 */
export function bedrockEmbedder(options: BedrockEmbedderOptions): Embedder {
  const model = checkName('model', options.model)
  const family = families[options.family ?? familyOf(model)]
  if (family === undefined) checkOneOf('family', options.family, ['titan-v2', 'cohere-v3', 'cohere-v4'])
  const dimensions = options.dimensions ?? family.dimensions[0]!
  if (!family.dimensions.includes(dimensions))
    invalid('dimensions', `one of ${family.dimensions.join(', ')} for this model`, dimensions)
  const values = checkOneOf('values', options.values ?? 'float', ['float', 'binary'])
  const timeoutMs = checkTimeout(options.timeoutMs)
  const commands = lazyCommands('runtime', options)
  const id = `bedrock:${model}:${dimensions}${values === 'binary' ? ':binary' : ''}`
  const name = `The embedding model "${model}"`

  const embed = async (texts: readonly string[], { role, signal, observer }: EmbedderCall) => {
    const { client, command } = await commands()
    const invoke = command('InvokeModelCommand', {
      modelId: model,
      contentType: 'application/json',
      accept: 'application/json',
      body: JSON.stringify(family.body(texts, role, dimensions, values)),
    })
    const call = { name, action: 'bedrock:InvokeModel', timeoutMs, signal }
    const answer = parseBody(name, fieldOf(await sendCommand(client, invoke, call), 'body'))
    const tokens = fieldOf(answer, 'inputTextTokenCount')
    if (typeof tokens === 'number') tell(observer, { type: 'embed.usage', source: id, counts: { tokens } })
    return family.read(answer, values)
  }
  return defineEmbedder({ id, dimensions, maxBatchSize: family.maxBatchSize, embed })
}

function familyOf(model: string): BedrockEmbeddingFamily {
  if (/titan-embed-text-v2/.test(model)) return 'titan-v2'
  if (/cohere\.embed-v4/.test(model)) return 'cohere-v4'
  if (/cohere\.embed-.*v3/.test(model)) return 'cohere-v3'
  throw new RagError(
    'unsupported',
    `"${model}" is no embedding model that is known here: Titan Text Embeddings V2, Cohere Embed v3 or v4. If it is one of them behind a profile, set \`family\`; for another, use defineEmbedder.`,
    { details: { model } },
  )
}

function parseBody(name: string, body: unknown): unknown {
  const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : String(body)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ModelError(`${name} answered with something that is not JSON: ${text.slice(0, 80)}`, { cause })
  }
}

function listOf(value: unknown): readonly ArrayLike<number>[] {
  if (!Array.isArray(value) || !value.every((row) => Array.isArray(row)))
    throw new ModelError('A Bedrock embedding model answered without the list of vectors that was asked for.')
  return value
}
