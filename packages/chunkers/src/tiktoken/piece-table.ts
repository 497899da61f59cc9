import type { Vocabulary } from './vocabulary.js'

/** Bytes that fit the inline keys of the table of short tokens: those are found at once. */
export const INLINE = 8
/** Bits of an entry that hold the length of a short token. */
const LENGTH_BITS = 4

/**
 * Finds the token that a run of bytes is. Open addressing with linear probing over flat integers, at most half
 * full; tokens of up to 8 bytes are their own key, longer ones are compared with the vocabulary's bytes.
 */
export class PieceTable {
  readonly longest: number
  /** Four integers an entry: the token's bytes in two words, id and length (0 when free), unused. */
  readonly #short: Int32Array
  readonly #shortMask: number
  /** Two integers an entry: hash, and id + 1 (0 when free). */
  readonly #long: Int32Array
  readonly #longMask: number
  readonly #bytes: DataView
  readonly #offsets: Uint32Array

  constructor({ bytes, offsets, size }: Vocabulary) {
    let shortTokens = 0
    let longest = 0
    for (let token = 0; token < size; token++) {
      const length = offsets[token + 1]! - offsets[token]!
      if (length <= INLINE) shortTokens++
      if (length > longest) longest = length
    }
    this.longest = longest
    this.#bytes = new DataView(bytes.buffer)
    this.#offsets = offsets
    const shortCapacity = 2 ** Math.ceil(Math.log2(shortTokens * 2))
    const longCapacity = 2 ** Math.ceil(Math.log2((size - shortTokens) * 2 + 1))
    this.#short = new Int32Array(shortCapacity * 4)
    this.#shortMask = shortCapacity - 1
    this.#long = new Int32Array(longCapacity * 2)
    this.#longMask = longCapacity - 1
    for (let token = 0; token < size; token++) {
      const start = offsets[token]!
      const length = offsets[token + 1]! - start
      if (length > INLINE) this.#addLong(token, start, length)
      else if (length > 0) this.#addShort(token, start, length)
    }
  }

  /** Id of the token whose bytes are `length` (at least 1) bytes from `start`, or -1. Reads up to 7 bytes further. */
  find(view: DataView, start: number, length: number): number {
    if (length > INLINE) return length > this.longest ? -1 : this.#findLong(view, start, length)
    const low =
      length < 4 ? view.getInt32(start, true) & ((1 << (length << 3)) - 1) : view.getInt32(start, true)
    const high = length <= 4 ? 0 : highWord(view, start, length)
    const entries = this.#short
    const mask = this.#shortMask
    for (let slot = hashShort(low, high, length) & mask; ; slot = (slot + 1) & mask) {
      const at = slot << 2
      const value = entries[at + 2]!
      if (value === 0) return -1
      if (entries[at] === low && entries[at + 1] === high && (value & (2 ** LENGTH_BITS - 1)) === length) {
        return value >>> LENGTH_BITS
      }
    }
  }

  #findLong(view: DataView, start: number, length: number): number {
    const hash = hashLong(view, start, length)
    const entries = this.#long
    const mask = this.#longMask
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const value = entries[(slot << 1) + 1]!
      if (value === 0) return -1
      if (entries[slot << 1] === hash && this.#isToken(value - 1, view, start, length)) return value - 1
    }
  }

  #isToken(token: number, view: DataView, start: number, length: number): boolean {
    const from = this.#offsets[token]!
    if (this.#offsets[token + 1]! - from !== length) return false
    let i = 0
    for (; i + 4 <= length; i += 4) {
      if (this.#bytes.getInt32(from + i, true) !== view.getInt32(start + i, true)) return false
    }
    for (; i < length; i++) if (this.#bytes.getUint8(from + i) !== view.getUint8(start + i)) return false
    return true
  }

  #addShort(token: number, start: number, length: number): void {
    const view = this.#bytes
    const low =
      length < 4 ? view.getInt32(start, true) & ((1 << (length << 3)) - 1) : view.getInt32(start, true)
    const high = length <= 4 ? 0 : highWord(view, start, length)
    const entries = this.#short
    let slot = hashShort(low, high, length) & this.#shortMask
    while (entries[(slot << 2) + 2] !== 0) slot = (slot + 1) & this.#shortMask
    entries[slot << 2] = low
    entries[(slot << 2) + 1] = high
    entries[(slot << 2) + 2] = (token << LENGTH_BITS) | length
  }

  #addLong(token: number, start: number, length: number): void {
    const hash = hashLong(this.#bytes, start, length)
    const entries = this.#long
    let slot = hash & this.#longMask
    while (entries[(slot << 1) + 1] !== 0) slot = (slot + 1) & this.#longMask
    entries[slot << 1] = hash
    entries[(slot << 1) + 1] = token + 1
  }
}

/** Bytes 4 to 7 of a run of 5 to 8 bytes; zeros behind its end. */
function highWord(view: DataView, start: number, length: number): number {
  const word = view.getInt32(start + 4, true)
  return length === 8 ? word : word & ((1 << ((length - 4) << 3)) - 1)
}

function hashShort(low: number, high: number, length: number): number {
  const hash = Math.imul(low ^ length, 0x9e3779b1) ^ Math.imul(high, 0x85ebca77)
  return hash ^ (hash >>> 15)
}

function hashLong(view: DataView, start: number, length: number): number {
  let hash = length
  let i = 0
  for (; i + 4 <= length; i += 4) {
    hash = Math.imul(hash ^ view.getInt32(start + i, true), 0x9e3779b1)
    hash ^= hash >>> 15
  }
  for (; i < length; i++) {
    hash = Math.imul(hash ^ view.getUint8(start + i), 0x85ebca77)
    hash ^= hash >>> 13
  }
  return hash
}
