import { Merges } from './merges.js'
import { PieceCache } from './piece-cache.js'
import { PieceTable } from './piece-table.js'
import { TokenTrie } from './token-trie.js'
import type { Vocabulary } from './vocabulary.js'

/**
 * Byte-pair encoding in linear time, without merging: takes the longest token that may follow the last one, and
 * goes back where none may. A text's encoding has one last token only, so a place that was once left without
 * success never needs a second visit. Same tokens as merging by rank. The idea is that of the Rust crate `bpe`
 * (github.com/github/rust-gems).
 */
export class BytePairEncoder {
  /** Tokens tried since the encoder was made; tests of linear growth read it. */
  tried = 0
  readonly #pieces: PieceTable
  readonly #cache = new PieceCache()
  readonly #trie: TokenTrie
  readonly #merges: Merges
  readonly #offsets: Uint32Array

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
      if (end - start === 1 || this.#pieces.find(view, start, end - start) >= 0) ends[tokens++] = end
      else {
        const before = tokens
        tokens = this.#cache.read(view, start, end, ends, before)
        if (tokens === before) {
          tokens = this.#encodePiece(bytes, start, end, ends, before, isDead)
          this.#cache.keep(start, end, ends, before, tokens)
        }
      }
      start = end
    }
    return tokens
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
    const merges = this.#merges
    const trie = this.#trie
    let count = first
    let at = start
    let tried = 0
    let token = trie.longestAt(bytes, at, end)
    while (at < end) {
      tried++
      const next = at + offsets[token + 1]! - offsets[token]!
      if (isDead[next] === 0 && (count === first || merges.canMeet(ends[count - 1]!, token))) {
        // Ids for the time being.
        ends[count++] = token
        at = next
        if (at < end) token = trie.longestAt(bytes, at, end)
        continue
      }
      token = trie.prefixes[token]!
      if (token >= 0) continue
      isDead[at] = 1
      token = ends[--count]!
      at -= offsets[token + 1]! - offsets[token]!
    }
    this.tried += tried
    let byte = start
    for (let i = first; i < count; i++) {
      const id = ends[i]!
      byte += offsets[id + 1]! - offsets[id]!
      ends[i] = byte
    }
    return count
  }
}
