import { LONGEST_MERGE, Merges } from './merges.js'
import { PieceCache } from './piece-cache.js'
import { INLINE, PieceTable } from './piece-table.js'
import { TokenTrie } from './token-trie.js'
import type { Vocabulary } from './vocabulary.js'

/** Marks a token that was taken before the longer ones were tried; above all ids. */
const REPEATED = 1 << 30

/** 8,192 answers are 96 KiB. */
const ANSWER_BITS = 13

/**
 * Byte-pair encoding in linear time. A piece of up to 32 bytes is merged. A longer one is encoded without merging:
 * the encoder takes the longest token that may follow the last one, or that one once more, and goes back where none
 * may. A text's encoding has one last token only, so a place that was once left without success never needs a second
 * visit, whatever the order in which tokens are tried. Same tokens as merging by rank. The idea is that of the Rust
 * crate `bpe` (github.com/github/rust-gems).
 */
export class BytePairEncoder {
  /** Tokens tried since the encoder was made; tests of linear growth read it. */
  tried = 0
  readonly #pieces: PieceTable
  readonly #cache = new PieceCache()
  readonly #trie: TokenTrie
  readonly #merges: Merges
  readonly #offsets: Uint32Array
  /** Three integers an entry: two tokens and whether they can meet. No token is -1. */
  readonly #answers = new Int32Array(3 << ANSWER_BITS).fill(-1)

  constructor(vocabulary: Vocabulary) {
    this.#offsets = vocabulary.offsets
    this.#pieces = new PieceTable(vocabulary)
    this.#trie = new TokenTrie(vocabulary)
    this.#merges = new Merges(vocabulary, this.#pieces, this.#trie)
    this.#trie.admit(this.#merges.isMade)
  }

  /**
   * Writes the ends of the tokens of the pieces that begin at byte `from` and end at `pieceEnds` to `ends` from
   * index `count` on; returns the new count. `ends` needs room for one entry a byte. `isDead` holds a zero for
   * each byte; the encoder marks places there.
   */
  encode(
    bytes: Uint8Array,
    view: DataView,
    from: number,
    pieceEnds: Uint32Array,
    pieceCount: number,
    ends: Uint32Array,
    count: number,
    isDead: Uint8Array,
  ): number {
    let tokens = count
    let start = from
    for (let piece = 0; piece < pieceCount; piece++) {
      const end = pieceEnds[piece]!
      const length = end - start
      if (length === 1 || (length <= INLINE && this.#pieces.find(view, start, length) >= 0))
        ends[tokens++] = end
      else tokens = this.#lookUp(bytes, view, start, end, ends, tokens, isDead)
      start = end
    }
    return tokens
  }

  /** A piece that is long or more than one token. */
  #lookUp(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    ends: Uint32Array,
    first: number,
    isDead: Uint8Array,
  ): number {
    const length = end - start
    let count = this.#cache.read(view, start, end, ends, first)
    if (count > first) return count
    if (length > INLINE && this.#pieces.find(view, start, length) >= 0) {
      ends[first] = end
      count = first + 1
    } else if (length <= LONGEST_MERGE) count = this.#merges.merge(bytes, start, end, ends, first)
    else count = this.#encodePiece(bytes, start, end, ends, first, isDead)
    this.#cache.keep(start, end, ends, first, count)
    return count
  }

  /** `Merges.canMeet`, remembered: a long run asks the same again and again. */
  #canMeet(left: number, right: number): boolean {
    const at = (Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca77)) >>> (32 - ANSWER_BITS)
    const answers = this.#answers
    if (answers[at * 3] !== left || answers[at * 3 + 1] !== right) {
      answers[at * 3] = left
      answers[at * 3 + 1] = right
      answers[at * 3 + 2] = this.#merges.canMeet(left, right) ? 1 : 0
    }
    return answers[at * 3 + 2] === 1
  }

  #encodePiece(
    bytes: Uint8Array,
    start: number,
    end: number,
    ends: Uint32Array,
    first: number,
    isDead: Uint8Array,
  ): number {
    const offsets = this.#offsets
    const trie = this.#trie
    let count = first
    let at = start
    let tried = 0
    let token = trie.longestAt(bytes, at, end)
    while (at < end) {
      tried++
      const id = idOf(token)
      const next = at + offsets[id + 1]! - offsets[id]!
      if (isDead[next] === 0 && (count === first || this.#canMeet(idOf(ends[count - 1]!), id))) {
        // Ids for the time being.
        ends[count++] = token
        at = next
        if (at < end) token = this.#again(id, trie.longestAt(bytes, at, end))
        continue
      }
      token = token === id ? trie.prefixes[id]! : trie.longestAt(bytes, at, end)
      if (token >= 0) continue
      isDead[at] = 1
      token = ends[--count]!
      at -= offsets[idOf(token) + 1]! - offsets[idOf(token)]!
    }
    this.tried += tried
    let byte = start
    for (let i = first; i < count; i++) {
      const id = idOf(ends[i]!)
      byte += offsets[id + 1]! - offsets[id]!
      ends[i] = byte
    }
    return count
  }

  /**
   * The token to try first: `last`, with a mark, where the text goes on with it though a longer token would fit.
   * Runs of one character, which have tokens of many lengths, are mostly one token again and again.
   */
  #again(last: number, longest: number): number {
    const offsets = this.#offsets
    const length = offsets[last + 1]! - offsets[last]!
    let token = longest
    while (token >= 0 && offsets[token + 1]! - offsets[token]! > length) token = this.#trie.prefixes[token]!
    return token === last && last !== longest ? last | REPEATED : longest
  }
}

function idOf(token: number): number {
  return token & ~REPEATED
}
