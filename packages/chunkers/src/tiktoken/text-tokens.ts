import type { BytePairEncoder } from './byte-pair-encoder.js'
import { widthOf } from './kinds.js'
import type { Splitter } from './split.js'
import { PADDING } from './vocabulary.js'
import { WINDOW, windowEnd } from './windows.js'

/** Pieces cut before they are looked up. */
const BATCH = 4096
/** UTF-8 bytes of a code unit at most. */
const WIDEST = 3
/** Ends that the memory kept between texts holds: 1 MiB, of which texts shorter than that touch only the beginning. */
const KEPT_ENDS = 1 << 18

const utf8 = new TextEncoder()

/** Memory for one window of text. */
interface Scratch {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly view: DataView
  readonly tokenEnds: Uint32Array
  readonly isDead: Uint8Array
}

function scratchFor(byteLength: number): Scratch {
  const bytes = new Uint8Array(byteLength + PADDING)
  return {
    bytes,
    view: new DataView(bytes.buffer),
    tokenEnds: new Uint32Array(byteLength),
    isDead: new Uint8Array(byteLength + 1),
  }
}

/** Tokens of whole texts: one pass, window by window, over scratch memory that is allocated once. */
export class TextTokens {
  readonly #encoder: BytePairEncoder
  readonly #split: Splitter
  readonly #scratch = scratchFor(WINDOW * WIDEST)
  readonly #pieceEnds = new Uint32Array(BATCH)
  readonly #ends = new Uint32Array(KEPT_ENDS)

  constructor(encoder: BytePairEncoder, split: Splitter) {
    this.#encoder = encoder
    this.#split = split
  }

  count(text: string): number {
    let count = 0
    for (let start = 0; start < text.length; ) {
      const end = windowEnd(text, start)
      const scratch = this.#scratchOf(end - start)
      const byteLength = fill(scratch, text, start, end)
      count += this.#encode(scratch, byteLength, scratch.tokenEnds, 0)
      start = end
    }
    return count
  }

  /** End offset of each token in code units; of a token that ends inside a character, that character's end. */
  ends(text: string): Uint32Array {
    let ends = this.#ends
    let count = 0
    for (let start = 0; start < text.length; ) {
      const end = windowEnd(text, start)
      const scratch = this.#scratchOf(end - start)
      const byteLength = fill(scratch, text, start, end)
      if (count + byteLength > ends.length) {
        const larger = new Uint32Array(Math.max(ends.length * 2, count + byteLength))
        larger.set(ends.subarray(0, count))
        ends = larger
      }
      const next = this.#encode(scratch, byteLength, ends, count)
      if (byteLength > end - start) toUnits(scratch, byteLength, start, ends, count, next)
      else if (start > 0) shift(ends, count, next, start)
      count = next
      start = end
    }
    return ends.slice(0, count)
  }

  /** A window without a border between pieces is too long for the memory that is kept. */
  #scratchOf(units: number): Scratch {
    return units <= WINDOW ? this.#scratch : scratchFor(units * WIDEST)
  }

  /**
   * Writes the tokens' ends, in bytes of the window, to `ends` from index `first` on; returns the new count. `ends`
   * needs room for one entry a byte.
   */
  #encode({ bytes, view, isDead }: Scratch, byteLength: number, ends: Uint32Array, first: number): number {
    isDead.fill(0, 0, byteLength + 1)
    let count = first
    for (let at = 0; at < byteLength; ) {
      const pieces = this.#split(bytes, at, byteLength, this.#pieceEnds)
      count = this.#encoder.encode(bytes, view, at, this.#pieceEnds, pieces, ends, count, isDead)
      at = this.#pieceEnds[pieces - 1]!
    }
    return count
  }
}

/** Puts text[start, end) into the scratch bytes as UTF-8, zeros behind it; returns the number of bytes. */
function fill(scratch: Scratch, text: string, start: number, end: number): number {
  const window = start === 0 && end === text.length ? text : text.slice(start, end)
  const { written } = utf8.encodeInto(window, scratch.bytes)
  scratch.bytes.fill(0, written, written + PADDING)
  return written
}

/** Adds `by` to ends[first, last). A function of its own, like `toUnits`: compiled once for all texts. */
function shift(ends: Uint32Array, first: number, last: number, by: number): void {
  for (let i = first; i < last; i++) ends[i] = ends[i]! + by
}

/**
 * Makes code units of the text from bytes of the window that begins at `start`, in ends[first, last). Between
 * characters of several bytes, the two differ by the same.
 */
function toUnits(
  { bytes, view }: Scratch,
  byteLength: number,
  start: number,
  ends: Uint32Array,
  first: number,
  last: number,
): void {
  let wide = nextWide(bytes, view, 0, byteLength)
  /** Code units of the text less bytes of the window, at the place reached. */
  let difference = start
  for (let i = first; ; ) {
    while (i < last && ends[i]! <= wide) {
      ends[i] = ends[i]! + difference
      i++
    }
    if (i === last) return
    const lead = bytes[wide]!
    const width = widthOf(lead)
    // A lone surrogate has become U+FFFD: three bytes, one code unit, like the rest of its range.
    difference -= width - (lead < 0xf0 ? 1 : 2)
    const wideEnd = wide + width
    while (i < last && ends[i]! < wideEnd) ends[i++] = wideEnd + difference
    wide = nextWide(bytes, view, wideEnd, byteLength)
  }
}

/** Where the next character of several bytes begins, or `byteLength`. Zeros stand behind the text. */
function nextWide(bytes: Uint8Array, view: DataView, from: number, byteLength: number): number {
  let at = from
  while (at < byteLength && (view.getInt32(at, true) & 0x80808080) === 0) at += 4
  while (at < byteLength && bytes[at]! < 0x80) at++
  return Math.min(at, byteLength)
}
