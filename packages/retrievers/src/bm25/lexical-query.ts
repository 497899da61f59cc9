import { checkInteger, checkNumber, checkOneOf, invalid } from '@tesserae/core'

/** `must`: only documents where the clause holds. `not`: none where it holds. `should`: adds to the score. */
export type Occurrence = 'should' | 'must' | 'not'

interface ClauseBase {
  readonly text: string
  /** @default 'should' */
  readonly occur?: Occurrence | undefined
  /** Looks into this field alone. @default everywhere */
  readonly field?: string | undefined
  /** Multiplies what the clause adds to a score, 0 or more. @default 1 */
  readonly boost?: number | undefined
}

/** A bag of words. Holds where all of its words are; an identifier is there by its whole. */
export interface TextClause extends ClauseBase {
  readonly type: 'text'
}

/** Words one after another. A word that the analyzer leaves out holds its place for any word. */
export interface PhraseClause extends ClauseBase {
  readonly type: 'phrase'
  /** Other words that may stand between the first and the last word, in all, 0 to 100. @default 0 */
  readonly slop?: number | undefined
}

/** Terms that begin with the last word, and that word itself; words before it as in a text clause. */
export interface PrefixClause extends ClauseBase {
  readonly type: 'prefix'
  /** The most frequent of them, 1 to 1,000. @default 50 */
  readonly maxExpansions?: number | undefined
}

/** Terms spelled like the words: see `FuzzyOptions`. */
export interface FuzzyClause extends ClauseBase, FuzzyOptions {
  readonly type: 'fuzzy'
}

export interface FuzzyOptions {
  /**
   * Letters inserted, left out, replaced or exchanged with their neighbour: 0, 1 or 2.
   * @default by the word's length: 0 up to 2, 1 up to 5, then 2
   */
  readonly maxEdits?: number | undefined
  /** Code units at the start that must be right, 0 to 255. @default 1 */
  readonly prefixLength?: number | undefined
  /** The closest terms of a word, among equally close ones the most frequent, 1 to 1,000. @default 10 */
  readonly maxExpansions?: number | undefined
}

export type LexicalClause = TextClause | PhraseClause | PrefixClause | FuzzyClause

/** What to search for, as data. A document must share a term with a clause that is not `not`. */
export interface LexicalQuery {
  readonly clauses: readonly LexicalClause[]
}

export const LARGEST_SLOP = 100
const clauseTypes = ['text', 'phrase', 'prefix', 'fuzzy'] as const
const occurrences = ['should', 'must', 'not'] as const

/** Refuses what is no query, naming the place; returns it otherwise. */
export function checkLexicalQuery(query: LexicalQuery): LexicalQuery {
  if (typeof query !== 'object' || query === null || !Array.isArray(query.clauses))
    invalid('query', 'a string or an object with `clauses`', query)
  for (const [i, clause] of query.clauses.entries()) checkClause(clause, `query.clauses[${i}]`)
  return query
}

function checkClause(clause: LexicalClause, path: string): void {
  if (typeof clause !== 'object' || clause === null) invalid(path, 'a clause', clause)
  checkOneOf(`${path}.type`, clause.type, clauseTypes)
  if (typeof clause.text !== 'string') invalid(`${path}.text`, 'a string', clause.text)
  checkOneOf(`${path}.occur`, clause.occur ?? 'should', occurrences)
  checkNumber(`${path}.boost`, clause.boost ?? 1, 0)
  if (clause.type === 'phrase') checkInteger(`${path}.slop`, clause.slop ?? 0, 0, LARGEST_SLOP)
  if (clause.type === 'prefix') checkInteger(`${path}.maxExpansions`, clause.maxExpansions ?? 50, 1, 1000)
  if (clause.type === 'fuzzy') checkFuzzy(clause, `${path}.`)
}

export function checkFuzzy(options: FuzzyOptions, path = ''): void {
  if (options.maxEdits !== undefined) checkInteger(`${path}maxEdits`, options.maxEdits, 0, 2)
  checkInteger(`${path}prefixLength`, options.prefixLength ?? 1, 0, 255)
  checkInteger(`${path}maxExpansions`, options.maxExpansions ?? 10, 1, 1000)
}
