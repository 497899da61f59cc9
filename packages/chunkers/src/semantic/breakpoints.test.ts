import { describe, expect, it } from 'vitest'
import { breakpoints, checkBreakpoint, gradient, percentile } from './breakpoints.js'

const distances = Float64Array.of(0.1, 0.2, 0.1, 0.9, 0.1, 0.2, 0.1, 0.3)

describe('percentile', () => {
  it('interpolates between neighbours', () => {
    expect(percentile(Float64Array.of(10, 20, 30, 40), 50)).toBe(25)
    expect(percentile(Float64Array.of(10, 20, 30, 40), 95)).toBeCloseTo(38.5, 12)
    expect(percentile(Float64Array.of(10, 20), 0)).toBe(10)
    expect(percentile(Float64Array.of(10, 20), 100)).toBe(20)
    expect(percentile(Float64Array.of(7), 95)).toBe(7)
    expect(percentile(new Float64Array(0), 95)).toBe(0)
  })
})

describe('gradient', () => {
  it('is central inside and one-sided at the ends', () => {
    expect([...gradient(Float64Array.of(1, 2, 4, 7))]).toEqual([1, 1.5, 2.5, 3])
    expect([...gradient(Float64Array.of(5))]).toEqual([0])
  })
})

describe('breakpoints', () => {
  const at = (breakpoint: Parameters<typeof checkBreakpoint>[0], values = distances) =>
    breakpoints(values, checkBreakpoint(breakpoint))

  it('cuts above the percentile of the distances themselves', () => {
    expect(at({ method: 'percentile' })).toEqual([3])
    // Sorted: .1 .1 .1 .1 .2 .2 .3 .9; the 75th percentile is .225.
    expect(at({ method: 'percentile', percentile: 75 })).toEqual([3, 7])
    expect(at({ method: 'percentile', percentile: 0 })).toEqual([1, 3, 5, 7])
    expect(at({ method: 'percentile', percentile: 100 })).toEqual([])
  })

  it('cuts a number of standard deviations above the mean', () => {
    // Mean .25, standard deviation of the population √.065 = .25495.
    expect(at({ method: 'standard-deviation', amount: 2.5 })).toEqual([3])
    expect(at({ method: 'standard-deviation', amount: 2.6 })).toEqual([])
    expect(at({ method: 'standard-deviation', amount: 0 })).toEqual([3, 7])
    expect(at({ method: 'standard-deviation' })).toEqual([])
  })

  it('cuts a number of interquartile ranges above the mean', () => {
    // Quartiles .1 and .225.
    expect(at({ method: 'interquartile' })).toEqual([3])
    expect(at({ method: 'interquartile', amount: 5.3 })).toEqual([])
  })

  it('cuts where the distances rise most', () => {
    // Slopes .1 0 .35 0 −.35 0 .05 .2.
    expect(at({ method: 'gradient' })).toEqual([2])
    expect(at({ method: 'gradient', percentile: 80 })).toEqual([2, 7])
  })

  it.each(['percentile', 'standard-deviation', 'interquartile', 'gradient'] as const)(
    '%s finds nothing among equal distances, one, or none',
    (method) => {
      const options = method === 'percentile' || method === 'gradient' ? { method } : { method, amount: 0 }
      expect(at(options, new Float64Array(9).fill(0.4))).toEqual([])
      // As float32 gives them: equal but for the last bit.
      expect(at(options, Float64Array.of(0.4, 0.4 + 6e-8, 0.4 - 6e-8, 0.4))).toEqual([])
      expect(at(options, Float64Array.of(0.4))).toEqual([])
      expect(at(options, new Float64Array(0))).toEqual([])
    },
  )
})
