import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRagError } from '../errors.js'
import { checkVector, normalizeInPlace } from './normalize.js'

function caught(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

describe('normalizeInPlace', () => {
  it('returns the length and leaves a row of length 1, touching nothing else', () => {
    const vector = Float32Array.of(9, 3, 4, 9)
    expect(normalizeInPlace(vector, 1, 2)).toBe(5)
    expect([...vector]).toEqual([9, Math.fround(0.6), Math.fround(0.8), 9])
  })

  it('works for the whole range of float32', () => {
    fc.assert(
      fc.property(fc.float32Array({ noNaN: true, noDefaultInfinity: true, maxLength: 50 }), (vector) => {
        const before = vector.slice()
        const length = normalizeInPlace(vector, 0, vector.length)
        const squares = vector.reduce((sum, value) => sum + value * value, 0)
        if (length === 0) expect(before.every((value) => value === 0)).toBe(true)
        else expect(Math.abs(Math.sqrt(squares) - 1)).toBeLessThan(1e-6)
        for (const [index, value] of before.entries())
          expect(vector[index]).toBe(length === 0 ? value : Math.fround(value / length))
      }),
    )
  })

  it('leaves zeros and an empty row as they are', () => {
    const zeros = new Float32Array(3)
    expect(normalizeInPlace(zeros, 0, 3)).toBe(0)
    expect([...zeros]).toEqual([0, 0, 0])
    expect(normalizeInPlace(zeros, 0, 0)).toBe(0)
  })

  it('refuses numbers that are not finite and rows outside the array, changing nothing', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const vector = Float32Array.of(3, bad)
      expect(
        isRagError(
          caught(() => normalizeInPlace(vector, 0, 2)),
          'invalid-vector',
        ),
      ).toBe(true)
      expect(vector[0]).toBe(3)
    }
    expect(
      isRagError(
        caught(() => normalizeInPlace(new Float32Array(2), 1, 2)),
        'invalid-vector',
      ),
    ).toBe(true)
  })
})

describe('checkVector', () => {
  it('returns the vector it was given', () => {
    const vector = Float32Array.of(1, -2, 0)
    expect(checkVector('query', vector, 3)).toBe(vector)
  })

  it('says what is wrong and where', () => {
    const short = caught(() => checkVector('query', Float32Array.of(1), 3))
    expect(isRagError(short, 'invalid-vector') && short.message).toContain(
      '`query` must have 3 numbers, got 1',
    )
    const broken = caught(() => checkVector('query', Float32Array.of(1, Number.NaN), 2))
    expect(isRagError(broken, 'invalid-vector') && broken.message).toContain('got NaN at 1')
    const infinite = caught(() => checkVector('query', Float32Array.of(Number.NEGATIVE_INFINITY), 1))
    expect(isRagError(infinite, 'invalid-vector') && infinite.message).toContain('got -Infinity at 0')
  })
})
