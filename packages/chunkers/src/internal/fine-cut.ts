import { isSafeCut, safeCutAfter, safeCutBefore } from '@tesserae/core'
import { isBlankClass, UNSPACED } from './classes.js'

/** How far a cut may drift to find the border of a word: longer runs are links and encoded data. */
const LONGEST_WORD = 64
/** Most code units handed to `Intl.Segmenter`, whose cost grows faster than its input. */
const WINDOW = 96
/** Marks that belong to the word before them, so that no chunk starts with one. */
const TRAILING_PUNCTUATION = '，、；：。．！？）】」』》〉’”…,;:.!?)]}'

export type FineLevel = 'none' | 'grapheme' | 'word'

let graphemes: Intl.Segmenter | undefined
let words: Intl.Segmenter | undefined

/**
 * Largest good cut in (floor, limit], or `floor` when there is none: between words if `level` allows, then
 * between characters as readers see them, then between code points.
 */
export function fineCutBefore(
  text: string,
  floor: number,
  limit: number,
  level: FineLevel,
  classes: Uint8Array,
): number {
  if (level === 'word') {
    const lowest = Math.max(floor, limit - LONGEST_WORD)
    const cut = wordCutBefore(text, lowest, limit, classes)
    if (cut > lowest) return cut
  }
  if (level !== 'none') {
    const cut = graphemeCutBefore(text, limit)
    if (cut > floor) return cut
  }
  return Math.max(floor, safeCutBefore(text, limit))
}

/** Smallest good cut in [floor, limit), or `limit` when there is none. The mirror of `fineCutBefore`. */
export function fineCutAfter(
  text: string,
  floor: number,
  limit: number,
  level: FineLevel,
  classes: Uint8Array,
): number {
  if (level === 'word') {
    const cut = wordCutAfter(text, floor, Math.min(limit, floor + LONGEST_WORD), classes)
    if (cut < limit && cut < floor + LONGEST_WORD) return cut
  }
  if (level !== 'none') {
    const cut = graphemeCutAfter(text, floor)
    if (cut < limit) return cut
  }
  return Math.min(limit, safeCutAfter(text, floor))
}

/**
 * End of the longest span from `start` that fits, below `limit`, by bisection: between characters as readers see
 * them where that fits, too. The first code point is not asked about: it cannot be divided.
 */
export function longestFitting(
  text: string,
  start: number,
  limit: number,
  level: 'none' | 'grapheme',
  classes: Uint8Array,
  fits: (end: number) => boolean,
): number {
  let low = safeCutAfter(text, start + 1)
  let high = limit
  while (high - low > 1) {
    const middle = safeCutBefore(text, low + ((high - low) >>> 1))
    const cut = middle > low ? middle : safeCutAfter(text, low + 1)
    if (cut >= high) break
    if (fits(cut)) low = cut
    else high = cut
  }
  const whole = fineCutBefore(text, start, low, level, classes)
  return whole > start && fits(whole) ? whole : low
}

function isBlankAt(text: string, offset: number, classes: Uint8Array): boolean {
  return isBlankClass(classes[text.charCodeAt(offset)]!)
}

/** Last border of a word in (floor, limit], or `floor`. A border lies where a blank stands on either side. */
function wordCutBefore(text: string, floor: number, limit: number, classes: Uint8Array): number {
  for (let cut = limit; cut > floor; cut--) {
    if (cut === text.length || isBlankAt(text, cut, classes) || isBlankAt(text, cut - 1, classes)) {
      return safeCutBefore(text, cut)
    }
    if (classes[text.charCodeAt(cut)] === UNSPACED || classes[text.charCodeAt(cut - 1)] === UNSPACED) {
      return Math.max(floor, segmentCutBefore(text, floor, cut))
    }
  }
  return floor
}

/** First border of a word in [floor, limit), or `limit`. */
function wordCutAfter(text: string, floor: number, limit: number, classes: Uint8Array): number {
  for (let cut = floor; cut < limit; cut++) {
    if (cut === 0 || isBlankAt(text, cut, classes) || isBlankAt(text, cut - 1, classes)) {
      return safeCutAfter(text, cut)
    }
    if (classes[text.charCodeAt(cut)] === UNSPACED || classes[text.charCodeAt(cut - 1)] === UNSPACED) {
      return Math.min(limit, segmentCutAfter(text, cut, limit))
    }
  }
  return limit
}

/** Word border by dictionary, for scripts without blanks. */
function segmentCutBefore(text: string, floor: number, limit: number): number {
  words ??= new Intl.Segmenter(undefined, { granularity: 'word' })
  const from = safeCutBefore(text, Math.max(0, limit - WINDOW))
  const window = text.slice(from, safeCutAfter(text, Math.min(text.length, limit + WINDOW / 4)))
  let best = floor
  for (const segment of words.segment(window)) {
    const cut = from + segment.index
    if (cut > limit) break
    if (cut > best && segment.index > 0 && isWordBorder(text, cut)) best = cut
  }
  return best
}

function segmentCutAfter(text: string, floor: number, limit: number): number {
  words ??= new Intl.Segmenter(undefined, { granularity: 'word' })
  const from = safeCutBefore(text, Math.max(0, floor - WINDOW / 4))
  const window = text.slice(from, safeCutAfter(text, Math.min(text.length, floor + WINDOW)))
  for (const segment of words.segment(window)) {
    const cut = from + segment.index
    if (cut >= limit) break
    if (cut >= floor && segment.index > 0 && isWordBorder(text, cut)) return cut
  }
  return limit
}

/** Punctuation is a segment of its own: it stays with the word before it. */
function isWordBorder(text: string, offset: number): boolean {
  return isSafeCut(text, offset) && !TRAILING_PUNCTUATION.includes(text.charAt(offset))
}

/** Last border between grapheme clusters at or before `limit`; -1 when none lies within the window looked at. */
function graphemeCutBefore(text: string, limit: number): number {
  if (isPlainBorder(text, limit)) return limit
  const from = windowStart(text, limit)
  const window = text.slice(from, safeCutAfter(text, Math.min(text.length, limit + WINDOW)))
  graphemes ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' })
  let best = isPlainBorder(text, from) ? from : -1
  for (const segment of graphemes.segment(window)) {
    const cut = from + segment.index
    if (cut > limit) return best
    if (segment.index > 0 && isSafeCut(text, cut)) best = cut
  }
  return from + window.length <= limit ? limit : best
}

/** First border between grapheme clusters at or after `floor`; the end of the window when there is none in it. */
function graphemeCutAfter(text: string, floor: number): number {
  if (isPlainBorder(text, floor)) return floor
  const from = windowStart(text, floor)
  const window = text.slice(from, safeCutAfter(text, Math.min(text.length, floor + WINDOW)))
  graphemes ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' })
  for (const segment of graphemes.segment(window)) {
    const cut = from + segment.index
    if (cut >= floor && segment.index > 0 && isSafeCut(text, cut)) return cut
  }
  return from + window.length
}

/** A border before `offset` from which segmentation can start, at most a window away. */
function windowStart(text: string, offset: number): number {
  const floor = Math.max(0, offset - WINDOW)
  for (let at = offset - 1; at > floor; at--) if (isPlainBorder(text, at)) return at
  return safeCutBefore(text, floor)
}

/** True where a look at two code units proves a grapheme border: neither side can combine. */
function isPlainBorder(text: string, offset: number): boolean {
  if (offset <= 0 || offset >= text.length) return true
  const before = text.charCodeAt(offset - 1)
  const after = text.charCodeAt(offset)
  return isPlain(before) && isPlain(after) && !(before === 0x0d && after === 0x0a)
}

/** Below U+0300 and among the ideographs no character combines. */
function isPlain(code: number): boolean {
  return code < 0x300 || (code >= 0x3400 && code <= 0x9fff)
}
