import type { PieceTable } from './piece-table.js'
import type { TokenTrie } from './token-trie.js'
import type { Vocabulary } from './vocabulary.js'

const NO_TOKEN = 0x7fffffff
/** Longest piece that `merge` takes, in bytes. */
export const LONGEST_MERGE = 32
/** Bits of an id: a pair and its token share two integers. */
const ID_BITS = 18
export const MOST_IDS = 1 << ID_BITS
const RIGHT_BITS = 32 - ID_BITS

/**
 * The merges behind a vocabulary. Byte-pair encoding joins the adjacent pair of lowest rank until none is left,
 * so each token but the single bytes is made from one pair only: the two parts left of its own bytes just before
 * its rank. Any place in any text where the token is made has the same two parts, since no merge has crossed the
 * token's borders there either.
 */
export class Merges {
  /** The two parts of token t are parts[2t] and parts[2t + 1]; both are t where there are none. */
  readonly #parts: Int32Array
  /** Two integers an entry: left part and the low bits of the right one; its high bits and the token (0 when free). */
  readonly #pairs: Int32Array
  readonly #mask: number
  /** Token of each single byte, and of each two bytes that are one. */
  readonly #singles = new Int32Array(256)
  readonly #bytePairs = new Int32Array(1 << 16).fill(NO_TOKEN)
  readonly #ids = new Int32Array(LONGEST_MERGE)
  readonly #ranks = new Int32Array(LONGEST_MERGE)
  readonly #stops = new Int32Array(LONGEST_MERGE)
  /** 1 for tokens that merging can make; the others stand only for a whole piece. */
  readonly isMade: Uint8Array

  constructor({ bytes, offsets, size }: Vocabulary, pieces: PieceTable, trie: TokenTrie) {
    const capacity = 2 ** Math.ceil(Math.log2(size * 2))
    this.#pairs = new Int32Array(capacity * 2)
    this.#mask = capacity - 1
    this.#parts = new Int32Array(size * 2)
    this.isMade = new Uint8Array(size)
    const view = new DataView(bytes.buffer)
    for (let token = 0; token < size; token++) {
      this.#parts[token * 2] = token
      this.#parts[token * 2 + 1] = token
      const start = offsets[token]!
      const length = offsets[token + 1]! - start
      if (length === 1) {
        this.isMade[token] = 1
        this.#singles[bytes[start]!] = token
      }
      // Pairs of lower ranks are known already, and only they decide what this token's bytes become before it.
      for (let left = trie.prefixes[token]!; left >= 0; left = trie.prefixes[left]!) {
        if (left >= token || this.isMade[left] === 0) continue
        const leftLength = offsets[left + 1]! - offsets[left]!
        const right = pieces.find(view, start + leftLength, length - leftLength)
        if (right < 0 || right >= token || this.isMade[right] === 0 || !this.canMeet(left, right)) continue
        this.#parts[token * 2] = left
        this.#parts[token * 2 + 1] = right
        this.#add(token, left, right)
        this.isMade[token] = 1
        if (length === 2) this.#bytePairs[(bytes[start]! << 8) | bytes[start + 1]!] = token
        break
      }
    }
  }

  /**
   * Whether encoding the bytes of both tokens gives just these tokens: whether no merge ever crosses the border
   * between them. Undoes the merges of both, the last first, and asks of each two parts that met at the border
   * if they would have been joined before the next merge came. Of equal ranks the left one comes first.
   */
  canMeet(leftToken: number, rightToken: number): boolean {
    const parts = this.#parts
    let left = leftToken
    let right = rightToken
    let limit = NO_TOKEN
    for (;;) {
      if (this.#joined(left, right) < limit) return false
      if (left > right) {
        limit = left
        left = parts[left * 2 + 1]!
        // The larger id is a single byte: so is the other, and there is nothing left to undo.
        if (left === limit) return true
      } else {
        limit = right + 1
        right = parts[right * 2]!
        if (right + 1 === limit) return true
      }
    }
  }

  /**
   * Joins the bytes of a short piece as the definition says, the lowest rank first: writes the ends of its tokens
   * to `ends` from index `count` on and returns the new count. Quadratic in the length of the piece, but quicker
   * than anything cleverer for words.
   */
  merge(bytes: Uint8Array, start: number, end: number, ends: Uint32Array, count: number): number {
    const ids = this.#ids
    const ranks = this.#ranks
    const stops = this.#stops
    let length = end - start
    for (let i = 0; i < length; i++) {
      ids[i] = this.#singles[bytes[start + i]!]!
      stops[i] = start + i + 1
      ranks[i] = this.#bytePairs[(bytes[start + i]! << 8) | bytes[start + i + 1]!]!
    }
    for (;;) {
      let best = 0
      let token = NO_TOKEN
      for (let i = 0; i + 1 < length; i++) {
        if (ranks[i]! < token) {
          token = ranks[i]!
          best = i
        }
      }
      if (token === NO_TOKEN) break
      length--
      ids[best] = token
      stops[best] = stops[best + 1]!
      for (let i = best + 1; i < length; i++) {
        ids[i] = ids[i + 1]!
        stops[i] = stops[i + 1]!
        ranks[i] = ranks[i + 1]!
      }
      if (best + 1 < length) ranks[best] = this.#joined(token, ids[best + 1]!)
      if (best > 0) ranks[best - 1] = this.#joined(ids[best - 1]!, token)
    }
    for (let i = 0; i < length; i++) ends[count + i] = stops[i]!
    return count + length
  }

  /** The token made from two, or a number above all tokens. */
  #joined(left: number, right: number): number {
    const pairs = this.#pairs
    const mask = this.#mask
    const low = left | (right << ID_BITS)
    const high = right >>> RIGHT_BITS
    for (let slot = pairHash(left, right) & mask; ; slot = (slot + 1) & mask) {
      const value = pairs[(slot << 1) + 1]!
      if (value === 0) return NO_TOKEN
      if (pairs[slot << 1] === low && (value & ((1 << (ID_BITS - RIGHT_BITS)) - 1)) === high) {
        return value >>> (ID_BITS - RIGHT_BITS)
      }
    }
  }

  #add(token: number, left: number, right: number): void {
    let slot = pairHash(left, right) & this.#mask
    while (this.#pairs[(slot << 1) + 1] !== 0) slot = (slot + 1) & this.#mask
    this.#pairs[slot << 1] = left | (right << ID_BITS)
    this.#pairs[(slot << 1) + 1] = (right >>> RIGHT_BITS) | (token << (ID_BITS - RIGHT_BITS))
  }
}

function pairHash(left: number, right: number): number {
  const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca77)
  return hash ^ (hash >>> 15)
}
