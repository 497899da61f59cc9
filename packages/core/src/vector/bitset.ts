/**
 * A set of ordinals, one bit each, in 32-bit words. Kernels read `words` directly; ordinals past the end
 * are not in the set.
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

  /** Number of ordinals in the set. */
  count(): number {
    let total = 0
    for (const word of this.words) {
      // Bit-parallel population count: pairs, nibbles, bytes, then one multiplication adds the bytes.
      let bits = word - ((word >>> 1) & 0x55555555)
      bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
      total += Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
    }
    return total
  }

  private grow(words: number): void {
    const grown = new Uint32Array(Math.max(words, this.words.length * 2))
    grown.set(this.words)
    this.words = grown
  }
}
