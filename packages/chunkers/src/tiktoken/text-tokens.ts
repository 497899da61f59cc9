import type { BytePairEncoder } from './byte-pair-encoder.js'
import type { Splitter } from './split.js'
import { PADDING } from './vocabulary.js'
import { WINDOW, windowEnd } from './windows.js'

/** Pieces cut before they are looked up. */
const BATCH = 4096
/** UTF-8 bytes of a code unit at most. */
const WIDEST = 3

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
      count += this.#encode(scratch, byteLength)
      start = end
    }
    return count
  }

  /** End offset of each token in code units; of a token that ends inside a character, that character's end. */
  ends(text: string): Uint32Array {
    let ends = new Uint32Array(Math.ceil(text.length / 3) + 16)
    let count = 0
    for (let start = 0; start < text.length; ) {
      const end = windowEnd(text, start)
      const scratch = this.#scratchOf(end - start)
      const byteLength = fill(scratch, text, start, end)
      const added = this.#encode(scratch, byteLength)
      if (count + added > ends.length) {
        const larger = new Uint32Array(Math.max(ends.length * 2, count + added))
        larger.set(ends)
        ends = larger
      }
      if (byteLength === end - start) shift(scratch.tokenEnds, added, start, ends, count)
      else toUnits(scratch, byteLength, added, start, ends, count)
      count += added
      start = end
    }
    return ends.slice(0, count)
  }

  /** A window without a border between pieces is too long for the memory that is kept. */
  #scratchOf(units: number): Scratch {
    return units <= WINDOW ? this.#scratch : scratchFor(units * WIDEST)
  }

  /** Byte offsets of the tokens' ends, in `tokenEnds`; returns how many. */
  #encode(scratch: Scratch, byteLength: number): number {
    const { bytes, view, tokenEnds, isDead } = scratch
    isDead.fill(0, 0, byteLength + 1)
    let count = 0
    for (let at = 0; at < byteLength; ) {
      const pieces = this.#split(bytes, at, byteLength, this.#pieceEnds)
      count = this.#encoder.encode(bytes, view, at, this.#pieceEnds, pieces, tokenEnds, count, isDead)
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

/** In ASCII a byte is a code unit. Apart from `ends`, which is not worth compiling for a loop. */
function shift(from: Uint32Array, tokens: number, start: number, ends: Uint32Array, first: number): void {
  for (let i = 0; i < tokens; i++) ends[first + i] = start + from[i]!
}

/** Turns byte offsets into code units: between characters of several bytes they differ by the same. */
function toUnits(
  { bytes, tokenEnds }: Scratch,
  byteLength: number,
  tokens: number,
  start: number,
  ends: Uint32Array,
  first: number,
): void {
  let extra = 0
  let wideEnd = 0
  let wide = nextWide(bytes, 0, byteLength)
  for (let i = 0; i < tokens; i++) {
    const end = tokenEnds[i]!
    while (wide < end) {
      const lead = bytes[wide]!
      const width = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
      // A lone surrogate has become U+FFFD: three bytes, one code unit, like the rest of its range.
      extra += width - (lead < 0xf0 ? 1 : 2)
      wideEnd = wide + width
      wide = nextWide(bytes, wideEnd, byteLength)
    }
    ends[first + i] = start + Math.max(end, wideEnd) - extra
  }
}

/** Where the next character of several bytes begins. */
function nextWide(bytes: Uint8Array, from: number, byteLength: number): number {
  let at = from
  while (at < byteLength && bytes[at]! < 0x80) at++
  return at
}
