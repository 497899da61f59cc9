import type { TokenTerm } from './analyzer.js'

/** Strongest separator first: `A-123/b` is `A-123` and `b`, and `A-123` is `A` and `123`. */
const separators: readonly RegExp[] = [/[\\/]/, /@/, /&/, /[-\u2010\u2011_]/, /\./, /['\u2019]/, /[+#]+/]

/** Between a small letter and a capital, before the last capital of a run, between letters and digits. */
const caseBoundary =
  /(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})|(?<=\p{L})(?=\p{Nd})|(?<=\p{Nd})(?=\p{L})/u

/** `v1.2.3` is also `1.2.3`. */
const version = /^[vV](?=\p{Nd}+\.)/u

const quantity = /^\p{Nd}+(?:[.,'\u2019]\p{Nd}+)*$/u
const acronym = /^\p{L}(?:\.\p{L})+$/u

/**
 * Whether a token is more than a word: it holds a digit among letters, a binding sign or an inner capital.
 * Plain numbers (`1,000`, `3.14`, `1.2.3`) are not: they stay whole.
 */
export function isIdentifier(token: string): boolean {
  if (quantity.test(token) || acronym.test(token)) return false
  return /[\\/@&_.+#\-\u2010\u2011]|['\u2019]\p{Nd}/u.test(token) || caseBoundary.test(token)
}

export function isAcronym(token: string): boolean {
  return acronym.test(token)
}

/**
 * Every term of an identifier: the whole at the place of its first part, then its parts, taken apart
 * separator by separator with the wholes of the smaller identifiers on the way.
 *
 * @param fold how a whole is written (lower case)
 * @param word the terms of a part; undefined when it is a stop word
 */
export function identifierTerms(
  token: string,
  fold: (text: string) => string,
  word: (text: string) => string | undefined,
): TokenTerm[] {
  const terms: TokenTerm[] = []
  const seen = new Set<string>()
  const push = (text: string, position: number) => {
    if (text === '' || seen.has(text)) return
    seen.add(text)
    terms.push({ text, position })
  }
  let position = 0
  const visit = (piece: string, level: number): void => {
    if (/^[\p{Nd}\p{L}\p{M}]+$/u.test(piece) || quantity.test(piece)) {
      visitWord(piece)
      return
    }
    push(fold(piece), position)
    if (version.test(piece)) {
      visit(piece.slice(1), level)
      return
    }
    for (let next = level; next < separators.length; next++) {
      const parts = piece.split(separators[next]!).filter((part) => part !== '')
      if (parts.length === 0) return
      if (parts.length === 1 && parts[0] === piece) continue
      for (const part of parts) visit(part, next + 1)
      return
    }
  }
  const visitWord = (piece: string): void => {
    const parts = piece.split(caseBoundary)
    if (parts.length > 1) push(fold(piece), position)
    for (const part of parts) {
      const term = parts.length === 1 || part.length > 1 || /\p{Nd}/u.test(part) ? word(part) : undefined
      if (term !== undefined) push(term, position)
      position++
    }
  }
  visit(token, 0)
  return terms
}
