import type { PieceTable } from './piece-table.js'
import type { TokenTrie } from './token-trie.js'
import type { Vocabulary } from './vocabulary.js'

const NO_LIMIT = 0x7fffffff

/**
 * The merges behind a vocabulary. Byte-pair encoding joins the adjacent pair of lowest rank until none is left,
 * so each token but the single bytes is made from one pair only: the two parts left of its own bytes just before
 * its rank. Any place in any text where the token is made has the same two parts, since no merge has crossed the
 * token's borders there either.
 */
export class Merges {
  /** The two parts of token t are parts[2t] and parts[2t + 1]; both are t where there are none. */
  readonly #parts: Int32Array
  /** Token + 1 by its pair of parts; 0 where free. */
  readonly #pairs: Int32Array
  readonly #mask: number
  /** 1 for tokens that merging can make; the others stand only for a whole piece. */
  readonly isMade: Uint8Array

  constructor({ bytes, offsets, size }: Vocabulary, pieces: PieceTable, trie: TokenTrie) {
    const capacity = 2 ** Math.ceil(Math.log2(size * 2))
    this.#pairs = new Int32Array(capacity)
    this.#mask = capacity - 1
    this.#parts = new Int32Array(size * 2)
    this.isMade = new Uint8Array(size)
    const view = new DataView(bytes.buffer)
    for (let token = 0; token < size; token++) {
      this.#parts[token * 2] = token
      this.#parts[token * 2 + 1] = token
      const start = offsets[token]!
      const length = offsets[token + 1]! - start
      if (length === 1) this.isMade[token] = 1
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
    let limit = NO_LIMIT
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

  /** The token made from two, or a number above all tokens. */
  #joined(left: number, right: number): number {
    const pairs = this.#pairs
    const parts = this.#parts
    const mask = this.#mask
    for (let slot = pairHash(left, right) & mask; ; slot = (slot + 1) & mask) {
      const token = pairs[slot]! - 1
      if (token < 0) return NO_LIMIT
      if (parts[token * 2] === left && parts[token * 2 + 1] === right) return token
    }
  }

  #add(token: number, left: number, right: number): void {
    let slot = pairHash(left, right) & this.#mask
    while (this.#pairs[slot] !== 0) slot = (slot + 1) & this.#mask
    this.#pairs[slot] = token + 1
  }
}

function pairHash(left: number, right: number): number {
  const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca77)
  return hash ^ (hash >>> 15)
}
