import { checkNumber, invalid } from '../../check.js'
import { ModelError } from '../../errors.js'
import type { GenerateRequest, GenerateResult, LanguageModel } from '../../language-model.js'
import { pause } from './wait.js'
import { wordsOf } from './words.js'

/** What the model says: a text, a whole result, or an error to throw. */
export type FakeResponse = string | GenerateResult | Error

export interface FakeLanguageModelOptions {
  /** @default 'fake-language-model' */
  readonly id?: string | undefined
  /** How long a call takes, in milliseconds. @default 0 */
  readonly delayMs?: number | undefined
}

export interface FakeLanguageModel extends LanguageModel {
  /** The request of every call so far. */
  readonly calls: readonly GenerateRequest[]
}

/**
 * A scripted language model. A list is answered in order, one response a call, and a call past its end fails
 * with a `ModelError`; a function is asked with the request and the number of the call, from 1. Usage counts words.
 */
export function fakeLanguageModel(
  responses:
    | readonly FakeResponse[]
    | ((request: GenerateRequest, call: number) => FakeResponse | Promise<FakeResponse>),
  options: FakeLanguageModelOptions = {},
): FakeLanguageModel {
  if (typeof responses !== 'function' && !Array.isArray(responses))
    invalid('responses', 'a list of responses or a function', responses)
  const delayMs = checkNumber('delayMs', options.delayMs ?? 0, 0)
  const calls: GenerateRequest[] = []
  return {
    id: options.id ?? 'fake-language-model',
    calls,
    async generate(request, callOptions): Promise<GenerateResult> {
      callOptions?.signal?.throwIfAborted()
      calls.push(structuredClone(request))
      const call = calls.length
      await pause(delayMs, callOptions?.signal)
      const response = typeof responses === 'function' ? await responses(request, call) : responses[call - 1]
      if (response === undefined)
        throw new ModelError(
          `the fake language model has ${responses.length} responses and was called ${call} times`,
        )
      if (response instanceof Error) throw response
      if (typeof response !== 'string') return response
      const prompt = [request.system ?? '', ...request.messages.map((message) => message.content)].join(' ')
      return {
        text: response,
        finishReason: 'stop',
        usage: { inputTokens: wordsOf(prompt).length, outputTokens: wordsOf(response).length },
      }
    },
  }
}
