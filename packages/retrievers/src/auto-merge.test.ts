import { type Chunk, type Document, type Hit, toChunks } from '@tesserae/core'
import { fakeRetriever, retrieverLaws } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { autoMergeRetriever } from './auto-merge.js'

const text = 'aaaa bbbb cccc dddd | eeee ffff gggg hhhh'
const document: Document = { id: 'd', text, marks: [], metadata: {} }
const left = { start: 0, end: 19 }
const right = { start: 22, end: 41 }
const spans = ['aaaa', 'bbbb', 'cccc', 'dddd', 'eeee', 'ffff', 'gggg', 'hhhh'].map((word) => {
  const start = text.indexOf(word)
  return { start, end: start + 4, window: start < 20 ? left : right }
})
const children = toChunks(document, spans)
const hit = (chunk: Chunk, index: number): Hit => {
  const score = 1 - index / 100
  return { chunk, score, trace: [{ stage: 's', kind: 'lexical', rank: index + 1, score }] }
}
const search = async (places: readonly number[], share?: number, limit = 5) => {
  const retriever = fakeRetriever(places.map((place, index) => hit(children[place]!, index)))
  const merging = autoMergeRetriever(retriever, { documentOf: async () => document, share })
  return (await merging.retrieve('q', { limit })).map(({ chunk }) => chunk.text)
}

describe('autoMergeRetriever', () => {
  it('shows the parent once most of it is hit, at the best rank of its children', async () => {
    expect(await search([4, 0, 1, 2])).toEqual(['eeee', text.slice(0, 19)])
    expect(await search([0, 4, 1, 5, 2, 6])).toEqual([text.slice(0, 19), text.slice(22)])
  })

  it('leaves children alone that are too few', async () => {
    expect(await search([0, 1, 4])).toEqual(['aaaa', 'bbbb', 'eeee'])
    expect(await search([0, 1, 4], 0.4)).toEqual([text.slice(0, 19), 'eeee'])
    expect(await search([0, 1, 2, 3], 1)).toEqual(['aaaa', 'bbbb', 'cccc', 'dddd'])
  })

  it('counts overlapping children once', async () => {
    const wide = { start: 0, end: 19 }
    const overlapping = toChunks(document, [
      { start: 0, end: 4, window: wide },
      { start: 0, end: 5, window: wide },
      { start: 1, end: 6, window: wide },
    ])
    const retriever = fakeRetriever(overlapping.map(hit))
    const merging = autoMergeRetriever(retriever, { documentOf: async () => document, share: 0.33 })
    expect(await merging.retrieve('q')).toHaveLength(3)
  })

  it('keeps score and trace of the best child, and chunks without a parent as they are', async () => {
    const alone = toChunks(document, [{ start: 20, end: 21 }])
    const hits = [alone[0]!, ...children.slice(0, 3)].map(hit)
    const merging = autoMergeRetriever(fakeRetriever(hits), { documentOf: async () => document })
    const [first, second] = await merging.retrieve('q')
    expect(first).toEqual(hits[0])
    expect(second).toMatchObject({ score: hits[1]!.score, trace: hits[1]!.trace, chunk: left })
  })

  it('refuses a document that changed, and a share that is none', async () => {
    const changed = { ...document, text: text.toUpperCase() }
    const merging = autoMergeRetriever(fakeRetriever(children.slice(0, 3).map(hit)), {
      documentOf: async () => changed,
    })
    await expect(merging.retrieve('q')).rejects.toMatchObject({ code: 'corrupt-data' })
    for (const share of [0, -1, 1.1, Number.NaN]) {
      const make = () => autoMergeRetriever(fakeRetriever([]), { documentOf: async () => document, share })
      expect(make).toThrow(/`share` must be a finite number/)
    }
  })

  const make = (chunks: readonly Chunk[]) =>
    autoMergeRetriever(fakeRetriever(chunks.map(hit)), { documentOf: async () => document })
  for (const law of retrieverLaws(make)) it(`law: ${law.name}`, () => law.run())
})
