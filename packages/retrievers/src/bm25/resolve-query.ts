import { type Analyzer, analyze, TokenSpans } from '../analysis/analyzer.js'
import { closestTerms, completions, type Expansion } from './expand.js'
import type { Fields } from './fields.js'
import type { FuzzyOptions, LexicalClause, LexicalQuery, Occurrence, PhraseClause } from './lexical-query.js'
import type { StringTable } from './string-table.js'
import type { Vocabulary } from './vocabulary.js'

/** What queries are resolved against. */
export interface Lexicon {
  readonly analyzer: Analyzer
  readonly dictionary: StringTable
  readonly vocabulary: Vocabulary
  readonly fields: Fields | undefined
  /** How words that stand in no document are read. */
  readonly fuzzy: FuzzyOptions | undefined
  /** Documents alive that have the term. */
  liveCount(term: number): number
}

/** A term of a phrase and how many positions after the first one it stands. */
export interface Slot {
  readonly term: number
  readonly offset: number
}

/** What adds to a score: a term, or a phrase that counts as one. */
export interface Part {
  readonly text: string
  readonly slots: readonly Slot[]
  readonly slop: number
  /** Number of the field it is looked for in, −1 for everywhere. */
  readonly field: number
  /** Multiplies the idf: times in the query × boost × similarity. */
  readonly times: number
  /** By slot: documents with the term, or with the commonest of the terms it was expanded to. */
  readonly documentFrequencies: readonly number[]
  /** Whether its word is there when the part is: the parts of an identifier do not make it. */
  readonly leading: boolean
}

export interface ResolvedClause {
  readonly occur: Occurrence
  readonly parts: readonly Part[]
  /** The clause holds where each of these has one of its parts. Undefined when it has nothing to say. */
  readonly words: readonly (readonly Part[])[] | undefined
}

/** Whether a part must be looked for in the sequences: postings do not know where a term stands. */
export function isVerified(part: Part): boolean {
  return part.slots.length > 1 || part.field >= 0
}

export function resolveQuery(query: LexicalQuery, lexicon: Lexicon): ResolvedClause[] {
  const correct = corrector(lexicon)
  return query.clauses.map((clause) => resolveClause(clause, lexicon, correct))
}

/** Gives the fuzzy options for a term of a text clause that is to be read as the terms spelled like it. */
export type Corrector = (term: string) => FuzzyOptions | undefined

/** Unknown words of one query that are looked for by spelling, so that no query is expensive. */
const MAX_CORRECTED = 32

/** Corrects words without digits that stand in no document, if the index was made to. For one query. */
export function corrector({
  dictionary,
  fuzzy,
  liveCount,
}: Pick<Lexicon, 'dictionary' | 'fuzzy' | 'liveCount'>): Corrector {
  const corrected = new Set<string>()
  return (term) => {
    if (fuzzy === undefined || /\p{N}/u.test(term)) return undefined
    const id = dictionary.find(term, 0, term.length)
    if (id >= 0 && liveCount(id) > 0) return undefined
    if (corrected.size === MAX_CORRECTED && !corrected.has(term)) return undefined
    corrected.add(term)
    return fuzzy
  }
}

function resolveClause(clause: LexicalClause, lexicon: Lexicon, correct: Corrector): ResolvedClause {
  const occur = clause.occur ?? 'should'
  const context = {
    lexicon,
    correct,
    boost: clause.boost ?? 1,
    field: fieldNumber(clause.field, lexicon.fields),
  }
  const words = clause.type === 'phrase' ? phraseWords(clause, context) : wordsOf(clause, context)
  // An unknown field holds nowhere; a clause that says nothing is no condition.
  return {
    occur,
    parts: occur === 'not' ? [] : mergedParts(words),
    words: words.length > 0 ? words.map((parts) => parts.filter(({ leading }) => leading)) : undefined,
  }
}

interface Context {
  readonly lexicon: Lexicon
  readonly correct: Corrector
  readonly boost: number
  readonly field: number
}

const NO_FIELD = -1
/** Number of a field that no document has. */
const UNKNOWN_FIELD = 2 ** 30

function fieldNumber(name: string | undefined, fields: Fields | undefined): number {
  if (name === undefined) return NO_FIELD
  const number = fields?.numberOf(name) ?? -1
  return number < 0 ? UNKNOWN_FIELD : number
}

/** The parts of each word of a clause. Words that the analyzer leaves out are not there. */
function wordsOf(clause: Exclude<LexicalClause, PhraseClause>, context: Context): Part[][] {
  const { lexicon } = context
  const words: Part[][] = []
  const tokens = tokensOf(clause.text, lexicon.analyzer)
  for (const [i, { token, terms }] of tokens.entries()) {
    const parts: Part[] = []
    const isLast = i === tokens.length - 1
    if (clause.type === 'prefix' && isLast) {
      const begun = normalized(token, lexicon.analyzer)
      parts.push(...expanded(completions(begun, terms[0], clause.maxExpansions ?? 50, lexicon), context))
    } else if (terms.length === 0) continue
    else {
      for (const [j, term] of terms.entries()) {
        const fuzzy = clause.type === 'fuzzy' ? clause : context.correct(term)
        if (fuzzy !== undefined) parts.push(...expanded(closestTerms(term, fuzzy, lexicon), context, j === 0))
        else parts.push(...known(term, context, j === 0))
      }
    }
    words.push(parts)
  }
  return words
}

function known(text: string, { lexicon, boost, field }: Context, leading: boolean): Part[] {
  const term = lexicon.dictionary.find(text, 0, text.length)
  const documentFrequency = term < 0 ? 0 : lexicon.liveCount(term)
  if (documentFrequency === 0) return []
  return [
    {
      text,
      slots: [{ term, offset: 0 }],
      slop: 0,
      field,
      times: boost,
      documentFrequencies: [documentFrequency],
      leading,
    },
  ]
}

/**
 * Terms that stand for one word: each with the idf of the commonest, so that a rare misspelling in the documents does
 * not outweigh the word itself (Lucene's blended rewriting of fuzzy queries does the same), times its similarity.
 */
function expanded(expansions: readonly Expansion[], { boost, field }: Context, leading = true): Part[] {
  let commonest = 0
  for (const { documentFrequency } of expansions) commonest = Math.max(commonest, documentFrequency)
  return expansions.map(({ term, text, similarity }) => ({
    text,
    slots: [{ term, offset: 0 }],
    slop: 0,
    field,
    times: boost * similarity,
    documentFrequencies: [commonest],
    leading,
  }))
}

/** A phrase is one word that is there where the phrase is. */
function phraseWords(clause: PhraseClause, context: Context): Part[][] {
  const { lexicon, boost, field } = context
  const terms = analyze(lexicon.analyzer, clause.text)
  if (terms.length === 0) return []
  const first = terms[0]!.position
  const slots = terms.map(({ text, position }) => ({
    term: lexicon.dictionary.find(text, 0, text.length),
    offset: position - first,
  }))
  const documentFrequencies = slots.map(({ term }) => (term < 0 ? 0 : lexicon.liveCount(term)))
  if (documentFrequencies.includes(0)) return [[]]
  const text = terms.map((term) => term.text).join(' ')
  const slop = slots.length > 1 ? (clause.slop ?? 0) : 0
  return [[{ text, slots, slop, field, times: boost, documentFrequencies, leading: true }]]
}

/** Parts alike made one, their times added up, in the order in which they first come. */
function mergedParts(words: readonly (readonly Part[])[]): Part[] {
  const merged = new Map<string, Part>()
  for (const part of words.flat()) {
    const { slots, slop, field, documentFrequencies } = part
    const key = JSON.stringify([
      slots.map(({ term, offset }) => [term, offset]),
      slop,
      field,
      documentFrequencies,
    ])
    const before = merged.get(key)
    merged.set(key, before === undefined ? part : { ...before, times: before.times + part.times })
  }
  return [...merged.values()].filter(({ times }) => times > 0)
}

export interface AnalyzedToken {
  readonly token: string
  readonly terms: readonly string[]
}

export function tokensOf(text: string, analyzer: Analyzer): AnalyzedToken[] {
  const tokens = new TokenSpans()
  analyzer.tokenize(text, tokens)
  return Array.from({ length: tokens.count }, (_, i) => {
    const token = text.slice(tokens.starts[i]!, tokens.ends[i]!)
    return { token, terms: analyzer.terms(token).map((term) => term.text) }
  })
}

/** A token as its terms are written, without stemming. */
export function normalized(token: string, analyzer: Analyzer): string {
  return analyzer.normalize?.(token) ?? analyzer.terms(token)[0]?.text ?? token
}
