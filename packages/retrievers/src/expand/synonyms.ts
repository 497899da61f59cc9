import { checkInteger, invalid, type Metadata, type Retriever } from '@tesserae/core'
import { checkExpansion, expandingRetriever } from './expanding-retriever.js'
import type { ExpandingRetriever, ExpansionOptions } from './expansion.js'
import { type Glossary, glossaryEntries } from './glossary.js'
import { additionsTo, type TermEntry, termMatcher } from './match-terms.js'

export interface SynonymOptions extends ExpansionOptions {
  /** Groups of words that mean the same: each stands for all others of its group. @default none */
  readonly synonyms?: readonly (readonly string[])[] | undefined
  /** Short forms and what they stand for, added in both directions. @default none */
  readonly glossary?: Glossary | undefined
  /** Texts added to one query. @default 10 */
  readonly maxAdditions?: number | undefined
}

/**
 * Adds what the words of a query are also called, from lists: "heart attack" also asks for "myocardial infarction",
 * "nyc" for "New York City". No model. The query as it was is searched too.
 */
export function synonymRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: SynonymOptions,
): ExpandingRetriever<M> {
  const settings = checkExpansion(options, { name: 'synonyms' })
  const maxAdditions = checkInteger('maxAdditions', options.maxAdditions ?? 10)
  const entries = [...groupEntries(options.synonyms ?? []), ...glossaryEntries(options.glossary ?? {})]
  if (entries.length === 0)
    invalid('synonyms', 'a list of at least one group, unless there is a `glossary`', options.synonyms)
  const match = termMatcher('synonyms', entries)
  const plan = (query: string) => {
    const additions = additionsTo(query, match(query), maxAdditions)
    return {
      variants: additions.length === 0 ? [] : [{ label: 'synonyms', text: [query, ...additions].join(' ') }],
    }
  }
  return expandingRetriever(retriever, plan, settings)
}

function groupEntries(groups: readonly (readonly string[])[]): TermEntry[] {
  if (!Array.isArray(groups)) invalid('synonyms', 'a list of lists of words', groups)
  return groups.flatMap((group, index) => {
    if (!Array.isArray(group) || group.length < 2)
      invalid(`synonyms[${index}]`, 'a list of at least two words', group)
    const words: readonly string[] = group
    return words.map((term) => ({ term, additions: words.filter((word) => word !== term) }))
  })
}
