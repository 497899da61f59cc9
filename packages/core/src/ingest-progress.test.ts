import { describe, expect, it } from 'vitest'
import type { IngestOptions } from './ingest-options.js'
import { documentRecord, type IngestedDocument, type IngestProgress } from './ingest-report.js'
import type { Loaded } from './loader.js'
import type { RagEvent } from './observer.js'
import { document, loaded, setup } from './testing/fakes/recording.js'

describe('ingest: progress and events', () => {
  it('tells progress no more often than asked, and at the end', async () => {
    let time = 0
    const progress: IngestProgress[] = []
    const { run } = setup()
    const source = Array.from({ length: 10 }, (_, n) => document(`${n}`, 'x\ny'))
    await run(loaded(...source), {
      now: () => time,
      progressIntervalMs: 100,
      onDocument: () => {
        time += 30
      },
      onProgress: (event) => progress.push(event),
    })
    expect(progress.map(({ milliseconds }) => milliseconds)).toEqual([30, 150, 270, 300])
    expect(progress.at(-1)).toEqual({
      documents: 10,
      chunks: 20,
      failures: 0,
      embedded: 20,
      skipped: 0,
      deleted: 0,
      tokens: expect.any(Number),
      embedCalls: 5,
      milliseconds: 300,
      stages: {
        load: expect.any(Number),
        split: expect.any(Number),
        embed: expect.any(Number),
        store: expect.any(Number),
      },
      current: expect.any(String),
    })
  })

  it('tells how much time is left, at the speed of the last part of the run', async () => {
    let time = 0
    const progress: IngestProgress[] = []
    const { run } = setup()
    // Ten quick documents, then ten that take ten times as long.
    const source = Array.from({ length: 20 }, (_, n) => document(`${n}`, 'x'))
    let finished = 0
    await run(loaded(...source), {
      now: () => time,
      progressIntervalMs: 0,
      totalDocuments: 20,
      concurrency: 1,
      maxQueuedChunks: 1,
      onDocument: () => {
        finished += 1
        time += finished <= 10 ? 10 : 100
      },
      onProgress: (event) => progress.push(event),
    })
    const left = progress.map(({ remainingMs }) => remainingMs)
    expect(progress.every(({ total }) => total === 20)).toBe(true)
    expect(left[4]).toBeCloseTo(150, 6)
    // Fifteen are done after 600 ms; in the second half of that time each took 100 ms.
    expect(progress[14]).toMatchObject({ documents: 15, milliseconds: 600 })
    expect(left[14]).toBeCloseTo(500, 6)
    expect(left.at(-1)).toBe(0)
  })

  it('turns outcomes into JSON, failures in words', async () => {
    const lines: string[] = []
    const { run } = setup()
    const report = await run(
      [...loaded(document('a', 'one', { metadata: { acl: ['staff'] } }), document('a', 'two'))],
      {
        onDocument: (result) => lines.push(JSON.stringify(documentRecord(result))),
      },
    )
    const records = lines.map((line) => JSON.parse(line)).sort((a, b) => a.status.localeCompare(b.status))
    expect(records).toMatchObject([
      {
        status: 'failed',
        documentId: 'a',
        stage: 'load',
        code: 'duplicate-id',
        message: expect.stringContaining('twice'),
      },
      { status: 'written', documentId: 'a', metadata: { acl: ['staff'] }, chunks: 1, written: 1 },
    ])
    expect(records[0]).not.toHaveProperty('error')
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  it('tells each document’s outcome with its metadata, and the observer without any text', async () => {
    const events: RagEvent[] = []
    const results: IngestedDocument[] = []
    const { run } = setup()
    const secret = 'the secret text'
    await run(loaded(document('a', secret, { metadata: { acl: ['staff'] } })), {
      onDocument: (result) => results.push(result),
      observer: (event) => events.push(event),
    })
    expect(results).toMatchObject([
      { status: 'written', documentId: 'a', uri: 'a', metadata: { acl: ['staff'] }, chunks: 1, written: 1 },
    ])
    expect(events.map(({ type }) => type)).toEqual(['embed.batch', 'ingest.document', 'ingest.run'])
    expect(JSON.stringify(events)).not.toContain('secret')
    expect(events[1]?.counts).toMatchObject({ chunks: 1, written: 1, embedded: 1 })
  })

  it.each<[string, Partial<IngestOptions>]>([
    ['concurrency', { concurrency: 0 }],
    ['embedConcurrency', { embedConcurrency: 1.5 }],
    ['maxQueuedChunks', { maxQueuedChunks: 0 }],
    ['maxWriteChunks', { maxWriteChunks: -1 }],
    ['maxBatchDelayMs', { maxBatchDelayMs: Number.NaN }],
    ['progressIntervalMs', { progressIntervalMs: -1 }],
  ])('refuses a wrong %s before pulling anything', async (name, options) => {
    let pulled = false
    const source = (function* (): Generator<Loaded> {
      pulled = true
      yield* loaded(document('a', 'one'))
    })()
    await expect(setup().run(source, options)).rejects.toMatchObject({
      code: 'invalid-argument',
      details: { argument: name },
    })
    expect(pulled).toBe(false)
  })
})
