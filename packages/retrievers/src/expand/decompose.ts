import { type CallOptions, checkInteger, type Metadata, type Retriever } from '@tesserae/core'
import { type ModelOptions, modelAsker } from './ask-model.js'
import { checkExpansion, expandingRetriever } from './expanding-retriever.js'
import type { ExpandingRetriever, ExpansionOptions } from './expansion.js'
import { readLines } from './model-text.js'
import { fieldOf } from './read-json.js'

/** However many a model gives. */
const mostSubQuestions = 6

export interface DecomposeOptions extends ExpansionOptions, ModelOptions {
  /** Sub-questions at most, 1 to 6. @default 6 */
  readonly subQuestions?: number | undefined
}

const instructions = `You help a search engine. When the question needs facts about several things (a comparison, \
several parts, a chain of steps), write the simpler questions whose answers together answer it. Each must be \
understood alone: repeat names instead of using pronouns. When the question is simple, give an empty list.`

/**
 * Decomposition: searches with the parts of a question, so that a comparison finds both of its sides. Hits of all parts
 * are fused, a chunk found by several comes once; traces say which (`decompose/sub-question-2`).
 */
export function decomposeRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: DecomposeOptions,
): ExpandingRetriever<M> {
  const settings = checkExpansion(options, { name: 'decompose' })
  const max = checkInteger('subQuestions', options.subQuestions ?? mostSubQuestions, 1, mostSubQuestions)
  const form = '{"questions": ["...", "..."]}'
  const ask = modelAsker(options, { instructions, form }, settings.name)
  const plan = async (query: string, call: CallOptions) => {
    if (query.trim() === '') return { variants: [] }
    const texts = await ask(
      { query, most: max },
      (value) =>
        readLines(fieldOf(value, 'questions') ?? value, ['question', 'query', 'text'], {
          max,
          maxLength: 500,
          known: [query],
        }),
      call,
    )
    return { variants: texts.map((text, index) => ({ label: `sub-question-${index + 1}`, text })) }
  }
  return expandingRetriever(retriever, plan, settings)
}
