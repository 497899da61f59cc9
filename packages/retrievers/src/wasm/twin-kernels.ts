/**
 * The kernels of `assembly/kernels.ts` in plain TypeScript, with the same bits as results: float32 throughout,
 * element i in lane i mod 8, lanes l and l + 4 added, then (l0 + l1) + (l2 + l3). Rows are padded with zeros
 * to a multiple of 8.
 */
export function floatDot(
  a: Float32Array,
  aOffset: number,
  b: Float32Array,
  bOffset: number,
  length: number,
): number {
  const f = Math.fround
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let s4 = 0
  let s5 = 0
  let s6 = 0
  let s7 = 0
  for (let i = 0; i < length; i += 8) {
    const p = aOffset + i
    const q = bOffset + i
    s0 = f(s0 + f(a[p]! * b[q]!))
    s1 = f(s1 + f(a[p + 1]! * b[q + 1]!))
    s2 = f(s2 + f(a[p + 2]! * b[q + 2]!))
    s3 = f(s3 + f(a[p + 3]! * b[q + 3]!))
    s4 = f(s4 + f(a[p + 4]! * b[q + 4]!))
    s5 = f(s5 + f(a[p + 5]! * b[q + 5]!))
    s6 = f(s6 + f(a[p + 6]! * b[q + 6]!))
    s7 = f(s7 + f(a[p + 7]! * b[q + 7]!))
  }
  return f(f(f(s0 + s4) + f(s1 + s5)) + f(f(s2 + s6) + f(s3 + s7)))
}

/** Negated squared distance, +0 for equal rows. */
export function floatDistance(
  a: Float32Array,
  aOffset: number,
  b: Float32Array,
  bOffset: number,
  length: number,
): number {
  const f = Math.fround
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let s4 = 0
  let s5 = 0
  let s6 = 0
  let s7 = 0
  for (let i = 0; i < length; i += 8) {
    const p = aOffset + i
    const q = bOffset + i
    const d0 = f(a[p]! - b[q]!)
    const d1 = f(a[p + 1]! - b[q + 1]!)
    const d2 = f(a[p + 2]! - b[q + 2]!)
    const d3 = f(a[p + 3]! - b[q + 3]!)
    const d4 = f(a[p + 4]! - b[q + 4]!)
    const d5 = f(a[p + 5]! - b[q + 5]!)
    const d6 = f(a[p + 6]! - b[q + 6]!)
    const d7 = f(a[p + 7]! - b[q + 7]!)
    s0 = f(s0 + f(d0 * d0))
    s1 = f(s1 + f(d1 * d1))
    s2 = f(s2 + f(d2 * d2))
    s3 = f(s3 + f(d3 * d3))
    s4 = f(s4 + f(d4 * d4))
    s5 = f(s5 + f(d5 * d5))
    s6 = f(s6 + f(d6 * d6))
    s7 = f(s7 + f(d7 * d7))
  }
  return 0 - f(f(f(s0 + s4) + f(s1 + s5)) + f(f(s2 + s6) + f(s3 + s7)))
}

/** Whole-number dot product of codes. */
export function codeDot(
  a: Int8Array,
  aOffset: number,
  b: Int8Array,
  bOffset: number,
  length: number,
): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  for (let i = 0; i < length; i += 4) {
    s0 = (s0 + a[aOffset + i]! * b[bOffset + i]!) | 0
    s1 = (s1 + a[aOffset + i + 1]! * b[bOffset + i + 1]!) | 0
    s2 = (s2 + a[aOffset + i + 2]! * b[bOffset + i + 2]!) | 0
    s3 = (s3 + a[aOffset + i + 3]! * b[bOffset + i + 3]!) | 0
  }
  return (s0 + s1 + s2 + s3) | 0
}

/** Bits that agree less those that do not; `dimensions` of the bits count, the rest agrees. */
export function bitDot(
  a: Int8Array,
  aOffset: number,
  b: Int8Array,
  bOffset: number,
  bytes: number,
  dimensions: number,
): number {
  let different = 0
  for (let i = 0; i < bytes; i++) different += bitsOfByte[(a[aOffset + i]! ^ b[bOffset + i]!) & 0xff]!
  return dimensions - 2 * different
}

const bitsOfByte = Uint8Array.from({ length: 256 }, (_, byte) => {
  let bits = 0
  for (let rest = byte; rest > 0; rest &= rest - 1) bits++
  return bits
})

/** Score of two coded rows from the dot product of their codes; scale and squared length stand in the tails. */
export function codeScore(
  euclidean: boolean,
  dot: number,
  a: Float32Array,
  aTail: number,
  b: Float32Array,
  bTail: number,
): number {
  const f = Math.fround
  const scaled = f(f(a[aTail]! * b[bTail]!) * f(dot))
  return euclidean ? f(f(scaled + scaled) - f(a[aTail + 1]! + b[bTail + 1]!)) : scaled
}
