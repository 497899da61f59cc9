/** Longest piece kept, in bytes. */
const LONGEST = 16
/** Most tokens of a piece kept: their lengths share one integer, five bits each. */
const MOST_TOKENS = 6
const LENGTH_BITS = 5
const ENTRIES = 1 << 14
const STRIDE = 8

/**
 * Remembers how pieces divide that take long to look up: rare and long words and the names in code come again
 * soon. One place a piece, the newest stays; 512 KiB, never more.
 */
export class PieceCache {
  /** Eight integers an entry: the piece in four words, its length (0 when free), its tokens, two unused. */
  readonly #entries = new Int32Array(ENTRIES * STRIDE)
  /** Entry of the piece `read` looked for. */
  #at = 0
  readonly #key = new Int32Array(4)

  /** Appends the ends of the piece's tokens to `ends` and returns the new count; `count` itself when unknown. */
  read(view: DataView, start: number, end: number, ends: Uint32Array, count: number): number {
    const length = end - start
    if (length > LONGEST) return count
    const key = this.#key
    const first = view.getInt32(start, true)
    const second = length > 7 ? view.getInt32(start + 4, true) : wordAt(view, start + 4, length - 4)
    key[0] = length > 3 ? first : wordAt(view, start, length)
    key[1] = second
    key[2] = length > 8 ? wordAt(view, start + 8, length - 8) : 0
    key[3] = length > 12 ? wordAt(view, start + 12, length - 12) : 0
    const hash =
      Math.imul(key[0] ^ length, 0x9e3779b1) ^
      Math.imul(key[1], 0x85ebca77) ^
      Math.imul(key[2], 0xc2b2ae3d) ^
      Math.imul(key[3], 0x27d4eb2f)
    const at = ((hash ^ (hash >>> 15)) & (ENTRIES - 1)) * STRIDE
    this.#at = at
    const entries = this.#entries
    if (
      entries[at + 4] !== length ||
      entries[at] !== key[0] ||
      entries[at + 1] !== key[1] ||
      entries[at + 2] !== key[2] ||
      entries[at + 3] !== key[3]
    ) {
      return count
    }
    let tokens = count
    let byte = start
    for (let lengths = entries[at + 5]!; lengths !== 0; lengths >>>= LENGTH_BITS) {
      byte += lengths & ((1 << LENGTH_BITS) - 1)
      ends[tokens++] = byte
    }
    return tokens
  }

  /** Keeps the tokens of the piece that `read` did not find: ends[first, count). */
  keep(start: number, end: number, ends: Uint32Array, first: number, count: number): void {
    if (end - start > LONGEST || count - first > MOST_TOKENS) return
    let lengths = 0
    let from = start
    for (let i = first; i < count; i++) {
      const to = ends[i]!
      lengths |= (to - from) << ((i - first) * LENGTH_BITS)
      from = to
    }
    const at = this.#at
    const entries = this.#entries
    const key = this.#key
    entries[at] = key[0]!
    entries[at + 1] = key[1]!
    entries[at + 2] = key[2]!
    entries[at + 3] = key[3]!
    entries[at + 4] = end - start
    entries[at + 5] = lengths
  }
}

/** The bytes from `at` on, up to four and up to `length`, with zeros behind; 0 for none. */
function wordAt(view: DataView, at: number, length: number): number {
  if (length >= 4) return view.getInt32(at, true)
  return length <= 0 ? 0 : view.getInt32(at, true) & ((1 << (length << 3)) - 1)
}
