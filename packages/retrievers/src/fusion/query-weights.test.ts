import type { Hit, StageScore } from '@tesserae/core'
import { fakeRetriever } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { explainHit } from '../explain-hit.js'
import { hybridRetriever } from '../hybrid.js'
import { calibrateVectorShare } from './calibrate.js'
import { convexFusion } from './convex.js'
import { dynamicVectorShare } from './dynamic-share.js'
import { fuse, type RankedItem } from './fusion.js'
import { queryFeatures } from './query-features.js'
import { reciprocalRankFusion } from './reciprocal-rank.js'

const list = (...pairs: [string, number][]): RankedItem[] => pairs.map(([id, score]) => ({ id, score }))
const chunk = (id: string) => ({
  id,
  documentId: id,
  index: 0,
  start: 0,
  end: 1,
  text: 'x',
  headings: [],
  metadata: {},
})
const hits = (stage: string, kind: StageScore['kind'], ids: string): Hit[] =>
  [...ids].map((id, index) => ({
    chunk: chunk(id),
    score: 1 - index / 10,
    trace: [{ stage, kind, rank: index + 1, score: 1 - index / 10 }],
  }))
const legs = () => [
  fakeRetriever(hits('lexical', 'lexical', 'abc'), { name: 'lexical' }),
  fakeRetriever(hits('dense', 'vector', 'xyz'), { name: 'dense' }),
]

describe('the two published weightings of reciprocal ranks', () => {
  const lists = [list(['a', 9], ['b', 8], ['c', 7], ['d', 6]), list(['x', 1], ['y', 0.9])]

  it('weighs scores: weight / (k + rank)', () => {
    const fused = fuse(lists, reciprocalRankFusion({ weights: [3, 1], ties: 'id' }))
    expect(fused.map(({ id, score }) => [id, score])).toEqual([
      ['a', 3 / 61],
      ['b', 3 / 62],
      ['c', 3 / 63],
      ['d', 3 / 64],
      ['x', 1 / 61],
      ['y', 1 / 62],
    ])
  })

  it('weighs ranks: 1 / (k + rank / weight), three of one list for each of the other', () => {
    const fused = fuse(lists, reciprocalRankFusion({ weights: [3, 1], weighting: 'rank', ties: 'id' }))
    expect(fused.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'x', 'd', 'y'])
    expect(fused[0]!.score).toBeCloseTo(1 / (60 + 1 / 3), 15)
    expect(fused[3]!.score).toBe(1 / 61)
    expect(fused[4]!.score).toBeCloseTo(1 / (60 + 4 / 3), 15)
  })

  it('agrees with the published code for a k one larger', () => {
    // 1 / ((position + 1) / weight + k − 1), with the position from 0 and k = 2.
    const position = (at: number, weight: number) => 1 / ((at + 1) / weight + 2 - 1)
    const fused = fuse(
      [lists[0]!],
      reciprocalRankFusion({ k: 1, weights: [3], weighting: 'rank', ties: 'id' }),
    )
    expect(fused.map(({ score }) => score)).toEqual(
      [0, 1, 2, 3].map((at) => expect.closeTo(position(at, 3), 15)),
    )
  })

  it('are one without weights', () => {
    const scores = (weighting: 'score' | 'rank') => fuse(lists, reciprocalRankFusion({ weighting }))
    expect(scores('rank')).toEqual(scores('score'))
  })

  it('add up in explanations', async () => {
    for (const weighting of ['score', 'rank'] as const) {
      const retriever = hybridRetriever(legs(), {
        fusion: reciprocalRankFusion({ weights: [3, 1], weighting }),
      })
      const found = await retriever.retrieve('q', { limit: 6 })
      expect(found.map(({ chunk: { id } }) => id)).toHaveLength(6)
      for (const hit of found) {
        const { value, details } = await explainHit(retriever, 'q', hit, { limit: 6 })
        expect(value).toBe(hit.score)
        expect(details.reduce((sum, detail) => sum + detail.value, 0)).toBeCloseTo(hit.score, 15)
      }
    }
  })

  it('refuses another', () => {
    // @ts-expect-error: what callers without types may pass
    expect(() => reciprocalRankFusion({ weighting: 'both' })).toThrow('weighting')
  })
})

describe('queryFeatures', () => {
  it.each([
    ['who pays the deposit?', { words: 4, identifiers: 0, quoted: false, script: 'Latin' }],
    ['error A-123/b in Q4', { words: 4, identifiers: 2, quoted: false, script: 'Latin' }],
    ['getUserById C++ snake_case', { words: 3, identifiers: 3, quoted: false, script: 'Latin' }],
    ['"exact phrase" please', { words: 3, identifiers: 0, quoted: true, script: 'Latin' }],
    ['„genau so“', { words: 2, identifiers: 0, quoted: true, script: 'Latin' }],
    ['من يدفع الإيجار', { words: 3, identifiers: 0, quoted: false, script: 'Arabic' }],
    ['', { words: 0, identifiers: 0, quoted: false, script: undefined }],
  ])('of %j', (query, features) => {
    expect(queryFeatures(query)).toEqual(features)
  })

  it('reads no more than the beginning', () => {
    expect(queryFeatures('word '.repeat(1e6)).words).toBe(400)
  })
})

describe('dynamicVectorShare', () => {
  const share = dynamicVectorShare({ base: 0.5, scripts: ['Latin'] })

  it('is the base for plain questions, and less for what is found by its letters', () => {
    expect(share('who pays the deposit of the flat?')).toBe(0.5)
    expect(share('what does error A-123/b mean?')).toBeCloseTo(0.5 * (1 - 0.2 * 0.8), 12)
    expect(share('A-123/b')).toBeCloseTo(0.5 * 0.2 * 0.8, 12)
    expect(share('who wrote "call me Ishmael" and why')).toBeCloseTo(0.2, 12)
    expect(share('deposit')).toBeCloseTo(0.4, 12)
    expect(share('من يدفع الإيجار')).toBe(0)
  })

  it('never leaves 0 to base', () => {
    for (const query of ['', ' ', '"', '1 2 3', '"A-1" B-2', '東京', 'x'.repeat(9999)]) {
      expect(share(query)).toBeGreaterThanOrEqual(0)
      expect(share(query)).toBeLessThanOrEqual(0.5)
    }
  })

  it('weighs the legs of a hybrid query by query', async () => {
    const fusion = convexFusion({ vectorShare: dynamicVectorShare({ base: 0.6 }) })
    const retriever = hybridRetriever(legs(), { fusion })
    const first = async (query: string) => (await retriever.retrieve(query, { limit: 1 }))[0]!.chunk.id
    expect(await first('who pays the deposit of the flat?')).toBe('x')
    expect(await first('A-123/b')).toBe('a')
  })

  it('is checked: options, and what a function of the user’s own gives', () => {
    expect(() => dynamicVectorShare({ base: 2 })).toThrow('base')
    expect(() => convexFusion({ vectorShare: -1 })).toThrow('vectorShare')
    const fusion = convexFusion({ vectorShare: () => Number.NaN })
    expect(() =>
      fuse([list(['a', 1]), list(['b', 1])], fusion, { kinds: ['lexical', 'vector'], query: 'q' }),
    ).toThrow('vectorShare(query)')
  })
})

describe('calibrateVectorShare', () => {
  const good = list(['right', 3], ['wrong', 2], ['other', 1])
  const bad = list(['wrong', 3], ['other', 2], ['right', 1])

  it('trusts the leg that is right', () => {
    const strong = calibrateVectorShare([{ lexical: bad, vector: good, relevant: ['right'] }])
    expect(strong.vectorShare).toBeGreaterThan(0.6)
    expect(strong.ndcg).toBe(1)
    const weak = calibrateVectorShare([{ lexical: good, vector: bad, relevant: new Set(['right']) }])
    expect(weak.vectorShare).toBeLessThan(0.4)
    expect(weak.tried).toHaveLength(21)
    expect(weak.tried.at(-1)!.ndcg).toBeCloseTo(1 / Math.log2(4), 12)
  })

  it('judges lists that may go on as the hybrid retriever fuses them', () => {
    const lexical = list(['wrong', 10], ['other', 9])
    const vector = list(['right', 0.9], ['worse', 0.5])
    const question = { lexical, vector, relevant: ['right'] }
    const first = (candidates: number) =>
      calibrateVectorShare([question], { candidates, depth: 1 }).tried.find(({ ndcg }) => ndcg === 1)!
        .vectorShare
    // In the cut list what it lacks is worth 0.9: 0.9 (1 − s) + s > 1 − s; in the whole one nothing: s > 1 − s.
    expect(first(2)).toBeCloseTo(0.1, 12)
    expect(first(3)).toBeCloseTo(0.5, 12)
  })

  it('takes the middle where nothing matters', () => {
    const { vectorShare } = calibrateVectorShare([{ lexical: good, vector: good, relevant: ['right'] }])
    expect(vectorShare).toBe(0.5)
  })

  it('refuses questions without answers', () => {
    expect(() => calibrateVectorShare([])).toThrow('questions')
    expect(() => calibrateVectorShare([{ lexical: good, vector: bad, relevant: [] }])).toThrow('questions')
  })
})

describe('several stores', () => {
  it('are fused late, each with its own rank and score in the trace', async () => {
    const past = fakeRetriever(hits('answers', 'lexical', 'ab'), { name: 'past answers' })
    const rules = fakeRetriever(hits('policies', 'lexical', 'bc'), { name: 'policies' })
    const both = hybridRetriever([past, rules], { fusion: reciprocalRankFusion() })
    const found = await both.retrieve('q', { limit: 9 })
    expect(found.map(({ chunk: { id } }) => id)).toEqual(['b', 'a', 'c'])
    expect(found[0]!.trace.map(({ stage, rank }) => [stage, rank])).toEqual([
      ['answers', 2],
      ['policies', 1],
      ['hybrid', 1],
    ])
  })
})
