/**
 * Dot product of two rows of flat arrays: `a[aOffset …]` and `b[bOffset …]`, `dimensions` numbers each.
 *
 * Evaluation order, which every other implementation must keep to give the same bits: element `i` goes to
 * accumulator `i mod 4`, in ascending order of `i`; accumulators are float64 (a product of two float32 is
 * exact there); the sum is `(s0 + s1) + (s2 + s3)`, rounded once to float32.
 */
export function dot(
  a: Float32Array,
  aOffset: number,
  b: Float32Array,
  bOffset: number,
  dimensions: number,
): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  const whole = dimensions & ~3
  let i = 0
  for (; i < whole; i += 4) {
    s0 += a[aOffset + i]! * b[bOffset + i]!
    s1 += a[aOffset + i + 1]! * b[bOffset + i + 1]!
    s2 += a[aOffset + i + 2]! * b[bOffset + i + 2]!
    s3 += a[aOffset + i + 3]! * b[bOffset + i + 3]!
  }
  if (i < dimensions) s0 += a[aOffset + i]! * b[bOffset + i]!
  if (i + 1 < dimensions) s1 += a[aOffset + i + 1]! * b[bOffset + i + 1]!
  if (i + 2 < dimensions) s2 += a[aOffset + i + 2]! * b[bOffset + i + 2]!
  return Math.fround(s0 + s1 + (s2 + s3))
}

/** Squared Euclidean distance of two rows, in the evaluation order of {@link dot}; differences are float64. */
export function squaredDistance(
  a: Float32Array,
  aOffset: number,
  b: Float32Array,
  bOffset: number,
  dimensions: number,
): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  const whole = dimensions & ~3
  let i = 0
  for (; i < whole; i += 4) {
    const d0 = a[aOffset + i]! - b[bOffset + i]!
    const d1 = a[aOffset + i + 1]! - b[bOffset + i + 1]!
    const d2 = a[aOffset + i + 2]! - b[bOffset + i + 2]!
    const d3 = a[aOffset + i + 3]! - b[bOffset + i + 3]!
    s0 += d0 * d0
    s1 += d1 * d1
    s2 += d2 * d2
    s3 += d3 * d3
  }
  if (i < dimensions) {
    const d0 = a[aOffset + i]! - b[bOffset + i]!
    s0 += d0 * d0
  }
  if (i + 1 < dimensions) {
    const d1 = a[aOffset + i + 1]! - b[bOffset + i + 1]!
    s1 += d1 * d1
  }
  if (i + 2 < dimensions) {
    const d2 = a[aOffset + i + 2]! - b[bOffset + i + 2]!
    s2 += d2 * d2
  }
  return Math.fround(s0 + s1 + (s2 + s3))
}
