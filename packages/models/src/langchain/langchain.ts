import {
  checkInteger,
  type Embedder,
  type GenerateRequest,
  invalid,
  type LanguageModel,
  RagError,
} from '@tesserae/core'
import { defineEmbedder } from '../define/define-embedder.js'
import { finishReasonOf, textOf, usageOf } from '../remote/finish.js'
import { fieldOf, toModelError } from '../remote/model-error.js'
import { checkName, checkTimeout } from '../remote/parameters.js'
import { within } from '../remote/timeout.js'

// The parts of LangChain's classes that are used. The packages are not imported: whatever has these methods works.

export interface LangChainEmbeddings {
  embedDocuments(texts: string[]): Promise<number[][]>
  embedQuery(text: string): Promise<number[]>
}

export interface LangChainChatModel {
  invoke(
    messages: { role: string; content: string }[],
    options?: { signal?: AbortSignal; stop?: string[] },
  ): Promise<unknown>
}

export interface LangChainEmbedderOptions {
  /** Names the model, since LangChain's objects do not: vectors of different ids are never mixed. */
  readonly id: string
  readonly dimensions: number
  /** Texts of one call to `embedDocuments`, at most. @default 128 */
  readonly maxBatchSize?: number | undefined
  /** Time one call may take. @default 60_000 */
  readonly timeoutMs?: number | undefined
}

export interface LangChainLanguageModelOptions {
  /** Names the model. */
  readonly id: string
  /** Time one call may take. @default 60_000 */
  readonly timeoutMs?: number | undefined
  /**
   * Options of `invoke` for a request. LangChain has no common name for `maxTokens` and `temperature`, which its
   * models take when they are made: without this function, a request that sets one of them is refused.
   * @default none
   */
  readonly callOptions?: ((request: GenerateRequest) => object) | undefined
}

/**
 * An `Embeddings` object of LangChain. Queries go through `embedQuery`, documents through `embedDocuments`. An
 * abort and `timeoutMs` end the waiting; the call itself cannot be stopped, LangChain offers no way. It retries
 * by itself: make it with `maxRetries: 0` and retry above.
 *
 * @throws RagError `model-failed` (a `ModelError`) for what the object throws, `invalid-vector` for an answer of
 * another shape.
 */
export function langChainEmbedder(
  embeddings: LangChainEmbeddings,
  options: LangChainEmbedderOptions,
): Embedder {
  for (const method of ['embedDocuments', 'embedQuery'] as const)
    if (typeof fieldOf(embeddings, method) !== 'function')
      invalid('embeddings', `an object with \`${method}\``, embeddings)
  const id = `langchain:${checkName('id', options.id)}`
  const dimensions = checkInteger('dimensions', options.dimensions)
  const timeoutMs = checkTimeout(options.timeoutMs)
  const name = `The embedding model "${options.id}"`
  return defineEmbedder({
    id,
    dimensions,
    maxBatchSize: options.maxBatchSize ?? 128,
    async embed(texts, { role, signal }) {
      try {
        return await within(name, timeoutMs, signal, () =>
          role === 'query'
            ? Promise.all(texts.map((text) => embeddings.embedQuery(text)))
            : embeddings.embedDocuments([...texts]),
        )
      } catch (error) {
        throw toModelError(name, error, signal)
      }
    },
  })
}

/**
 * A chat model of LangChain. One call, no retries of ours: `managedLanguageModel` does that; LangChain retries by
 * itself unless it is made with `maxRetries: 0`.
 *
 * @throws RagError `model-failed` (a `ModelError`) for what the model throws, `unsupported` for a request that
 * sets what only `callOptions` can pass on.
 */
export function langChainLanguageModel(
  model: LangChainChatModel,
  options: LangChainLanguageModelOptions,
): LanguageModel {
  if (typeof fieldOf(model, 'invoke') !== 'function') invalid('model', 'an object with `invoke`', model)
  const id = `langchain:${checkName('id', options.id)}`
  const timeoutMs = checkTimeout(options.timeoutMs)
  const name = `The language model "${options.id}"`
  const { callOptions } = options
  return {
    id,
    async generate(request, { signal } = {}) {
      signal?.throwIfAborted()
      const { system, messages, stopSequences } = request
      if (callOptions === undefined) {
        for (const field of ['maxTokens', 'temperature'] as const)
          if (request[field] !== undefined) {
            throw new RagError(
              'unsupported',
              `${name} cannot be given \`${field}\` for one request. Set \`callOptions\` to pass it on in this model’s own words.`,
              { details: { field } },
            )
          }
      }
      const input = [
        ...(system === undefined ? [] : [{ role: 'system', content: system }]),
        ...messages.map(({ role, content }) => ({ role, content })),
      ]
      let message: unknown
      try {
        message = await within(name, timeoutMs, signal, (abort) =>
          model.invoke(input, {
            signal: abort,
            ...(stopSequences !== undefined && stopSequences.length > 0 && { stop: [...stopSequences] }),
            ...callOptions?.(request),
          }),
        )
      } catch (error) {
        throw toModelError(name, error, signal)
      }
      const usage = fieldOf(message, 'usage_metadata')
      const metadata = fieldOf(message, 'response_metadata')
      const reason = ['finish_reason', 'stop_reason', 'stopReason', 'finishReason', 'done_reason']
        .map((field) => fieldOf(metadata, field))
        .find((value) => typeof value === 'string')
      return {
        text: textOf(fieldOf(message, 'content')),
        finishReason: finishReasonOf(reason),
        ...usageOf(fieldOf(usage, 'input_tokens'), fieldOf(usage, 'output_tokens')),
      }
    },
  }
}
