import { describe, expect, it } from 'vitest'
import { bootstrapInterval, pairedBootstrap } from './bootstrap.js'

describe('bootstrap', () => {
  const noise = Array.from({ length: 200 }, (_, i) => ((i * 7919) % 101) / 100)

  it('is the same for the same seed and another for another', () => {
    expect(bootstrapInterval(noise, { seed: 5 })).toEqual(bootstrapInterval(noise, { seed: 5 }))
    expect(bootstrapInterval(noise, { seed: 5 })).not.toEqual(bootstrapInterval(noise, { seed: 6 }))
  })

  it('has about the width that theory gives for a mean', () => {
    const mean = noise.reduce((a, b) => a + b) / noise.length
    const deviation = Math.sqrt(noise.reduce((a, b) => a + (b - mean) ** 2, 0) / noise.length)
    const { low, high } = bootstrapInterval(noise, { resamples: 5000 })
    const width = (2 * 1.96 * deviation) / Math.sqrt(noise.length)
    expect((high - low) / width).toBeGreaterThan(0.9)
    expect((high - low) / width).toBeLessThan(1.1)
    expect(low).toBeLessThan(mean)
    expect(high).toBeGreaterThan(mean)
  })

  it('covers the true mean about as often as it says', () => {
    let covered = 0
    let state = 1
    const uniform = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state / 4294967296
    }
    for (let run = 0; run < 300; run++) {
      const sample = Array.from({ length: 60 }, uniform)
      const { low, high } = bootstrapInterval(sample, { resamples: 500, seed: run })
      if (low <= 0.5 && 0.5 <= high) covered++
    }
    expect(covered / 300).toBeGreaterThan(0.9)
    expect(covered / 300).toBeLessThan(0.99)
  })

  it('sees a small constant gain that unpaired noise would hide, and no gain where there is none', () => {
    const better = noise.map((value) => value + 0.01)
    expect(pairedBootstrap(noise, better)).toMatchObject({ significant: true, pValue: 0 })
    const shuffled = noise.map((_, i) => noise[(i * 31) % noise.length]!)
    expect(pairedBootstrap(noise, shuffled).significant).toBe(false)
    expect(pairedBootstrap(noise, noise)).toMatchObject({ mean: 0, pValue: 1, significant: false })
  })

  it('narrows with less confidence and refuses what it cannot do', () => {
    const wide = bootstrapInterval(noise, { confidence: 0.99 })
    const narrow = bootstrapInterval(noise, { confidence: 0.8 })
    expect(wide.high - wide.low).toBeGreaterThan(narrow.high - narrow.low)
    expect(() => bootstrapInterval([])).toThrow(/at least one query/)
    expect(() => pairedBootstrap([1], [1, 2])).toThrow(/same queries: got 1 and 2/)
    expect(() => bootstrapInterval([1], { resamples: 0 })).toThrow(/`resamples`/)
  })

  it('handles one query and equal figures', () => {
    expect(bootstrapInterval([0.5])).toEqual({ mean: 0.5, low: 0.5, high: 0.5 })
    expect(bootstrapInterval([1, 1, 1])).toEqual({ mean: 1, low: 1, high: 1 })
  })
})
