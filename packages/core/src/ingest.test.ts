import { describe, expect, it } from 'vitest'
import type { Chunker } from './chunker.js'
import type { Document } from './document.js'
import { ingest } from './ingest.js'
import {
  document,
  lineChunker,
  loaded,
  recordingEmbedder,
  recordingStore,
  setup,
  texts,
  vectorOf,
} from './testing/fakes/recording.js'

describe('ingest: what reaches the store', () => {
  it('writes every chunk with its own vector and reports what it did', async () => {
    const { store, embedder, run } = setup()
    const report = await run(loaded(document('a', 'one\ntwo'), document('b', 'three\nfour\nfive')))
    expect(texts(store)).toEqual(['five', 'four', 'one', 'three', 'two'])
    for (const { chunk, vector } of store.entries.values()) {
      expect(Array.from(vector ?? [])).toEqual(Array.from(Float32Array.from(vectorOf(chunk.text))))
    }
    expect(embedder.calls.map((call) => call.length)).toEqual([4, 1])
    expect(report.documents).toEqual({ loaded: 2, written: 2, unchanged: 0, empty: 0, failed: 0, removed: 0 })
    expect(report.chunks).toEqual({
      total: 5,
      written: 5,
      unchanged: 0,
      embedded: 5,
      reused: 0,
      deleted: 0,
      blank: 0,
    })
    expect(report.embedCalls).toBe(2)
    expect(report.tokens).toBeGreaterThanOrEqual(5)
    expect(report.failures).toEqual([])
  })

  it('writes and embeds nothing on a second run of the same input', async () => {
    const { store, embedder, run } = setup()
    const source = loaded(document('a', 'one\ntwo'), document('b', 'three'), document('c', ''))
    await run(source)
    store.log.length = 0
    embedder.calls.length = 0
    const report = await run(source)
    expect(store.log).toEqual([])
    expect(embedder.calls).toEqual([])
    expect(report.documents).toMatchObject({ loaded: 3, written: 0, unchanged: 2, empty: 1 })
    expect(report.chunks).toMatchObject({ total: 3, written: 0, unchanged: 3 })
  })

  it('rewrites what changed, first writing, then deleting what is stale', async () => {
    const { store, embedder, run } = setup()
    await run(loaded(document('a', 'one\ntwo\nthree'), document('b', 'four')))
    store.log.length = 0
    embedder.calls.length = 0
    const report = await run(loaded(document('a', 'one\nTWO\nthree'), document('b', 'four')))
    expect(store.log).toEqual([
      ['upsert', 'TWO'],
      ['delete', 'two'],
    ])
    expect(embedder.calls).toEqual([['TWO']])
    expect(report.documents).toMatchObject({ written: 1, unchanged: 1 })
    expect(report.chunks).toMatchObject({ written: 1, unchanged: 3, deleted: 1, embedded: 1 })
    expect(texts(store)).toEqual(['TWO', 'four', 'one', 'three'])
  })

  it.each<[string, Partial<Document>]>([
    ['a metadata value', { metadata: { tags: ['x', 'z'], year: 2024 } }],
    ['the type of a metadata value', { metadata: { tags: ['x', 'y'], year: '2024' } }],
    ['a new metadata field', { metadata: { tags: ['x', 'y'], year: 2024, draft: null } }],
    ['the address', { metadata: { tags: ['x', 'y'], year: 2024 }, uri: 'elsewhere' }],
    [
      'a heading',
      {
        metadata: { tags: ['x', 'y'], year: 2024 },
        marks: [{ kind: 'heading', start: 0, end: 3, level: 1, label: 'H' }],
      },
    ],
    [
      'a page label',
      {
        metadata: { tags: ['x', 'y'], year: 2024 },
        marks: [{ kind: 'page', start: 0, end: 3, label: 'iv' }],
      },
    ],
  ])('writes again when %s changes', async (_, change) => {
    const { store, run } = setup()
    await run(loaded(document('a', 'one', { metadata: { tags: ['x', 'y'], year: 2024 } })))
    const report = await run(loaded(document('a', 'one', change)))
    expect(report.chunks).toMatchObject({ written: 1, deleted: 0 })
    expect(store.entries.size).toBe(1)
    expect((await run(loaded(document('a', 'one', change)))).chunks.written).toBe(0)
  })

  it('does not take the order of metadata fields for a change', async () => {
    const { run } = setup()
    await run(loaded(document('a', 'one', { metadata: { x: 1, y: 2 } })))
    expect((await run(loaded(document('a', 'one', { metadata: { y: 2, x: 1 } })))).chunks.written).toBe(0)
  })

  it('writes everything again for another chunker, context, window or embedder', async () => {
    const { store, run } = setup()
    const source = loaded(document('a', 'one\ntwo'))
    const windowed: Chunker = {
      id: 'lines',
      split: async (item, call) =>
        (await lineChunker().split(item, call)).map((span) => ({ ...span, window: { start: 0, end: 7 } })),
    }
    await run(source)
    expect((await run(source, { chunker: lineChunker('lines/2') })).chunks.written).toBe(2)
    expect((await run(source, { chunker: lineChunker('lines/2', 'about numbers') })).chunks.written).toBe(2)
    expect((await run(source, { chunker: windowed })).chunks.written).toBe(2)
    const other = recordingEmbedder({ id: 'other' })
    const report = await ingest(source, { chunker: windowed, store, embedder: other })
    expect(report.chunks).toMatchObject({ written: 2, embedded: 2 })
    const lexical = await ingest(source, { chunker: windowed, store })
    expect(lexical.chunks).toMatchObject({ written: 2, embedded: 0, reused: 0 })
    expect([...store.entries.values()].every((entry) => entry.vector === undefined)).toBe(true)
  })

  it('reuses vectors of a store that gives them back, unless what they were made from changed', async () => {
    const store = recordingStore()
    const reusing = Object.assign(store, {
      vectors: async (ids: readonly string[]) => ids.map((id) => store.entries.get(id)?.vector),
    })
    const { embedder, run } = setup({ store: reusing })
    await run(loaded(document('a', 'one\ntwo', { metadata: { year: 1 } })))
    const before = new Map([...store.entries].map(([id, entry]) => [id, entry.vector]))
    embedder.calls.length = 0
    const report = await run(loaded(document('a', 'one\ntwo', { metadata: { year: 2 } })))
    expect(embedder.calls).toEqual([])
    expect(report.chunks).toMatchObject({ written: 2, embedded: 0, reused: 2 })
    for (const [id, entry] of store.entries) {
      expect(entry.vector).toEqual(before.get(id))
      expect(entry.chunk.metadata).toEqual({ year: 2 })
    }
    await run(loaded(document('a', 'one\ntwo')), { chunker: lineChunker('lines', 'context') })
    expect(embedder.calls).toEqual([['context\none', 'context\ntwo']])
  })

  it('never indexes a blank span, counts it, and empties a document that has nothing else', async () => {
    const { store, run } = setup()
    await run(loaded(document('a', 'one\ntwo'), document('b', 'three')))
    const seen: string[] = []
    const report = await run(loaded(document('a', ' \n\t'), document('b', '')), {
      onDocument: ({ status, deleted }) => seen.push(`${status} ${deleted}`),
    })
    expect(store.entries.size).toBe(0)
    expect(report.documents.empty).toBe(2)
    expect(report.chunks).toMatchObject({ blank: 2, total: 0, deleted: 3 })
    expect(seen.sort()).toEqual(['empty 1', 'empty 2'])
  })

  it('leaves other documents alone when a store lists too much', async () => {
    const store = recordingStore()
    const all = store.list
    store.list = (options) => all({ signal: options?.signal })
    const { run } = setup({ store })
    await run(loaded(document('a', 'one')))
    await run(loaded(document('b', 'two')))
    expect(texts(store)).toEqual(['one', 'two'])
  })
})
