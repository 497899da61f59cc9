import { type GenerateResult, type LanguageModel, ModelError } from '@tesserae/core'
import { fieldOf } from '../remote/model-error.js'
import { checkName, checkTimeout, type Parameters } from '../remote/parameters.js'
import { type BedrockOptions, lazyCommands, sendCommand } from './client.js'

export interface BedrockLanguageModelOptions extends BedrockOptions {
  /** Id of a model or of an inference profile, or an ARN. */
  readonly model: string
  /** More fields of the Converse request: `guardrailConfig`, `additionalModelRequestFields`. @default none */
  readonly parameters?: Parameters | undefined
}

/**
 * A language model of Amazon Bedrock through the Converse operation, the same for all of them. One request, no
 * retries: `managedLanguageModel` does that.
 *
 * @throws RagError as `bedrockEmbedder` does.
 */
export function bedrockLanguageModel(options: BedrockLanguageModelOptions): LanguageModel {
  const model = checkName('model', options.model)
  const timeoutMs = checkTimeout(options.timeoutMs)
  const commands = lazyCommands('runtime', options)
  const name = `The language model "${model}"`
  return {
    id: `bedrock:${model}`,
    async generate(request, { signal } = {}) {
      signal?.throwIfAborted()
      const { client, command } = await commands()
      const { maxTokens, temperature, stopSequences } = request
      const converse = command('ConverseCommand', {
        modelId: model,
        messages: request.messages.map(({ role, content }) => ({ role, content: [{ text: content }] })),
        ...(request.system !== undefined && { system: [{ text: request.system }] }),
        inferenceConfig: {
          ...(maxTokens !== undefined && { maxTokens }),
          ...(temperature !== undefined && { temperature }),
          ...(stopSequences !== undefined &&
            stopSequences.length > 0 && { stopSequences: [...stopSequences] }),
        },
        ...options.parameters,
      })
      const call = { name, action: 'bedrock:InvokeModel', timeoutMs, signal }
      const answer = await sendCommand(client, converse, call)
      const content = fieldOf(fieldOf(fieldOf(answer, 'output'), 'message'), 'content')
      if (!Array.isArray(content)) throw new ModelError(`${name} answered without a message.`)
      const texts = content.map((block) => fieldOf(block, 'text')).filter((text) => typeof text === 'string')
      return {
        text: texts.join(''),
        finishReason: reasons[String(fieldOf(answer, 'stopReason'))] ?? 'other',
        ...usageOf(fieldOf(answer, 'usage')),
      }
    },
  }
}

const reasons: { readonly [reason: string]: GenerateResult['finishReason'] } = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  guardrail_intervened: 'filtered',
  content_filtered: 'filtered',
}

function usageOf(usage: unknown): Pick<GenerateResult, 'usage'> {
  const inputTokens = fieldOf(usage, 'inputTokens')
  const outputTokens = fieldOf(usage, 'outputTokens')
  return typeof inputTokens === 'number' && typeof outputTokens === 'number'
    ? { usage: { inputTokens, outputTokens } }
    : {}
}
