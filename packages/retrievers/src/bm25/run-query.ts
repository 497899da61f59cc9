import {
  type Bitset,
  checkInteger,
  type Explanation,
  invalid,
  RagError,
  type Span,
  type TopHits,
} from '@tesserae/core'
import type { Bm25Settings, Suggestion, SuggestOptions } from './bm25-options.js'
import type { Documents } from './documents.js'
import { allowedOrdinals, isAllowed, PartReader, type PartScorer, scoreParts } from './evaluate-query.js'
import { closestTerms } from './expand.js'
import { explainScore, type FieldFrequency } from './explain.js'
import { type FoldedFormula, fold, inverseDocumentFrequency } from './formula.js'
import { type HighlightOptions, highlightQuery } from './highlight.js'
import { checkFuzzy, type LexicalQuery } from './lexical-query.js'
import { readQuery } from './parse-query.js'
import { eachOccurrence } from './phrase.js'
import type { Postings } from './postings.js'
import {
  corrector,
  isVerified,
  type Lexicon,
  type Part,
  type ResolvedClause,
  resolveQuery,
} from './resolve-query.js'
import type { TermScorer } from './score.js'
import type { Searcher, SearchTask } from './search.js'
import { Sequence, type Sequences } from './sequences.js'
import type { StringTable } from './string-table.js'
import type { Vocabulary } from './vocabulary.js'

/** What queries see of an index. */
export interface IndexContent {
  readonly settings: Bm25Settings
  readonly dictionary: StringTable
  readonly vocabulary: Vocabulary
  readonly postings: Postings
  readonly documents: Documents
  readonly sequences: Sequences | undefined
  readonly searcher: Searcher
  /** Documents alive that have the term. */
  liveCount(term: number): number
  /** How often a bag of words says each term of the dictionary. */
  queryTerms(query: string): ReadonlyMap<number, number>
}

/** The best documents of a query. A bag of words skips what cannot be among them; so do all queries without phrases and fields. */
export function runQuery(
  index: IndexContent,
  query: string | LexicalQuery,
  limit: number,
  filter: Bitset | undefined,
): TopHits {
  const { searcher, postings, documents } = index
  const resolved = resolve(index, query, filter)
  if (typeof resolved === 'function') return resolved(limit)
  // Field by field: what a spread makes is slow to read from.
  const { scorers, constant, perLength, filter: allowed } = resolved
  return searcher.search({ scorers, constant, perLength, filter: allowed, postings, documents, limit })
}

/** A query as the kernels know it; `undefined` when documents have to be looked into. */
export function termQuery(
  index: IndexContent,
  query: string | LexicalQuery,
  filter: Bitset | undefined,
): TermQuery | undefined {
  const resolved = resolve(index, query, filter)
  return typeof resolved === 'function' ? undefined : resolved
}

export type TermQuery = Pick<SearchTask, 'scorers' | 'constant' | 'perLength' | 'filter'>

/** A query of terms alone, or what searches for another. */
function resolve(
  index: IndexContent,
  query: string | LexicalQuery,
  filter: Bitset | undefined,
): TermQuery | ((limit: number) => TopHits) {
  const { postings, documents } = index
  const formula = fold(index.settings.parameters, documents.averageLength)
  const { constant, perLength } = formula
  const clauses = clausesOf(index, query)
  if (typeof clauses === 'string') {
    return { scorers: heaviestFirst(bagScorers(index, clauses, formula)), constant, perLength, filter }
  }
  const parts = clauses.flatMap((clause) => clause.parts)
  const reader = partReader(index)
  const allowed = allowedOrdinals(clauses, reader, documents, filter)
  const scorers = parts.map((part) => partScorer(index, part, formula))
  if (parts.some(isVerified)) {
    return (limit) => scoreParts(heaviestFirst(scorers), reader, documents, formula, limit, allowed)
  }
  const terms = scorers.map(({ part, base, weight }) => {
    const { term } = part.slots[0]!
    const bound = base + weight * postings.highestSaturation(term, constant, perLength)
    return { term, base, weight, bound }
  })
  return { scorers: heaviestFirst(terms), constant, perLength, filter: allowed }
}

/** Where a score comes from; 0 where a condition of the query does not hold. */
export function explainQuery(
  index: IndexContent,
  query: string | LexicalQuery,
  ordinal: number,
): Explanation {
  const { documents } = index
  const { parameters } = index.settings
  const number = documents.numberOf(ordinal)
  const clauses = clausesOf(index, query)
  const reader = partReader(index)
  if (number >= 0 && typeof clauses !== 'string' && !isAllowed(clauses, reader, number))
    return { value: 0, description: 'a condition of the query does not hold', details: [] }
  const parts =
    typeof clauses === 'string' ? bagParts(index, clauses) : clauses.flatMap((clause) => clause.parts)
  const formula = fold(parameters, documents.averageLength)
  const scorers = heaviestFirst(parts.map((part) => partScorer(index, part, formula)))
  return explainScore({
    parameters,
    terms: scorers.map(({ part }) => ({
      text: part.text,
      times: part.times,
      documentFrequencies: part.documentFrequencies,
      frequency: number < 0 ? 0 : reader.frequency(part, number),
      fields: number < 0 ? [] : fieldFrequencies(index, part, number),
    })),
    documentCount: documents.size,
    averageLength: documents.averageLength,
    length: number < 0 ? undefined : documents.lengths[number],
  })
}

/** Terms spelled like a word. */
export function suggestTerms(index: IndexContent, word: string, options: SuggestOptions): Suggestion[] {
  if (typeof word !== 'string') invalid('word', 'a string', word)
  checkFuzzy(options)
  const limit = checkInteger('limit', options.limit ?? 5)
  const term = index.settings.analyzer.terms(word)[0]?.text
  if (term === undefined) return []
  const closest = closestTerms(term, { ...options, maxExpansions: limit }, index)
  return closest.map(({ text, similarity, documentFrequency }) => ({ text, similarity, documentFrequency }))
}

/** What a query finds in a text, as this index reads both. */
export function highlightText(
  index: IndexContent,
  query: string | LexicalQuery,
  text: string,
  options: HighlightOptions,
): Span[] {
  const { analyzer, fuzzy, syntax, fields } = index.settings
  const correct = corrector({
    dictionary: index.dictionary,
    fuzzy,
    liveCount: (term) => index.liveCount(term),
  })
  return highlightQuery(readQuery(query, syntax, fields?.names), text, { analyzer, correct }, options)
}

/** The query's clauses, resolved; a string when it is a bag of words and nothing else. */
function clausesOf(index: IndexContent, query: string | LexicalQuery): string | ResolvedClause[] {
  const { syntax, fuzzy, fields } = index.settings
  if (typeof query === 'string' && syntax === 'words' && fuzzy === undefined) return query
  const { clauses } = readQuery(query, syntax, fields?.names)
  const [first] = clauses
  if (fuzzy === undefined && clauses.length === 1 && first?.type === 'text') {
    const { text, occur = 'should', field, boost = 1 } = first
    if (occur === 'should' && field === undefined && boost === 1) return text
  }
  const lexicon: Lexicon = {
    analyzer: index.settings.analyzer,
    dictionary: index.dictionary,
    vocabulary: index.vocabulary,
    fields,
    fuzzy,
    liveCount: (term) => index.liveCount(term),
  }
  const resolved = resolveQuery({ clauses }, lexicon)
  if (index.sequences === undefined && resolved.some(looksIntoDocuments)) {
    throw new RagError(
      'unsupported',
      'Phrases and fields of a query need an index that keeps where terms stand. Make it with `positions: true`.',
    )
  }
  return resolved
}

function looksIntoDocuments({ parts, words }: ResolvedClause): boolean {
  return parts.some(isVerified) || (words?.some((word) => word.some(isVerified)) ?? false)
}

function partReader({ postings, documents, sequences, settings }: IndexContent): PartReader {
  return new PartReader(postings, documents, sequences, settings.weights)
}

function partScorer(index: IndexContent, part: Part, { base, scale }: FoldedFormula): PartScorer {
  let idf = 0
  for (const documentFrequency of part.documentFrequencies)
    idf += inverseDocumentFrequency(index.settings.parameters, index.documents.size, documentFrequency)
  return { part, base: part.times * idf * base, weight: part.times * idf * scale }
}

/** The terms of a bag of words that stand in some document, in the query's order. */
function bagScorers(
  index: IndexContent,
  query: string,
  { base, scale, constant, perLength }: FoldedFormula,
): TermScorer[] {
  const scorers: TermScorer[] = []
  for (const [term, times] of index.queryTerms(query)) {
    const documentFrequency = index.liveCount(term)
    if (documentFrequency === 0) continue
    const idf =
      times * inverseDocumentFrequency(index.settings.parameters, index.documents.size, documentFrequency)
    const weight = idf * scale
    const bound = idf * base + weight * index.postings.highestSaturation(term, constant, perLength)
    scorers.push({ term, base: idf * base, weight, bound })
  }
  return scorers
}

/** The same as parts, to be explained. */
function bagParts(index: IndexContent, query: string): Part[] {
  return [...index.queryTerms(query)]
    .map(([term, times]) => ({
      text: index.dictionary.text(term),
      slots: [{ term, offset: 0 }],
      slop: 0,
      field: -1,
      times,
      documentFrequencies: [index.liveCount(term)],
      leading: true,
    }))
    .filter(({ documentFrequencies }) => documentFrequencies[0]! > 0)
}

/**
 * Sorts by what is added at most; equal ones stay as the query has them, so that the order of additions, and with it
 * the last bit of a score, does not depend on the index's history.
 */
function heaviestFirst<S extends { readonly base: number; readonly weight: number }>(scorers: S[]): S[] {
  return scorers.sort((x, y) => y.base + y.weight - (x.base + x.weight))
}

/** How often a part stands in each field of a document, where the index knows. */
function fieldFrequencies(
  { sequences, settings: { fields } }: IndexContent,
  part: Part,
  document: number,
): FieldFrequency[] {
  if (fields === undefined || sequences === undefined) return []
  const sequence = new Sequence()
  sequences.read(document, sequence)
  const times = new Uint32Array(fields.names.length + 1)
  eachOccurrence(sequence, part, (places) => {
    times[sequence.fields[places[0]!]! + 1]!++
  })
  return [...times.entries()]
    .filter(([, count]) => count > 0)
    .map(([at, count]) => ({ name: fields.names[at - 1], weight: fields.weights[at - 1] ?? 1, times: count }))
}
