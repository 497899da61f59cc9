import { describe, expect, it } from 'vitest'
import {
  averagePrecisionAt,
  checkRanking,
  contextPrecisionAt,
  discountedCumulativeGain,
  f1At,
  hitRateAt,
  ndcgAt,
  precisionAt,
  recallAt,
  reciprocalRankAt,
} from './metrics.js'

const grades = (entries: Record<string, number>) => new Map(Object.entries(entries))

describe('metrics on worked examples', () => {
  it('gives the mean reciprocal rank of first hits at 1, 3 and 2', () => {
    const rr = reciprocalRankAt(10)
    const one = grades({ a: 1 })
    const mean = (rr(['a'], one) + rr(['x', 'y', 'a'], one) + rr(['x', 'a'], one)) / 3
    expect(mean).toBeCloseTo(0.6111111111, 10)
  })

  it('gives DCG and nDCG of the graded list 3, 1, 2, 0 for both gains', () => {
    expect(discountedCumulativeGain([3, 1, 2, 0])).toBeCloseTo(4.6309297536, 10)
    expect(discountedCumulativeGain([3, 2, 1, 0])).toBeCloseTo(4.7618595071, 10)
    expect(discountedCumulativeGain([3, 1, 2, 0], 'exponential')).toBeCloseTo(9.1309297536, 10)
    const ranked = ['a', 'b', 'c', 'd']
    const relevance = grades({ a: 3, b: 1, c: 2, d: 0 })
    expect(ndcgAt(4)(ranked, relevance)).toBeCloseTo(0.9725044904, 10)
    expect(ndcgAt(4, 'exponential')(ranked, relevance)).toBeCloseTo(0.9721212198, 10)
    expect(ndcgAt(1)(ranked, relevance)).toBe(1)
    expect(ndcgAt(2)(ranked, relevance)).toBeCloseTo(0.8519590445, 10)
    expect(ndcgAt(2, 'exponential')(ranked, relevance)).toBeCloseTo(0.8581030687, 10)
  })

  it('tells context precision from precision', () => {
    const relevance = grades({ a: 1 })
    expect(contextPrecisionAt(3)(['a', 'x', 'y'], relevance)).toBe(1)
    expect(contextPrecisionAt(3)(['x', 'a', 'y'], relevance)).toBe(0.5)
    expect(contextPrecisionAt(3)(['x', 'y', 'a'], relevance)).toBeCloseTo(1 / 3, 12)
    expect(precisionAt(3)(['a', 'x', 'y'], relevance)).toBeCloseTo(1 / 3, 12)
  })

  it('counts recall, hit rate, F1 and average precision', () => {
    const relevance = grades({ a: 1, b: 2, c: 0 })
    const ranked = ['a', 'c', 'b']
    expect(recallAt(2)(ranked, relevance)).toBe(0.5)
    expect(recallAt(3)(ranked, relevance)).toBe(1)
    expect(hitRateAt(1)(ranked, relevance)).toBe(1)
    expect(hitRateAt(1)(['c'], relevance)).toBe(0)
    expect(f1At(3)(ranked, relevance)).toBeCloseTo(0.8, 12)
    expect(averagePrecisionAt(3)(ranked, relevance)).toBeCloseTo((1 + 2 / 3) / 2, 12)
    expect(averagePrecisionAt(1)(ranked, relevance)).toBe(0.5)
  })

  it('is 0 when nothing is relevant or nothing was found', () => {
    for (const metric of [
      ndcgAt(5),
      recallAt(5),
      precisionAt(5),
      f1At(5),
      averagePrecisionAt(5),
      contextPrecisionAt(5),
    ]) {
      expect(metric(['a'], new Map())).toBe(0)
      expect(metric([], grades({ a: 1 }))).toBe(0)
      expect(metric(['a'], grades({ a: -1 }))).toBe(0)
    }
  })

  it('refuses a k that is not a positive integer, and a ranking with a repeat', () => {
    for (const k of [0, -1, 1.5, Number.NaN])
      expect(() => ndcgAt(k)).toThrow(/`k` must be an integer of at least 1/)
    expect(() => checkRanking('q', ['a', 'b', 'a'])).toThrow(/holds document "a" twice/)
  })
})
