/**
 * Symmetric scalar quantisation of one row: `codes[i]` is the nearest whole number to `floats[i] / scale` with
 * `scale` = (largest magnitude) / 127. `tail[0]` becomes the scale, `tail[1]` the squared length of what the
 * codes stand for. A row of zeros has scale 0.
 */
export function quantize(floats: Float32Array, codes: Int8Array, tail: Float32Array): void {
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
