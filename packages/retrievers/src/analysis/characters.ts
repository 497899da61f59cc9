/**
 * What a character is to the tokenizer. BMP characters are looked up in a table that fills itself from the
 * engine's Unicode data as characters turn up.
 */
export const OTHER = 1
export const LETTER = 2
export const DIGIT = 3
/** Combining marks and invisible characters that stand inside words (soft hyphen, joiners). */
export const MARK = 4
/** Letters of scripts written without blanks between words, and Hangul: cut into overlapping pairs. */
export const UNSPACED = 5

/** By UTF-16 code unit; 0 is "not yet known". Surrogates hold SURROGATE. */
const table = /* @__PURE__ */ new Uint8Array(0x10000)
const SURROGATE = 6

const unspaced =
  /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\p{scx=Bopomofo}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]/u
const letter = /[\p{L}\p{Nl}\p{Pc}]/u
const digit = /[\p{Nd}\p{No}]/u
const mark = /\p{M}/u

function classify(character: string): number {
  if (digit.test(character)) return DIGIT
  if (letter.test(character)) return character !== '_' && unspaced.test(character) ? UNSPACED : LETTER
  if (mark.test(character)) return MARK
  return character === '\u00ad' || character === '\u200c' || character === '\u200d' || character === '\u2060'
    ? MARK
    : OTHER
}

function fill(code: number): number {
  const kind = code >= 0xd800 && code <= 0xdfff ? SURROGATE : classify(String.fromCharCode(code))
  table[code] = kind
  return kind
}

/** Class of the character that starts at `offset`. A lone surrogate is OTHER. */
export function classAt(text: string, offset: number): number {
  const code = text.charCodeAt(offset)
  const kind = table[code]! || fill(code)
  return kind === SURROGATE ? astral(text, offset) : kind
}

function astral(text: string, offset: number): number {
  const codePoint = text.codePointAt(offset)!
  return codePoint > 0xffff ? classify(String.fromCodePoint(codePoint)) : OTHER
}

/** Code units of the character at `offset`: 2 for a surrogate pair, otherwise 1. */
export function widthAt(text: string, offset: number): number {
  const code = text.charCodeAt(offset)
  if (code < 0xd800 || code > 0xdbff) return 1
  const next = text.charCodeAt(offset + 1)
  return next >= 0xdc00 && next <= 0xdfff ? 2 : 1
}
