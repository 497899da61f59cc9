/** Bits a number of a table may take: 8 as it stands, 4 for −7 to 7, 2 for −1 to 1. */
export const bitWidths = [2, 4, 8] as const
export type BitWidth = (typeof bitWidths)[number]

/** Largest number of so many bits; the smallest is its negative, so that rounding has no side. */
export function highest(bits: BitWidth): number {
  return 2 ** (bits - 1) - 1
}

export function packedBytes(numbers: number, bits: BitWidth): number {
  return Math.ceil((numbers * bits) / 8)
}

/** Numbers as they lie in a file: each plus `highest`, one after the other, the first in the lowest bits of its byte. */
export function packBits(numbers: Int8Array, bits: BitWidth): Uint8Array {
  if (bits === 8) return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.length)
  const top = highest(bits)
  const perByte = 8 / bits
  const packed = new Uint8Array(packedBytes(numbers.length, bits))
  for (let i = 0; i < numbers.length; i++)
    packed[Math.floor(i / perByte)]! |= (numbers[i]! + top) << ((i % perByte) * bits)
  return packed
}

/** The inverse of `packBits`; undefined when a code is one that `packBits` never writes. A view where `bits` is 8. */
export function unpackBits(packed: Uint8Array, count: number, bits: BitWidth): Int8Array | undefined {
  if (bits === 8) return new Int8Array(packed.buffer, packed.byteOffset, count)
  const top = highest(bits)
  const perByte = 8 / bits
  const mask = 2 ** bits - 1
  const numbers = new Int8Array(count)
  const whole = Math.floor(count / perByte)
  // The code that is never written is the one that carries into the next bit when 1 is added.
  let carry = 0
  if (bits === 4) {
    for (let at = 0, i = 0; at < whole; at++, i += 2) {
      const byte = packed[at]!
      const low = byte & 15
      const high = byte >>> 4
      carry |= (low + 1) | (high + 1)
      numbers[i] = low - 7
      numbers[i + 1] = high - 7
    }
  } else {
    for (let at = 0, i = 0; at < whole; at++, i += 4) {
      const byte = packed[at]!
      const a = byte & 3
      const b = (byte >>> 2) & 3
      const c = (byte >>> 4) & 3
      const d = byte >>> 6
      carry |= (a + 1) | (b + 1) | (c + 1) | (d + 1)
      numbers[i] = a - 1
      numbers[i + 1] = b - 1
      numbers[i + 2] = c - 1
      numbers[i + 3] = d - 1
    }
  }
  for (let i = whole * perByte; i < count; i++) {
    const code = (packed[whole]! >>> ((i % perByte) * bits)) & mask
    carry |= code + 1
    numbers[i] = code - top
  }
  return (carry & (mask + 1)) === 0 ? numbers : undefined
}

/** A row rounded to a few levels: the numbers, and what to multiply them with. */
export interface RoundedRow {
  readonly numbers: Int8Array
  readonly scale: number
}

/** Steps tried for a row, as shares of the one that just reaches its largest number: a smaller one cuts outliers off. */
const shares = Array.from({ length: 17 }, (_, i) => 1 - i * 0.05)

/**
 * Rounds a row so that its direction turns as little as it can: of several steps, the one whose numbers have the
 * largest cosine to the row; the scale is then the one with the least squared error, `x·r / r·r`.
 */
export function roundRow(row: Float64Array, bits: BitWidth): RoundedRow {
  const top = highest(bits)
  let largest = 0
  for (const x of row) largest = Math.max(largest, Math.abs(x))
  let best: RoundedRow = { numbers: new Int8Array(row.length), scale: 0 }
  let bestFit = 0
  if (largest === 0) return best
  for (const share of bits === 8 ? [1] : shares) {
    const step = (largest * share) / top
    const numbers = new Int8Array(row.length)
    let product = 0
    let squares = 0
    for (let k = 0; k < row.length; k++) {
      const level = Math.max(-top, Math.min(top, Math.round(row[k]! / step)))
      numbers[k] = level
      product += row[k]! * level
      squares += level * level
    }
    // The squared cosine, but for the row's own length.
    const fit = (product * product) / squares
    if (fit > bestFit) {
      bestFit = fit
      best = { numbers, scale: product / squares }
    }
  }
  return best
}
