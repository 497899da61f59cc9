import type { Hit, Reranker } from '@tesserae/core'
import { fakeRelevanceModel, rerankerLaws } from '@tesserae/core/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blendedReranker, minMax } from './blend.js'
import { cascade } from './cascade.js'
import { crossEncoderReranker } from './cross-encoder.js'
import { cutReranker } from './cut.js'
import { orderHits } from './order.js'

const hit = (id: string, score: number, more: Partial<Hit['chunk']> = {}): Hit => ({
  chunk: {
    id,
    documentId: 'd',
    index: 0,
    start: 0,
    end: id.length,
    text: id,
    headings: [],
    metadata: {},
    ...more,
  },
  score,
  trace: [{ stage: 'lexical', kind: 'lexical', rank: 1, score }],
})
const ranking = (hits: readonly Hit[]) => hits.map(({ chunk }) => chunk.id).join(' ')
const scoresOf = (table: Record<string, number>) =>
  fakeRelevanceModel({ score: (_, passage) => table[passage] ?? 0 })
/** BM25 8, 6, 4, 0; the model would turn the list around. */
const hits = [hit('a', 8), hit('b', 6), hit('c', 4), hit('d', 0)]
const model = scoresOf({ a: -4, b: -2, c: 0, d: 4 })

describe('blending', () => {
  it('mixes scores scaled over the hits of the query, by hand', async () => {
    const result = await crossEncoderReranker({ model, weight: 0.4 }).rerank('q', hits)
    // New: 0, 1/4, 1/2, 1. Old: 1, 3/4, 1/2, 0.
    expect(result.map(({ chunk, score }) => [chunk.id, Number(score.toFixed(12))])).toEqual([
      ['a', 0.6],
      ['b', 0.55],
      ['c', 0.5],
      ['d', 0.4],
    ])
    expect(result[3]!.trace).toEqual([
      { stage: 'lexical', kind: 'lexical', rank: 1, score: 0 },
      { stage: 'cross-encoder', kind: 'relevance', rank: 1, score: 4 },
      { stage: 'cross-encoder + order', kind: 'fused', rank: 4, score: 0.4 },
    ])
  })

  it('leaves the order at weight 0 and takes the model’s word at 1', async () => {
    expect(ranking(await crossEncoderReranker({ model, weight: 0 }).rerank('q', hits))).toBe('a b c d')
    const alone = await crossEncoderReranker({ model, weight: 1 }).rerank('q', hits)
    expect(ranking(alone)).toBe('d c b a')
    expect(alone.map(({ score }) => score)).toEqual([4, 0, -2, -4])
  })

  it('does not by default let one unknown model bury the best hit, and lets it decide a close call', async () => {
    const byDefault = crossEncoderReranker({ model })
    expect(ranking(await byDefault.rerank('q', hits))).toBe('a b c d')
    expect(ranking(await byDefault.rerank('q', [hit('a', 8), hit('b', 7), hit('d', 0)]))).toBe('a b d')
    const sure = scoresOf({ a: -4, b: 4, d: -3 })
    const close = [hit('a', 8), hit('b', 7), hit('d', 0)]
    expect(ranking(await crossEncoderReranker({ model: sure }).rerank('q', close))).toBe('b a d')
  })

  it('does not care in which units either side counts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 })), {
          minLength: 2,
          maxLength: 12,
        }),
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: -64, max: 64 }),
        async (pairs, factor, shift) => {
          const list = pairs.map(([prior], place) => hit(`h${place}`, prior))
          const own = Object.fromEntries(pairs.map(([, score], place) => [`h${place}`, score]))
          const scaled = Object.fromEntries(
            Object.entries(own).map(([id, score]) => [id, score * factor + shift]),
          )
          const plain = await crossEncoderReranker({ model: scoresOf(own) }).rerank('q', list)
          const other = await crossEncoderReranker({ model: scoresOf(scaled) }).rerank(
            'q',
            list.map((one) => ({ ...one, score: one.score * factor + shift })),
          )
          for (const { chunk, score } of plain) {
            expect(other.find((one) => one.chunk.id === chunk.id)!.score).toBeCloseTo(score, 6)
          }
        },
      ),
      { numRuns: 50 },
    )
  })

  it('has an answer when all scores are equal', async () => {
    const flat = scoresOf({})
    expect(ranking(await crossEncoderReranker({ model: flat }).rerank('q', hits))).toBe('a b c d')
    expect([...minMax([3, 3])]).toEqual([1, 1])
    expect([...minMax([])]).toEqual([])
  })

  it('works around any reranker, keeps what it drops dropped, and a cascade still reads its own scores', async () => {
    const cut = blendedReranker(cutReranker({ threshold: 4 }), { weight: 0.5 })
    expect(ranking(await cut.rerank('q', hits))).toBe('a b c')
    expect(ranking(await cut.rerank('q', hits, { limit: 1 }))).toBe('a')
    expect(await cut.rerank('q', [])).toEqual([])
    const kept = await cascade([{ reranker: crossEncoderReranker({ model }), threshold: -2 }]).rerank(
      'q',
      hits,
    )
    expect(ranking(kept)).toBe('b c d')
    const late = blendedReranker(
      crossEncoderReranker({ model: fakeRelevanceModel({ failOn: () => true }), weight: 1 }),
    )
    expect(ranking(await late.rerank('q', hits))).toBe('a b c d')
  })

  for (const law of rerankerLaws(() =>
    blendedReranker(crossEncoderReranker({ model: fakeRelevanceModel(), weight: 1 }), { weight: 0.5 }),
  ))
    it(law.name, () => law.run())
})

describe('cuts by the score of a stage', () => {
  const cut = (options: Parameters<typeof cutReranker>[0]) =>
    cascade([crossEncoderReranker({ model }), cutReranker({ stage: 'cross-encoder', ...options })])

  it('drops by that score and leaves the order', async () => {
    expect(ranking(await cut({ threshold: -2 }).rerank('q', hits))).toBe('b c d')
    expect(ranking(await cut({ gap: 3 }).rerank('q', hits))).toBe('d')
    expect(ranking(await cut({ topP: 0.99 }).rerank('q', hits))).toBe('c d')
    expect(ranking(await cut({ gap: 3, minimum: 2 }).rerank('q', hits, { limit: 1 }))).toBe('c')
  })

  it('drops first what that stage did not score, and nothing when it scored nobody', async () => {
    const partly: Reranker = cutReranker({ stage: 'other', threshold: 0 })
    const scored = { ...hits[2]!, trace: [{ stage: 'other', kind: 'relevance' as const, rank: 1, score: 3 }] }
    expect(ranking(await partly.rerank('q', [hits[0]!, scored]))).toBe('c')
    expect(ranking(await partly.rerank('q', hits))).toBe('a b c d')
  })
})

describe('orderHits', () => {
  const list = [
    hit('a', 4, { documentId: 'x', start: 50 }),
    hit('b', 3, { documentId: 'y', start: 10 }),
    hit('c', 2, { documentId: 'x', start: 0 }),
    hit('d', 1, { documentId: 'y', start: 0 }),
    hit('e', 0, { documentId: 'z', start: 0 }),
  ]

  it('puts the best first, at the edges, or documents together', () => {
    expect(ranking(orderHits([...list].reverse(), 'score'))).toBe('a b c d e')
    expect(ranking(orderHits(list, 'edges'))).toBe('a c e d b')
    expect(ranking(orderHits(list, 'document'))).toBe('c a d b e')
    expect(orderHits([], 'edges')).toEqual([])
    expect(() => orderHits(list, 'random' as never)).toThrow('`order`')
  })
})

it('checks the weight when it is made', () => {
  for (const weight of [-0.1, 1.1, Number.NaN]) {
    expect(() => crossEncoderReranker({ model, weight })).toThrow('`weight`')
    expect(() => blendedReranker(cutReranker({ gap: 1 }), { weight })).toThrow('`weight`')
  }
})
