/** Longest piece handed to the encoder, whose time grows with the square of an unbroken run. */
const LONGEST_PIECE = 1024

const WORD = /[\p{L}\p{N}]/u
const VISIBLE = /[\p{L}\p{N}\p{M}\p{P}\p{S}]/u
/** What ends a word for sure. Apostrophes do not: "'s" may be part of the token. */
const AFTER_WORD = /[\s\p{P}\p{S}]/u

/**
 * End of the next piece from `start` on: the last safe border within reach, else the last code point border.
 *
 * A border is safe when every pattern of the tiktoken encodings ends a match there whatever surrounds it, so
 * that the pieces have exactly the tokens of the whole: behind a letter or digit in front of a blank or
 * punctuation (not an apostrophe), and behind any visible character in front of a space. Only a run of more
 * than 1,024 code units without such a place is cut elsewhere; its tokens may differ by a few at the cut.
 */
export function pieceEnd(text: string, start: number): number {
  const limit = start + LONGEST_PIECE
  if (limit >= text.length) return text.length
  for (let at = limit; at > start; at--) if (isSafeBorder(text, at)) return at
  const before = text.charCodeAt(limit - 1)
  return before >= 0xd800 && before < 0xdc00 ? limit - 1 : limit
}

/** Whether every tiktoken pattern ends a match at `at`, whatever surrounds it. */
export function isSafeBorder(text: string, at: number): boolean {
  const next = text.charCodeAt(at)
  if (next >= 0x41 && next <= 0x5a) return false
  if (next >= 0x61 && next <= 0x7a) return false
  const previous = characterBefore(text, at)
  if (next === 0x20 && VISIBLE.test(previous)) return true
  // U+0085 and U+FEFF are blank to some patterns and not to others.
  if (next === 0x27 || next === 0x2019 || next === 0x85 || next === 0xfeff) return false
  return AFTER_WORD.test(text.charAt(at)) && WORD.test(previous)
}

function characterBefore(text: string, at: number): string {
  const unit = text.charCodeAt(at - 1)
  const isLowSurrogate = unit >= 0xdc00 && unit < 0xe000
  return text.slice(isLowSurrogate ? at - 2 : at - 1, at)
}
