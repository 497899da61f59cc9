import { describe, expect, it } from 'vitest'
import type { Metadata } from './document.js'
import { freshnessReport } from './freshness.js'
import { ingest } from './ingest.js'
import { document, lineChunker, loaded, recordingStore } from './testing/fakes/recording.js'

const day = 24 * 60 * 60 * 1_000
const now = Date.parse('2025-06-30T00:00:00Z')

async function stored(documents: { readonly [id: string]: Metadata }) {
  const store = recordingStore()
  const source = Object.entries(documents).map(([id, metadata]) => document(id, 'one\ntwo', { metadata }))
  await ingest(loaded(...source), { chunker: lineChunker(), store })
  return store
}

describe('freshnessReport', () => {
  it('lists documents over their age, most overdue first, and those without a date', async () => {
    const store = await stored({
      c: { modified: '2025-06-19T00:00:00Z' },
      a: { modified: '2025-06-20' },
      edge: { modified: '2025-06-23' },
      fresh: { modified: '2025-06-29T12:00:00+02:00' },
      future: { modified: '2026-01-01' },
      none: {},
      words: { modified: 'last week' },
      list: { modified: ['2025-01-01'] },
      number: { modified: now - 8 * day },
    })
    const report = await freshnessReport(store, { maxAgeMs: 7 * day, now })
    expect(report).toMatchObject({ documents: 9, fresh: 3, undated: ['list', 'none', 'words'] })
    expect(report.stale).toEqual([
      {
        documentId: 'c',
        uri: 'c',
        metadata: { modified: '2025-06-19T00:00:00Z' },
        date: '2025-06-19T00:00:00.000Z',
        ageMs: 11 * day,
        overdueMs: 4 * day,
      },
      expect.objectContaining({ documentId: 'a', ageMs: 10 * day, overdueMs: 3 * day }),
      expect.objectContaining({ documentId: 'number', date: '2025-06-22T00:00:00.000Z', overdueMs: day }),
    ])
  })

  it('takes an age for each document, another field, and what does not grow old', async () => {
    const store = await stored({
      news: { checked: '2025-06-28', kind: 'news' },
      law: { checked: '1950-01-01', kind: 'law' },
      guide: { checked: '2025-06-01', kind: 'guide' },
    })
    const ages: { [kind: string]: number } = { news: day, guide: 90 * day }
    const report = await freshnessReport(store, {
      field: 'checked',
      now,
      maxAgeMs: ({ kind }) => ages[String(kind)],
    })
    expect(report.stale.map(({ documentId }) => documentId)).toEqual(['news'])
    expect(report).toMatchObject({ documents: 3, fresh: 2, undated: [] })
  })

  it('reads many documents, refuses wrong options and stops when told', async () => {
    const store = await stored(
      Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`d${n}`, { modified: '2025-01-01' }])),
    )
    expect((await freshnessReport(store, { maxAgeMs: 0, now })).stale).toHaveLength(600)
    await expect(freshnessReport(store, { maxAgeMs: -1 })).rejects.toThrow(/`maxAgeMs`/)
    await expect(freshnessReport(store, { maxAgeMs: 1, field: '' })).rejects.toThrow(/`field`/)
    await expect(freshnessReport(store, { maxAgeMs: () => -1, now })).rejects.toThrow(/`maxAgeMs of d0`/)
    const stop = new AbortController()
    stop.abort(new Error('enough'))
    await expect(freshnessReport(store, { maxAgeMs: 1, signal: stop.signal })).rejects.toThrow('enough')
  })
})
