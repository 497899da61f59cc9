// How a row is scored, whatever it is made of. A row of codes ends in its scale and its squared length (f32 each).

import { codeDot1, codeDot4, distance1, distance4, dot1, dot4 } from './kernels'

/** Score by dot product of floats. */
export const FLOAT_DOT = 0
/** Score by negated squared distance of floats. */
export const FLOAT_DISTANCE = 1
/** Score by dot product of int8 codes times both scales. */
export const CODE_DOT = 2
/** Score by 2 · dot − (|a|² + |b|²), which is the negated squared distance of what the codes stand for. */
export const CODE_DISTANCE = 3

// @ts-expect-error: decorator
@inline
function fromCodes(kind: i32, dot: i32, query: usize, row: usize, bytes: usize): f32 {
  const scaled = load<f32>(query + bytes) * load<f32>(row + bytes) * <f32>dot
  if (kind == CODE_DOT) return scaled
  return scaled + scaled - (load<f32>(query + bytes, 4) + load<f32>(row + bytes, 4))
}

/** @param bytes of the numbers alone, without scale and length */
export function score1(kind: i32, query: usize, row: usize, bytes: usize): f32 {
  if (kind == FLOAT_DOT) return dot1(query, row, bytes)
  if (kind == FLOAT_DISTANCE) return distance1(query, row, bytes)
  return fromCodes(kind, codeDot1(query, row, bytes), query, row, bytes)
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
    codeDot4(query, a, b, c, d, bytes, out)
    store<f32>(out, fromCodes(kind, load<i32>(out), query, a, bytes))
    store<f32>(out, fromCodes(kind, load<i32>(out, 4), query, b, bytes), 4)
    store<f32>(out, fromCodes(kind, load<i32>(out, 8), query, c, bytes), 8)
    store<f32>(out, fromCodes(kind, load<i32>(out, 12), query, d, bytes), 12)
  }
}
