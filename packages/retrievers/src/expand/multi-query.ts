import { type CallOptions, checkInteger, type Metadata, type Retriever } from '@tesserae/core'
import { type ModelOptions, modelAsker } from './ask-model.js'
import { checkExpansion, expandingRetriever } from './expanding-retriever.js'
import type { ExpandingRetriever, ExpansionOptions } from './expansion.js'
import { readLines } from './model-text.js'
import { fieldOf } from './read-json.js'

export interface MultiQueryOptions extends ExpansionOptions, ModelOptions {
  /** Queries in all, the original among them, 1 to 16; 1 turns the stage off. @default 4 */
  readonly queries?: number | undefined
}

const instructions = `You help a search engine. Write other queries that someone with the same question could type: \
other words, other angles, a narrower and a wider one. Keep names, numbers and codes exactly as they are. \
Add no facts and no topics that the query does not ask about.`

/**
 * RAG fusion: a model writes other queries for the same question, all are searched, and reciprocal ranks are fused.
 * `retrieveExpanded` gives all the queries for the prompt that writes the answer; each hit's trace says which of them
 * found it (`multi-query/query-2`).
 *
 * Rackauckas, "RAG-Fusion: a new take on retrieval-augmented generation", 2024.
 */
export function multiQueryRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: MultiQueryOptions,
): ExpandingRetriever<M> {
  const settings = checkExpansion(options, { name: 'multi-query' })
  const most = checkInteger('queries', options.queries ?? 4, 1, 16) - 1
  const form = '{"queries": ["...", "..."]}'
  const ask = modelAsker(options, { instructions, form }, settings.name)
  const plan = async (query: string, call: CallOptions) => {
    if (most === 0 || query.trim() === '') return { variants: [] }
    const texts = await ask(
      { query, count: most },
      (value) =>
        readLines(fieldOf(value, 'queries') ?? value, ['query', 'text'], {
          max: most,
          maxLength: 500,
          known: [query],
        }),
      call,
    )
    return { variants: texts.map((text, index) => ({ label: `query-${index + 1}`, text })) }
  }
  return expandingRetriever(retriever, plan, settings)
}
