/**
 * A set of ordinals, one bit each, in 32-bit words. Kernels read `words` directly; ordinals past the end
 * are not in the set. Ordinals are integers from 0 to 2^32 − 1 and are not checked.
 */
export class Bitset {
  words: Uint32Array

  /** @param capacity ordinals 0 … capacity − 1 fit without growing. @default 0 */
  constructor(capacity = 0) {
    this.words = new Uint32Array((capacity + 31) >>> 5)
  }

  has(ordinal: number): boolean {
    const word = this.words[ordinal >>> 5]
    return word !== undefined && ((word >>> (ordinal & 31)) & 1) === 1
  }

  add(ordinal: number): void {
    const word = ordinal >>> 5
    if (word >= this.words.length) this.grow(word + 1)
    this.words[word]! |= 1 << (ordinal & 31)
  }

  delete(ordinal: number): void {
    const word = ordinal >>> 5
    if (word < this.words.length) this.words[word]! &= ~(1 << (ordinal & 31))
  }

  /** Removes every ordinal and keeps the memory. */
  clear(): void {
    this.words.fill(0)
  }

  /** Makes the set exactly 0 … capacity − 1. */
  fill(capacity: number): void {
    const whole = capacity >>> 5
    const needed = (capacity + 31) >>> 5
    if (needed > this.words.length) this.words = new Uint32Array(needed)
    this.words.fill(0xffffffff, 0, whole)
    this.words.fill(0, whole)
    if (needed > whole) this.words[whole] = (1 << (capacity & 31)) - 1
  }

  /** Keeps what is in both sets. */
  and(other: Bitset): void {
    const shared = Math.min(this.words.length, other.words.length)
    for (let word = 0; word < shared; word++) this.words[word]! &= other.words[word]!
    this.words.fill(0, shared)
  }

  /** Adds what is in the other set. */
  or(other: Bitset): void {
    if (other.words.length > this.words.length) this.grow(other.words.length)
    for (let word = 0; word < other.words.length; word++) this.words[word]! |= other.words[word]!
  }

  /** Removes what is in the other set. `all.andNot(set)` is the complement of `set` within `all`. */
  andNot(other: Bitset): void {
    const shared = Math.min(this.words.length, other.words.length)
    for (let word = 0; word < shared; word++) this.words[word]! &= ~other.words[word]!
  }

  /** A copy that shares nothing with this set. */
  clone(): Bitset {
    const copy = new Bitset()
    copy.words = this.words.slice()
    return copy
  }

  /** The smallest ordinal in the set that is at least `from`; -1 when there is none. */
  next(from: number): number {
    let word = from >>> 5
    if (word >= this.words.length) return -1
    let bits = this.words[word]! & (-1 << (from & 31))
    while (bits === 0) {
      if (++word >= this.words.length) return -1
      bits = this.words[word]!
    }
    // The lowest set bit alone; its leading zeros tell its place.
    return word * 32 + 31 - Math.clz32(bits & -bits)
  }

  /** Number of ordinals in the set. */
  count(): number {
    let total = 0
    for (const word of this.words) total += bitsOf(word)
    return total
  }

  /** Number of ordinals that are in both sets. */
  countShared(other: Bitset): number {
    const { words } = this
    const shared = Math.min(words.length, other.words.length)
    let total = 0
    for (let word = 0; word < shared; word++) {
      const both = words[word]! & other.words[word]!
      if (both !== 0) total += bitsOf(both)
    }
    return total
  }

  private grow(words: number): void {
    const grown = new Uint32Array(Math.max(words, this.words.length * 2))
    grown.set(this.words)
    this.words = grown
  }
}

/** Bit-parallel population count: pairs, nibbles, bytes, then one multiplication adds the bytes. */
function bitsOf(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
