import type { Chunk, Hit } from '@tesserae/core'
import { fakeRetriever } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { groupByDocument, hitsByDocument } from './group.js'

const hit = (documentId: string, index: number, score: number): Hit => {
  const text = `${documentId} ${index}`
  const chunk: Chunk = {
    id: `${documentId}${index}`,
    documentId,
    index,
    start: 0,
    end: text.length,
    text,
    headings: [],
    metadata: {},
  }
  return { chunk, score, trace: [{ stage: 'text', kind: 'lexical', rank: 1, score }] }
}
/** A long document whose chunks fill the head of the list, then two short ones. */
const hits = [
  ...Array.from({ length: 30 }, (_, i) => hit('long', i, 100 - i)),
  hit('b', 0, 9),
  hit('c', 0, 8),
  hit('b', 1, 7),
]
const ids = (found: readonly Hit[]) => found.map(({ chunk }) => chunk.id)

describe('hitsByDocument', () => {
  it('ranks documents by their best chunk', () => {
    const groups = hitsByDocument([hit('b', 0, 5), hit('a', 1, 4), hit('b', 2, 3)])
    expect(groups.map(({ documentId, score, hits }) => [documentId, score, ids(hits)])).toEqual([
      ['b', 5, ['b0', 'b2']],
      ['a', 4, ['a1']],
    ])
    expect(hitsByDocument([])).toEqual([])
  })
})

describe('groupByDocument', () => {
  it('goes past a document that fills the list until enough others are found', async () => {
    const retriever = fakeRetriever(hits, { name: 'text' })
    const grouped = groupByDocument(retriever, { candidates: 4 })
    expect(ids(await grouped.retrieve('q', { limit: 3 }))).toEqual(['long0', 'b0', 'c0'])
    expect(retriever.calls.map(({ limit }) => limit)).toEqual([4, 8, 16, 32])
    expect(grouped.name).toBe('text')
  })

  it('stops when nothing more is there, and keeps as many chunks of a document as it is told', async () => {
    const retriever = fakeRetriever(hits)
    expect(ids(await groupByDocument(retriever).retrieve('q', { limit: 10 }))).toEqual(['long0', 'b0', 'c0'])
    expect(ids(await groupByDocument(retriever, { chunksPerDocument: 2 }).retrieve('q'))).toEqual([
      'long0',
      'long1',
      'b0',
      'c0',
      'b1',
    ])
  })

  it('hands filter and signal on', async () => {
    const filter = { op: 'exists', field: 'x' } as const
    const retriever = fakeRetriever(hits)
    expect(await groupByDocument(retriever).retrieve('q', { filter })).toEqual([])
    expect(retriever.calls[0]!.filter).toBe(filter)
    const reason = new Error('stop')
    await expect(
      groupByDocument(retriever).retrieve('q', { signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason)
  })
})
