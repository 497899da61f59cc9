import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRagError } from '../errors.js'
import { TopK } from './top-k.js'

/** Few distinct scores, so that ties are the rule. */
const score = fc.oneof(
  fc.constantFrom(-1, 0, -0, 0.5, 1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc.double({ noNaN: true, min: -2, max: 2 }),
)

/** The definition: sort everything by float32 score, then ordinal, and cut. */
function bySorting(scores: readonly number[], k: number): { ordinals: number[]; scores: number[] } {
  const hits = scores
    .map((value, ordinal) => ({ ordinal, value: Math.fround(value) }))
    .sort((a, b) => (a.value === b.value ? a.ordinal - b.ordinal : a.value < b.value ? 1 : -1))
    .slice(0, k)
  return { ordinals: hits.map((hit) => hit.ordinal), scores: hits.map((hit) => hit.value + 0) }
}

function drained(top: TopK): { ordinals: number[]; scores: number[] } {
  const { ordinals, scores } = top.drain()
  return { ordinals: [...ordinals], scores: [...scores].map((value) => value + 0) }
}

describe('TopK', () => {
  it('keeps what a full sort would, in any order of arrival', () => {
    fc.assert(
      fc.property(
        fc.array(score, { maxLength: 80 }),
        fc.integer({ min: 1, max: 90 }),
        fc.infiniteStream(fc.nat()),
        (scores, k, random) => {
          const order = scores.map((_, ordinal) => ({ ordinal, key: random.next().value as number }))
          const top = new TopK(k)
          for (const { ordinal } of order.sort((a, b) => a.key - b.key)) top.push(ordinal, scores[ordinal]!)
          expect(drained(top)).toEqual(bySorting(scores, k))
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('tells after every push whether the hit is kept, how many are, and the score to beat', () => {
    fc.assert(
      fc.property(fc.array(score, { maxLength: 40 }), fc.integer({ min: 1, max: 10 }), (scores, k) => {
        const top = new TopK(k)
        for (const [ordinal, value] of scores.entries()) {
          const kept = top.push(ordinal, value)
          const expected = bySorting(scores.slice(0, ordinal + 1), k)
          expect(kept).toBe(expected.ordinals.includes(ordinal))
          expect(top.size).toBe(expected.ordinals.length)
          const worst = top.size < k ? Number.NEGATIVE_INFINITY : expected.scores.at(-1)!
          expect(top.threshold + 0).toBe(worst)
        }
      }),
    )
  })

  it('ranks as equal what is equal in float32', () => {
    const top = new TopK(2)
    top.push(7, 1)
    top.push(3, 1 - 1e-12)
    top.push(5, 1 + 1e-12)
    expect(drained(top)).toEqual({ ordinals: [3, 5], scores: [1, 1] })
  })

  it('is empty and usable again after drain and clear', () => {
    const top = new TopK(2)
    top.push(1, 1)
    top.push(2, 2)
    expect(drained(top).ordinals).toEqual([2, 1])
    expect([top.size, top.threshold]).toEqual([0, Number.NEGATIVE_INFINITY])
    top.push(3, -5)
    expect(drained(top)).toEqual({ ordinals: [3], scores: [-5] })
    top.push(4, 9)
    top.clear()
    expect(drained(top)).toEqual({ ordinals: [], scores: [] })
  })

  it('keeps an ordinal offered twice twice, and not once more for nothing', () => {
    const top = new TopK(2)
    expect([top.push(4, 1), top.push(4, 1), top.push(4, 1)]).toEqual([true, true, false])
    expect(drained(top)).toEqual({ ordinals: [4, 4], scores: [1, 1] })
  })

  it('returns arrays that later searches do not touch', () => {
    const top = new TopK(1)
    top.push(1, 1)
    const { ordinals } = top.drain()
    top.push(2, 2)
    expect([...ordinals]).toEqual([1])
  })

  it('refuses NaN, full or not, and keeps what it had', () => {
    const top = new TopK(1)
    for (let round = 0; round < 2; round++) {
      let caught: unknown
      try {
        top.push(8, Number.NaN)
      } catch (error) {
        caught = error
      }
      expect(isRagError(caught, 'invalid-vector')).toBe(true)
      expect((caught as Error).message).toContain('NaN for ordinal 8')
      expect(top.size).toBe(round)
      top.push(1, 1)
    }
    expect(drained(top).ordinals).toEqual([1])
  })

  it('refuses a k that is not a positive integer', () => {
    for (const k of [0, -1, 1.5, Number.NaN, 2 ** 29])
      expect(() => new TopK(k)).toThrow('`k` must be an integer')
  })
})
