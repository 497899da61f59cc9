import { describe, expect, it } from 'vitest'
import type { IngestOptions } from './ingest-options.js'
import type { IngestedDocument, IngestProgress } from './ingest-report.js'
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
      milliseconds: 300,
      current: expect.any(String),
    })
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
