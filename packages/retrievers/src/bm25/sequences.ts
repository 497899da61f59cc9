import { grownInt32, grownUint8, grownUint32 } from './grow.js'
import { ONLY_STOP, type TokenCache } from './token-cache.js'

/**
 * Codes of a sequence, as variable-length integers of seven bits a byte, low first: END, or FIELD and the field's
 * number, or (term + 1) · 2 for a term one position on, or that plus 1 and the number of positions.
 */
const END = 0
const FIELD = 1
/** Bytes of a page. Only a longer sequence has a page of its own, so that none crosses two. */
const PAGE_SIZE = 1 << 18
/** Positions between the fields of a document: no phrase reaches across. */
export const FIELD_GAP = 1 << 10

/**
 * The terms of every document in their order, with their positions and fields: what phrases, explanations by field
 * and feedback read. About 3 bytes a term in English text without function words: frequent terms come first and so have
 * the short codes.
 */
export class Sequences {
  private readonly pages: Uint8Array<ArrayBuffer>[] = []
  /** Bytes used of the last page. */
  private used = 0
  /** By document number. */
  private pageOf = new Uint32Array(1 << 8)
  private placeOf = new Uint32Array(1 << 8)
  private count = 0

  /** The sequence being written. */
  private written = new Uint8Array(1 << 10)
  private end = 0
  /** Position of the last term written and of the token being written. */
  private last = -1
  private position = 0
  /** Field of the terms to come and of the last term written, −1 for none. */
  private field = -1
  private lastField = -1

  get byteLength(): number {
    let bytes = this.written.byteLength + this.pageOf.byteLength * 2
    for (const page of this.pages) bytes += page.byteLength
    return bytes
  }

  /** Starts a document anew: what was written and not kept is dropped. */
  begin(): void {
    this.end = 0
    this.last = -1
    this.position = 0
    this.field = -1
    this.lastField = -1
  }

  /** What follows belongs to this field. */
  beginField(field: number): void {
    this.field = field
    this.position += FIELD_GAP
  }

  /** Writes what the token cache read: see `TokenCache.read`. */
  writeTokens(codes: Int32Array, count: number, cache: TokenCache): void {
    for (let i = 0; i < count; i++) {
      const code = codes[i]!
      if (code >= 0) this.term(code, this.position)
      else if (code !== ONLY_STOP) {
        const { run } = cache
        const start = cache.severalAt(code)
        const terms = run[start]!
        let place = 0
        for (let j = 0; j < terms; j++) {
          place = run[start + 2 + terms + j]!
          this.term(run[start + 2 + j]!, this.position + place)
        }
        this.position += place
      }
      this.position++
    }
  }

  /** Keeps what was written as the next document's sequence. */
  keep(): void {
    this.integer(END)
    this.append(this.written.subarray(0, this.end))
    this.begin()
  }

  /** Keeps a sequence as it was written elsewhere. */
  append(sequence: Uint8Array): void {
    const { length } = sequence
    let page = this.pages.at(-1)
    if (page === undefined || page.length - this.used < length) {
      page = new Uint8Array(Math.max(PAGE_SIZE, length))
      this.pages.push(page)
      this.used = 0
    }
    page.set(sequence, this.used)
    this.pageOf = grownUint32(this.pageOf, this.count + 1)
    this.placeOf = grownUint32(this.placeOf, this.count + 1)
    this.pageOf[this.count] = this.pages.length - 1
    this.placeOf[this.count] = this.used
    this.used += length
    this.count++
  }

  /** A document's sequence as it was written. */
  bytesOf(document: number): Uint8Array {
    const page = this.pages[this.pageOf[document]!]!
    const start = this.placeOf[document]!
    return page.subarray(start, endOfSequence(page, start))
  }

  /** Reads a document's sequence. @param wanted by term: 1 for those to read; all without it */
  read(document: number, target: Sequence, wanted?: Uint8Array): void {
    const page = this.pages[this.pageOf[document]!]!
    let place = this.placeOf[document]!
    let count = 0
    let field = -1
    let position = -1
    target.fit(0)
    for (;;) {
      let code = page[place++]!
      if (code > 127) {
        code &= 127
        for (let shift = 7; ; shift += 7) {
          const byte = page[place++]!
          code |= (byte & 127) << shift
          if (byte < 128) break
        }
        code >>>= 0
      }
      if (code === END) break
      let second = 1
      if ((code & 1) === 1) {
        second = 0
        for (let shift = 0; ; shift += 7) {
          const byte = page[place++]!
          second |= (byte & 127) << shift
          if (byte < 128) break
        }
        if (code === FIELD) {
          field = second
          continue
        }
      }
      position += second
      const term = (code >>> 1) - 1
      if (wanted !== undefined && wanted[term] !== 1) continue
      if (count === target.terms.length) target.fit(count + 1)
      target.terms[count] = term
      target.positions[count] = position
      target.fields[count] = field
      count++
    }
    target.count = count
  }

  /** Appends a document's sequence to another, new instance. @param newTerms new term by term */
  copyTo(target: Sequences, document: number, newTerms: Uint32Array, scratch: Sequence): void {
    this.read(document, scratch)
    target.begin()
    for (let i = 0; i < scratch.count; i++) {
      target.field = scratch.fields[i]!
      target.term(newTerms[scratch.terms[i]!]!, scratch.positions[i]!)
    }
    target.keep()
  }

  private term(term: number, position: number): void {
    if (this.field !== this.lastField) {
      this.lastField = this.field
      this.integer(FIELD)
      this.integer(this.field)
    }
    const step = position - this.last
    this.last = position
    if (step === 1) this.integer((term + 1) * 2)
    else {
      this.integer((term + 1) * 2 + 1)
      this.integer(step)
    }
  }

  private integer(value: number): void {
    this.written = grownUint8(this.written, this.end + 6)
    let rest = value
    while (rest > 127) {
      this.written[this.end++] = (rest & 127) | 128
      rest = Math.floor(rest / 128)
    }
    this.written[this.end++] = rest
  }
}

/**
 * Where the sequence that starts at `start` ends, −1 when it is cut off or tells a field or term that is not below these
 * numbers.
 */
export function endOfSequence(
  bytes: Uint8Array,
  start: number,
  terms = Number.POSITIVE_INFINITY,
  fields = Number.POSITIVE_INFINITY,
): number {
  let place = start
  const integer = (): number => {
    let value = 0
    for (let factor = 1; factor <= 2 ** 42; factor *= 128) {
      const byte = bytes[place++] ?? 255
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
    return Number.NaN
  }
  for (let position = 0; place <= bytes.length; ) {
    const code = integer()
    if (code === END) return place <= bytes.length ? place : -1
    if (code === FIELD) {
      if (!(integer() < fields)) return -1
      continue
    }
    position += (code & 1) === 1 ? integer() : 1
    if (!(Math.floor(code / 2) <= terms && position < 2 ** 32)) return -1
  }
  return -1
}

/** A sequence that was read: three columns, entries past `count` are stale. Reused from document to document. */
export class Sequence {
  count = 0
  terms = new Int32Array(256)
  /** Ascending; terms at one position are alternatives. */
  positions = new Uint32Array(256)
  /** Number of the field, −1 for text without fields. */
  fields = new Int32Array(256)

  fit(count: number): void {
    this.terms = grownInt32(this.terms, count)
    this.positions = grownUint32(this.positions, count)
    this.fields = grownInt32(this.fields, count)
  }
}
