import { describe, expect, it } from 'vitest'
import { BenchContext } from '../harness/context.js'
import { measureChanges } from './changes.js'
import { clusteredVectors, recallOf } from './dataset.js'
import { makeEngine } from './engines.js'
import { measureFilters } from './filters.js'
import { areSame, measureMany } from './many.js'
import { measureSameness } from './same.js'
import { measureSnapshots } from './snapshots.js'
import { inTurns, scaled } from './turns.js'

describe('the vector benchmark', () => {
  const set = clusteredVectors(600, 32, 20)
  const quick = () => new BenchContext({ quick: true, only: [] })

  it('draws the same unit vectors every time and knows the nearest ten', () => {
    expect(clusteredVectors(600, 32, 20)).toEqual(set)
    for (const vector of set.vectors) {
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
    }
    for (const [i, query] of set.queries.entries()) {
      const scores = set.vectors.map((vector) =>
        vector.reduce((sum, value, at) => sum + value * query[at]!, 0),
      )
      const tenth = scores.toSorted((a, b) => b - a)[9]!
      for (const ordinal of set.truth[i]!) expect(scores[ordinal]).toBeGreaterThanOrEqual(tenth - 1e-6)
    }
  })

  it('counts what was found of what there was to find', () => {
    const queries = [Float32Array.of(1), Float32Array.of(2)]
    const truth = [new Set([1, 2]), new Set([3])]
    expect(recallOf(queries, truth, () => [1, 3])).toBe(2 / 3)
  })

  it('lets subjects work in turns, the order moving on', () => {
    const order: string[] = []
    const turn = (name: string) => ({ name, work: () => order.push(name) })
    const times = inTurns([turn('a'), turn('b')], 2)
    expect(order.join('')).toBe('abbaab')
    expect([...times.keys()]).toEqual(['a', 'b'])
    expect(scaled({ value: 2, low: 1, high: 4 }, 0.5)).toEqual({ value: 1, low: 0.5, high: 2 })
  })

  it('finds snapshots alike, recall kept and filters obeyed', async () => {
    const context = quick()
    measureSameness(context, set)
    measureChanges(context, 400, 32)
    const engine = await makeEngine(context, 'hnswIndex', 32, 600)
    for (const [ordinal, vector] of set.vectors.entries()) engine.add(vector, ordinal)
    measureFilters(context, set, [engine])
    const { ratios, rows } = context.report('vector')
    expect(ratios.filter(({ met }) => !met)).toEqual([])
    expect(ratios.length).toBe(3 + 2 + 12)
    expect(rows.every(({ value }) => Number.isFinite(value))).toBe(true)
  })

  it('finds searches by threads and loaded snapshots alike', async () => {
    const context = quick()
    await measureMany(context, set)
    await measureSnapshots(context, set)
    const { ratios, rows, skipped } = context.report('vector')
    expect(skipped).toEqual([])
    expect(ratios.length).toBe(2 + 4)
    expect(ratios.filter(({ met }) => !met)).toEqual([])
    expect(rows.every(({ value }) => Number.isFinite(value) && value > 0)).toBe(true)
  })

  it('sees the smallest difference between answers', () => {
    const hits = (ordinals: number[], scores: number[]) => ({
      ordinals: Uint32Array.from(ordinals),
      scores: Float32Array.from(scores),
    })
    const one = hits([3, 1], [0.5, 0.25])
    expect(areSame([one], [hits([3, 1], [0.5, 0.25])])).toBe(true)
    expect(areSame([one], [])).toBe(false)
    expect(areSame([one], [hits([3], [0.5])])).toBe(false)
    expect(areSame([one], [hits([1, 3], [0.5, 0.25])])).toBe(false)
    expect(areSame([one], [hits([3, 1], [0.5, 0.251])])).toBe(false)
  })
})
