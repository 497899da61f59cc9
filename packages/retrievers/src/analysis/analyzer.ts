import type { Span } from '@tesserae/core'

/** One term of a token. Terms at the same position are alternatives: they overlap and count once for length. */
export interface TokenTerm {
  readonly text: string
  /** Place inside the token, ascending from 0. */
  readonly position: number
}

/**
 * Turns text into terms, in two steps so that an index can do the second one once per distinct token.
 * The same analyzer must serve indexing and querying.
 */
export interface Analyzer {
  /** Names everything that changes the terms: two analyzers of one id give the same terms. */
  readonly id: string
  /** Writes the spans of the tokens of `text`, ascending by start, into `tokens`, which it clears first. */
  tokenize(text: string, tokens: TokenSpans): void
  /**
   * The terms of one token. Depends on the token's text alone, so callers may keep the answer. Empty for a
   * stop word.
   */
  terms(token: string): readonly TokenTerm[]
  /**
   * A token as terms are written, but whole and without stemming: what the beginning of a word is compared with.
   * @default the first of its terms
   */
  normalize?(token: string): string
}

/** Growable list of spans in two flat arrays, reused from text to text. Entries past `count` are stale. */
export class TokenSpans {
  count = 0
  starts = new Uint32Array(256)
  ends = new Uint32Array(256)

  clear(): void {
    this.count = 0
  }

  push(start: number, end: number): void {
    if (this.count === this.starts.length) this.grow()
    this.starts[this.count] = start
    this.ends[this.count] = end
    this.count++
  }

  private grow(): void {
    const starts = new Uint32Array(this.starts.length * 2)
    const ends = new Uint32Array(this.starts.length * 2)
    starts.set(this.starts)
    ends.set(this.ends)
    this.starts = starts
    this.ends = ends
  }
}

/** A term where it stands in a text. */
export interface AnalyzedTerm extends Span {
  readonly text: string
  /** Counts tokens and the parts of identifiers; a stop word leaves a hole. */
  readonly position: number
}

/** All terms of a text with their spans: for highlighting, tests and looking at what an analyzer does. */
export function analyze(analyzer: Analyzer, text: string): AnalyzedTerm[] {
  const tokens = new TokenSpans()
  analyzer.tokenize(text, tokens)
  const analyzed: AnalyzedTerm[] = []
  let position = 0
  for (let i = 0; i < tokens.count; i++) {
    const start = tokens.starts[i]!
    const end = tokens.ends[i]!
    let last = 0
    for (const term of analyzer.terms(text.slice(start, end))) {
      analyzed.push({ text: term.text, position: position + term.position, start, end })
      last = term.position
    }
    position += last + 1
  }
  return analyzed
}
