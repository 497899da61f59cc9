import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dot, squaredDistance } from './dot.js'

const number = fc.float({ noNaN: true, min: -100, max: 100 })
/** Two rows of the same length, 0 to 40 numbers, somewhere in arrays with other numbers around them. */
const rows = fc.integer({ min: 0, max: 40 }).chain((dimensions) =>
  fc.record({
    dimensions: fc.constant(dimensions),
    a: fc.float32Array({ noNaN: true, min: -100, max: 100, minLength: dimensions, maxLength: dimensions }),
    b: fc.float32Array({ noNaN: true, min: -100, max: 100, minLength: dimensions, maxLength: dimensions }),
    aOffset: fc.integer({ min: 0, max: 7 }),
    bOffset: fc.integer({ min: 0, max: 7 }),
    around: number,
  }),
)

function placed(row: Float32Array, offset: number, around: number): Float32Array {
  const array = new Float32Array(row.length + offset + 5).fill(around)
  array.set(row, offset)
  return array
}

/** The documented order, written without unrolling. */
function inOrder(terms: readonly number[]): number {
  const lanes = [0, 0, 0, 0] as [number, number, number, number]
  for (const [index, term] of terms.entries()) lanes[(index % 4) as 0 | 1 | 2 | 3] += term
  return Math.fround(lanes[0] + lanes[1] + (lanes[2] + lanes[3]))
}

describe('dot and squaredDistance', () => {
  it('give the bits of the documented order, for any length and place', () => {
    fc.assert(
      fc.property(rows, ({ dimensions, a, b, aOffset, bOffset, around }) => {
        const left = placed(a, aOffset, around)
        const right = placed(b, bOffset, around)
        const products = Array.from(a, (value, index) => value * b[index]!)
        const squares = Array.from(a, (value, index) => (value - b[index]!) ** 2)
        expect(dot(left, aOffset, right, bOffset, dimensions)).toBe(inOrder(products))
        expect(squaredDistance(left, aOffset, right, bOffset, dimensions)).toBe(inOrder(squares))
      }),
      { numRuns: 1000 },
    )
  })

  it('are symmetric, and a row is at distance 0 of itself', () => {
    fc.assert(
      fc.property(rows, ({ dimensions, a, b }) => {
        expect(dot(a, 0, b, 0, dimensions)).toBe(dot(b, 0, a, 0, dimensions))
        expect(squaredDistance(a, 0, b, 0, dimensions)).toBe(squaredDistance(b, 0, a, 0, dimensions))
        expect(squaredDistance(a, 0, a, 0, dimensions)).toBe(0)
      }),
    )
  })

  it('keep small terms beside large ones, where float32 sums lose them', () => {
    const a = Float32Array.of(3e7, 1, 1, 1, -3e7, 1, 1, 1)
    const ones = new Float32Array(8).fill(1)
    expect(dot(a, 0, ones, 0, 8)).toBe(6)
    expect(squaredDistance(Float32Array.of(3, 0), 0, Float32Array.of(0, 4), 0, 2)).toBe(25)
  })

  it('add the accumulators in pairs: (s0 + s1) + (s2 + s3)', () => {
    // 2^80 swallows a 1 added to it, so each order of the additions gives another sum.
    const large = 2 ** 80
    const ones = new Float32Array(8).fill(1)
    expect(dot(Float32Array.of(1, large, -large, 1), 0, ones, 0, 4)).toBe(0)
    expect(dot(Float32Array.of(large, -large, 1, 1), 0, ones, 0, 4)).toBe(2)
    expect(dot(Float32Array.of(large, 1, 0, 0, -large, 0, 0, 0), 0, ones, 0, 8)).toBe(1)
    expect(dot(Float32Array.of(large, 1, 0, 0, 0, -large, 0, 0), 0, ones, 0, 8)).toBe(0)
  })

  it('pass NaN on', () => {
    expect(dot(Float32Array.of(1, Number.NaN), 0, Float32Array.of(1, 1), 0, 2)).toBeNaN()
  })
})
