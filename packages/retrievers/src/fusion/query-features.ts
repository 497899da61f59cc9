import { TokenSpans } from '../analysis/analyzer.js'
import { tokenizeWords } from '../analysis/tokenize.js'

/** What a query looks like, as far as it says how to search. */
export interface QueryFeatures {
  /** Words, numbers and identifiers. */
  readonly words: number
  /** Of those, the ones to be matched letter by letter: codes, numbers, names with signs (`A-123/b`, `Q4`, `C++`, `getUserById`). */
  readonly identifiers: number
  /** Whether something stands in quotation marks. */
  readonly quoted: boolean
  /** The script of most of its letters, as Unicode names it (`Latin`, `Arabic`, `Han`); undefined without letters. */
  readonly script: string | undefined
}

/** Longer queries are looked at up to here. Code units. */
const longestRead = 2000

const quotation = /"[^"]+"|“[^”]+”|„[^“”]+[“”]|«[^»]+»|「[^」]+」/u
const scripts = [
  'Latin',
  'Cyrillic',
  'Greek',
  'Arabic',
  'Hebrew',
  'Devanagari',
  'Tamil',
  'Thai',
  'Han',
  'Hiragana',
  'Katakana',
  'Hangul',
  'Armenian',
] as const
const matchers = scripts.map((name) => ({ name, pattern: new RegExp(`\\p{Script=${name}}`, 'gu') }))

export function queryFeatures(query: string): QueryFeatures {
  const text = query.slice(0, longestRead)
  const tokens = new TokenSpans()
  tokenizeWords(text, tokens)
  let identifiers = 0
  for (let i = 0; i < tokens.count; i++) {
    if (isIdentifier(text.slice(tokens.starts[i]!, tokens.ends[i]!))) identifiers++
  }
  return { words: tokens.count, identifiers, quoted: quotation.test(text), script: scriptOf(text) }
}

/** A digit, a sign inside or behind, or a capital after a small letter. */
function isIdentifier(token: string): boolean {
  return /\p{N}|[_@\\+#&]|\p{Ll}\p{Lu}|[\p{L}\p{N}][./-][\p{L}\p{N}]/u.test(token)
}

function scriptOf(text: string): string | undefined {
  let best: string | undefined
  let most = 0
  for (const { name, pattern } of matchers) {
    const count = text.match(pattern)?.length ?? 0
    if (count > most) {
      most = count
      best = name
    }
  }
  return best
}
