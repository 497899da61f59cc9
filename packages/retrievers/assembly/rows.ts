// How a row is scored, whatever it is made of. A row of codes ends in its scale, its squared length and its number of
// dimensions (f32 each).

import { codeDot1, codeDot4, distance1, distance4, dot1, dot4, hamming1, hamming4 } from './kernels'

/** Score by dot product of floats. */
export const FLOAT_DOT = 0
/** Score by negated squared distance of floats. */
export const FLOAT_DISTANCE = 1
/** Score by dot product of int8 codes times both scales. */
export const CODE_DOT = 2
/** Score by 2 · dot − (|a|² + |b|²), which is the negated squared distance of what the codes stand for. */
export const CODE_DISTANCE = 3
/** As CODE_DOT with codes of one bit, which stand for 1 and -1. */
export const BIT_DOT = 4
export const BIT_DISTANCE = 5

/** Bytes behind the codes of a row. */
export const tailBytes: usize = 16

/** Bytes of the codes of a row; `codeKind` is 0 for none, 1 for int8, 2 for bits, padded to 128. */
export function codeBytesOf(codeKind: i32, dimensions: u32): usize {
  if (codeKind == 2) return <usize>(((dimensions + 127) & ~127) >> 3)
  return codeKind == 1 ? <usize>dimensions : 0
}

// @ts-expect-error: decorator
@inline
function fromCodes(kind: i32, dot: i32, query: usize, row: usize, bytes: usize): f32 {
  const scaled = load<f32>(query + bytes) * load<f32>(row + bytes) * <f32>dot
  if (kind == CODE_DOT || kind == BIT_DOT) return scaled
  return scaled + scaled - (load<f32>(query + bytes, 4) + load<f32>(row + bytes, 4))
}

/** Bits that agree less those that do not: the dot product of rows of 1 and -1. Padding always agrees. */
// @ts-expect-error: decorator
@inline
function dotOfBits(different: i32, query: usize, bytes: usize): i32 {
  return <i32>load<f32>(query + bytes, 8) - 2 * different
}

/** @param bytes of the numbers alone, without scale and length */
export function score1(kind: i32, query: usize, row: usize, bytes: usize): f32 {
  if (kind == FLOAT_DOT) return dot1(query, row, bytes)
  if (kind == FLOAT_DISTANCE) return distance1(query, row, bytes)
  if (kind <= CODE_DISTANCE) return fromCodes(kind, codeDot1(query, row, bytes), query, row, bytes)
  return fromCodes(kind, dotOfBits(hamming1(query, row, bytes), query, bytes), query, row, bytes)
}

/** Four scores to `out`. */
export function score4(
  kind: i32,
  query: usize,
  a: usize,
  b: usize,
  c: usize,
  d: usize,
  bytes: usize,
  out: usize,
): void {
  if (kind == FLOAT_DOT) dot4(query, a, b, c, d, bytes, out)
  else if (kind == FLOAT_DISTANCE) distance4(query, a, b, c, d, bytes, out)
  else {
    const dots =
      kind <= CODE_DISTANCE
        ? codeDot4(query, a, b, c, d, bytes)
        : i32x4.sub(
            i32x4.splat(<i32>load<f32>(query + bytes, 8)),
            i32x4.shl(hamming4(query, a, b, c, d, bytes), 1),
          )
    // As fromCodes, four at a time: first the scales, then the squared lengths.
    const scales = f32x4.mul(f32x4.splat(load<f32>(query + bytes)), fourFloats(a, b, c, d, bytes))
    const scaled = f32x4.mul(scales, f32x4.convert_i32x4_s(dots))
    if (kind == CODE_DOT || kind == BIT_DOT) v128.store(out, scaled)
    else {
      const lengths = fourFloats(a + 4, b + 4, c + 4, d + 4, bytes)
      const both = f32x4.add(f32x4.splat(load<f32>(query + bytes, 4)), lengths)
      v128.store(out, f32x4.sub(f32x4.add(scaled, scaled), both))
    }
  }
}

// @ts-expect-error: decorator
@inline
function fourFloats(a: usize, b: usize, c: usize, d: usize, bytes: usize): v128 {
  return v128.load32_lane(
    d + bytes,
    v128.load32_lane(c + bytes, v128.load32_lane(b + bytes, v128.load32_zero(a + bytes), 1), 2),
    3,
  )
}
