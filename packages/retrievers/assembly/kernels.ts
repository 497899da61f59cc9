// Scores of rows, SIMD128. Evaluation order, which `src/wasm/twin-kernels.ts` repeats number by number:
// float32 throughout; element i goes to lane i mod 8 in ascending order of i; lanes l and l + 4 are added;
// then (l0 + l1) + (l2 + l3). Rows are padded with zeros to a multiple of 8 floats or 16 codes.

/** (l0 + l1) + (l2 + l3) */
// @ts-expect-error: decorator
@inline
function sumFloats(lanes: v128): f32 {
  return (
    f32x4.extract_lane(lanes, 0) +
    f32x4.extract_lane(lanes, 1) +
    (f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3))
  )
}

// @ts-expect-error: decorator
@inline
function sumIntegers(lanes: v128): i32 {
  return (
    i32x4.extract_lane(lanes, 0) +
    i32x4.extract_lane(lanes, 1) +
    (i32x4.extract_lane(lanes, 2) + i32x4.extract_lane(lanes, 3))
  )
}

// @ts-expect-error: decorator
@inline
function times(q: v128, row: usize): v128 {
  return f32x4.mul(q, v128.load(row))
}

// @ts-expect-error: decorator
@inline
function squared(q: v128, row: usize): v128 {
  const difference = f32x4.sub(q, v128.load(row))
  return f32x4.mul(difference, difference)
}

/** Dot product of two rows. */
export function dot1(query: usize, row: usize, bytes: usize): f32 {
  let low = f32x4.splat(0)
  let high = f32x4.splat(0)
  for (let i: usize = 0; i < bytes; i += 32) {
    low = f32x4.add(low, times(v128.load(query + i), row + i))
    high = f32x4.add(high, times(v128.load(query + i, 16), row + i + 16))
  }
  return sumFloats(f32x4.add(low, high))
}

/** Negated squared distance of two rows; +0 for equal rows. */
export function distance1(query: usize, row: usize, bytes: usize): f32 {
  let low = f32x4.splat(0)
  let high = f32x4.splat(0)
  for (let i: usize = 0; i < bytes; i += 32) {
    low = f32x4.add(low, squared(v128.load(query + i), row + i))
    high = f32x4.add(high, squared(v128.load(query + i, 16), row + i + 16))
  }
  return <f32>0 - sumFloats(f32x4.add(low, high))
}

/** Four rows at once: the query is read once and four cache misses overlap. */
export function dot4(query: usize, a: usize, b: usize, c: usize, d: usize, bytes: usize, out: usize): void {
  let a0 = f32x4.splat(0)
  let a1 = f32x4.splat(0)
  let b0 = f32x4.splat(0)
  let b1 = f32x4.splat(0)
  let c0 = f32x4.splat(0)
  let c1 = f32x4.splat(0)
  let d0 = f32x4.splat(0)
  let d1 = f32x4.splat(0)
  for (let i: usize = 0; i < bytes; i += 32) {
    const low = v128.load(query + i)
    const high = v128.load(query + i, 16)
    a0 = f32x4.add(a0, times(low, a + i))
    b0 = f32x4.add(b0, times(low, b + i))
    c0 = f32x4.add(c0, times(low, c + i))
    d0 = f32x4.add(d0, times(low, d + i))
    a1 = f32x4.add(a1, times(high, a + i + 16))
    b1 = f32x4.add(b1, times(high, b + i + 16))
    c1 = f32x4.add(c1, times(high, c + i + 16))
    d1 = f32x4.add(d1, times(high, d + i + 16))
  }
  store<f32>(out, sumFloats(f32x4.add(a0, a1)))
  store<f32>(out, sumFloats(f32x4.add(b0, b1)), 4)
  store<f32>(out, sumFloats(f32x4.add(c0, c1)), 8)
  store<f32>(out, sumFloats(f32x4.add(d0, d1)), 12)
}

export function distance4(
  query: usize,
  a: usize,
  b: usize,
  c: usize,
  d: usize,
  bytes: usize,
  out: usize,
): void {
  let a0 = f32x4.splat(0)
  let a1 = f32x4.splat(0)
  let b0 = f32x4.splat(0)
  let b1 = f32x4.splat(0)
  let c0 = f32x4.splat(0)
  let c1 = f32x4.splat(0)
  let d0 = f32x4.splat(0)
  let d1 = f32x4.splat(0)
  for (let i: usize = 0; i < bytes; i += 32) {
    const low = v128.load(query + i)
    const high = v128.load(query + i, 16)
    a0 = f32x4.add(a0, squared(low, a + i))
    b0 = f32x4.add(b0, squared(low, b + i))
    c0 = f32x4.add(c0, squared(low, c + i))
    d0 = f32x4.add(d0, squared(low, d + i))
    a1 = f32x4.add(a1, squared(high, a + i + 16))
    b1 = f32x4.add(b1, squared(high, b + i + 16))
    c1 = f32x4.add(c1, squared(high, c + i + 16))
    d1 = f32x4.add(d1, squared(high, d + i + 16))
  }
  store<f32>(out, <f32>0 - sumFloats(f32x4.add(a0, a1)))
  store<f32>(out, <f32>0 - sumFloats(f32x4.add(b0, b1)), 4)
  store<f32>(out, <f32>0 - sumFloats(f32x4.add(c0, c1)), 8)
  store<f32>(out, <f32>0 - sumFloats(f32x4.add(d0, d1)), 12)
}

/** The sums of the lanes of four. */
// @ts-expect-error: decorator
@inline
export function sumsOfFour(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7))
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7))
  return i32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3))
}

// @ts-expect-error: decorator
@inline
function addProducts(sum: v128, low: v128, high: v128, row: usize): v128 {
  const codes = v128.load(row)
  return i32x4.add(
    i32x4.add(sum, i32x4.dot_i16x8_s(low, i16x8.extend_low_i8x16_s(codes))),
    i32x4.dot_i16x8_s(high, i16x8.extend_high_i8x16_s(codes)),
  )
}

/** Whole-number dot product of two rows of codes: exact, so its order does not matter. */
export function codeDot1(query: usize, row: usize, bytes: usize): i32 {
  let sum = i32x4.splat(0)
  for (let i: usize = 0; i < bytes; i += 16) {
    const codes = v128.load(query + i)
    sum = addProducts(sum, i16x8.extend_low_i8x16_s(codes), i16x8.extend_high_i8x16_s(codes), row + i)
  }
  return sumIntegers(sum)
}

/** Those of four rows. */
// @ts-expect-error: decorator
@inline
export function codeDot4(query: usize, a: usize, b: usize, c: usize, d: usize, bytes: usize): v128 {
  let sumA = i32x4.splat(0)
  let sumB = i32x4.splat(0)
  let sumC = i32x4.splat(0)
  let sumD = i32x4.splat(0)
  for (let i: usize = 0; i < bytes; i += 16) {
    const codes = v128.load(query + i)
    const low = i16x8.extend_low_i8x16_s(codes)
    const high = i16x8.extend_high_i8x16_s(codes)
    sumA = addProducts(sumA, low, high, a + i)
    sumB = addProducts(sumB, low, high, b + i)
    sumC = addProducts(sumC, low, high, c + i)
    sumD = addProducts(sumD, low, high, d + i)
  }
  return sumsOfFour(sumA, sumB, sumC, sumD)
}

// @ts-expect-error: decorator
@inline
export function addDifferences(sum: v128, bits: v128, row: usize): v128 {
  // At most 16 more in each of eight lanes: 65,536 bits are 512 steps.
  return i16x8.add(sum, i16x8.extadd_pairwise_i8x16_u(i8x16.popcnt(v128.xor(bits, v128.load(row)))))
}

// @ts-expect-error: decorator
@inline
function sumCounts(lanes: v128): i32 {
  return sumIntegers(i32x4.extadd_pairwise_i16x8_u(lanes))
}

/** In how many bits two rows differ. */
export function hamming1(query: usize, row: usize, bytes: usize): i32 {
  let sum = i16x8.splat(0)
  for (let i: usize = 0; i < bytes; i += 16) sum = addDifferences(sum, v128.load(query + i), row + i)
  return sumCounts(sum)
}

/** Those of four rows. */
// @ts-expect-error: decorator
@inline
export function hamming4(query: usize, a: usize, b: usize, c: usize, d: usize, bytes: usize): v128 {
  let sumA = i16x8.splat(0)
  let sumB = i16x8.splat(0)
  let sumC = i16x8.splat(0)
  let sumD = i16x8.splat(0)
  for (let i: usize = 0; i < bytes; i += 16) {
    const bits = v128.load(query + i)
    sumA = addDifferences(sumA, bits, a + i)
    sumB = addDifferences(sumB, bits, b + i)
    sumC = addDifferences(sumC, bits, c + i)
    sumD = addDifferences(sumD, bits, d + i)
  }
  return sumsOfFour(
    i32x4.extadd_pairwise_i16x8_u(sumA),
    i32x4.extadd_pairwise_i16x8_u(sumB),
    i32x4.extadd_pairwise_i16x8_u(sumC),
    i32x4.extadd_pairwise_i16x8_u(sumD),
  )
}
