import {
  type CallOptions,
  type Chunk,
  checkInteger,
  embeddingText,
  type Metadata,
  mapConcurrent,
  orAbort,
  tell,
} from '@tesserae/core'
import { type ModelOptions, modelAsker } from '../ask-model.js'
import { openBudget } from '../budget.js'
import { reasonOrThrow } from '../expanding-retriever.js'
import type { FallbackReason } from '../expansion.js'
import { readLines } from '../model-text.js'
import { fieldOf } from '../read-json.js'
import { standIns } from './sources.js'

export interface QuestionOptions extends ModelOptions {
  /** Questions per chunk at most, 1 to 20. @default 3 */
  readonly questions?: number | undefined
  /** Most tokens of a chunk that the model is shown. @default 2000 */
  readonly maxQueryTokens?: number | undefined
  /** Calls of the model at the same time. @default 4 */
  readonly concurrency?: number | undefined
  /** The time for one chunk, in milliseconds. @default 30_000 */
  readonly timeoutMs?: number | undefined
}

/** The questions of one chunk; none, with the reason, when the model was of no use for it. */
export interface WrittenQuestions<M extends Metadata = Metadata> {
  readonly chunk: Chunk<M>
  /** Stand-ins to be embedded and stored. */
  readonly questions: readonly Chunk[]
  readonly failure?: FallbackReason | undefined
}

const instructions = `You help a search engine. Write questions that the passage in "query" answers, as different users \
would type them. Each must be understood without the passage: name what it is about. Ask nothing that it does not answer.`

/**
 * Hypothetical questions: what each chunk answers, as stand-ins for `sourceRetriever`. A question is nearer to questions
 * than a passage is. One chunk that fails is a value and stops no other; results come in the order of the chunks.
 */
export async function* writeQuestions<M extends Metadata>(
  chunks: Iterable<Chunk<M>> | AsyncIterable<Chunk<M>>,
  options: QuestionOptions,
  call: CallOptions = {},
): AsyncGenerator<WrittenQuestions<M>> {
  const max = checkInteger('questions', options.questions ?? 3, 1, 20)
  const concurrency = checkInteger('concurrency', options.concurrency ?? 4)
  const timeoutMs = checkInteger('timeoutMs', options.timeoutMs ?? 30_000, 1, 2 ** 31 - 1)
  const form = '{"questions": ["...", "..."]}'
  const asker = { ...options, maxQueryTokens: options.maxQueryTokens ?? 2000 }
  const ask = modelAsker(asker, { instructions, form }, 'questions')

  const write = async (chunk: Chunk<M>): Promise<WrittenQuestions<M>> => {
    const budget = openBudget(timeoutMs, call.signal)
    try {
      const asking = ask(
        { query: embeddingText(chunk), most: max },
        (value) =>
          readLines(fieldOf(value, 'questions') ?? value, ['question', 'text'], { max, maxLength: 500 }),
        { signal: budget.signal, observer: call.observer },
      )
      const texts = await orAbort(asking, budget.signal)
      return { chunk, questions: standIns(chunk, texts, 'question') }
    } catch (error) {
      const failure = reasonOrThrow(error, call.signal, budget)
      tell(call.observer, { type: 'expand.fallback', source: 'questions', labels: { reason: failure } })
      return { chunk, questions: [], failure }
    } finally {
      budget.close()
    }
  }
  yield* mapConcurrent(chunks, write, { concurrency, signal: call.signal, ordered: true })
}
