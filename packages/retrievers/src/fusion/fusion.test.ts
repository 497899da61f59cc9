import { isRagError } from '@tesserae/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { convexFusion, weightsByKind } from './convex.js'
import { fuse, type RankedItem, resolveWeights } from './fusion.js'
import { reciprocalRankFusion } from './reciprocal-rank.js'

const list = (...pairs: [string, number][]): RankedItem[] => pairs.map(([id, score]) => ({ id, score }))
const ranking = (items: readonly { id: string }[]) => items.map((item) => item.id).join(' ')
const codeOf = (action: () => unknown) => {
  try {
    action()
  } catch (error) {
    return isRagError(error) ? error.code : error
  }
  return 'nothing thrown'
}

const lexical = list(['a', 12], ['b', 9], ['c', 3])
const dense = list(['c', 0.8], ['d', 0.5], ['a', 0.4])
const fusions = [
  reciprocalRankFusion(),
  reciprocalRankFusion({ k: 0 }),
  convexFusion(),
  convexFusion({ normalize: 'z-score' }),
  convexFusion({ normalize: 'dbsf' }),
]

describe('reciprocalRankFusion', () => {
  it('adds weight / (k + rank)', () => {
    const fused = fuse([lexical, dense], reciprocalRankFusion({ ties: 'id' }))
    expect(ranking(fused)).toBe('a c b d')
    expect(fused[0]!.score).toBe(1 / 61 + 1 / 63)
    expect(fused[2]!.score).toBe(1 / 62)
    expect(fused[0]!.positions).toEqual([0, 2])
    expect(fused[3]!.positions).toEqual([-1, 1])
  })

  it('takes weights as they are and k = 0 as a value', () => {
    const fused = fuse([lexical, dense], reciprocalRankFusion({ k: 0, weights: [1, 3], ties: 'id' }))
    expect(fused.map((item) => [item.id, item.score])).toEqual([
      ['c', 1 / 3 + 3],
      ['a', 1 + 3 * (1 / 3)],
      ['d', 1.5],
      ['b', 0.5],
    ])
  })

  it('looks at ranks only, unless to break ties', () => {
    const other = list(['a', 1e9], ['b', 1], ['c', -5])
    expect(fuse([other, dense], reciprocalRankFusion({ ties: 'id' }))).toEqual(
      fuse([lexical, dense], reciprocalRankFusion({ ties: 'id' })),
    )
  })
})

describe('convexFusion', () => {
  it('is the weighted mean of min-max scores, by hand', () => {
    const fused = fuse([lexical, dense], convexFusion({ weights: [7, 3] }))
    const score = Object.fromEntries(fused.map((item) => [item.id, item.score]))
    expect(score.a).toBeCloseTo(0.7 * 1 + 0.3 * 0, 12)
    expect(score.b).toBeCloseTo(0.7 * (6 / 9), 12)
    expect(score.c).toBeCloseTo(0.3 * 1, 12)
    expect(score.d).toBeCloseTo(0.3 * (0.1 / 0.4), 12)
  })

  it('gives 1 to a single hit and to equal scores, and accepts negative scores', () => {
    expect(fuse([list(['a', -4])], convexFusion())[0]!.score).toBe(1)
    expect(fuse([list(['a', 2], ['b', 2])], convexFusion()).map((item) => item.score)).toEqual([1, 1])
    expect(fuse([list(['a', -1], ['b', -2], ['c', -3])], convexFusion()).map((item) => item.score)).toEqual([
      1, 0.5, 0,
    ])
  })

  it('z-score uses the population deviation and gives an absent item the worst hit’s value', () => {
    const scores = list(['a', 3], ['b', 1])
    const fused = fuse([scores, list(['z', 5], ['a', 4], ['y', 3])], convexFusion({ normalize: 'z-score' }))
    const score = Object.fromEntries(fused.map((item) => [item.id, item.score]))
    const deviation = Math.sqrt(2 / 3)
    expect(score.a).toBeCloseTo((1 + 0) / 2, 12)
    expect(score.b).toBeCloseTo((-1 - 1 / deviation) / 2, 12)
    expect(score.z).toBeCloseTo((-1 + 1 / deviation) / 2, 12)
    expect(fuse([list(['a', 0.1], ['b', 0.1], ['c', 0.1])], convexFusion({ normalize: 'z-score' }))).toEqual([
      { id: 'a', score: 0, positions: [0] },
      { id: 'b', score: 0, positions: [1] },
      { id: 'c', score: 0, positions: [2] },
    ])
  })

  it('dbsf has mean ± 3 sample deviations as extremes and cuts outliers', () => {
    const even = fuse([list(['a', 3], ['b', 2], ['c', 1])], convexFusion({ normalize: 'dbsf' }))
    expect(even.map((item) => item.score)).toEqual([(3 - -1) / 6, 0.5, (1 - -1) / 6])
    const outlier = [
      { id: 'top', score: 1e6 },
      ...Array.from({ length: 99 }, (_, i) => ({ id: `x${i}`, score: 1 })),
    ]
    const fused = fuse([outlier], convexFusion({ normalize: 'dbsf' }))
    expect(fused[0]).toEqual({ id: 'top', score: 1, positions: [0] })
    expect(fuse([list(['a', 7])], convexFusion({ normalize: 'dbsf' }))[0]!.score).toBe(0.5)
  })

  it('shares 0.3 among vector legs and 0.7 among lexical legs; anything else is equal', () => {
    expect(weightsByKind(['vector', 'lexical'])).toEqual([0.3, 0.7])
    expect(weightsByKind(['lexical', 'vector', 'vector'])).toEqual([0.7, 0.15, 0.15])
    expect(weightsByKind(['vector', 'vector'])).toEqual([1, 1])
    expect(weightsByKind(['lexical', 'relevance'])).toEqual([1, 1])
    expect(weightsByKind(['lexical', 'vector', undefined])).toEqual([1, 1, 1])
    expect(resolveWeights(reciprocalRankFusion(), 2, { kinds: ['vector', 'lexical'] })).toEqual([1, 1])
  })
})

describe.each(fusions.map((fusion) => [fusion.name, fusion] as const))('fuse with %s', (_, fusion) => {
  const lists = fc.array(
    fc.uniqueArray(
      fc.record({
        id: fc.string({ minLength: 1, maxLength: 2 }),
        score: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      }),
      { selector: (item) => item.id, maxLength: 20 },
    ),
    { minLength: 1, maxLength: 4 },
  )

  it('returns the union once, best first, ties by id', () => {
    fc.assert(
      fc.property(lists, (legs) => {
        const fused = fuse(legs, fusion)
        expect([...fused.map((item) => item.id)].sort()).toEqual(
          [...new Set(legs.flat().map((item) => item.id))].sort(),
        )
        for (let i = 1; i < fused.length; i++) {
          const [before, after] = [fused[i - 1]!, fused[i]!]
          expect(before.score > after.score || (before.score === after.score && before.id < after.id)).toBe(
            true,
          )
        }
        expect(fuse(legs, fusion, { limit: 3 })).toEqual(fused.slice(0, 3))
      }),
    )
  })

  it('lets a list of weight 0 influence nothing, order or membership', () => {
    fc.assert(
      fc.property(lists, lists, (legs, silent) => {
        const weights = [...legs.map((_, i) => i + 1), ...silent.map(() => 0)]
        const withSilent = fuse([...legs, ...silent], fusion, { weights })
        const without = fuse(legs, fusion, { weights: weights.slice(0, legs.length) })
        expect(withSilent.map(({ id, score }) => ({ id, score }))).toEqual(
          without.map(({ id, score }) => ({ id, score })),
        )
      }),
    )
  })

  it('handles no lists, empty lists and 200,000 hits', () => {
    expect(fuse([], fusion)).toEqual([])
    expect(fuse([[], []], fusion)).toEqual([])
    expect(ranking(fuse([lexical, []], fusion))).toBe('a b c')
    const long = Array.from({ length: 200_000 }, (_, i) => ({ id: `id${i}`, score: 200_000 - i }))
    const fused = fuse([long, [...long]], fusion, { weights: [1, 1] })
    expect(fused.length).toBe(200_000)
    expect(fused[0]!.id).toBe('id0')
  })

  it('refuses weights that do not fit, scores that are not finite, and an item named twice', () => {
    for (const weights of [[1], [1, 2, 3], [0, 0], [-1, 2], [Number.NaN, 1], [Number.POSITIVE_INFINITY, 1]]) {
      expect(codeOf(() => fuse([lexical, dense], fusion, { weights }))).toBe('invalid-argument')
    }
    expect(codeOf(() => fuse([list(['a', Number.NaN])], fusion))).toBe('invalid-argument')
    expect(codeOf(() => fuse([list(['a', 2], ['a', 1])], fusion))).toBe('duplicate-id')
  })
})

it('checks options when the fusion is made', () => {
  expect(codeOf(() => reciprocalRankFusion({ k: -1 }))).toBe('invalid-argument')
  expect(codeOf(() => reciprocalRankFusion({ weights: [0, 0] }))).toBe('invalid-argument')
  expect(codeOf(() => convexFusion({ weights: [Number.NaN] }))).toBe('invalid-argument')
  // @ts-expect-error an unknown normalisation
  expect(codeOf(() => convexFusion({ normalize: 'softmax' }))).toBe('invalid-argument')
})
