import type { Analyzer, TokenSpans, TokenTerm } from '../analysis/analyzer.js'
import { grownUint32 } from './grow.js'
import { hashUnits, StringTable, VALUE } from './string-table.js'

/** Distinct tokens remembered before the memory is emptied: numbers and misspellings never end. */
const MAX_TOKENS = 1 << 19
/** Tokens looked up together: as many as make memory accesses overlap, few enough to stay in the cache. */
const BATCH = 128
export const ONLY_STOP = -1
/** Below every code. */
export const UNKNOWN = -(2 ** 30)
/** Added to codes, which stay within ±2³⁰, so that what is stored is a small integer above zero. */
const SHIFT = 2 ** 30

/**
 * Remembers the term ids of every token seen, so that lower-casing and stemming happen once per distinct
 * token.
 */
export class TokenCache {
  /** Values are codes + SHIFT, 0 for a token not yet analysed. */
  private readonly tokens = new StringTable()
  /** Runs of: number of terms, length they count for, term ids, positions inside the token. */
  private several = new Uint32Array(1 << 8)
  private severalEnd = 0
  private readonly hashes = new Uint32Array(BATCH)
  readonly codes = new Int32Array(BATCH)
  /** Keeps the reads of `warm` from being optimised away. */
  warmth = 0
  private readonly analyzer: Analyzer
  private readonly terms: StringTable

  constructor(analyzer: Analyzer, terms: StringTable) {
    this.analyzer = analyzer
    this.terms = terms
  }

  /**
   * What each of the tokens from `first` on stands for, at most BATCH of them, in `codes`: a term id from 0, or
   * ONLY_STOP, or a value below it that `severalAt` turns into a place in `run`. Returns how many were done.
   */
  read(text: string, spans: TokenSpans, first: number): number {
    const { tokens, hashes, codes } = this
    const { starts, ends } = spans
    const count = Math.min(BATCH, spans.count - first)
    for (let i = 0; i < count; i++) hashes[i] = hashUnits(text, starts[first + i]!, ends[first + i]!)
    this.warmth = tokens.warm(hashes, count)
    for (let i = 0; i < count; i++) {
      const start = starts[first + i]!
      const end = ends[first + i]!
      const record = tokens.locate(text, start, end, hashes[i]!)
      const value = tokens.records[record + VALUE]!
      if (value !== 0) codes[i] = value - SHIFT
      else {
        const code = this.learn(text.slice(start, end))
        tokens.records[record + VALUE] = code + SHIFT
        codes[i] = code
      }
    }
    return count
  }

  /** What a token stands for if it is remembered, otherwise UNKNOWN. Remembers nothing, so queries leave no trace. */
  peek(text: string, start: number, end: number): number {
    const value = this.tokens.valueFor(text, start, end)
    return value === 0 ? UNKNOWN : value - SHIFT
  }

  /** Where the run of a code below ONLY_STOP starts: number of terms, length, term ids, positions. */
  severalAt(code: number): number {
    return -2 - code
  }

  get run(): Uint32Array {
    return this.several
  }

  /** Forgets everything; needed when term ids change. */
  clear(): void {
    this.tokens.clear()
    this.severalEnd = 0
  }

  /** Empties itself once it has grown past its bound. */
  trim(): void {
    if (this.tokens.size > MAX_TOKENS) this.clear()
  }

  get byteLength(): number {
    return this.tokens.byteLength + this.several.byteLength
  }

  private learn(token: string): number {
    const terms = this.analyzer.terms(token)
    if (terms.length === 0) return ONLY_STOP
    if (terms.length > 1) return -2 - this.addRun(terms)
    const text = terms[0]!.text
    return this.terms.intern(text, 0, text.length)
  }

  private addRun(terms: readonly TokenTerm[]): number {
    const start = this.severalEnd
    this.severalEnd += terms.length * 2 + 2
    this.several = grownUint32(this.several, this.severalEnd)
    this.several[start] = terms.length
    this.several[start + 1] = termsLength(terms)
    for (let i = 0; i < terms.length; i++) {
      const { text, position } = terms[i]!
      this.several[start + 2 + i] = this.terms.intern(text, 0, text.length)
      this.several[start + 2 + terms.length + i] = position
    }
    return start
  }
}

/** What a token adds to a document's length: terms at the same position count once. */
function termsLength(terms: readonly TokenTerm[]): number {
  let length = 0
  for (let i = 0; i < terms.length; i++)
    if (i === 0 || terms[i]!.position !== terms[i - 1]!.position) length++
  return length
}
