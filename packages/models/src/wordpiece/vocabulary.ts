import { RagError } from '@tesserae/core'

/** Hash seeds: a piece that starts a word and one that continues it (`##` in the vocabulary) never meet. */
export const START = 0x811c9dc5 | 0
export const CONTINUE = 0x3c6ef372

/** One step of FNV-1a over UTF-16 code units. */
export function step(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193)
}

/**
 * The pieces in an open-addressed hash table on typed arrays. A prefix's hash is a by-product of scanning,
 * so that a look-up costs one probe and one comparison, and no string is ever made.
 */
export class Vocabulary {
  readonly size: number
  /** Longest piece in code units, without the `##`. */
  readonly longest: number
  /** 32 bits over the pieces in their order, in hexadecimal. */
  readonly hash: string
  readonly #units: Uint16Array
  /** Where the body of each piece begins in `#units`; one more entry than pieces. */
  readonly #offsets: Uint32Array
  readonly #seeds: Int32Array
  readonly #hashes: Int32Array
  /** Piece + 1, or 0 for an empty slot. */
  readonly #slots: Int32Array
  readonly #mask: number

  /** @param text the pieces, one per line, in row order; no line break after the last. */
  constructor(text: string) {
    let size = 1
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) size++
    let capacity = 1024
    while (capacity < size * 3) capacity *= 2
    this.size = size
    this.#units = new Uint16Array(text.length)
    this.#offsets = new Uint32Array(size + 1)
    this.#seeds = new Int32Array(size)
    this.#hashes = new Int32Array(size)
    this.#slots = new Int32Array(capacity)
    this.#mask = capacity - 1
    let all = START
    let longest = 0
    let used = 0
    let at = 0
    for (let piece = 0; piece < size; piece++) {
      const newline = text.indexOf('\n', at)
      const end = newline < 0 ? text.length : newline
      const continues = end - at > 2 && text.charCodeAt(at) === 0x23 && text.charCodeAt(at + 1) === 0x23
      const seed = continues ? CONTINUE : START
      let hash = seed
      for (let i = continues ? at + 2 : at; i < end; i++) {
        const unit = text.charCodeAt(i)
        this.#units[used++] = unit
        hash = step(hash, unit)
      }
      this.#offsets[piece + 1] = used
      this.#seeds[piece] = seed
      longest = Math.max(longest, used - this.#offsets[piece]!)
      this.#insert(piece, hash)
      all = step(all, hash)
      at = end + 1
    }
    this.longest = longest
    this.hash = (all >>> 0).toString(16).padStart(8, '0')
  }

  /** The piece equal to `units[from, to)`, or -1. `hash` is `seed` stepped over those units. */
  find(units: Uint16Array, from: number, to: number, hash: number, seed: number): number {
    const mask = this.#mask
    const slots = this.#slots
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const piece = slots[slot]! - 1
      if (piece < 0) return -1
      if (this.#hashes[piece] === hash && this.#seeds[piece] === seed && this.#equals(piece, units, from, to))
        return piece
    }
  }

  /** The piece with this text, `##` included where it has one, or -1. Not for hot paths. */
  indexOf(piece: string): number {
    const continues = piece.length > 2 && piece.startsWith('##')
    const body = continues ? piece.slice(2) : piece
    const units = Uint16Array.from(body, (_, i) => body.charCodeAt(i))
    const seed = continues ? CONTINUE : START
    return this.find(units, 0, units.length, units.reduce(step, seed), seed)
  }

  #insert(piece: number, hash: number): void {
    this.#hashes[piece] = hash
    let slot = (hash ^ (hash >>> 15)) & this.#mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask
    this.#slots[slot] = piece + 1
  }

  #equals(piece: number, units: Uint16Array, from: number, to: number): boolean {
    const pool = this.#units
    let at = this.#offsets[piece]!
    if (this.#offsets[piece + 1]! - at !== to - from) return false
    for (let i = from; i < to; i++) if (pool[at++] !== units[i]) return false
    return true
  }
}

/** Looks up a piece that the format cannot do without. */
export function requirePiece(vocabulary: Vocabulary, piece: string): number {
  const index = vocabulary.indexOf(piece)
  if (index < 0) {
    throw new RagError(
      'incompatible',
      `The vocabulary must contain ${piece}, and its ${vocabulary.size} pieces do not. Pass the vocabulary of a BERT model, one piece per line, in order.`,
      { details: { piece, pieces: vocabulary.size } },
    )
  }
  return index
}
