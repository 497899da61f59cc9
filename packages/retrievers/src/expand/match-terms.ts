import { invalid } from '@tesserae/core'

/** Words and what is said beside them. */
export interface TermEntry {
  readonly term: string
  readonly additions: readonly string[]
  /** A short form that is an ordinary word otherwise (`US`, `IT`): only matches as it is written. @default false */
  readonly exactCase?: boolean | undefined
}

/** Finds which entries' terms stand in a query, and what they add to it. */
export type MatchTerms = (query: string) => readonly TermEntry[]

/** What a term looks like, whatever its blanks. */
function normal(text: string): string {
  return text.normalize('NFKC').replace(/\s+/gu, ' ').trim()
}

const wordBefore = /[\p{L}\p{N}_]$/u
const wordAfter = /^[\p{L}\p{N}_]/u

function standsIn(text: string, term: string): boolean {
  for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + 1)) {
    const before = text.slice(Math.max(0, at - 2), at)
    const after = text.slice(at + term.length, at + term.length + 2)
    const glued =
      (wordAfter.test(term) && wordBefore.test(before)) || (wordBefore.test(term) && wordAfter.test(after))
    if (!glued) return true
  }
  return false
}

/**
 * Finds the terms of a list that stand in a query as whole words, those that are part of a longer one found there
 * left out. Case does not matter unless the entry says so.
 */
export function termMatcher(name: string, entries: readonly TermEntry[]): MatchTerms {
  const known = entries.map((entry) => {
    if (typeof entry.term !== 'string' || normal(entry.term) === '')
      invalid(name, 'of terms with letters in them', entry.term)
    for (const addition of entry.additions)
      if (typeof addition !== 'string' || normal(addition) === '')
        invalid(name, `of texts, also for "${entry.term}"`, addition)
    const term = normal(entry.term)
    return { entry, term: entry.exactCase ? term : term.toLowerCase() }
  })
  known.sort((a, b) => b.term.length - a.term.length)
  return (query) => {
    const text = normal(query)
    const lower = text.toLowerCase()
    const found: typeof known = []
    for (const item of known) {
      if (!standsIn(item.entry.exactCase ? text : lower, item.term)) continue
      if (found.some(({ term }) => standsIn(term.toLowerCase(), item.term.toLowerCase()))) continue
      found.push(item)
    }
    return found.map(({ entry }) => entry)
  }
}

/** What the entries add to a query, without what it says already; each text once. */
export function additionsTo(query: string, entries: readonly TermEntry[], max: number): readonly string[] {
  const said = normal(query).toLowerCase()
  const additions: string[] = []
  const seen = new Set<string>()
  for (const { additions: texts } of entries) {
    for (const text of texts) {
      const key = normal(text).toLowerCase()
      if (seen.has(key) || standsIn(said, key) || additions.length >= max) continue
      seen.add(key)
      additions.push(text)
    }
  }
  return additions
}
