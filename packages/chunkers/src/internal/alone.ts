import type { Tokenizer, TokenRuler } from '@tesserae/core'
import { characterClasses, DIGIT, isBlankClass, LETTER } from './classes.js'

/** How far to look from an edge for the end of a word, and from there for one that is fresh, in code units. */
const LONGEST_RUN = 128
/** A span of up to this many code units is tokenised whole: in a longer one, head and tail do not meet. */
const SHORT_SPAN = 4 * LONGEST_RUN
const UNKNOWN = -1

/**
 * Counts the tokens of a span's text encoded alone. They differ from the document's only at the edges: " word"
 * without its blank, or half a word, are other tokens. So the first and the last word are tokenised again and the
 * difference is added; a span whose edges hold no blank in reach is tokenised whole. Exact for tokenizers that
 * divide text at blanks first and then join bytes by rank, take the longest match or the best path: what begins
 * where a token begins, behind a blank, has the same tokens without what is before it, and what ends where a
 * token ends has them without what follows.
 */
export class AloneCounter {
  readonly #tokenizer: Tokenizer
  readonly #text: string
  readonly #ruler: TokenRuler
  readonly #classes = characterClasses()

  constructor(tokenizer: Tokenizer, text: string, ruler: TokenRuler) {
    this.#tokenizer = tokenizer
    this.#text = text
    this.#ruler = ruler
  }

  /** Tokens of the text in [start, end). */
  count(start: number, end: number): number {
    const counted = this.#ruler.count(start, end)
    const isHeadSame = this.#isFreshStart(start)
    const isTailSame = this.#isBorder(end) || (end - start > 1 && this.#isClosedLine(end))
    if (isHeadSame && isTailSame) return counted
    if (end - start <= SHORT_SPAN) return this.#measure(start, end)
    const headEnd = isHeadSame ? start : this.#headDifference(start)
    if (headEnd === UNKNOWN) return this.#measure(start, end)
    const tailStart = isTailSame ? end : this.#tailStart(start, end)
    if (tailStart === UNKNOWN) return this.#measure(start, end)
    const head = isHeadSame ? 0 : this.#difference
    const tail = isTailSame ? 0 : this.#measure(tailStart, end) - this.#ruler.count(tailStart, end)
    return counted + head + tail
  }

  /** What `#headDifference` found. */
  #difference = 0

  /** Sets `#difference` to the tokens that the head has more when alone; returns where both agree again, or UNKNOWN. */
  #headDifference(start: number): number {
    const blanks = this.#forward(start, start + LONGEST_RUN, false)
    if (blanks === start + LONGEST_RUN) return UNKNOWN
    let stop = blanks
    const limit = blanks + LONGEST_RUN
    while (stop < limit && !this.#isFreshStart(stop)) stop = this.#wordEnd(stop, limit)
    if (stop === limit) return UNKNOWN
    // Blanks go with the word behind them, so that word is tokenised, too: whole, since tokenizers know words best.
    const ends = this.#tokenizer.ends(this.#text.slice(start, this.#wordEnd(stop, stop + LONGEST_RUN)))
    for (let i = 0; i < ends.length; i++) {
      const end = start + ends[i]!
      if (end > stop) break
      if (end < blanks || ends[i + 1] === ends[i] || !this.#isFreshStart(end)) continue
      this.#difference = i + 1 - this.#ruler.count(start, end)
      return end
    }
    return UNKNOWN
  }

  /** Last place before the last word of [start, end) where a token begins whatever is before it, or UNKNOWN. */
  #tailStart(start: number, end: number): number {
    const wordEnd = this.#backward(end, Math.max(start, end - LONGEST_RUN), true)
    const floor = Math.max(start, wordEnd - LONGEST_RUN)
    const word = this.#backward(wordEnd, floor, false)
    for (let at = word; at > floor; at--) if (this.#isFreshStart(at)) return at
    return UNKNOWN
  }

  #measure(start: number, end: number): number {
    return this.#tokenizer.ends(this.#text.slice(start, end)).length
  }

  /** End of the blanks from `at` on and of the word behind them, at most `limit`. */
  #wordEnd(at: number, limit: number): number {
    return this.#forward(this.#forward(at, limit, true), limit, false)
  }

  /** First offset from `at` on, at most `limit`, whose character is blank, or is not, other than `isBlank` says. */
  #forward(at: number, limit: number, isBlank: boolean): number {
    let to = at
    while (to < limit && to < this.#text.length && this.#isBlank(to) === isBlank) to++
    return to
  }

  #backward(at: number, floor: number, isBlank: boolean): number {
    let to = at
    while (to > floor && this.#isBlank(to - 1) === isBlank) to--
    return to
  }

  #isBlank(offset: number): boolean {
    return isBlankClass(this.#classes[this.#text.charCodeAt(offset)]!)
  }

  /**
   * True where a token begins that begins there, too, in a text without what is before: at a space, at a letter or
   * digit behind blanks, and at the start of a line. A slash may go with the line break before it ("```\n/").
   */
  #isFreshStart(offset: number): boolean {
    if (offset === 0) return true
    const code = this.#text.charCodeAt(offset)
    const kind = this.#classes[code]!
    const isLineStart = this.#text.charCodeAt(offset - 1) === 0x0a && code !== 0x2f && !isBlankClass(kind)
    const isWord = kind >= LETTER && kind <= DIGIT && this.#isBlank(offset - 1)
    return (isLineStart || isWord || code === 0x20) && this.#isBorder(offset)
  }

  /**
   * True at the end of a line behind a word and one mark of punctuation: what makes one token with the line break
   * is one without.
   */
  #isClosedLine(offset: number): boolean {
    const text = this.#text
    const next = text.charCodeAt(offset)
    if (next !== 0x0a && next !== 0x0d) return false
    const mark = this.#classes[text.charCodeAt(offset - 1)]!
    const word = this.#classes[text.charCodeAt(offset - 2)]!
    const isMark =
      text.charCodeAt(offset - 1) < 0x80 && !isBlankClass(mark) && (mark < LETTER || mark > DIGIT)
    return isMark && word >= LETTER && word <= DIGIT && this.#isBorder(offset - 1)
  }

  /**
   * True where one token ends and the next begins for sure. Tokens of bytes can end inside a character, and the
   * ruler tells that character's end: only beside ASCII is the end of a token a place between bytes, too.
   */
  #isBorder(offset: number): boolean {
    const text = this.#text
    if (offset === 0 || offset === text.length) return true
    if (text.charCodeAt(offset - 1) >= 0x80 && text.charCodeAt(offset) !== 0x20) return false
    const { ends } = this.#ruler
    let low = 0
    let high = ends.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (ends[middle]! < offset) low = middle + 1
      else high = middle
    }
    return ends[low] === offset
  }
}
