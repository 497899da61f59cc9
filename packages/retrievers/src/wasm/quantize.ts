/** How vectors are kept beside their floats: not at all, one byte per number, or one bit. */
export type Quantization = 'none' | 'int8' | 'binary'

export const quantizations: readonly Quantization[] = ['none', 'int8', 'binary']

/** Numbers behind the codes of a row: scale, squared length, number of dimensions. They take 16 bytes. */
export const tailNumbers = 3
const tailBytes = 16

/** Bytes of the codes of a row, without what stands behind them. `dimensions` is a multiple of 16. */
export function codeBytes(quantization: Quantization, dimensions: number): number {
  if (quantization === 'binary') return ((dimensions + 127) & ~127) >> 3
  return quantization === 'int8' ? dimensions : 0
}

/** Bytes that codes add to a row. */
export function codeRowBytes(quantization: Quantization, dimensions: number): number {
  return quantization === 'none' ? 0 : codeBytes(quantization, dimensions) + tailBytes
}

/** The number that the kernels know a quantisation by. */
export function codeKind(quantization: Quantization): number {
  return quantizations.indexOf(quantization)
}

/** A row with room for its codes. Floats are padded with zeros, bits too. */
export interface CodedRow {
  readonly floats: Float32Array
  readonly codes: Int8Array
  readonly tail: Float32Array
}

/** Makes the codes of a row from the first `dimensions` of its floats. */
export function encodeRow(quantization: Quantization, row: CodedRow, dimensions: number): void {
  if (quantization === 'int8') quantize(row.floats, row.codes, row.tail)
  else if (quantization === 'binary') quantizeSigns(row.floats, row.codes, row.tail, dimensions)
}

/**
 * Symmetric scalar quantisation of one row: `codes[i]` is the nearest whole number to `floats[i] / scale` with
 * `scale` = (largest magnitude) / 127. `tail[0]` becomes the scale, `tail[1]` the squared length of what the
 * codes stand for. A row of zeros has scale 0.
 */
function quantize(floats: Float32Array, codes: Int8Array, tail: Float32Array): void {
  let largest = 0
  for (let i = 0; i < floats.length; i++) {
    const magnitude = Math.abs(floats[i]!)
    if (magnitude > largest) largest = magnitude
  }
  const inverse = largest > 0 ? 127 / largest : 0
  let squares = 0
  for (let i = 0; i < floats.length; i++) {
    // |code| ≤ 127 without clamping: the quotient exceeds 127 by less than one rounding error.
    const code = Math.round(floats[i]! * inverse)
    codes[i] = code
    squares += code * code
  }
  const scale = Math.fround(largest / 127)
  tail[0] = scale
  tail[1] = scale * scale * squares
}

/**
 * One bit per number: 1 for what is above zero. The row stands for `scale` times 1 or −1, where the mean magnitude is
 * the scale that comes nearest (Rastegari and others 2016, XNOR-Net, equation 6). `tail` becomes that scale, the
 * squared length of what the bits stand for, and `dimensions`.
 */
function quantizeSigns(floats: Float32Array, codes: Int8Array, tail: Float32Array, dimensions: number): void {
  codes.fill(0)
  let magnitudes = 0
  for (let i = 0; i < dimensions; i++) {
    const value = floats[i]!
    magnitudes += Math.abs(value)
    if (value > 0) codes[i >> 3]! |= 1 << (i & 7)
  }
  const scale = Math.fround(magnitudes / dimensions)
  tail[0] = scale
  tail[1] = scale * scale * dimensions
  tail[2] = dimensions
}
