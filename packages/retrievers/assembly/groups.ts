// Sums over the codes of eight rows that take turns every 16 bytes.

import { addDifferences, sumsOfFour } from './kernels'

/**
 * Makes pairs of a row of whole numbers: of each 16, first those at even places as i16, then of each two neighbours
 * (odd place − 256 · even place). Returns what `codeSums8` has to start from.
 */
export function pairQuery(codes: usize, bytes: usize, out: usize): i32 {
  let sum = i32x4.splat(0)
  for (let i: usize = 0; i < bytes; i += 16) {
    const words = v128.load(codes + i)
    const even = i16x8.shr_s(i16x8.shl(words, 8), 8)
    v128.store(out + 2 * i, even)
    v128.store(out + 2 * i, i16x8.sub(i16x8.shr_s(words, 8), i16x8.shl(even, 8)), 16)
    sum = i32x4.add(sum, i32x4.extadd_pairwise_i16x8_s(even))
  }
  const evens =
    i32x4.extract_lane(sum, 0) +
    i32x4.extract_lane(sum, 1) +
    i32x4.extract_lane(sum, 2) +
    i32x4.extract_lane(sum, 3)
  return -128 * evens
}

/**
 * Adds 16 products. With the even code e kept as e + 128, two neighbours read as an i16 are w = e + 128 + 256 · o, so
 * a · (e + 128) + b · o = a · w + (b − 256 · a) · (w >> 8): no code has to be widened. Sums wrap, but what they
 * come to at the end is exact.
 */
// @ts-expect-error: decorator
@inline
function addPairs(sum: v128, even: v128, odd: v128, codes: v128): v128 {
  const products = i32x4.add(i32x4.dot_i16x8_s(even, codes), i32x4.dot_i16x8_s(odd, i16x8.shr_s(codes, 8)))
  return i32x4.add(sum, products)
}

/** Whole-number dot products of a query of pairs with eight rows. */
// @ts-expect-error: decorator
@inline
export function codeSums8(pairs: usize, group: usize, bytes: usize, bias: i32, out: usize): void {
  const start = i32x4.replace_lane(i32x4.splat(0), 0, bias)
  let a = start
  let b = start
  let c = start
  let d = start
  let e = start
  let f = start
  let g = start
  let h = start
  const end = pairs + 2 * bytes
  let codes = group
  for (let query = pairs; query < end; query += 32, codes += 128) {
    const even = v128.load(query)
    const odd = v128.load(query, 16)
    a = addPairs(a, even, odd, v128.load(codes))
    b = addPairs(b, even, odd, v128.load(codes, 16))
    c = addPairs(c, even, odd, v128.load(codes, 32))
    d = addPairs(d, even, odd, v128.load(codes, 48))
    e = addPairs(e, even, odd, v128.load(codes, 64))
    f = addPairs(f, even, odd, v128.load(codes, 80))
    g = addPairs(g, even, odd, v128.load(codes, 96))
    h = addPairs(h, even, odd, v128.load(codes, 112))
  }
  v128.store(out, sumsOfFour(a, b, c, d))
  v128.store(out, sumsOfFour(e, f, g, h), 16)
}

/** In how many bits a query differs from each of eight rows. */
// @ts-expect-error: decorator
@inline
export function bitSums8(query: usize, group: usize, bytes: usize, out: usize): void {
  bitSums4(query, group, bytes, out)
  bitSums4(query, group + 64, bytes, out + 16)
}

// @ts-expect-error: decorator
@inline
function bitSums4(query: usize, group: usize, bytes: usize, out: usize): void {
  let a = i16x8.splat(0)
  let b = i16x8.splat(0)
  let c = i16x8.splat(0)
  let d = i16x8.splat(0)
  let codes = group
  for (let i: usize = 0; i < bytes; i += 16, codes += 128) {
    const bits = v128.load(query + i)
    a = addDifferences(a, bits, codes)
    b = addDifferences(b, bits, codes + 16)
    c = addDifferences(c, bits, codes + 32)
    d = addDifferences(d, bits, codes + 48)
  }
  v128.store(
    out,
    sumsOfFour(
      i32x4.extadd_pairwise_i16x8_u(a),
      i32x4.extadd_pairwise_i16x8_u(b),
      i32x4.extadd_pairwise_i16x8_u(c),
      i32x4.extadd_pairwise_i16x8_u(d),
    ),
  )
}

/** Length of a row of whole numbers, not below what it is. */
export function codeLength(codes: usize, bytes: usize): f32 {
  let squares: f32 = 0
  for (let i: usize = 0; i < bytes; i++) {
    const code = <f32>load<i8>(codes + i)
    squares += code * code
  }
  // Rounding errs by at most 2^-24 in each of at most 65,536 steps.
  return sqrt(squares) * <f32>1.01
}

/** What the rest of the codes can add to a dot product at most, by the lengths of both rests (Cauchy and Schwarz). */
// @ts-expect-error: decorator
@inline
export function mostOfRest(length: v128, lengths: usize): v128 {
  return i32x4.add(i32x4.splat(1), i32x4.trunc_sat_f32x4_s(f32x4.mul(length, v128.load(lengths))))
}
