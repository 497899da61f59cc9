import type { CallOptions, Metadata, Retriever } from '@tesserae/core'
import { type ModelOptions, modelAsker } from './ask-model.js'
import { checkExpansion, expandingRetriever } from './expanding-retriever.js'
import type { ExpandingRetriever, ExpansionOptions } from './expansion.js'
import { readLine, sameKey } from './model-text.js'
import { fieldOf } from './read-json.js'

export interface StepBackOptions extends ExpansionOptions, ModelOptions {}

const instructions = `You help a search engine. Write the more general question behind the given one: about the \
principle, the rule or the background that its answer rests on. One question, understood alone.`

/**
 * Step-back: also searches for the general question behind a specific one, whose documents explain what the specific
 * ones take for granted.
 *
 * Zheng et al., "Take a step back: evoking reasoning via abstraction in large language models", ICLR 2024.
 */
export function stepBackRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: StepBackOptions,
): ExpandingRetriever<M> {
  const settings = checkExpansion(options, { name: 'step-back' })
  const ask = modelAsker(options, { instructions, form: '{"question": "..."}' }, settings.name)
  const plan = async (query: string, call: CallOptions) => {
    if (query.trim() === '') return { variants: [] }
    const text = await ask({ query }, (value) => readLine(fieldOf(value, 'question'), 500), call)
    return { variants: sameKey(text) === sameKey(query) ? [] : [{ label: 'general', text }] }
  }
  return expandingRetriever(retriever, plan, settings)
}
