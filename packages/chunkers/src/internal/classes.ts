import { CLASS_RUNS } from './class-runs.js'

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

let table: Uint8Array | undefined
let greekTable: Uint8Array | undefined

/** The table for all languages but Greek, read on first use and shared: never write to it. */
export function characterClasses(language = ''): Uint8Array {
  table ??= readRuns()
  if (language !== 'el') return table
  if (greekTable === undefined) {
    // Greek asks with a semicolon.
    greekTable = table.slice()
    greekTable[0x3b] = BANG
    greekTable[0x37e] = BANG
  }
  return greekTable
}

function readRuns(): Uint8Array {
  const classes = new Uint8Array(65536)
  let end = 0
  for (const [, letter, length] of CLASS_RUNS.matchAll(/([a-o])(\d*)/g)) {
    const start = end
    end += length === '' ? 1 : Number(length)
    classes.fill(letter!.charCodeAt(0) - 0x61, start, end)
  }
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
