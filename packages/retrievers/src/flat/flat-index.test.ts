import { Bitset, isRagError } from '@tesserae/core'
import { seededRandom, vectorIndexLaws } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { flatIndex } from './flat-index.js'

describe('flatIndex', () => {
  describe('keeps the laws of exact vector indexes', () => {
    for (const law of vectorIndexLaws((options) => flatIndex(options), { exact: true }))
      it(law.name, () => law.run())
  })

  it('fills the place of a deleted vector and stays as small', () => {
    const random = seededRandom(1)
    const index = flatIndex({ dimensions: 8, metric: 'dot' })
    const vector = () => Float32Array.from({ length: 8 }, () => random() - 0.5)
    for (let ordinal = 0; ordinal < 64; ordinal++) index.set(ordinal, vector())
    const before = index.estimateMemory()
    for (let round = 0; round < 20; round++) {
      for (let ordinal = 0; ordinal < 64; ordinal += 2) expect(index.delete(ordinal)).toBe(true)
      expect(index.size).toBe(32)
      for (let ordinal = 0; ordinal < 64; ordinal += 2) index.set(ordinal, vector())
    }
    expect(index.size).toBe(64)
    expect(index.estimateMemory()).toBe(before)
    expect(index.search(vector(), { limit: 100 }).ordinals.length).toBe(64)
  })

  it('walks filters whose bits reach past the index and past bit 31', () => {
    const index = flatIndex({ dimensions: 1, metric: 'dot' })
    for (let ordinal = 0; ordinal < 100; ordinal++) index.set(ordinal, Float32Array.of(ordinal))
    const filter = new Bitset()
    for (const ordinal of [0, 31, 32, 63, 64, 99, 100, 5000]) filter.add(ordinal)
    expect([...index.search(Float32Array.of(1), { limit: 10, filter }).ordinals]).toEqual([
      99, 64, 63, 32, 31, 0,
    ])
    expect(index.search(Float32Array.of(1), { limit: 10, filter: new Bitset() }).ordinals.length).toBe(0)
  })

  it('copies what it is given', () => {
    const index = flatIndex({ dimensions: 2 })
    const vector = Float32Array.of(3, 4)
    index.set(0, vector)
    expect([...vector]).toEqual([3, 4])
    vector.fill(-1)
    const query = Float32Array.of(6, 8)
    expect(index.search(query, { limit: 1 }).scores[0]).toBeCloseTo(1, 6)
    expect([...query]).toEqual([6, 8])
  })

  it('a rejected vector leaves the old one in place', () => {
    const index = flatIndex({ dimensions: 2, metric: 'dot' })
    index.set(0, Float32Array.of(1, 2))
    for (const bad of [Float32Array.of(1), Float32Array.of(Number.NaN, 1), Float32Array.of(1, Infinity)]) {
      let thrown: unknown
      try {
        index.set(0, bad)
      } catch (error) {
        thrown = error
      }
      expect(isRagError(thrown, 'invalid-vector')).toBe(true)
    }
    expect(index.size).toBe(1)
    expect(index.search(Float32Array.of(1, 1), { limit: 1 }).scores[0]).toBe(3)
  })
})
