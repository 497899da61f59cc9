import { invalid } from '@tesserae/core'
import { additionsTo, type TermEntry, termMatcher } from './match-terms.js'

/** Short forms and what they stand for: `{ nyc: 'New York City', MI: ['myocardial infarction', 'Michigan'] }`. */
export type Glossary = { readonly [short: string]: string | readonly string[] }

/** Forms of two or three capitals could be words: they match as they are written. */
const couldBeWord = /^\p{Lu}{1,3}$/u

/** From short to long and from long to short, so that both forms are searched whichever was typed. */
export function glossaryEntries(glossary: Glossary): TermEntry[] {
  if (typeof glossary !== 'object' || glossary === null || Array.isArray(glossary))
    invalid('glossary', 'an object of short forms', glossary)
  return Object.entries(glossary).flatMap(([short, meaning]) => {
    const meanings = typeof meaning === 'string' ? [meaning] : meaning
    if (!Array.isArray(meanings) || meanings.length === 0)
      invalid(`glossary.${short}`, 'a text or a list of texts', meaning)
    return [
      { term: short, additions: meanings, exactCase: couldBeWord.test(short) },
      ...meanings.map((term: string) => ({ term, additions: [short] })),
    ]
  })
}

/**
 * A query with both forms of its abbreviations: `"restaurants in nyc"` becomes
 * `"restaurants in nyc (New York City)"`. A query without any comes back as it was.
 */
export function expandAcronyms(query: string, glossary: Glossary): string {
  if (typeof query !== 'string') invalid('query', 'a string', query)
  const additions = additionsTo(query, termMatcher('glossary', glossaryEntries(glossary))(query), 20)
  return additions.length === 0 ? query : `${query} (${additions.join(', ')})`
}
