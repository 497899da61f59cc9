import { describe, expect, it } from 'vitest'
import { firstReaching, quadraticFit } from './curve.js'
import { atEqualRecall, type Family } from './equal-recall.js'

describe('a quadratic fit', () => {
  const xs = [4.1, 4.5, 4.9, 5.2, 5.6]

  it('gives back a quadratic that the figures lie on', () => {
    const value = (x: number) => 3 - 2 * x + 0.7 * x * x
    const fit = quadraticFit(xs)(xs.map(value))
    for (const x of [4, 4.7, 5.5, 6]) expect(fit.at(x)).toBeCloseTo(value(x), 8)
  })

  it('leaves as much above as below', () => {
    const ys = [1, 4, 2, 6, 3]
    const fit = quadraticFit(xs)(ys)
    const rest = ys.map((y, i) => y - fit.at(xs[i]!))
    for (const power of [0, 1, 2])
      expect(rest.reduce((sum, left, i) => sum + left * xs[i]! ** power, 0)).toBeCloseTo(0, 8)
  })

  it('finds where a value is reached first, or not at all', () => {
    const curve = quadraticFit([0, 1, 2])([0, 3, 4])
    expect(firstReaching(curve, 3, 0, 2)).toBeCloseTo(1, 2)
    expect(firstReaching(curve, -1, 0, 2)).toBe(0)
    expect(firstReaching(curve, 4.5, 0, 2)).toBeUndefined()
  })
})

describe('at equal recall', () => {
  const questions = 60

  /** Recall grows with size, the other two shrink; every question has its own level. */
  function family(sizes: readonly number[], { growth = 1, value = 1 } = {}): Family {
    const figures = (level: number) =>
      Array.from({ length: questions }, (_, i) => level * (0.6 + ((i * 37) % 60) / 75))
    const settings = sizes.map((size) => ({
      size,
      recall: figures(0.2 * Math.log(size * growth) - 0.3),
      iou: figures((value * 6) / size),
      omega: figures((value * 30) / size),
    }))
    return { name: 'made up', settings }
  }

  it('a chunker beside itself is even, and nothing is uncertain', () => {
    const found = atEqualRecall(family([50, 80, 120, 200]), family([50, 80, 120, 200]), 100)!
    expect(found.size).toBeCloseTo(100, -1)
    for (const { here, there, ratio } of [found.iou, found.omega]) {
      expect(here / there).toBeCloseTo(1, 1)
      expect(ratio.value).toBeCloseTo(1, 1)
      expect(ratio.high - ratio.low).toBeLessThan(0.05)
    }
  })

  it('tells how much more one has at the same recall, not at the same size', () => {
    // The same recall with half the size, and therefore twice the rest; twice that again by its own value.
    const found = atEqualRecall(
      family([50, 80, 120, 200], { growth: 2, value: 2 }),
      family([70, 100, 140]),
      120,
    )!
    expect(found.size).toBeGreaterThan(57)
    expect(found.size).toBeLessThan(63)
    expect(found.iou.ratio.value).toBeGreaterThan(3.8)
    expect(found.iou.ratio.value).toBeLessThan(4.2)
    expect(found.omega.ratio.value).toBeCloseTo(found.iou.ratio.value, 8)
  })

  it('says nothing of a chunker that does not get there', () => {
    expect(atEqualRecall(family([20, 30, 40]), family([100, 150, 200]), 150)).toBeUndefined()
  })

  it('has wider intervals when questions disagree, and the same ones every time', () => {
    const steady = family([50, 80, 120, 200])
    const settings = steady.settings.map((one) => ({
      ...one,
      iou: one.iou.map((value, i) => value * (i % 2 === 0 ? 1.9 : 0.1)),
    }))
    const run = () => atEqualRecall({ name: 'noisy', settings }, steady, 100)!
    const { ratio } = run().iou
    expect(ratio.high - ratio.low).toBeGreaterThan(0.2)
    expect(ratio.low).toBeLessThan(ratio.value)
    expect(ratio.high).toBeGreaterThan(ratio.value)
    expect(run()).toEqual(run())
  })
})
