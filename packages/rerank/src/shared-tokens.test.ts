import { type Hit, isRagError } from '@tesserae/core'
import { seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { lateInteractionReranker, type SharedTokenRows, type TokenSource } from './late-interaction.js'

const dimensions = 8
const random = seededRandom(7)
const table = Array.from({ length: 40 }, () => {
  const row = Array.from({ length: dimensions }, () => random() - 0.5)
  const length = Math.hypot(...row)
  return row.map((value) => value / length)
})
const numbersOf = (text: string) => text.split(' ').filter(Boolean).map(Number)

/** Texts are numbers of rows of a table. */
const alone: TokenSource = {
  id: 'table',
  tokenDimensions: dimensions,
  embedTokens: async (texts) =>
    texts.map((text) => ({
      vectors: Float32Array.from(numbersOf(text).flatMap((number) => table[number]!)),
      weights: Float32Array.from(numbersOf(text), (number) => 1 + number / 10),
    })),
}
const rowsShared: SharedTokenRows['vectors'] = Float32Array.from(table.flat())
const shared: TokenSource = {
  ...alone,
  embedSharedTokens: async (texts) => ({
    vectors: rowsShared,
    texts: texts.map((text) => Uint32Array.from(numbersOf(text))),
  }),
}
const passages = Array.from({ length: 30 }, () =>
  Array.from({ length: Math.floor(random() * 20) }, () => Math.floor(random() * table.length)).join(' '),
)
const hits: Hit[] = passages.map((text, place) => ({
  chunk: {
    id: `${place}`,
    documentId: 'd',
    index: place,
    start: 0,
    end: 1,
    text,
    headings: [],
    metadata: {},
  },
  score: 100 - place,
  trace: [],
}))
const answer = (over: SharedTokenRows): TokenSource => ({ ...shared, embedSharedTokens: async () => over })

describe('late interaction over rows that passages share', () => {
  it.each([1, 0.3])('gives the scores of comparing passage by passage, weight %d', async (weight) => {
    for (const queryWeights of ['tokens', 'equal'] as const) {
      const settings = { weight, queryWeights }
      const query = '3 17 3 39'
      const expected = await lateInteractionReranker({ tokens: alone, ...settings }).rerank(query, hits)
      expect(await lateInteractionReranker({ tokens: shared, ...settings }).rerank(query, hits)).toEqual(
        expected,
      )
      expect(new Set(expected.map(({ score }) => score)).size).toBeGreaterThan(20)
    }
  })

  it('scores passages and queries without tokens', async () => {
    const reranker = lateInteractionReranker({ tokens: shared, weight: 1 })
    expect(
      (await reranker.rerank('1', [{ ...hits[0]!, chunk: { ...hits[0]!.chunk, text: '' } }]))[0]!.score,
    ).toBe(-1)
    expect((await reranker.rerank('', hits)).every(({ score }) => score === 0)).toBe(true)
  })

  it('explains the score it gives', async () => {
    const reranker = lateInteractionReranker({ tokens: shared, weight: 1 })
    const [best] = await reranker.rerank('5 6 7', hits)
    expect((await reranker.explain('5 6 7', hits, best!.chunk.id))!.value).toBeCloseTo(best!.score, 12)
  })

  it('keeps vectors of passages where asked to, and then asks for each passage’s own', async () => {
    const tokens: TokenSource = { ...shared, embedSharedTokens: () => Promise.reject(new Error('not asked')) }
    const reranker = lateInteractionReranker({ tokens, weight: 1, maxCachedBytes: 1e6, failure: 'throw' })
    expect(await reranker.rerank('3', hits)).toHaveLength(hits.length)
  })

  it('refuses rows that are not there, and answers for other texts', async () => {
    const wrong: SharedTokenRows[] = [
      { vectors: rowsShared, texts: [] },
      { vectors: rowsShared, texts: hits.map(() => Uint32Array.of(table.length)) },
      { vectors: new Float32Array(dimensions + 1), texts: hits.map(() => new Uint32Array()) },
    ]
    for (const one of wrong) {
      const reranker = lateInteractionReranker({ tokens: answer(one), weight: 1, failure: 'throw' })
      const error = await reranker.rerank('3', hits).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      expect(isRagError(error, 'model-failed')).toBe(true)
    }
  })
})
