import {
  batchBy,
  type LanguageModel,
  ModelError,
  mapConcurrent,
  pieceTokenizer,
  type RelevanceModel,
} from '@tesserae/core'
import { type CallPolicy, gate, managedCall } from './calls.js'
import { listening, type Usage, UsageMeter } from './usage.js'

export interface ManagedLanguageModel extends LanguageModel {
  usage(): Usage
}

export interface ManagedRelevanceModel extends RelevanceModel {
  usage(): Usage
}

function estimator(policy: CallPolicy): (text: string) => number {
  const tokenizer = pieceTokenizer()
  return policy.tokensOf ?? ((text) => tokenizer.ends(text).length)
}

/**
 * The same language model with a cap on calls at once, a quota, retries and totals. The quota is asked for the
 * tokens of the prompt and `maxTokens` of the answer together, as services reckon.
 */
export function managedLanguageModel(model: LanguageModel, policy: CallPolicy = {}): ManagedLanguageModel {
  const doors = gate(policy.concurrency)
  const meter = new UsageMeter(policy.price)
  const tokensOf = estimator(policy)
  return {
    id: model.id,
    async generate(request, { signal, observer } = {}) {
      const input =
        tokensOf(request.system ?? '') +
        request.messages.reduce((sum, message) => sum + tokensOf(message.content), 0)
      return doors.pass(
        () =>
          managedCall({
            source: model.id,
            tokens: input + (request.maxTokens ?? 0),
            policy,
            meter,
            signal,
            observer,
            once: async () => {
              const result = await model.generate(request, { signal, observer })
              meter.answered({
                input: result.usage?.inputTokens ?? input,
                output: result.usage?.outputTokens ?? tokensOf(result.text),
                estimated: result.usage === undefined,
              })
              return result
            },
          }),
        signal,
      )
    },
    usage: () => meter.read(),
  }
}

/**
 * The same relevance model for any number of passages: batches of at most `maxBatchSize`, several at once,
 * within a quota, retried and counted. A batch that fails for good fails the call: half a ranking is none.
 */
export function managedRelevanceModel(model: RelevanceModel, policy: CallPolicy = {}): ManagedRelevanceModel {
  const doors = gate(policy.concurrency)
  const concurrency = policy.concurrency ?? 4
  const meter = new UsageMeter(policy.price)
  const tokensOf = estimator(policy)
  return {
    id: model.id,
    maxBatchSize: model.maxBatchSize * concurrency,
    async score(query, passages, { signal, observer } = {}) {
      signal?.throwIfAborted()
      const scores = new Float32Array(passages.length)
      const queryTokens = tokensOf(query)
      const batches = batchBy(
        passages.map((_, place) => place),
        { maxItems: model.maxBatchSize },
      )
      const send = (places: readonly number[], _index: number, stop: AbortSignal) => {
        const texts = places.map((place) => passages[place]!)
        const tokens = texts.reduce((sum, text) => sum + tokensOf(text) + queryTokens, 0)
        return doors.pass(
          () =>
            managedCall({
              source: model.id,
              tokens,
              policy,
              meter,
              signal: stop,
              observer,
              once: async () => {
                const ear = listening(observer)
                const part = await model.score(query, texts, { signal: stop, observer: ear.observer })
                if (part.length !== texts.length) {
                  throw new ModelError(
                    `The relevance model "${model.id}" returned ${part.length} scores for ${texts.length} passages.`,
                  )
                }
                const counted = ear.counted()
                meter.answered({ input: counted ?? tokens, estimated: counted === undefined })
                for (const [row, place] of places.entries()) scores[place] = part[row]!
              },
            }),
          stop,
        )
      }
      for await (const _ of mapConcurrent(batches, send, { concurrency, ordered: false, signal })) {
        // Scores find their own places.
      }
      return scores
    },
    usage: () => meter.read(),
  }
}
