import { describe, expect, it } from 'vitest'
import { chunkSizes } from './sizes.js'

describe('chunkSizes', () => {
  it('gives mean, spread and nearest-rank percentiles', () => {
    const sizes = Array.from({ length: 10 }, (_, i) => (i + 1) * 10).reverse()
    expect(chunkSizes(sizes)).toEqual({
      count: 10,
      total: 550,
      mean: 55,
      standardDeviation: Math.sqrt(825),
      min: 10,
      p10: 10,
      median: 50,
      p90: 90,
      max: 100,
    })
  })

  it('is all 0 for no chunks and leaves its input alone', () => {
    expect(chunkSizes([])).toMatchObject({ count: 0, mean: 0, max: 0 })
    const sizes = [3, 1, 2]
    chunkSizes(sizes)
    expect(sizes).toEqual([3, 1, 2])
  })

  it('refuses what is no size', () => {
    expect(() => chunkSizes([1, -1])).toThrow(/finite numbers of at least 0, got -1/)
    expect(() => chunkSizes([Number.NaN])).toThrow(/got NaN/)
  })
})
