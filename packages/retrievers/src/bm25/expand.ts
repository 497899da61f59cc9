import type { FuzzyOptions } from './lexical-query.js'
import type { StringTable } from './string-table.js'
import type { Vocabulary } from './vocabulary.js'

/** A term of the index that stands for a word of the query. */
export interface Expansion {
  readonly term: number
  readonly text: string
  /** 1 for the word itself, less the more edits there are for its length. */
  readonly similarity: number
  readonly documentFrequency: number
}

interface Terms {
  readonly dictionary: StringTable
  readonly vocabulary: Vocabulary
  liveCount(term: number): number
}

/** Edits allowed by length when nothing is said: none up to 2 letters, 1 up to 5, then 2. */
export function editsFor(length: number): number {
  return length < 3 ? 0 : length < 6 ? 1 : 2
}

/** Lucene's similarity of a term some edits away: 1 − edits / the shorter length. */
export function similarityOf(edits: number, wordLength: number, termLength: number): number {
  return 1 - edits / Math.min(wordLength, termLength)
}

/** The terms spelled most like a word, closest first, then the most frequent. */
export function closestTerms(word: string, options: FuzzyOptions, terms: Terms): Expansion[] {
  const { maxEdits = editsFor(word.length), prefixLength = 1, maxExpansions = 10 } = options
  const expansions: Expansion[] = []
  for (const { term, edits, length } of terms.vocabulary.closeTo(word, maxEdits, prefixLength)) {
    const documentFrequency = terms.liveCount(term)
    const similarity = similarityOf(edits, word.length, length)
    if (documentFrequency === 0 || similarity <= 0) continue
    expansions.push({ term, text: terms.dictionary.text(term), similarity, documentFrequency })
  }
  return best(expansions, maxExpansions)
}

/** The most frequent terms that begin with `begun`, and the term of the word itself. */
export function completions(
  begun: string,
  word: string | undefined,
  maxExpansions: number,
  terms: Terms,
): Expansion[] {
  const expansions: Expansion[] = []
  const add = (term: number) => {
    const documentFrequency = terms.liveCount(term)
    if (documentFrequency > 0)
      expansions.push({ term, text: terms.dictionary.text(term), similarity: 1, documentFrequency })
  }
  if (begun !== '') for (const term of terms.vocabulary.withPrefix(begun)) add(term)
  // A stem can be shorter than what was typed: `retrieval*` finds `retriev`.
  const own = word === undefined || word.startsWith(begun) ? -1 : terms.dictionary.find(word, 0, word.length)
  if (own >= 0) add(own)
  return best(expansions, maxExpansions)
}

/** The first `limit` by similarity, frequency, text: an order that does not depend on the index's history. */
function best(expansions: Expansion[], limit: number): Expansion[] {
  return expansions
    .sort(
      (a, b) =>
        b.similarity - a.similarity ||
        b.documentFrequency - a.documentFrequency ||
        (a.text < b.text ? -1 : a.text > b.text ? 1 : 0),
    )
    .slice(0, limit)
}
