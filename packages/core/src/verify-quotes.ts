import { invalid } from './check.js'
import { codeSpans, findMarkers } from './citation-markers.js'
import { type Citation, readCitations } from './citations.js'
import type { Span } from './span.js'
import { trimmed } from './trim.js'

export interface VerifyQuotesOptions {
  /** Quotations of fewer words are names and irony, and not looked at. @default 3 */
  readonly minWords?: number | undefined
}

export interface CheckedQuote extends Span {
  /** What stands between the marks; `start` and `end` are its place in the answer. */
  readonly text: string
  /**
   * `verbatim`: stands so in a passage that is cited with it, or in any when none is. `miscited`: stands only in
   * passages that are not cited with it. `absent`: stands in none.
   */
  readonly status: 'verbatim' | 'miscited' | 'absent'
  /** Passages that the answer cites with it. */
  readonly cited: readonly Citation[]
  /** Where it stands; offsets are the document's. With left-out words, from the first part to the last. */
  readonly found?: { readonly citation: Citation; readonly start: number; readonly end: number } | undefined
}

const pairs = new Map([
  ['"', '"'],
  ['\u201c', '\u201d'],
  ['\u201e', '\u201c\u201d'],
  ['\u00ab', '\u00bb'],
  ['\u00bb', '\u00ab'],
  ['\u300c', '\u300d'],
  ['\u300e', '\u300f'],
  ['\uff02', '\uff02'],
])
/** Longer ones are marks that were never closed. */
const longestQuote = 2000
/** A marker belongs to a quotation when it follows within so many characters of the same paragraph. */
const markerReach = 200

/**
 * Looks up every quotation of an answer in the passages it was given: text in quotation marks, and lines behind `>`.
 * Kind of quotation mark and dash, case, white space and the punctuation at its end do not count; `…` and `[…]` in a
 * quotation stand for words left out.
 */
export function verifyQuotes(
  answer: string,
  citations: readonly Citation[],
  options: VerifyQuotesOptions = {},
): readonly CheckedQuote[] {
  const minWords = options.minWords ?? 3
  if (!Number.isInteger(minWords) || minWords < 1) invalid('minWords', 'an integer of at least 1', minWords)
  const { used } = readCitations(answer, citations)
  const markers = used
    .flatMap(({ citation, spans }) => spans.map((span) => ({ ...span, citation })))
    .sort((a, b) => a.start - b.start)
  const sources = citations.map((citation) => ({ citation, plain: plainOf(citation.text) }))
  const spans = quoteSpans(answer)
  return spans.flatMap((span, place): CheckedQuote[] => {
    const text = answer.slice(span.start, span.end)
    const parts = partsOf(text)
    const words = parts.reduce((sum, part) => sum + (part.match(/[\p{L}\p{N}]+/gu)?.length ?? 0), 0)
    if (words < minWords) return []
    const reach = Math.min(
      span.end + markerReach,
      spans[place + 1]?.start ?? answer.length,
      paragraphEnd(answer, span.end),
    )
    const cited = new Set(
      markers.filter(({ start }) => start >= span.end && start < reach).map(({ citation }) => citation),
    )
    const places = sources.flatMap(({ citation, plain }) => {
      const found = findParts(plain, parts)
      return found === undefined
        ? []
        : [{ citation, start: citation.start + found.start, end: citation.start + found.end }]
    })
    const own = places.find(({ citation }) => cited.size === 0 || cited.has(citation))
    const found = own ?? places[0]
    const status = own !== undefined ? 'verbatim' : found !== undefined ? 'miscited' : 'absent'
    return [{ ...span, text, status, cited: [...cited], ...(found !== undefined && { found }) }]
  })
}

/** Between quotation marks of one paragraph, outside code; and runs of lines behind `>`. */
function quoteSpans(answer: string): Span[] {
  const code = codeSpans(answer)
  const spans: Span[] = []
  let nextCode = 0
  for (let at = 0; at < answer.length; at++) {
    while (nextCode < code.length && code[nextCode]!.end <= at) nextCode += 1
    const inside = code[nextCode]
    if (inside !== undefined && at >= inside.start) {
      at = inside.end - 1
      continue
    }
    const block = at === 0 || answer[at - 1] === '\n' ? blockQuote(answer, at) : undefined
    if (block !== undefined) {
      spans.push(block)
      at = block.end
      continue
    }
    const closers = pairs.get(answer[at]!)
    // A mark right after a letter or digit closes something, or means inches.
    if (closers === undefined || /[\p{L}\p{N}]/u.test(answer[at - 1] ?? '')) continue
    const end = closingMark(answer, at + 1, answer[at]!, closers)
    if (end === undefined) continue
    if (end > at + 1) spans.push({ start: at + 1, end })
    at = end
  }
  return spans
}

function closingMark(answer: string, start: number, opener: string, closers: string): number | undefined {
  for (let at = start; at < Math.min(answer.length, start + longestQuote); at++) {
    if (closers.includes(answer[at]!)) return at
    // Opened again before it was closed: the first was no quotation. It also keeps the search linear.
    if (answer[at] === opener) return undefined
    if (answer[at] === '\n' && /^\n[ \t\r]*\n/.test(answer.slice(at, at + 20))) return undefined
  }
  return undefined
}

/** A run of lines that begin with `>`, without markers at its end. */
function blockQuote(answer: string, start: number): Span | undefined {
  if (!/^ {0,3}>/.test(answer.slice(start, start + 4))) return undefined
  let end = start
  while (/^ {0,3}>/.test(answer.slice(end, end + 4))) {
    const newline = answer.indexOf('\n', end)
    end = newline < 0 ? answer.length : newline + 1
  }
  let close = end
  for (const marker of findMarkers(answer.slice(start, end))) {
    if (answer.slice(start + marker.end, end).trim() === '') close = start + marker.start
  }
  const inner = answer.slice(start, close)
  return {
    start: start + (inner.length - inner.replace(/^[\s>]+/, '').length),
    end: start + inner.trimEnd().length,
  }
}

function paragraphEnd(answer: string, from: number): number {
  const found = answer.slice(from, from + markerReach).search(/\n[ \t\r]*\n/)
  return found < 0 ? answer.length : from + found
}

/** The parts of a quotation between words left out, as they are compared. */
function partsOf(quote: string): string[] {
  return quote
    .replace(/(^|\n) {0,3}>/g, '$1 ')
    .split(/\[[^[\]]{0,80}\]|\(\s*(?:…|\.{3})\s*\)|…|\.{3,}/)
    .map((part) => trimmed(plainOf(part).text, ' .,;:!?-'))
    .filter((part) => part !== '')
}

interface Plain {
  readonly text: string
  /** Offset in the source of each code unit, and the length of the source at the end. */
  readonly origins: Uint32Array
}

const unseen = /[\u00ad\u200b-\u200d\u2060\ufeff]/
const singleMarks = /[\u2018\u2019\u201a\u201b\u2032`\u00b4]/
const doubleMarks = /[\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02]/
const dashes = /[\u2010-\u2015\u2212]/

/** Lower case, plain marks and dashes, one blank for any white space. */
function plainOf(source: string): Plain {
  let text = ''
  const origins = new Uint32Array(source.length + 1)
  const add = (char: string, at: number) => {
    origins[text.length] = at
    text += char
  }
  for (let at = 0; at < source.length; at++) {
    const char = source[at]!
    if (unseen.test(char)) continue
    if (/\s/.test(char)) {
      if (!text.endsWith(' ')) add(' ', at)
    } else if (singleMarks.test(char)) add("'", at)
    else if (doubleMarks.test(char)) add('"', at)
    else if (dashes.test(char)) add('-', at)
    else {
      const lower = char.toLowerCase()
      add(lower.length === 1 ? lower : char, at)
    }
  }
  origins[text.length] = source.length
  return { text, origins: origins.subarray(0, text.length + 1) }
}

/** The parts in their order, each between whole words. */
function findParts({ text, origins }: Plain, parts: readonly string[]): Span | undefined {
  let from = 0
  let start: number | undefined
  for (const part of parts) {
    const found = findWords(text, part, from)
    if (found === undefined) return undefined
    start ??= found
    from = found + part.length
  }
  if (start === undefined) return undefined
  return { start: origins[start]!, end: origins[from - 1]! + 1 }
}

function findWords(text: string, part: string, from: number): number | undefined {
  for (let at = text.indexOf(part, from); at >= 0; at = text.indexOf(part, at + 1)) {
    const word = (char: string | undefined) => char !== undefined && /[a-z\p{Nd}]/u.test(char)
    const cutBefore = word(text[at - 1]) && word(part[0])
    const cutAfter = word(text[at + part.length]) && word(part.at(-1))
    if (!cutBefore && !cutAfter) return at
  }
  return undefined
}
