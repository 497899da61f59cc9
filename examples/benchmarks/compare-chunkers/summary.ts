import { bootstrapInterval } from '@tesserae/evaluation'
import type { Measured } from './measure.js'

/** Results by strategy, in the order of the strategies. */
export type Results = ReadonlyMap<string, Measured>

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The mean with its bootstrap interval. */
export function spread(values: readonly number[]) {
  const { mean: value, low, high } = bootstrapInterval(values)
  return { value, low, high }
}
