import { ModelError, RagError } from '@tesserae/core'
import { fieldOf } from './model-error.js'

/** Scores by the `index` that a service gives with each; every passage must have exactly one, and finite. */
export function readScores(name: string, results: unknown, field: string, passages: number): Float32Array {
  if (!Array.isArray(results)) throw new ModelError(`${name} answered without a list of results.`)
  const scores = new Float32Array(passages).fill(Number.NaN)
  for (const item of results) {
    const index = fieldOf(item, 'index')
    const score = fieldOf(item, field)
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= passages)
      throw new ModelError(`${name} answered with the index ${String(index)} for ${passages} passages.`)
    if (typeof score !== 'number' || !Number.isFinite(score))
      throw new ModelError(`${name} answered with the score ${String(score)} for passage ${index}.`)
    if (!Number.isNaN(scores[index]))
      throw new ModelError(`${name} answered with two scores for passage ${index}.`)
    scores[index] = score
  }
  const missing = scores.findIndex(Number.isNaN)
  if (missing >= 0)
    throw new ModelError(`${name} answered with no score for passage ${missing} of ${passages}.`)
  return scores
}

/** A request holds only so many passages, and a part of them would be a wrong answer. */
export function tooMany(id: string, passages: number, limit: number): never {
  throw new RagError(
    'invalid-argument',
    `\`passages\` must be at most ${limit} for "${id}", got ${passages}. Send batches, or wrap it with managedRelevanceModel.`,
    { details: { passages, limit } },
  )
}
