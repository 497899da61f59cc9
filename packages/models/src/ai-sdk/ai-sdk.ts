import {
  checkInteger,
  type Embedder,
  invalid,
  type LanguageModel,
  ModelError,
  type Observer,
  RagError,
  type RelevanceModel,
  tell,
} from '@tesserae/core'
import { checkTexts } from '../calls.js'
import { defineEmbedder } from '../define/define-embedder.js'
import { finishReasonOf, textOf, usageOf } from '../remote/finish.js'
import { fieldOf, toModelError } from '../remote/model-error.js'
import { checkTimeout } from '../remote/parameters.js'
import { readScores, tooMany } from '../remote/scores.js'
import { within } from '../remote/timeout.js'

// The parts of the AI SDK's specifications 2 to 4 that are used, which are the same in all three. The provider
// packages are not imported: whatever has these fields is a model.

interface Described {
  readonly specificationVersion: string
  readonly provider: string
  readonly modelId: string
}

export interface AiSdkEmbeddingModel extends Described {
  readonly maxEmbeddingsPerCall: PromiseLike<number | undefined> | number | undefined
  doEmbed(options: object): PromiseLike<object>
}

export interface AiSdkRerankingModel extends Described {
  doRerank(options: object): PromiseLike<object>
}

export interface AiSdkLanguageModel extends Described {
  doGenerate(options: object): PromiseLike<object>
}

export interface AiSdkOptions {
  /** Passed to the provider as it is: `{ openai: { user: 'me' } }`. @default none */
  readonly providerOptions?: { readonly [provider: string]: object } | undefined
  /** Time one request may take. @default 60_000 */
  readonly timeoutMs?: number | undefined
}

export interface AiSdkEmbedderOptions extends AiSdkOptions {
  readonly dimensions: number
  /** Texts of one request, at most. @default the model's own number when it is known at once, otherwise 128 */
  readonly maxBatchSize?: number | undefined
  /** Put in front of a text by role. @default nothing */
  readonly prefixes?:
    | { readonly query?: string | undefined; readonly document?: string | undefined }
    | undefined
}

export interface AiSdkRelevanceModelOptions extends AiSdkOptions {
  /** Passages of one request, at most. @default 1,000 */
  readonly maxBatchSize?: number | undefined
}

const specifications = ['v2', 'v3', 'v4']

/** Refuses what only looks like a model: the id of one, or a model of a specification that is not known. */
function checkModel(model: Described, method: string): string {
  if (typeof model === 'string')
    invalid('model', 'a model of the AI SDK, not its id', model, 'Pass what the provider returns.')
  const version = fieldOf(model, 'specificationVersion')
  if (typeof fieldOf(model, method) !== 'function' || !specifications.includes(String(version))) {
    throw new RagError(
      'incompatible',
      `\`model\` must have \`${method}\` and follow specification ${specifications.join(', ')} of the AI SDK; this one says ${String(version)}.`,
      { details: { specificationVersion: String(version) } },
    )
  }
  return `ai-sdk:${model.provider}:${model.modelId}`
}

interface Caller {
  call(
    run: (common: object) => PromiseLike<object>,
    signal: AbortSignal | undefined,
    observer: Observer | undefined,
  ): Promise<object>
}

/** Calls the model under the time limit, maps its errors and tells how many warnings came along. */
function callerOf(name: string, source: string, options: AiSdkOptions): Caller {
  const timeoutMs = checkTimeout(options.timeoutMs)
  const { providerOptions } = options
  return {
    async call(run, signal, observer) {
      try {
        const answer = await within(name, timeoutMs, signal, (abortSignal) =>
          run({ abortSignal, ...(providerOptions !== undefined && { providerOptions }) }),
        )
        const warnings = fieldOf(answer, 'warnings')
        if (Array.isArray(warnings) && warnings.length > 0)
          tell(observer, { type: 'model.warnings', source, counts: { warnings: warnings.length } })
        return answer
      } catch (error) {
        throw toModelError(name, error, signal)
      }
    },
  }
}

/**
 * An embedding model of the AI SDK. One request per batch, no retries: `ingest`, `embedTexts` and
 * `managedEmbedder` do that.
 *
 * @throws RagError `incompatible` for a model of another specification, `model-failed` (a `ModelError`) for what
 * goes wrong on the way, `invalid-vector` for an answer of another shape.
 */
export function aiSdkEmbedder(model: AiSdkEmbeddingModel, options: AiSdkEmbedderOptions): Embedder {
  const source = checkModel(model, 'doEmbed')
  const dimensions = checkInteger('dimensions', options.dimensions)
  const id = `${source}:${dimensions}`
  const caller = callerOf(`The embedding model "${model.modelId}"`, id, options)
  const stated = model.maxEmbeddingsPerCall
  return defineEmbedder({
    id,
    dimensions,
    maxBatchSize: options.maxBatchSize ?? (typeof stated === 'number' ? Math.min(stated, 2048) : 128),
    prefixes: options.prefixes,
    async embed(texts, { signal, observer }) {
      // Some providers learn their limit from the network.
      const limit = (await stated) ?? texts.length
      const rows: ArrayLike<number>[] = []
      for (let first = 0; first < texts.length; first += limit) {
        const values = texts.slice(first, first + limit)
        const answer = await caller.call((common) => model.doEmbed({ values, ...common }), signal, observer)
        const tokens = fieldOf(fieldOf(answer, 'usage'), 'tokens')
        if (typeof tokens === 'number' && tokens >= 0)
          tell(observer, { type: 'embed.usage', source: id, counts: { tokens } })
        const embeddings = fieldOf(answer, 'embeddings')
        if (!Array.isArray(embeddings))
          throw new ModelError(`The embedding model "${model.modelId}" answered without embeddings.`)
        rows.push(...embeddings)
      }
      return rows
    },
  })
}

/**
 * A reranking model of the AI SDK. One request, no retries: `managedRelevanceModel` does that, and takes more
 * passages.
 *
 * @throws RagError as `aiSdkEmbedder` does.
 */
export function aiSdkRelevanceModel(
  model: AiSdkRerankingModel,
  options: AiSdkRelevanceModelOptions = {},
): RelevanceModel {
  const id = checkModel(model, 'doRerank')
  const maxBatchSize = checkInteger('maxBatchSize', options.maxBatchSize ?? 1000)
  const name = `The rerank model "${model.modelId}"`
  const caller = callerOf(name, id, options)
  return {
    id,
    maxBatchSize,
    async score(query, passages, { signal, observer } = {}) {
      if (typeof query !== 'string') invalid('query', 'a string', query)
      checkTexts(passages, 'passages')
      signal?.throwIfAborted()
      if (passages.length === 0) return new Float32Array(0)
      if (passages.length > maxBatchSize) tooMany(id, passages.length, maxBatchSize)
      const request = { query, documents: { type: 'text', values: [...passages] }, topN: passages.length }
      const answer = await caller.call(
        (common) => model.doRerank({ ...request, ...common }),
        signal,
        observer,
      )
      return readScores(name, fieldOf(answer, 'ranking'), 'relevanceScore', passages.length)
    },
  }
}

/**
 * A language model of the AI SDK. One request, no retries: `managedLanguageModel` does that.
 *
 * @throws RagError as `aiSdkEmbedder` does.
 */
export function aiSdkLanguageModel(model: AiSdkLanguageModel, options: AiSdkOptions = {}): LanguageModel {
  const id = checkModel(model, 'doGenerate')
  const name = `The language model "${model.modelId}"`
  const caller = callerOf(name, id, options)
  return {
    id,
    async generate(request, { signal, observer } = {}) {
      signal?.throwIfAborted()
      const { system, messages, maxTokens, temperature, stopSequences } = request
      const prompt = [
        ...(system === undefined ? [] : [{ role: 'system', content: system }]),
        ...messages.map(({ role, content }) => ({ role, content: [{ type: 'text', text: content }] })),
      ]
      const call = {
        prompt,
        ...(maxTokens !== undefined && { maxOutputTokens: maxTokens }),
        ...(temperature !== undefined && { temperature }),
        ...(stopSequences !== undefined && stopSequences.length > 0 && { stopSequences: [...stopSequences] }),
      }
      const answer = await caller.call((common) => model.doGenerate({ ...call, ...common }), signal, observer)
      const content = fieldOf(answer, 'content')
      if (!Array.isArray(content)) throw new ModelError(`${name} answered without content.`)
      const reason = fieldOf(answer, 'finishReason')
      const usage = fieldOf(answer, 'usage')
      return {
        text: textOf(content),
        finishReason: finishReasonOf(fieldOf(reason, 'unified') ?? reason),
        ...usageOf(tokensOf(usage, 'inputTokens'), tokensOf(usage, 'outputTokens')),
      }
    },
  }
}

/** A number in specification 2, an object with a total since. */
function tokensOf(usage: unknown, field: string): unknown {
  const value = fieldOf(usage, field)
  return fieldOf(value, 'total') ?? value
}
