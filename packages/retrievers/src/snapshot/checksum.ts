const prime1 = 0x9e3779b1 | 0
const prime2 = 0x85ebca77 | 0
const prime3 = 0xc2b2ae3d | 0
const prime4 = 0x27d4eb2f

/** Words that the sum takes in together. */
export const stripeWords = 4

/**
 * XXH32 with seed 0 (Collet, the xxHash specification, "XXH32 algorithm description") of data that is a whole number
 * of 32-bit little-endian words. A change within one word always changes the sum, because every step is a
 * bijection of its word; of other damage one in 2³² goes unseen.
 */
export class Checksum {
  private a = (prime1 + prime2) | 0
  private b = prime2
  private c = 0
  private d = -prime1 | 0
  private words = 0

  /** Takes in words[start … end), a multiple of {@link stripeWords}. */
  update(words: Int32Array, start: number, end: number): void {
    let { a, b, c, d } = this
    for (let i = start; i < end; i += 4) {
      a = (a + Math.imul(words[i]!, prime2)) | 0
      a = Math.imul((a << 13) | (a >>> 19), prime1)
      b = (b + Math.imul(words[i + 1]!, prime2)) | 0
      b = Math.imul((b << 13) | (b >>> 19), prime1)
      c = (c + Math.imul(words[i + 2]!, prime2)) | 0
      c = Math.imul((c << 13) | (c >>> 19), prime1)
      d = (d + Math.imul(words[i + 3]!, prime2)) | 0
      d = Math.imul((d << 13) | (d >>> 19), prime1)
    }
    this.a = a
    this.b = b
    this.c = c
    this.d = d
    this.words += end - start
  }

  /** The sum once the last words[start … end), fewer than a stripe, are taken in. Unsigned. */
  finish(words: Int32Array, start: number, end: number): number {
    const { a, b, c, d } = this
    // 374761393, the fifth prime, starts the sum of less than a stripe.
    let sum = this.words > 0 ? rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18) : 0x165667b1
    sum = (sum + (this.words + end - start) * 4) | 0
    for (let i = start; i < end; i++) {
      sum = (sum + Math.imul(words[i]!, prime3)) | 0
      sum = Math.imul(rotate(sum, 17), prime4)
    }
    sum = Math.imul(sum ^ (sum >>> 15), prime2)
    sum = Math.imul(sum ^ (sum >>> 13), prime3)
    return (sum ^ (sum >>> 16)) >>> 0
  }
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
