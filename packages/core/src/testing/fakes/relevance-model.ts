import { checkInteger, checkNumber } from '../../check.js'
import { ModelError } from '../../errors.js'
import type { RelevanceModel } from '../../relevance-model.js'
import { pause } from './wait.js'
import { wordsOf } from './words.js'

export interface FakeRelevanceModelOptions {
  /** @default 'fake-relevance-model' */
  readonly id?: string | undefined
  /** A larger batch is refused with a `ModelError`. @default 32 */
  readonly maxBatchSize?: number | undefined
  /** @default the share of the query's distinct words that the passage has */
  readonly score?: ((query: string, passage: string) => number) | undefined
  /** A batch with a passage for which this holds fails: true gives a `ModelError`, an error is thrown as it is. `call` counts from 1. @default never */
  readonly failOn?: ((passage: string, call: number) => boolean | Error) | undefined
  /** How long a call takes, in milliseconds. @default 0 */
  readonly delayMs?: number | undefined
}

export interface ScoreCall {
  readonly query: string
  readonly passages: readonly string[]
}

export interface FakeRelevanceModel extends RelevanceModel {
  readonly calls: readonly ScoreCall[]
}

/** Share of the query's distinct words that occur in the passage, 0 for a query without words. */
export function wordOverlap(query: string, passage: string): number {
  const wanted = new Set(wordsOf(query))
  const present = new Set(wordsOf(passage))
  let shared = 0
  for (const word of wanted) if (present.has(word)) shared += 1
  return wanted.size === 0 ? 0 : shared / wanted.size
}

/** A deterministic relevance model without a model. */
export function fakeRelevanceModel(options: FakeRelevanceModelOptions = {}): FakeRelevanceModel {
  const maxBatchSize = checkInteger('maxBatchSize', options.maxBatchSize ?? 32)
  const delayMs = checkNumber('delayMs', options.delayMs ?? 0, 0)
  const score = options.score ?? wordOverlap
  const calls: ScoreCall[] = []
  return {
    id: options.id ?? 'fake-relevance-model',
    maxBatchSize,
    calls,
    async score(query, passages, callOptions): Promise<Float32Array> {
      callOptions?.signal?.throwIfAborted()
      calls.push({ query, passages: passages.slice() })
      const call = calls.length
      await pause(delayMs, callOptions?.signal)
      if (passages.length > maxBatchSize)
        throw new ModelError(
          `the fake relevance model takes at most ${maxBatchSize} passages a call, got ${passages.length}`,
        )
      for (const passage of passages) {
        const failure = options.failOn?.(passage, call) ?? false
        if (failure)
          throw failure === true ? new ModelError('the fake relevance model was told to fail') : failure
      }
      return Float32Array.from(passages, (passage) => score(query, passage))
    },
  }
}
