import type { IndexSearchOptions, TopHits } from './vector-index.js'

/** A number and the numbers it was made of; the leaves are the very values used. */
export interface Explanation {
  readonly value: number
  readonly description: string
  readonly details: readonly Explanation[]
}

export interface LexicalIndex<O extends IndexSearchOptions = IndexSearchOptions> {
  readonly size: number
  /** Adds or replaces. */
  set(ordinal: number, text: string): void
  delete(ordinal: number): boolean
  /** Documents sharing no term with the query are not returned. */
  search(query: string, options: O): TopHits
  explain(query: string, ordinal: number): Explanation
}
