/**
 * One small number per UTF-16 code unit, so that the boundary scanner looks at a table and not at regular
 * expressions. Everything from DOT up stops the scanner's inner loop. Surrogates are OTHER.
 */
export const OTHER = 0
/** Letters without case: Arabic, Hebrew, Devanagari, Hangul. */
export const LETTER = 1
export const LOWER = 2
export const UPPER = 3
export const DIGIT = 4
/** Scripts written without blanks between words: Han, kana, Thai, Lao, Khmer, Myanmar. */
export const UNSPACED = 5
/** Combining marks and invisible format characters: they belong to what stands before them. */
export const MARK = 6
export const OPEN = 7
export const CLOSE = 8
/** Quotation marks that stand on either side, depending on the language. */
export const QUOTE = 9
export const BLANK = 10
/** Full stop and its relatives, ellipsis: ends a sentence when what follows agrees. */
export const DOT = 11
/** ASCII `!` and `?`: ends a sentence when a blank follows. */
export const BANG = 12
/** Sentence terminators of other scripts (。！？ ؟ ۔ । ։): end a sentence whatever follows. */
export const STOP = 13
export const NEWLINE = 14

const NEWLINES = '\n\r\v\f\u2028\u2029'
const DOTS = '.\u2024\u2026\ufe52\uff0e'

/** Later entries overwrite earlier ones. */
const CLASSES: readonly (readonly [RegExp, number])[] = [
  [/\p{L}+/gu, LETTER],
  [/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+/gu, UNSPACED],
  [/[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/gu, UNSPACED],
  [/\p{Lowercase}+/gu, LOWER],
  [/[\p{Uppercase}\p{Lt}]+/gu, UPPER],
  [/\p{Nd}+/gu, DIGIT],
  [/[\p{M}\p{Cf}]+/gu, MARK],
  [/[\p{Quotation_Mark}\p{Pi}\p{Pf}]+/gu, QUOTE],
  [/\p{Ps}+/gu, OPEN],
  [/[\p{Pe}\u2019\u201d]+/gu, CLOSE],
  [/\p{Sentence_Terminal}+/gu, STOP],
  [/[!?]+/gu, BANG],
  [/[.\u2024\u2026\ufe52\uff0e]+/gu, DOT],
  [/[*_]+/gu, CLOSE],
  [/\s+/gu, BLANK],
]

let table: Uint8Array | undefined
let greekTable: Uint8Array | undefined

/** The table for all languages but Greek, built on first use (some tens of milliseconds) and shared: never write to it. */
export function characterClasses(language = ''): Uint8Array {
  table ??= buildTable()
  if (language !== 'el') return table
  if (greekTable === undefined) {
    // Greek asks with a semicolon.
    greekTable = table.slice()
    greekTable[0x3b] = BANG
    greekTable[0x37e] = BANG
  }
  return greekTable
}

function buildTable(): Uint8Array {
  const classes = new Uint8Array(65536)
  const parts: string[] = []
  for (let code = 0; code < 65536; code++) {
    const isSurrogate = code >= 0xd800 && code < 0xe000
    parts.push(isSurrogate ? '\u0000' : String.fromCharCode(code))
  }
  const everything = parts.join('')
  for (const [pattern, value] of CLASSES) {
    for (const match of everything.matchAll(pattern)) {
      classes.fill(value, match.index, match.index + match[0].length)
    }
  }
  for (const character of NEWLINES) classes[character.charCodeAt(0)] = NEWLINE
  for (const character of DOTS) classes[character.charCodeAt(0)] = DOT
  return classes
}

/** White space as JavaScript's `\s` and `trim` see it. */
export function isBlankClass(value: number): boolean {
  return value === BLANK || value === NEWLINE
}

/** First offset from `offset` on that holds no blank, at most `limit`. */
export function skipBlanks(text: string, offset: number, limit: number, classes: Uint8Array): number {
  let at = offset
  while (at < limit && isBlankClass(classes[text.charCodeAt(at)]!)) at++
  return at
}

/** Smallest offset, at least `floor`, such that only blanks lie between it and `offset`. */
export function trimBlanks(text: string, floor: number, offset: number, classes: Uint8Array): number {
  let at = offset
  while (at > floor && isBlankClass(classes[text.charCodeAt(at - 1)]!)) at--
  return at
}
