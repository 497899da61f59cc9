import type { Glossary } from '@tesserae/retrievers/expand'

/** A short form in brackets behind what it stands for. */
const inBrackets = /\(([A-Z][A-Za-z0-9-]{1,9})\)/g
const mostMeanings = 3

/**
 * The abbreviations that texts explain themselves: "transforming growth factor (TGF)". The words before the bracket must
 * begin with the letters of the short form, one each, as in Schwartz and Hearst, "A simple algorithm for identifying
 * abbreviation definitions in biomedical text", 2003, with whole initials only.
 */
export function abbreviationsIn(texts: Iterable<string>): Glossary {
  const found = new Map<string, Set<string>>()
  for (const text of texts) {
    for (const { 1: short = '', index } of text.matchAll(inBrackets)) {
      const letters = short.toLowerCase().replace(/[^a-z]/g, '')
      const words = text
        .slice(Math.max(0, index - 200), index)
        .trim()
        .split(/[\s-]+/)
        .slice(-letters.length)
      const fits = words.length === letters.length && letters.length > 1
      if (!fits || words.some((word, place) => word[0]?.toLowerCase() !== letters[place])) continue
      const meanings = found.get(short) ?? new Set()
      if (meanings.size < mostMeanings) meanings.add(words.join(' ').toLowerCase())
      found.set(short, meanings)
    }
  }
  return Object.fromEntries([...found].map(([short, meanings]) => [short, [...meanings]]))
}
