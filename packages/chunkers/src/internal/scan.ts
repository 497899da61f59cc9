import { isStarter, LONGEST_ABBREVIATION, stopKind } from './abbreviations.js'
import {
  BANG,
  BLANK,
  CLOSE,
  characterClasses,
  DIGIT,
  DOT,
  isBlankClass,
  LETTER,
  LOWER,
  MARK,
  NEWLINE,
  OPEN,
  QUOTE,
  STOP,
  skipBlanks,
  trimBlanks,
  UNSPACED,
} from './classes.js'
import { CutTable } from './cut-table.js'

/** Ranks to give to what the scanner finds, 1–255; 0 leaves that kind of boundary out. */
export interface ScanRanks {
  readonly paragraph: number
  readonly line: number
  readonly sentence: number
}

/** Punctuation that goes on with the sentence before it (SContinue of UAX #29). */
const CONTINUATIONS = ',;:-–—、，：；،؛'
/** A line this long that runs on in lower case was wrapped by an editor, not ended by its author. */
const WRAPPED_LINE_LENGTH = 50
/** "12." or "iv)" at the start of a line numbers an item; longer runs are years and amounts. */
const LONGEST_ITEM_NUMBER = 3

/** No rule looks back further than this from a word, in code units. */
const LONGEST_LOOK = 64

/**
 * Paragraph, line and sentence boundaries of a text, linear in the length of what is scanned.
 *
 * A paragraph ends at a blank line, form feed or U+2029. A line ends at any line break, except a break inside
 * a wrapped sentence. Sentences follow the outline of UAX #29 (terminators, closing marks, blanks; a lower-case
 * letter continues), with what it leaves to tailoring: abbreviations, initials, acronyms, item numbers and,
 * by `language`, ordinals and the Greek question mark.
 */
export class CutScanner {
  /** The cuts that end or start in (from, at]. */
  readonly cuts = new CutTable()
  from = 0
  /** Where the scan stands: never at a blank. */
  at = 0
  /** Start of the line that holds `at`, or a place before `at` that is as good: no rule looks back as far. */
  #lineStart = 0
  readonly #text: string
  readonly #ranks: ScanRanks
  readonly #language: string
  readonly #classes: Uint8Array

  /** @param language two-letter code in lower case, or '' for none. */
  constructor(text: string, ranks: ScanRanks, language: string) {
    this.#text = text
    this.#ranks = ranks
    this.#language = language
    this.#classes = characterClasses(language)
  }

  /** Forgets the cuts and goes to the last place up to `offset` that no boundary can reach across. */
  moveTo(offset: number): void {
    const text = this.#text
    const classes = this.#classes
    // What is scanned already is not looked at again: a text may be without a word for megabytes.
    const isAhead = this.at <= offset
    const floor = isAhead ? this.at : 0
    const floorLineStart = isAhead ? this.#lineStart : 0
    let at = Math.max(floor, Math.min(offset, text.length - 1))
    while (at > floor && !isWord(classes[text.charCodeAt(at)]!)) at--
    let lineStart = at
    while (lineStart > floor && !isLineStart(text, lineStart, at, classes)) lineStart--
    this.#lineStart = lineStart > floor ? lineStart : floorLineStart
    this.at = at
    this.from = at
    this.cuts.clear()
  }

  /** Scans on to `offset` at least. */
  advanceTo(offset: number): void {
    const text = this.#text
    const ranks = this.#ranks
    const classes = this.#classes
    const { cuts } = this
    const { length } = text
    const limit = skipBlanks(text, offset, length, classes)
    let lineStart = this.#lineStart
    let at = nextStop(text, this.at, limit, classes)
    while (at < limit || (at < length && classes[text.charCodeAt(at)] === NEWLINE)) {
      if (classes[text.charCodeAt(at)] === NEWLINE) {
        const next = skipBlanks(text, at, length, classes)
        const end = trimBlanks(text, lineStart, at, classes)
        const rank = breakRank(text, lineStart, end, at, next, ranks, classes)
        if (rank > 0 && next < length && end > 0) cuts.push(trimBlanks(text, 0, end, classes), next, rank)
        lineStart = lastLineStart(text, at, next, classes)
        at = next
      } else {
        // Terminators, then what closes around them, then blanks of this line.
        const stop = skipTerminators(text, at + 1, classes)
        const end = skipClosing(text, stop, classes)
        const next = skipSpaces(text, end, classes)
        if (next < length && classes[text.charCodeAt(next)] !== NEWLINE && ranks.sentence > 0) {
          if (endsSentence(text, lineStart, at, stop, end, next, this.#language, classes)) {
            cuts.push(end, next, ranks.sentence)
          }
        }
        at = next
      }
      at = nextStop(text, at, limit, classes)
    }
    this.#lineStart = lineStart
    this.at = at
  }
}

/** All boundaries of a text; `language` as for `CutScanner`. */
export function scanCuts(text: string, ranks: ScanRanks, language = ''): CutTable {
  const scanner = new CutScanner(text, ranks, language)
  scanner.advanceTo(text.length)
  return scanner.cuts
}

/** First offset in [from, limit) whose character may end a line or a sentence. Apart, to be compiled early: it reads all. */
function nextStop(text: string, from: number, limit: number, classes: Uint8Array): number {
  let at = from
  while (at < limit && classes[text.charCodeAt(at)]! < DOT) at++
  return at
}

/** Letters and digits: nothing that ends a sentence, closes one or parts two goes across them. */
function isWord(kind: number): boolean {
  return kind >= LETTER && kind <= UNSPACED
}

/** Whether a line begins at `offset`, or a word that is too far before `at` for what is before it to matter. */
function isLineStart(text: string, offset: number, at: number, classes: Uint8Array): boolean {
  if (classes[text.charCodeAt(offset - 1)] === NEWLINE) return true
  return at - offset >= LONGEST_LOOK && isWord(classes[text.charCodeAt(offset)]!)
}

function skipTerminators(text: string, from: number, classes: Uint8Array): number {
  let at = from
  while (at < text.length && isTerminator(classes[text.charCodeAt(at)]!)) at++
  return at
}

function skipClosing(text: string, from: number, classes: Uint8Array): number {
  let at = from
  while (at < text.length && isClosing(text, at, classes)) at++
  return at
}

/** Blanks of the same line. */
function skipSpaces(text: string, from: number, classes: Uint8Array): number {
  let at = from
  while (at < text.length && classes[text.charCodeAt(at)] === BLANK) at++
  return at
}

function isTerminator(kind: number): boolean {
  return kind === DOT || kind === BANG || kind === STOP
}

/** A quotation mark that could stand on either side opens when a word follows it at once. */
function isClosing(text: string, offset: number, classes: Uint8Array): boolean {
  const kind = classes[text.charCodeAt(offset)]!
  if (kind !== QUOTE) return kind === CLOSE || kind === MARK
  if (offset + 1 === text.length) return true
  const following = classes[text.charCodeAt(offset + 1)]!
  return following < LETTER || following > UNSPACED
}

function isOpening(kind: number): boolean {
  return kind === OPEN || kind === QUOTE || kind === CLOSE || kind === MARK
}

/** Rank of the run of line breaks that starts at `at`; `end` is where the line's content ends. */
function breakRank(
  text: string,
  lineStart: number,
  end: number,
  at: number,
  next: number,
  ranks: ScanRanks,
  classes: Uint8Array,
): number {
  let breaks = 0
  let last = 0
  for (let i = at; i < next; i++) {
    const code = text.charCodeAt(i)
    // One place adds for all kinds of break: a rare kind of its own would have the loop compiled again when it comes.
    if (classes[code] === NEWLINE)
      breaks += code === 0x0a && last === 0x0d ? 0 : isParagraphBreak(code) ? 2 : 1
    last = code
  }
  if (end > 0 && isAnnouncement(text, end)) return ranks.sentence || ranks.line || ranks.paragraph
  if (breaks > 1) return ranks.paragraph || ranks.line || ranks.sentence
  return isWrapped(text, lineStart, end, next, classes) ? 0 : ranks.line || ranks.sentence
}

function isParagraphBreak(code: number): boolean {
  return code === 0x0c || code === 0x2029
}

/**
 * Largest offset in [floor, limit) of a line break with another one behind it before `limit`, or of a paragraph's
 * break: inside the last blanks in reach that may end a paragraph. -1 when there is none.
 */
export function lastBlankLine(text: string, floor: number, limit: number, classes: Uint8Array): number {
  let hasBreak = false
  for (let at = limit - 1; at >= floor; at--) {
    const code = text.charCodeAt(at)
    const kind = classes[code]!
    if (kind < NEWLINE) hasBreak = hasBreak && kind === BLANK
    else if (isParagraphBreak(code)) return at
    else if (code !== 0x0d || text.charCodeAt(at + 1) !== 0x0a) {
      if (hasBreak) return at
      hasBreak = true
    }
  }
  return -1
}

/** What ends in a colon announces what follows: the two are better kept together. */
export function isAnnouncement(text: string, end: number): boolean {
  const last = text.charCodeAt(end - 1)
  return last === 0x3a || last === 0xff1a
}

/** `next` starts the following line. Indented lines are not continuations. */
function isWrapped(text: string, lineStart: number, end: number, next: number, classes: Uint8Array): boolean {
  if (end - lineStart < WRAPPED_LINE_LENGTH || next >= text.length) return false
  if (classes[text.charCodeAt(next)] !== LOWER || classes[text.charCodeAt(next - 1)] !== NEWLINE) return false
  const last = text.charCodeAt(end - 1)
  const kind = classes[last]!
  if (kind === BANG || kind === STOP) return false
  return !';:{}'.includes(text.charAt(end - 1))
}

/** Start of the line that holds `next`: behind the last line break in [from, next). */
function lastLineStart(text: string, from: number, next: number, classes: Uint8Array): number {
  let at = next
  while (at > from && classes[text.charCodeAt(at - 1)] !== NEWLINE) at--
  return at
}

/**
 * Whether the terminators in [at, stop), closed at `end` and followed by more text of the same line at `next`,
 * end a sentence.
 */
function endsSentence(
  text: string,
  lineStart: number,
  at: number,
  stop: number,
  end: number,
  next: number,
  language: string,
  classes: Uint8Array,
): boolean {
  const last = classes[text.charCodeAt(stop - 1)]!
  if (last === STOP) return true
  // Compared before it is needed: code that first runs late has the scanner compiled again.
  const isBare = end === stop
  if (CONTINUATIONS.includes(text.charAt(next)) || isTerminator(classes[text.charCodeAt(next)]!)) return false
  let word = next
  while (word < text.length && isOpening(classes[text.charCodeAt(word)]!)) word++
  const isDirect = word === next
  const following = word < text.length ? classes[text.charCodeAt(word)]! : BLANK
  // Decimals, host names, "U.S", "?query=": a terminator inside a word is none.
  if (next === end) return following === UNSPACED && isDirect
  if (following === LOWER) return last === BANG && isBare
  if (last === BANG || stop - at > 1 || text.charCodeAt(at) === 0x2026) return true
  return endsAtSingleDot(text, lineStart, at, word, following === DIGIT, language, classes)
}

function endsAtSingleDot(
  text: string,
  lineStart: number,
  dot: number,
  following: number,
  isNumberNext: boolean,
  language: string,
  classes: Uint8Array,
): boolean {
  const floor = Math.max(lineStart, dot - LONGEST_ABBREVIATION)
  let start = dot
  while (start > floor && isWordPart(text, start - 1, classes)) start--
  if (start === dot) return true
  // Cut off in the middle of a longer word: no abbreviation is that long.
  if (start === floor && start > lineStart && isWordPart(text, start - 1, classes)) return true
  if (isItemNumber(text, lineStart, start, dot, classes)) return false
  const kind = stopKind(text.slice(start, dot), language, classes)
  if (kind === 'sentence') return true
  if (kind === 'abbreviation') return false
  if (kind === 'before-number') return !isNumberNext
  let wordEnd = following
  const limit = Math.min(text.length, following + LONGEST_ABBREVIATION)
  while (
    wordEnd < limit &&
    classes[text.charCodeAt(wordEnd)]! <= DIGIT &&
    !isBlankClass(classes[text.charCodeAt(wordEnd)]!)
  ) {
    wordEnd++
  }
  return isStarter(text.slice(following, wordEnd))
}

/** Letters, digits, and what stands inside abbreviations: dots, hyphens and the signs § and №. */
function isWordPart(text: string, offset: number, classes: Uint8Array): boolean {
  const code = text.charCodeAt(offset)
  const kind = classes[code]!
  if (kind >= LETTER && kind <= DIGIT) return true
  return code === 0x2e || code === 0x2d || code === 0xa7 || code === 0x2116
}

/** True for the number or letter of a list item: nothing but indentation and bullets before it on its line. */
function isItemNumber(
  text: string,
  lineStart: number,
  start: number,
  dot: number,
  classes: Uint8Array,
): boolean {
  if (dot - start > LONGEST_ITEM_NUMBER) return false
  for (let i = lineStart; i < start; i++) {
    const code = text.charCodeAt(i)
    const isBullet = '#>*-+|('.includes(text.charAt(i))
    if (!isBullet && !isBlankClass(classes[code]!)) return false
  }
  if (dot - start === 1) return true
  for (let i = start; i < dot; i++) {
    const code = text.charCodeAt(i)
    const isRoman = 'ivxIVX'.includes(text.charAt(i))
    if (classes[code] !== DIGIT && !isRoman) return false
  }
  return true
}
