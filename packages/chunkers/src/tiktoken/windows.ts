import { kindOf, MARK, NEWLINE, NUMBER, SPACE, UNCASED } from './kinds.js'

/** Code units encoded at a time: the scratch memory then stays in a processor's cache. */
export const WINDOW = 16_384

/**
 * End of the window of text from `start` on: the last place in reach where every pattern ends a match, whatever
 * surrounds it, so that windows have the tokens of the whole. Where there is none the reach doubles, so the work
 * is linear; a window is then as long as the run that has no such place.
 */
export function windowEnd(text: string, start: number): number {
  let floor = start
  for (let reach = WINDOW; start + reach < text.length; reach *= 2) {
    for (let at = start + reach; at > floor; at--) if (isPieceBorder(text, at)) return at
    floor = start + reach
  }
  return text.length
}

/** True where a piece of every encoding ends for sure: a look at the characters on both sides proves it. */
export function isPieceBorder(text: string, at: number): boolean {
  const next = text.codePointAt(at)!
  if (next >= 0xdc00 && next < 0xe000 && isHighSurrogate(text.charCodeAt(at - 1))) return false
  const after = kindOf(next)
  const before = kindOf(codePointBefore(text, at))
  if (before === NUMBER) return after !== NUMBER
  // Letters take marks in o200k and the apostrophe of a contraction, before them or behind.
  if (before <= UNCASED) return after > MARK && next !== 0x27
  return before < SPACE && (after === NUMBER || (after >= SPACE && after !== NEWLINE))
}

function codePointBefore(text: string, at: number): number {
  const unit = text.charCodeAt(at - 1)
  const isLow = unit >= 0xdc00 && unit < 0xe000
  return isLow && at >= 2 && isHighSurrogate(text.charCodeAt(at - 2)) ? text.codePointAt(at - 2)! : unit
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00
}
