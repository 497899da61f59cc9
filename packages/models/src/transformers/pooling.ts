import { normalizeInPlace } from '@tesserae/core'
import type { PoolingMode } from './families.js'

/**
 * Adds one sequence's vector to `out`.
 *
 * @param states token vectors of a run, rows × width × size
 * @param first place of the sequence's first number in `states`
 * @param tokens tokens of the sequence, padding not counted
 */
export function addPooled(
  states: Float32Array,
  first: number,
  tokens: number,
  size: number,
  mode: PoolingMode,
  out: Float64Array,
): void {
  if (mode !== 'mean') {
    const offset = first + (mode === 'cls' ? 0 : (tokens - 1) * size)
    for (let d = 0; d < out.length; d++) out[d]! += states[offset + d]!
    return
  }
  const share = 1 / tokens
  for (let token = 0; token < tokens; token++) {
    const offset = first + token * size
    for (let d = 0; d < out.length; d++) out[d]! += states[offset + d]! * share
  }
}

/** Scales to unit length, unless there is no direction to keep. */
export function toUnitLength(vector: Float64Array): void {
  let sum = 0
  for (let d = 0; d < vector.length; d++) sum += vector[d]! * vector[d]!
  if (sum === 0) return
  const scale = 1 / Math.sqrt(sum)
  for (let d = 0; d < vector.length; d++) vector[d]! *= scale
}

/** A copy of `tokens` rows from `first` on, each scaled to unit length. */
export function unitRows(states: Float32Array, first: number, tokens: number, size: number): Float32Array {
  const rows = states.slice(first, first + Math.max(tokens, 0) * size)
  for (let offset = 0; offset < rows.length; offset += size) normalizeInPlace(rows, offset, size)
  return rows
}
