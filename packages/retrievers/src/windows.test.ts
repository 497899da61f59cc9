import { type Chunk, type Document, type Hit, toChunks } from '@tesserae/core'
import { fakeRetriever } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { windowRetriever } from './windows.js'

const text = '# Rent\nPaid monthly. In advance.\n# Pets\nAllowed when asked. 🐈 too.'
const section = text.indexOf('# Pets')
const document: Document = {
  id: 'lease',
  text,
  marks: [
    { kind: 'heading', level: 1, label: 'Rent', start: 0, end: 6 },
    { kind: 'heading', level: 1, label: 'Pets', start: section, end: section + 6 },
  ],
  metadata: { kind: 'contract' },
}
const windowOf = (start: number) =>
  start < section ? { start: 0, end: section } : { start: section, end: text.length }
const [monthly, advance, allowed, cat] = toChunks(
  document,
  ['Paid monthly.', 'In advance.', 'Allowed when asked.', '🐈 too.'].map((part) => {
    const start = text.indexOf(part)
    return { start, end: start + part.length, window: windowOf(start) }
  }),
) as [Chunk, Chunk, Chunk, Chunk]
const hits = (...chunks: Chunk[]): Hit[] =>
  chunks.map((chunk, index) => {
    const score = 10 - index
    return { chunk, score, trace: [{ stage: 'text', kind: 'lexical', rank: index + 1, score }] }
  })

describe('windowRetriever', () => {
  it('returns the section each chunk was cut in, once, with the best score and trace', async () => {
    let loads = 0
    const documentOf = async () => {
      loads++
      return document
    }
    const found = hits(cat, monthly, allowed, advance)
    const wide = await windowRetriever(fakeRetriever(found), { documentOf }).retrieve('q')
    expect(wide.map((hit) => [hit.chunk.text, hit.score])).toEqual([
      [text.slice(section), 10],
      [text.slice(0, section), 9],
    ])
    const [first] = wide
    expect(first!.trace).toEqual(found[0]!.trace)
    expect(first!.chunk).toMatchObject({
      documentId: 'lease',
      start: section,
      end: text.length,
      headings: ['Pets'],
    })
    expect(first!.chunk.id).not.toBe(cat.id)
    expect(loads).toBe(1)
  })

  it('goes on until enough different windows are found', async () => {
    const retriever = fakeRetriever(hits(allowed, cat, monthly))
    const documentOf = async () => document
    const wide = await windowRetriever(retriever, { documentOf, candidates: 2 }).retrieve('q', { limit: 2 })
    expect(wide.length).toBe(2)
    expect(retriever.calls.map(({ limit }) => limit)).toEqual([2, 4])
  })

  it('says so when the document is no longer what was ingested', async () => {
    const documentOf = async () => ({ ...document, text: `Changed. ${text}` })
    const wide = windowRetriever(fakeRetriever(hits(cat)), { documentOf }).retrieve('q')
    await expect(wide).rejects.toMatchObject({ code: 'corrupt-data', details: { documentId: 'lease' } })
  })
})
