import { eq, type Hit, isRagError, type Metadata } from '@tesserae/core'
import { rerankerLaws } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { extractFeatures, type Feature, type FeatureRows } from './feature.js'
import { featureReranker } from './feature-reranker.js'
import {
  authorityFeature,
  chunkFeature,
  filterFeature,
  freshnessFeature,
  popularityFeature,
} from './metadata.js'
import { fieldMatchFeature, priorFeature, stageFeature } from './scores.js'

const day = 86_400_000
const today = Date.parse('2026-03-01T00:00:00Z')
const hit = (id: string, score: number, metadata: Metadata = {}, text = id): Hit => ({
  chunk: { id, documentId: 'd', index: 0, start: 0, end: text.length, text, headings: [], metadata },
  score,
  trace: [{ stage: 'lexical', kind: 'lexical', rank: 1, score }],
})
const valuesOf = (feature: Feature, hits: readonly Hit[], query = 'q') => [
  ...extractFeatures([feature], query, hits).values,
]
const ranking = (hits: readonly Hit[]) => hits.map(({ chunk }) => chunk.id).join(' ')
const codeOf = (action: () => unknown) => {
  try {
    action()
  } catch (error) {
    return isRagError(error) ? error.code : error
  }
  return 'nothing thrown'
}

describe('features of metadata', () => {
  it('halves freshness with each half-life, by a clock that is given', () => {
    const feature = freshnessFeature({ halfLifeMs: 30 * day, now: () => today })
    const at = (modified: Metadata[string]) => hit(`${modified}`, 0, { modified })
    const hits = [
      at(today),
      at(today - 30 * day),
      at('2025-12-31T00:00:00Z'),
      at(today + day),
      at('not a date'),
      at(null),
      hit('none', 0),
    ]
    expect(valuesOf(feature, hits)).toEqual([1, 0.5, 0.25, 1, 0, 0, 0])
    const lenient = freshnessFeature({ halfLifeMs: day, field: 'seen', missing: 0.3, now: () => today })
    expect(valuesOf(lenient, [hit('a', 0), hit('b', 0, { seen: today - 3 * day })])).toEqual([0.3, 0.125])
  })

  it('reads the clock at each call', () => {
    let now = today
    const feature = freshnessFeature({ halfLifeMs: day, now: () => now })
    const hits = [hit('a', 0, { modified: today })]
    expect(valuesOf(feature, hits)).toEqual([1])
    now += 2 * day
    expect(valuesOf(feature, hits)).toEqual([0.25])
  })

  it('trusts sources as told', () => {
    const feature = authorityFeature({ field: 'source', values: { policy: 1, wiki: 0.6 }, otherwise: 0.1 })
    const hits = [
      hit('a', 0, { source: 'wiki' }),
      hit('b', 0, { source: 'chat' }),
      hit('c', 0),
      hit('d', 0, { source: ['chat', 'policy'] }),
      hit('e', 0, { source: [] }),
      hit('f', 0, { source: 'constructor' }),
    ]
    expect(valuesOf(feature, hits)).toEqual([0.6, 0.1, 0.1, 1, 0.1, 0.1])
  })

  it('lets popularity saturate', () => {
    const feature = popularityFeature({ field: 'views', pivot: 100 })
    const counts = [0, 100, 300, -5, Number.POSITIVE_INFINITY, Number.NaN, 'many']
    const hits = counts.map((views, place) => hit(`${place}`, 0, { views }))
    expect(valuesOf(feature, hits)).toEqual([0, 0.5, 0.75, 0, 1, 0, 0])
  })

  it('prefers what matches a filter, and reads anything of a chunk', () => {
    const hits = [hit('a', 0, { country: 'fr' }), hit('bb', 0)]
    expect(valuesOf(filterFeature({ name: 'french', filter: eq('country', 'fr') }), hits)).toEqual([1, 0])
    const length = chunkFeature({ name: 'length', of: ({ text }, query) => text.length / query.length })
    expect(valuesOf(length, hits, 'ab')).toEqual([0.5, 1])
  })
})

describe('features of scores and words', () => {
  it('gives the score before, scaled, as rank, or as it is', () => {
    const hits = [hit('a', 8), hit('b', 2), hit('c', 8), hit('d', 4)]
    expect(valuesOf(priorFeature(), hits)).toEqual([1, 0, 1, 1 / 3])
    expect(valuesOf(priorFeature({ scale: 'rank' }), hits)).toEqual([1, 0.25, 1, 1 / 3])
    expect(valuesOf(priorFeature({ scale: 'raw' }), hits)).toEqual([8, 2, 8, 4])
  })

  it('gives the last score of a stage; without one, the worst', () => {
    const traced = (id: string, ...scores: number[]): Hit => ({
      ...hit(id, 1),
      trace: scores.map((score) => ({ stage: 'dense', kind: 'vector', rank: 1, score })),
    })
    const hits = [traced('a', 0.1, 0.9), traced('b', 0.5), traced('c')]
    expect(valuesOf(stageFeature({ stage: 'dense' }), hits)).toEqual([1, 0, 0])
    expect(valuesOf(stageFeature({ stage: 'dense', scale: 'raw' }), hits)).toEqual([0.9, 0.5, 0])
    expect(valuesOf(stageFeature({ stage: 'nobody' }), hits)).toEqual([0, 0, 0])
  })

  it('counts words of the query in a field, rare ones more', () => {
    const title = fieldMatchFeature({ name: 'title', textOf: ({ metadata }) => String(metadata.title ?? '') })
    const hits = [
      hit('a', 0, { title: 'The lease of the flat' }),
      hit('b', 0, { title: 'The LEASE: deposit' }),
      hit('c', 0),
    ]
    const [rare, common] = [Math.log(1 + 3 / 1), Math.log(1 + 3 / 2)]
    const expected = [common / (common + rare), 1, 0]
    for (const [place, value] of valuesOf(title, hits, 'lease deposit lease').entries())
      expect(value).toBeCloseTo(expected[place]!, 12)
    expect(valuesOf(title, hits, '?!')).toEqual([0, 0, 0])
  })
})

describe('featureReranker', () => {
  const fresh = freshnessFeature({ halfLifeMs: 30 * day, now: () => today })
  const hits = [
    hit('old', 10, { modified: today - 300 * day }),
    hit('new', 8, { modified: today }),
    hit('far', 0, { modified: today }),
  ]

  it('adds weighted features to the scaled score before, by hand', async () => {
    const logged: FeatureRows[] = []
    const reranker = featureReranker({
      features: [{ feature: fresh, weight: 0.5 }],
      onFeatures: (rows) => logged.push(rows),
    })
    const result = await reranker.rerank('q', hits)
    expect(result.map(({ chunk, score }) => [chunk.id, Number(score.toFixed(6))])).toEqual([
      ['new', 1.3],
      ['old', Number((1 + 0.5 * 2 ** -10).toFixed(6))],
      ['far', 0.5],
    ])
    expect(result[0]!.trace.at(-1)).toMatchObject({ stage: 'features', kind: 'feature', rank: 1 })
    expect(logged).toEqual([
      {
        query: 'q',
        names: ['freshness'],
        chunkIds: ['old', 'new', 'far'],
        values: Float64Array.of(2 ** -10, 1, 1),
      },
    ])
  })

  it('counts weight 0 as none and can leave the order before out', async () => {
    const none = featureReranker({ features: [{ feature: fresh, weight: 0 }] })
    expect(ranking(await none.rerank('q', hits))).toBe('old new far')
    const only = featureReranker({ features: [{ feature: fresh, weight: -1 }], priorWeight: 0 })
    expect(ranking(await only.rerank('q', hits, { limit: 2 }))).toBe('old far')
  })

  it('refuses features that do not fit', async () => {
    const short: Feature = { name: 'short', values: () => [1] }
    const nan: Feature = { name: 'nan', values: (_, all) => all.map(() => Number.NaN) }
    for (const feature of [short, nan]) {
      const reranker = featureReranker({ features: [{ feature, weight: 1 }] })
      await expect(reranker.rerank('q', hits)).rejects.toThrow(`Feature "${feature.name}" gave`)
    }
    for (const make of [
      () => featureReranker({ features: [] }),
      () => featureReranker({ features: undefined as never }),
      () => featureReranker({ features: [{ feature: fresh, weight: Number.NaN }] }),
      () =>
        featureReranker({
          features: [
            { feature: fresh, weight: 1 },
            { feature: fresh, weight: 1 },
          ],
        }),
      () => freshnessFeature({ halfLifeMs: 0 }),
      () => freshnessFeature({ halfLifeMs: 1, missing: 2 }),
      () => authorityFeature({ field: '', values: { a: 1 } }),
      () => authorityFeature({ field: 'a', values: {} }),
      () => authorityFeature({ field: 'a', values: { a: 2 } }),
      () => popularityFeature({ field: 'views', pivot: 0 }),
      () => priorFeature({ scale: 'log' as never }),
    ])
      expect(codeOf(make)).toBe('invalid-argument')
  })

  for (const law of rerankerLaws(
    () =>
      featureReranker({
        features: [
          { feature: freshnessFeature({ halfLifeMs: day, now: () => today }), weight: 0.4 },
          { feature: fieldMatchFeature({ name: 'words' }), weight: 0.7 },
          { feature: stageFeature({ stage: 'first' }), weight: 0.2 },
        ],
      }),
    {
      prepare: (one, place) => ({
        ...one,
        chunk: { ...one.chunk, metadata: { modified: today - place * day } },
      }),
    },
  ))
    it(law.name, () => law.run())
})
