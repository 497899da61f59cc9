import type { TokenSpans } from './analyzer.js'
import { classAt, DIGIT, LETTER, MARK, UNSPACED, widthAt } from './characters.js'

/** Longer words are cut: a base64 blob is not a word. Code units. */
const MAX_TOKEN_LENGTH = 255

const PLUS = 0x2b
const HASH = 0x23
const DOT = 0x2e
const UNDERSCORE = 0x5f

/** The character binds what stands on both sides into an identifier. */
const BINDS = 1
/** It holds a word together without making an identifier of it: the apostrophe. */
const HOLDS = 2
/** It binds only where a digit is near: `A-123/b`, `IL-6`; otherwise it separates words. */
const MAY_BIND = 3
/** It binds between two digits only: `1,000`. */
const BINDS_DIGITS = 4

function joinerKind(code: number): number {
  switch (code) {
    case DOT:
    case 0x40: // @
    case 0x26: // &
    case 0x5c: // backslash
      return BINDS
    case 0x27: // '
    case 0x2019:
      return HOLDS
    case 0x2d: // -
    case 0x2f: // /
    case 0x2010:
    case 0x2011:
      return MAY_BIND
    case 0x2c: // ,
      return BINDS_DIGITS
    default:
      return 0
  }
}

/**
 * Finds words, numbers, identifiers and, in scripts without blanks, overlapping pairs of characters.
 *
 * An identifier (`Q2'24`, `A-123/b`, `C++`, `.NET`, `1.2.3`, `a@b.org`) is one token; words held by hyphens
 * or slashes alone (`well-known`, `and/or`) are several. Linear time.
 */
export function tokenizeWords(text: string, tokens: TokenSpans): void {
  tokenizeRuns(text, tokens, readPairs)
}

/** @param readRun reads a run of a script without blanks from an offset on; returns where it ended, further on */
export function tokenizeRuns(
  text: string,
  tokens: TokenSpans,
  readRun: (text: string, start: number, tokens: TokenSpans) => number,
): void {
  tokens.clear()
  const length = text.length
  let offset = 0
  while (offset < length) {
    const kind = classAt(text, offset)
    if (kind === LETTER || kind === DIGIT) offset = readWord(text, offset, tokens)
    else if (kind === UNSPACED) offset = readRun(text, offset, tokens)
    else offset += widthAt(text, offset)
  }
}

function isWordAt(text: string, offset: number): boolean {
  if (offset >= text.length) return false
  const kind = classAt(text, offset)
  return kind === LETTER || kind === DIGIT
}

/** Reads a run of word characters and joiners from `start`; returns where it ended. */
function readWord(text: string, start: number, tokens: TokenSpans): number {
  const length = text.length
  let offset = start
  let digits = false
  let bound = false
  let splittable = false
  while (offset < length && offset - start < MAX_TOKEN_LENGTH) {
    const kind = classAt(text, offset)
    if (kind === LETTER || kind === MARK) {
      if (text.charCodeAt(offset) === UNDERSCORE) bound = true
      offset += widthAt(text, offset)
      continue
    }
    if (kind === DIGIT) {
      digits = true
      offset += widthAt(text, offset)
      continue
    }
    if (kind === UNSPACED) break
    const joiner = joinerKind(text.charCodeAt(offset))
    if (joiner === 0 || !isWordAt(text, offset + 1)) break
    if (joiner === BINDS_DIGITS) {
      if (classAt(text, offset - 1) !== DIGIT || classAt(text, offset + 1) !== DIGIT) break
    } else if (joiner === BINDS) bound = true
    else if (joiner === MAY_BIND) splittable = true
    offset++
  }
  if (splittable && !digits && !bound) pushPieces(text, start, offset, tokens)
  else {
    const end = afterSigns(text, offset)
    tokens.push(isLeadingDot(text, start) ? start - 1 : start, end)
    return end
  }
  return offset
}

/** Cuts a run such as `state-of-the-art` at its hyphens and slashes. */
function pushPieces(text: string, start: number, end: number, tokens: TokenSpans): void {
  let pieceStart = start
  for (let offset = start; offset < end; offset++) {
    if (joinerKind(text.charCodeAt(offset)) !== MAY_BIND) continue
    tokens.push(pieceStart, offset)
    pieceStart = offset + 1
  }
  if (pieceStart < end) tokens.push(pieceStart, end)
}

/** Past the signs that belong to the name before them: `C++`, `C#`, `CD4+`. */
function afterSigns(text: string, offset: number): number {
  const sign = text.charCodeAt(offset)
  if (sign !== PLUS && sign !== HASH) return offset
  const end = sign === PLUS && text.charCodeAt(offset + 1) === PLUS ? offset + 2 : offset + 1
  const next = text.charCodeAt(end)
  return next === PLUS || next === HASH || isWordAt(text, end) ? offset : end
}

/** `.NET`, `.env`: a dot before a letter, itself after a blank, a bracket, a quote or nothing. */
function isLeadingDot(text: string, start: number): boolean {
  if (start === 0 || text.charCodeAt(start - 1) !== DOT || classAt(text, start) !== LETTER) return false
  return start === 1 || /[\s\p{Ps}\p{Pi}"'`]/u.test(text[start - 2]!)
}

/**
 * Reads a run of a script without blanks: each character, with its marks, pairs with the next one
 * (`東京都` gives `東京`, `京都`); a run of one stands alone.
 */
export function readPairs(text: string, start: number, tokens: TokenSpans): number {
  const length = text.length
  let previous = start
  let current = afterCharacter(text, start)
  let paired = false
  while (current < length && classAt(text, current) === UNSPACED) {
    const end = afterCharacter(text, current)
    tokens.push(previous, end)
    paired = true
    previous = current
    current = end
  }
  if (!paired) tokens.push(start, current)
  return current
}

/** Past the character at `offset` and the marks that hang on it (at most 8: more is no writing). */
export function afterCharacter(text: string, offset: number): number {
  let end = offset + widthAt(text, offset)
  for (let marks = 0; marks < 8 && end < text.length && classAt(text, end) === MARK; marks++) {
    end += widthAt(text, end)
  }
  return end
}
