import {
  checkNumber,
  checkOneOf,
  type Explanation,
  type IndexSearchOptions,
  invalid,
  type LexicalIndex,
  type Span,
  type TopHits,
} from '@tesserae/core'
import type { Analyzer } from '../analysis/analyzer.js'
import { englishAnalyzer } from '../analysis/english.js'
import type { SearchManyOptions } from '../parallel/index.js'
import type { Savable } from '../snapshot/index.js'
import { type Bm25Field, Fields, type FieldTexts } from './fields.js'
import { type Bm25Parameters, type Bm25Variant, bm25Variants } from './formula.js'
import type { HighlightOptions } from './highlight.js'
import { checkFuzzy, type FuzzyOptions, type LexicalQuery } from './lexical-query.js'

export interface Bm25Options {
  /** The published formula: see `formula.ts`. @default 'lucene' */
  readonly variant?: Bm25Variant | undefined
  /** How soon repetitions of a term stop counting, 0 or more. @default 1.2 */
  readonly k1?: number | undefined
  /** How much long documents are held back, 0 to 1. @default 0.75 */
  readonly b?: number | undefined
  /** What a term's presence alone is worth, for the variants with a δ. @default 1 for 'bm25+', 0.5 for 'bm25l' */
  readonly delta?: number | undefined
  /** The fields of documents that are set by field, with their weights. @default none */
  readonly fields?: { readonly [name: string]: Bm25Field } | undefined
  /**
   * Keeps where terms stand, about 3 bytes for each: needed for phrases and for looking into fields.
   * @default true with `fields` or `syntax: 'operators'`
   */
  readonly positions?: boolean | undefined
  /**
   * How strings are read as queries: `'words'` as a bag of words whatever is in them, `'operators'` by
   * `parseLexicalQuery`, which needs positions. @default 'words'
   */
  readonly syntax?: 'words' | 'operators' | undefined
  /**
   * Reads words that stand in no document and hold no digit as the words spelled like them, 32 of a query at most.
   * `{}` does so with the defaults. @default not
   */
  readonly fuzzy?: FuzzyOptions | undefined
  /** Makes the terms, of documents and queries alike. @default englishAnalyzer() */
  readonly analyzer?: Analyzer | undefined
}

export interface Bm25Statistics {
  readonly documentCount: number
  /** Mean length in terms, those of fields weighted; 0 for an empty index. */
  readonly averageLength: number
  /** Distinct terms, those of deleted documents included until the index is compacted. */
  readonly termCount: number
  /** Deleted or replaced documents whose postings are still there. */
  readonly deletedCount: number
  /** Bytes in typed arrays, outside the JavaScript heap. */
  readonly byteLength: number
}

export interface SuggestOptions extends FuzzyOptions {
  /** @default 5 */
  readonly limit?: number | undefined
}

export interface Suggestion {
  /** As the analyzer writes it: a stem, unless the index was made without stemming. */
  readonly text: string
  /** 1 − edits / length. */
  readonly similarity: number
  readonly documentFrequency: number
}

export interface Bm25Index extends LexicalIndex<IndexSearchOptions>, Savable {
  /** Names of the fields; none without fields. */
  readonly fieldNames: readonly string[]
  /** Adds or replaces. Text outside of fields has the weight 1. */
  set(ordinal: number, content: string | FieldTexts): void
  search(query: string | LexicalQuery, options: IndexSearchOptions): TopHits
  explain(query: string | LexicalQuery, ordinal: number): Explanation
  /** Terms of the index spelled like a word, closest first, then the most frequent: "did you mean". */
  suggest(word: string, options?: SuggestOptions): Suggestion[]
  has(ordinal: number): boolean
  /**
   * One result per query, each what `search` gives, found by several threads where they can share memory; queries that
   * look into documents (phrases, fields) on this one. Rejects with `invalid-argument` when the index is changed
   * meanwhile.
   */
  searchMany(
    queries: readonly (string | LexicalQuery)[],
    options: SearchManyOptions,
  ): Promise<readonly TopHits[]>
  /** Spans of the tokens of a text, stored or not, that the query finds in it; ascending and disjoint. */
  highlight(query: string | LexicalQuery, text: string, options?: HighlightOptions): Span[]
  /** The analyzer's id: an index and whoever queries it must agree on it. */
  readonly analyzerId: string
  /** In how many documents the analysed term stands. */
  documentFrequency(term: string): number
  /** Terms that stand in at least one document, in the order they were first seen. */
  terms(): IterableIterator<string>
  statistics(): Bm25Statistics
  /** Drops the postings of deleted documents and unused terms. Scores do not change. Runs by itself when due. */
  compact(): void
}

/** Options that were checked, with their defaults. */
export interface Bm25Settings {
  readonly parameters: Bm25Parameters
  readonly analyzer: Analyzer
  readonly fields: Fields | undefined
  /** What a term counts, in units, by field number + 1; the first is for text outside of fields. */
  readonly weights: readonly number[]
  readonly positions: boolean
  readonly syntax: 'words' | 'operators'
  readonly fuzzy: FuzzyOptions | undefined
}

export function checkOptions(options: Bm25Options): Bm25Settings {
  const fields = options.fields === undefined ? undefined : new Fields(options.fields)
  const syntax = checkOneOf('syntax', options.syntax ?? 'words', ['words', 'operators'])
  const positions = options.positions ?? (fields !== undefined || syntax === 'operators')
  if (syntax === 'operators' && !positions) invalid('positions', "true with syntax 'operators'", positions)
  if (options.fuzzy !== undefined) checkFuzzy(options.fuzzy, 'fuzzy.')
  const parameters = checkParameters(options, fields?.unit ?? 1)
  return {
    parameters,
    analyzer: options.analyzer ?? englishAnalyzer(),
    fields,
    weights: [parameters.unit, ...(fields?.counted ?? [])],
    positions,
    syntax,
    fuzzy: options.fuzzy,
  }
}

function checkParameters(options: Bm25Options, unit: number): Bm25Parameters {
  const variant = checkOneOf('variant', options.variant ?? 'lucene', bm25Variants)
  if (options.delta !== undefined && variant !== 'bm25+' && variant !== 'bm25l')
    invalid('delta', "used with the variants 'bm25+' and 'bm25l' only", options.delta)
  return {
    variant,
    k1: checkNumber('k1', options.k1 ?? 1.2, 0),
    b: checkNumber('b', options.b ?? 0.75, 0, 1),
    delta: checkNumber('delta', options.delta ?? (variant === 'bm25l' ? 0.5 : 1), 0),
    unit,
  }
}
