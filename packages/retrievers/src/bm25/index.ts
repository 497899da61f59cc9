export { bm25Index } from './bm25-index.js'
export type {
  Bm25Index,
  Bm25Options,
  Bm25Statistics,
  Suggestion,
  SuggestOptions,
} from './bm25-options.js'
export type { Bm25Field, FieldTexts } from './fields.js'
export type { Bm25Variant } from './formula.js'
export type { FragmentOptions, HighlightOptions, HighlightTextOptions } from './highlight.js'
export { bestFragment, highlight } from './highlight.js'
export type {
  FuzzyClause,
  FuzzyOptions,
  LexicalClause,
  LexicalQuery,
  Occurrence,
  PhraseClause,
  PrefixClause,
  TextClause,
} from './lexical-query.js'
export type { ParseQueryOptions } from './parse-query.js'
export { parseLexicalQuery } from './parse-query.js'
