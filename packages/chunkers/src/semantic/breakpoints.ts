import { checkNumber, checkOneOf, invalid } from '@tesserae/core'
import { checkNames } from '../internal/options.js'

/**
 * What counts as a change of subject, by the distances between neighbours of one document:
 *
 * - `percentile`: above that percentile of the distances;
 * - `standard-deviation`: more than `amount` standard deviations above their mean;
 * - `interquartile`: more than `amount` interquartile ranges above their mean;
 * - `gradient`: where the distances rise faster than that percentile of their derivative.
 */
export type Breakpoint =
  /** `percentile` from 0 to 100. @default 95 */
  | { readonly method: 'percentile'; readonly percentile?: number | undefined }
  /** `amount` of at least 0. @default 3 */
  | { readonly method: 'standard-deviation'; readonly amount?: number | undefined }
  /** `amount` of at least 0. @default 1.5 */
  | { readonly method: 'interquartile'; readonly amount?: number | undefined }
  /** `percentile` from 0 to 100. @default 95 */
  | { readonly method: 'gradient'; readonly percentile?: number | undefined }

/** A breakpoint with its number filled in. */
export interface Threshold {
  readonly method: Breakpoint['method']
  readonly amount: number
}

const METHODS = ['percentile', 'standard-deviation', 'interquartile', 'gradient'] as const
/** Vectors are float32: differences below this are rounding, not meaning. */
const ROUNDING = 1e-6

export function checkBreakpoint(breakpoint: Breakpoint): Threshold {
  if (typeof breakpoint !== 'object' || breakpoint === null) {
    invalid('breakpoint', 'an object such as { method: "percentile", percentile: 95 }', breakpoint)
  }
  const method = checkOneOf('breakpoint.method', breakpoint.method, METHODS)
  if (breakpoint.method === 'percentile' || breakpoint.method === 'gradient') {
    checkNames('breakpoint', breakpoint, ['method', 'percentile'])
    return { method, amount: checkNumber('breakpoint.percentile', breakpoint.percentile ?? 95, 0, 100) }
  }
  checkNames('breakpoint', breakpoint, ['method', 'amount'])
  const usual = method === 'interquartile' ? 1.5 : 3
  return { method, amount: checkNumber('breakpoint.amount', breakpoint.amount ?? usual, 0) }
}

/**
 * Places of `distances` at which to cut, ascending. Equal distances, and a single one, give none: nothing
 * stands out.
 */
export function breakpoints(distances: Float64Array, { method, amount }: Threshold): number[] {
  const values = method === 'gradient' ? gradient(distances) : distances
  const threshold = thresholdOf(values, method, amount) + ROUNDING
  const places: number[] = []
  for (let i = 0; i < values.length; i++) if (values[i]! > threshold) places.push(i)
  return places
}

function thresholdOf(values: Float64Array, method: Breakpoint['method'], amount: number): number {
  if (method === 'percentile' || method === 'gradient') return percentile(values.slice().sort(), amount)
  const mean = meanOf(values)
  if (method === 'standard-deviation') return mean + amount * deviation(values, mean)
  const sorted = values.slice().sort()
  return mean + amount * (percentile(sorted, 75) - percentile(sorted, 25))
}

/** The value below which `percent` percent of `sorted` lie, interpolated linearly between neighbours; 0 of none. */
export function percentile(sorted: Float64Array, percent: number): number {
  if (sorted.length === 0) return 0
  const place = ((sorted.length - 1) * percent) / 100
  const below = Math.floor(place)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (place - below)
}

/** Central differences, one-sided at both ends. */
export function gradient(values: Float64Array): Float64Array {
  const last = values.length - 1
  const slopes = new Float64Array(values.length)
  for (let i = 0; i <= last; i++) {
    const from = Math.max(0, i - 1)
    const to = Math.min(last, i + 1)
    slopes[i] = to === from ? 0 : (values[to]! - values[from]!) / (to - from)
  }
  return slopes
}

function meanOf(values: Float64Array): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return values.length === 0 ? 0 : sum / values.length
}

/** Of the whole population: divided by n. */
function deviation(values: Float64Array, mean: number): number {
  let squares = 0
  for (let i = 0; i < values.length; i++) squares += (values[i]! - mean) ** 2
  return values.length === 0 ? 0 : Math.sqrt(squares / values.length)
}
