import type { Tokenizer } from './tokenizer.js'

/** Weight that fills a token. */
const full = 6

/** Kinds of code unit: a token holds one kind, after the blanks in front of it. */
const blank = 0
const letter = 1
const digit = 2
/** Stands alone: punctuation, symbols, CJK, Thai and the other scripts of about one token per character. */
const single = 3

function isBlank(unit: number): boolean {
  return (
    unit === 0x20 ||
    (unit >= 0x09 && unit <= 0x0d) ||
    unit === 0x85 ||
    unit === 0xa0 ||
    unit === 0x1680 ||
    (unit >= 0x2000 && unit <= 0x200a) ||
    unit === 0x2028 ||
    unit === 0x2029 ||
    unit === 0x202f ||
    unit === 0x205f ||
    unit === 0x3000 ||
    unit === 0xfeff
  )
}

function kindOf(unit: number): number {
  if (unit < 0x80) {
    if ((unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a)) return letter
    if (unit >= 0x30 && unit <= 0x39) return digit
    return isBlank(unit) ? blank : single
  }
  if (isBlank(unit)) return blank
  // Latin with diacritics, IPA, combining marks, Greek, Cyrillic, Armenian, Hebrew, Arabic; Vietnamese, polytonic Greek.
  if (unit >= 0xc0 && unit < 0x700 && unit !== 0xd7 && unit !== 0xf7) return letter
  return unit >= 0x1e00 && unit < 0x2000 ? letter : single
}

/** Six ASCII letters, three digits or accented letters, two letters of another alphabet fill a token. */
function weightOf(unit: number): number {
  if (unit < 0x80) return unit <= 0x39 ? 2 : 1
  return unit < 0x370 ? 2 : 3
}

function endsOf(text: string): Uint32Array {
  // No token is empty, so there are never more of them than code units.
  const ends = new Uint32Array(text.length)
  let count = 0
  /** Kind and weight of the token being collected; `blank` while it has nothing but blanks. */
  let kind = blank
  let weight = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    const unitKind = kindOf(unit)
    if (unitKind === letter || unitKind === digit) {
      const unitWeight = weightOf(unit)
      if (kind !== blank && (kind !== unitKind || weight + unitWeight > full)) {
        ends[count++] = index
        weight = 0
      }
      kind = unitKind
      weight += unitWeight
      continue
    }
    if (kind !== blank) {
      ends[count++] = index
      kind = blank
      weight = 0
    }
    if (unitKind === single) {
      const isPair = (unit & 0xfc00) === 0xd800 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00
      if (isPair) index++
      ends[count++] = index + 1
    }
  }
  if (text.length > (count === 0 ? 0 : ends[count - 1]!)) ends[count++] = text.length
  return ends.slice(0, count)
}

/**
 * A tokenizer without vocabulary or dependency, in one pass. Words are cut in pieces of at most 6 code units
 * (3 digits or accented letters, 2 letters of Greek, Cyrillic, Hebrew or Arabic), every punctuation mark,
 * symbol and character of other scripts (CJK, Thai, Devanagari) is a token, and blanks belong to the token after
 * them; blanks at the end are a token. It estimates what byte-pair tokenizers count; use the model's own
 * where a limit is hard.
 */
export function pieceTokenizer(): Tokenizer {
  return { id: 'pieces-1', ends: endsOf }
}
