import type { Analyzer, TokenTerm } from '../analysis/analyzer.js'
import { grownInt32, grownUint32 } from './grow.js'
import { StringTable } from './string-table.js'

/** Distinct tokens remembered before the memory is emptied: numbers and misspellings never end. */
const MAX_TOKENS = 1 << 19
export const ONLY_STOP = -1

/**
 * Remembers the term ids of every token seen, so that lower-casing and stemming happen once per distinct
 * token. Most tokens are one term or none, which takes 4 bytes beside the token itself.
 */
export class TokenCache {
  private tokens = new StringTable()
  /** By token: a term id, ONLY_STOP, or −2 − (index into `several`). */
  private single = new Int32Array(1 << 9)
  /** Runs of: number of terms, length they count for, term ids. */
  private several = new Uint32Array(1 << 8)
  private severalEnd = 0
  private readonly analyzer: Analyzer
  private readonly terms: StringTable

  constructor(analyzer: Analyzer, terms: StringTable) {
    this.analyzer = analyzer
    this.terms = terms
  }

  /**
   * What text[start … end) stands for: a term id from 0, or ONLY_STOP, or a value below it that `severalAt`
   * turns into a run of `run`.
   */
  codeOf(text: string, start: number, end: number): number {
    const known = this.tokens.size
    const token = this.tokens.intern(text, start, end)
    return token < known ? this.single[token]! : this.learn(text.slice(start, end), token)
  }

  /** Where the run of a code below ONLY_STOP starts: number of terms, length, term ids. */
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
    return this.tokens.byteLength + this.single.byteLength + this.several.byteLength
  }

  private learn(token: string, id: number): number {
    const terms = this.analyzer.terms(token)
    let code = ONLY_STOP
    if (terms.length === 1) code = this.terms.intern(terms[0]!.text, 0, terms[0]!.text.length)
    else if (terms.length > 1) code = -2 - this.addRun(terms)
    this.single = grownInt32(this.single, id + 1)
    this.single[id] = code
    return code
  }

  private addRun(terms: readonly TokenTerm[]): number {
    const start = this.severalEnd
    this.severalEnd += terms.length + 2
    this.several = grownUint32(this.several, this.severalEnd)
    this.several[start] = terms.length
    this.several[start + 1] = termsLength(terms)
    for (let i = 0; i < terms.length; i++) {
      const text = terms[i]!.text
      this.several[start + 2 + i] = this.terms.intern(text, 0, text.length)
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
