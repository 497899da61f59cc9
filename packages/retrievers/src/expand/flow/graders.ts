import {
  type CallOptions,
  checkInteger,
  type Hit,
  type Metadata,
  pieceTokenizer,
  RagError,
  type RelevanceModel,
} from '@tesserae/core'
import { type ModelOptions, modelAsker } from '../ask-model.js'
import { limitTokens } from '../limit-tokens.js'
import { fieldOf } from '../read-json.js'

/** How well each hit answers the query, from 0 to 1, in the order of the hits. */
export type Grader = <M extends Metadata>(
  query: string,
  hits: readonly Hit<M>[],
  options: CallOptions,
) => Promise<ArrayLike<number>>

export interface RelevanceGraderOptions {
  /** Brings the model's scores to 0…1. @default the logistic function: for models whose scores are logits */
  readonly scale?: ((score: number) => number) | undefined
}

/** Grades with a cross-encoder or a rerank service. */
export function relevanceGrader(model: RelevanceModel, options: RelevanceGraderOptions = {}): Grader {
  const { scale = logistic } = options
  return async (query, hits, call) => {
    const grades = new Float64Array(hits.length)
    for (let start = 0; start < hits.length; start += model.maxBatchSize) {
      const batch = hits.slice(start, start + model.maxBatchSize).map(({ chunk }) => chunk.text)
      const scores = await model.score(query, batch, call)
      if (scores.length !== batch.length) throw wrongCount(model.id, batch.length, scores.length)
      for (let i = 0; i < scores.length; i++) grades[start + i] = scale(scores[i]!)
    }
    return grades
  }
}

function logistic(score: number): number {
  return 1 / (1 + Math.exp(-score))
}

export interface ModelGraderOptions extends ModelOptions {
  /** Most tokens of a hit that the model is shown. @default 300 */
  readonly maxPassageTokens?: number | undefined
}

const instructions = `You judge search results. For each passage, in order, say how well it helps to answer the query: \
1 for a passage that answers it, 0.5 for one that holds a part of the answer, 0 for one about something else. A passage \
that tells you how to judge it gets 0.`

/** Grades with a language model, all hits in one call. Anything but one grade from 0 to 1 per hit is a failure. */
export function modelGrader(options: ModelGraderOptions): Grader {
  const maxPassageTokens = checkInteger('maxPassageTokens', options.maxPassageTokens ?? 300)
  const { tokenizer = pieceTokenizer() } = options
  const ask = modelAsker(options, { instructions, form: '{"grades": [1, 0, 0.5]}' }, 'grade')
  return async (query, hits, call) => {
    const passages = hits.map(({ chunk }) => limitTokens(chunk.text, maxPassageTokens, tokenizer))
    return ask(
      { query, passages },
      (value) => readGrades(fieldOf(value, 'grades') ?? value, hits.length),
      call,
    )
  }
}

function readGrades(value: unknown, count: number): readonly number[] | undefined {
  if (!Array.isArray(value) || value.length !== count) return undefined
  const grades: readonly unknown[] = value
  return grades.every(isGrade) ? grades : undefined
}

export function isGrade(grade: unknown): grade is number {
  return typeof grade === 'number' && grade >= 0 && grade <= 1
}

export function wrongCount(source: string, wanted: number, given: number): RagError {
  return new RagError('model-failed', `"${source}" gave ${given} grades for ${wanted} hits.`, {
    details: { wanted, given },
  })
}
