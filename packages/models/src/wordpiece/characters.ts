import { isIsolatedInReference, isLetterOfReference, isRemovedInReference } from './unicode.js'

/**
 * What BERT's uncased normaliser and pre-tokeniser do to one character, as a class and, where the character
 * changes, a replacement. Both look at single code points only, so a table can stand for them:
 * drop controls, put blanks around ideographs, decompose (NFD), drop non-spacing marks, lower-case, then
 * split at blanks and around punctuation.
 */

/** Part of a word, as it is. */
export const WORD = 0
/** Ends a word and is not part of any token. */
export const SPACE = 1
/** A token of its own. */
export const ISOLATED = 2
/** Disappears; the characters on its two sides become neighbours. */
export const REMOVED = 3
/** Replaced by other characters, see `replacement`. */
export const MAPPED = 4
const UNSEEN = 5

/** Ranges that get blanks around them: ideographs, not kana and not hangul. First and last code point. */
const ideographs = [
  0x4e00, 0x9fff, 0x3400, 0x4dbf, 0x20000, 0x2a6df, 0x2a700, 0x2b73f, 0x2b740, 0x2b81f, 0x2b920, 0x2ceaf,
  0xf900, 0xfaff, 0x2f800, 0x2fa1f,
]

function isIdeograph(codePoint: number): boolean {
  for (let i = 0; i < ideographs.length; i += 2) {
    if (codePoint >= ideographs[i]! && codePoint <= ideographs[i + 1]!) return true
  }
  return false
}

/** Class of a character once it is normalised: only blanks, punctuation and the rest are left. */
function classOfNormal(character: string): number {
  if (/^\p{White_Space}$/u.test(character)) return SPACE
  if (/^[!-/:-@[-`{-~]$/.test(character) || /^\p{P}$/u.test(character)) return ISOLATED
  return WORD
}

function lower(text: string): string {
  let out = ''
  // One by one: a whole string would apply the rule for a sigma at the end of a word, the reference does not.
  for (const character of text) out += character.toLowerCase()
  return out
}

/** Lazy tables: a character is worked out the first time it is met. */
export class Characters {
  readonly #classes = new Uint8Array(0x10000).fill(UNSEEN)
  readonly #astral = new Map<number, number>()
  readonly #replacements = new Map<number, string>()

  /** One of the classes above. A lone surrogate is `REMOVED`, as U+FFFD is. */
  classOf(codePoint: number): number {
    if (codePoint < 0x10000) {
      const known = this.#classes[codePoint]!
      if (known !== UNSEEN) return known
    }
    const known = this.#astral.get(codePoint)
    if (known !== undefined) return known
    const found = this.#classify(codePoint)
    if (codePoint < 0x10000) this.#classes[codePoint] = found
    else this.#astral.set(codePoint, found)
    return found
  }

  /** What a `MAPPED` character becomes: one or more characters, none of them `MAPPED` or `REMOVED`. */
  replacement(codePoint: number): string {
    return this.#replacements.get(codePoint) ?? ''
  }

  #classify(codePoint: number): number {
    if (codePoint === 0x09 || codePoint === 0x0a || codePoint === 0x0d) return SPACE
    if (codePoint >= 0x500) {
      if (isLetterOfReference(codePoint)) return WORD
      if (isIsolatedInReference(codePoint)) return ISOLATED
      if (isRemovedInReference(codePoint)) return REMOVED
    }
    const character = String.fromCodePoint(codePoint)
    if (codePoint === 0xfffd || /^[\p{Cc}\p{Cf}\p{Cs}\p{Co}]$/u.test(character)) return REMOVED
    if (/^\p{White_Space}$/u.test(character)) return SPACE
    if (isIdeograph(codePoint) && character.normalize('NFD') === character) return ISOLATED
    const normal = lower(character.normalize('NFD').replace(/\p{Mn}/gu, ''))
    if (normal === '') return REMOVED
    if (normal === character) return classOfNormal(character)
    this.#replacements.set(codePoint, isIdeograph(codePoint) ? ` ${normal} ` : normal)
    return MAPPED
  }
}

/** Class of a character of a replacement: a blank, a token of its own or part of a word. */
export const classOfReplacement = classOfNormal
