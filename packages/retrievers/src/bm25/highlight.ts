import {
  checkInteger,
  checkOneOf,
  invalid,
  isSafeCut,
  type Span,
  safeCutAfter,
  safeCutBefore,
} from '@tesserae/core'
import { type AnalyzedTerm, type Analyzer, analyze } from '../analysis/analyzer.js'
import { englishAnalyzer } from '../analysis/english.js'
import { editDistance } from './edit-distance.js'
import { editsFor } from './expand.js'
import type { FuzzyOptions, LexicalClause, LexicalQuery, PhraseClause } from './lexical-query.js'
import { readQuery } from './parse-query.js'
import { eachOccurrence } from './phrase.js'
import { type Corrector, normalized, tokensOf } from './resolve-query.js'
import { Sequence } from './sequences.js'

export interface HighlightOptions {
  /** The field that the text is of: clauses for other fields mark nothing in it. @default text of any field */
  readonly field?: string | undefined
}

/** How an index reads queries, as far as marking needs it. */
export interface Reading {
  readonly analyzer: Analyzer
  readonly correct: Corrector
}

export interface HighlightTextOptions extends HighlightOptions {
  /** The one that the text was indexed with. @default englishAnalyzer() */
  readonly analyzer?: Analyzer | undefined
  /** How a string is read as a query: see `Bm25Options`. @default 'words' */
  readonly syntax?: 'words' | 'operators' | undefined
  /** Names of fields that `syntax: 'operators'` knows. @default none */
  readonly fields?: readonly string[] | undefined
}

/** Marks what a query finds in a text, without an index: see `Bm25Index.highlight`. */
export function highlight(
  query: string | LexicalQuery,
  text: string,
  options: HighlightTextOptions = {},
): Span[] {
  const { analyzer = englishAnalyzer(), fields } = options
  const syntax = checkOneOf('syntax', options.syntax ?? 'words', ['words', 'operators'])
  return highlightQuery(
    readQuery(query, syntax, fields),
    text,
    { analyzer, correct: () => undefined },
    options,
  )
}

/**
 * The spans of the tokens of a text that a query finds in it, ascending and disjoint: words in any form that has the same
 * term, identifiers by their parts, phrases where they stand as such, beginnings and spellings. Overlapping tokens, as
 * pairs of characters are, make one span.
 */
export function highlightQuery(
  query: LexicalQuery,
  text: string,
  { analyzer, correct }: Reading,
  { field }: HighlightOptions,
): Span[] {
  if (typeof text !== 'string') invalid('text', 'a string', text)
  const terms = analyze(analyzer, text)
  const marked: Span[] = []
  const tests: ((term: string) => boolean)[] = []
  for (const clause of query.clauses) {
    if (clause.occur === 'not') continue
    if (field !== undefined && clause.field !== undefined && clause.field !== field) continue
    if (clause.type === 'phrase') marked.push(...phraseTokens(clause, terms, analyzer))
    else tests.push(...wordTests(clause, analyzer, correct))
  }
  const known = new Map<string, boolean>()
  for (const term of terms) {
    let matches = known.get(term.text)
    if (matches === undefined) {
      matches = tests.some((test) => test(term.text))
      known.set(term.text, matches)
    }
    if (matches) marked.push(term)
  }
  return merged(marked)
}

/** What a term must be for a word of the clause to be found in it. */
function wordTests(
  clause: Exclude<LexicalClause, PhraseClause>,
  analyzer: Analyzer,
  correct: Corrector,
): ((term: string) => boolean)[] {
  const exact = new Set<string>()
  const tests: ((term: string) => boolean)[] = [(term) => exact.has(term)]
  const tokens = tokensOf(clause.text, analyzer)
  for (const [i, { token, terms }] of tokens.entries()) {
    for (const term of terms) exact.add(term)
    if (clause.type === 'prefix' && i === tokens.length - 1) {
      const begun = normalized(token, analyzer)
      if (begun !== '') tests.push((term) => term.startsWith(begun))
      continue
    }
    for (const term of terms) {
      const fuzzy = clause.type === 'fuzzy' ? clause : correct(term)
      if (fuzzy !== undefined) tests.push((other) => isClose(term, other, fuzzy))
    }
  }
  return tests
}

function isClose(word: string, term: string, { maxEdits, prefixLength = 1 }: FuzzyOptions): boolean {
  const edits = maxEdits ?? editsFor(word.length)
  if (Math.abs(word.length - term.length) > edits || !term.startsWith(word.slice(0, prefixLength)))
    return false
  return editDistance(word, term) <= Math.min(edits, Math.min(word.length, term.length) - 1)
}

/** Tokens of the places where the phrase stands. */
function phraseTokens(clause: PhraseClause, terms: readonly AnalyzedTerm[], analyzer: Analyzer): Span[] {
  const wanted = analyze(analyzer, clause.text)
  if (wanted.length === 0) return []
  const numbers = new Map<string, number>()
  for (const { text } of wanted) numbers.set(text, numbers.get(text) ?? numbers.size)
  const sequence = new Sequence()
  sequence.fit(terms.length)
  sequence.count = terms.length
  for (const [i, { text, position }] of terms.entries()) {
    sequence.terms[i] = numbers.get(text) ?? -1
    sequence.positions[i] = position
  }
  sequence.fields.fill(-1)
  const first = wanted[0]!.position
  const slots = wanted.map(({ text, position }) => ({ term: numbers.get(text)!, offset: position - first }))
  const spans: Span[] = []
  eachOccurrence(
    sequence,
    { slots, slop: slots.length > 1 ? (clause.slop ?? 0) : 0, field: -1 },
    (places) => {
      for (const place of places) spans.push(terms[place]!)
    },
  )
  return spans
}

/** Sorted, overlapping ones made one. */
function merged(spans: readonly Span[]): Span[] {
  const sorted = [...spans].sort((a, b) => a.start - b.start || a.end - b.end)
  const disjoint: { start: number; end: number }[] = []
  for (const { start, end } of sorted) {
    const last = disjoint.at(-1)
    if (last !== undefined && start < last.end) last.end = Math.max(last.end, end)
    else disjoint.push({ start, end })
  }
  return disjoint
}

export interface FragmentOptions {
  /** Code units of the fragment at most, unless one span is longer. @default 200 */
  readonly maxLength?: number | undefined
}

/**
 * The part of a text to show for its highlights: where the most different ones stand together, then the most, then
 * the first; widened to both sides up to `maxLength` and cut at blanks. The start of the text when nothing is marked.
 *
 * @param spans ascending and disjoint, as `highlight` gives them
 */
export function bestFragment(text: string, spans: readonly Span[], options: FragmentOptions = {}): Span {
  const maxLength = checkInteger('maxLength', options.maxLength ?? 200)
  const { first, last } = densest(text, spans, maxLength)
  const from = first === undefined ? 0 : first.start
  const to = last === undefined ? from : last.end
  const room = Math.max(0, maxLength - (to - from))
  let start = Math.max(0, from - Math.floor(room / 2))
  let end = Math.min(text.length, start + Math.max(maxLength, to - from))
  start = Math.max(0, Math.min(start, end - maxLength, from))
  // To blanks, but never into the spans.
  if (start > 0) start = afterBlank(text, start, from)
  if (end < text.length) end = beforeBlank(text, end, to)
  return { start, end }
}

/** First and last span of the best window of at most `maxLength`. */
function densest(
  text: string,
  spans: readonly Span[],
  maxLength: number,
): { readonly first: Span | undefined; readonly last: Span | undefined } {
  const counts = new Map<string, number>()
  const wordOf = ({ start, end }: Span) => text.slice(start, end).toLowerCase()
  let best = { kinds: 0, count: 0, first: spans[0], last: spans[0] }
  let from = 0
  for (let to = 0; to < spans.length; to++) {
    const word = wordOf(spans[to]!)
    counts.set(word, (counts.get(word) ?? 0) + 1)
    while (from < to && spans[to]!.end - spans[from]!.start > maxLength) {
      const gone = wordOf(spans[from]!)
      const left = counts.get(gone)! - 1
      if (left === 0) counts.delete(gone)
      else counts.set(gone, left)
      from++
    }
    const count = to - from + 1
    if (counts.size > best.kinds || (counts.size === best.kinds && count > best.count))
      best = { kinds: counts.size, count, first: spans[from], last: spans[to] }
  }
  return best
}

function afterBlank(text: string, start: number, latest: number): number {
  for (let offset = start; offset < latest; offset++)
    if (/\s/.test(text[offset - 1]!) && isSafeCut(text, offset)) return offset
  return safeCutAfter(text, start)
}

function beforeBlank(text: string, end: number, earliest: number): number {
  for (let offset = end; offset > earliest; offset--)
    if (/\s/.test(text[offset]!) && isSafeCut(text, offset)) return offset
  return safeCutBefore(text, end)
}
