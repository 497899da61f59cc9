// An operations team asks of the nightly run over a folder of PDFs: go on where it stopped, list what failed, redo nothing.

import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { recursiveChunker } from '@tesserae/chunkers'
import { type IngestProgress, ingest } from '@tesserae/core'
import { fakeEmbedder } from '@tesserae/core/testing'
import { directory } from '@tesserae/loaders'
import { pdfFormat } from '@tesserae/loaders/pdf'
import { denseRetriever } from '@tesserae/retrievers'
import { sqliteStore } from '@tesserae/retrievers/sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pdfOf } from './pdf-of.js'

const machines = ['crane', 'drill', 'lathe', 'pump']
const manual = (machine: string, weeks: number) =>
  pdfOf(`Manual of the ${machine}`, [
    [`The ${machine}`, `This manual is about the ${machine}.`],
    ['Maintenance', `The ${machine} is oiled every ${weeks} weeks.`],
  ])

describe('the nightly run over a folder of PDFs', () => {
  let folder = ''
  let database = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'manuals-'))
    database = `${folder}.db`
    for (const [index, machine] of machines.entries())
      await writeFile(join(folder, `${machine}.pdf`), await manual(machine, index + 2))
    await writeFile(join(folder, 'broken.pdf'), (await manual('saw', 1)).subarray(0, 300))
    await writeFile(join(folder, 'scanned.pdf'), await pdfOf('Without a text layer', [[]]))
  })
  afterAll(async () => {
    for (const path of [folder, database, `${database}-writer`])
      await rm(path, { recursive: true, force: true })
  })

  /** One night: a process that opens the file, runs, and closes it, whatever happens. */
  async function night(stopAfter = Number.POSITIVE_INFINITY) {
    const embedder = fakeEmbedder({ dimensions: 64 })
    const store = await sqliteStore({ path: database, dimensions: 64, embedderId: embedder.id })
    const closing = new AbortController()
    const progress: IngestProgress[] = []
    let written = 0
    try {
      const report = await ingest(
        directory(folder, { formats: [pdfFormat()] }).load({ signal: closing.signal }),
        {
          chunker: recursiveChunker({ maxTokens: 60 }),
          embedder,
          store,
          removeMissing: 'unrelated',
          totalDocuments: machines.length + 2,
          progressIntervalMs: 0,
          onProgress: (one) => progress.push(one),
          onDocument: ({ status }) => {
            if (status === 'written') written += 1
            if (written === stopAfter) closing.abort(new Error('the window is over'))
          },
          maxBatchDelayMs: 0,
          // One document after the other: none is on its way when the window ends.
          maxQueuedChunks: 1,
          signal: closing.signal,
        },
      )
      return { report, written, progress, embedded: embedder.calls.flatMap(({ texts }) => texts) }
    } catch (error) {
      return { error, written, progress, embedded: embedder.calls.flatMap(({ texts }) => texts) }
    } finally {
      await store.close()
    }
  }

  it('keeps what is done when its window ends, and goes on from there the next night', async () => {
    const first = await night(2)
    expect(first.error).toEqual(new Error('the window is over'))
    expect(first.written).toBe(2)

    const second = await night()
    expect(second.report!.documents).toMatchObject({
      written: machines.length - 2,
      unchanged: 2,
      failed: 2,
    })
    expect(second.embedded.filter((text) => first.embedded.includes(text))).toEqual([])
    const machineOf = (text: string) => /The (\w+)/.exec(text)?.[1]
    expect(new Set([...first.embedded, ...second.embedded].map(machineOf))).toEqual(new Set(machines))
    const last = second.progress.at(-1)!
    expect([last.documents, last.total, last.failures, last.remainingMs]).toEqual([6, 6, 2, 0])
  })

  it('skips what did not change, and lists what failed with its address, its stage and its reason', async () => {
    const { report, embedded } = await night()
    expect(report!.documents).toMatchObject({ written: 0, unchanged: machines.length, failed: 2 })
    expect(embedded).toEqual([])
    expect(
      report!.failures.map(({ uri, stage, code }) => [uri.slice(folder.length + 1), stage, code]),
    ).toEqual([
      ['broken.pdf', 'load', 'load-failed'],
      ['scanned.pdf', 'load', 'load-failed'],
    ])
    expect(report!.failures[1]!.message).toMatch(/text/)
  })

  it('embeds one page when one page changed, and forgets a file that is gone', async () => {
    await writeFile(join(folder, 'lathe.pdf'), await manual('lathe', 52))
    await unlink(join(folder, 'pump.pdf'))
    const busy = await night()
    expect(busy.report!.documents).toMatchObject({ written: 1, unchanged: 2, removed: 1, failed: 2 })
    expect(busy.embedded.join()).toContain('every 52 weeks')
    expect(busy.embedded.join()).not.toContain('crane')
  })

  it('has an index in the morning that answers with file and page', async () => {
    const embedder = fakeEmbedder({ dimensions: 64 })
    const store = await sqliteStore({
      path: database,
      dimensions: 64,
      embedderId: embedder.id,
      readOnly: true,
    })
    const hits = await denseRetriever({ store, embedder }).retrieve('The lathe is oiled every', { limit: 20 })
    expect([hits[0]!.chunk.documentId, hits[0]!.chunk.text]).toEqual([
      'lathe.pdf',
      expect.stringContaining('52 weeks'),
    ])
    expect(hits.map(({ chunk }) => chunk.documentId)).not.toContain('pump.pdf')
    await store.close()
  })
})
