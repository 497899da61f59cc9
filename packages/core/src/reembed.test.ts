import { describe, expect, it } from 'vitest'
import { ModelError } from './errors.js'
import { ingest } from './ingest.js'
import { type ReembedProgress, reembed } from './reembed.js'
import type { Hit, Retriever } from './retriever.js'
import { swappableRetriever } from './swappable-retriever.js'
import {
  deferred,
  document,
  lineChunker,
  loaded,
  recordingEmbedder,
  recordingStore,
  texts,
  vectorOf,
} from './testing/fakes/recording.js'

const source = loaded(
  document('a', 'one\ntwo\nthree', { metadata: { year: 1, tags: ['x'] } }),
  document('b', 'four', { uri: undefined }),
)

async function setup() {
  const from = recordingStore()
  const to = recordingStore()
  const chunker = lineChunker('lines', 'context')
  await ingest(source, { chunker, store: from, embedder: recordingEmbedder({ id: 'old' }) })
  from.log.length = 0
  const embedder = recordingEmbedder({ id: 'new' })
  let swaps = 0
  const swap = () => {
    swaps += 1
  }
  const run = (more: Partial<Parameters<typeof reembed>[0]> = {}) =>
    reembed({ from, to, embedder, chunker, retry: false, swap, ...more })
  return { from, to, chunker, embedder, run, swaps: () => swaps }
}

describe('reembed', () => {
  it('builds the same chunks with new vectors beside, swaps once, and leaves nothing for ingest to do', async () => {
    const { from, to, chunker, embedder, run, swaps } = await setup()
    const progress: ReembedProgress[] = []
    const report = await run({ maxWriteChunks: 3, onProgress: (event) => progress.push(event) })
    expect(report).toMatchObject({
      swapped: true,
      chunks: 4,
      embedded: 4,
      unchanged: 0,
      deleted: 0,
      passes: 2,
      failures: [],
    })
    expect(report.tokens).toBeGreaterThan(4)
    expect(swaps()).toBe(1)
    expect(progress.map(({ embedded }) => embedded)).toEqual([3, 4])
    expect(from.log).toEqual([])
    expect([...to.entries.values()].map(({ chunk }) => chunk)).toEqual(
      [...from.entries.values()].map(({ chunk }) => chunk),
    )
    for (const { chunk, vector } of to.entries.values()) {
      expect([...(vector ?? [])]).toEqual([...Float32Array.from(vectorOf(`context\n${chunk.text}`))])
    }
    embedder.calls.length = 0
    to.log.length = 0
    const next = await ingest(source, { chunker, store: to, embedder })
    expect(next.documents.unchanged).toBe(2)
    expect([embedder.calls, to.log]).toEqual([[], []])
  })

  it('continues what an earlier run began, and drops what is no longer there', async () => {
    const { from, to, embedder, run, swaps } = await setup()
    let calls = 0
    const dying = recordingEmbedder({
      id: 'new',
      before: () => {
        calls += 1
        if (calls === 2) throw new Error('killed')
      },
    })
    const stop = await run({ embedder: dying, maxWriteChunks: 2, maxPasses: 1 })
    expect(stop.swapped).toBe(false)
    expect(swaps()).toBe(0)
    expect(to.entries.size).toBe(2)
    const [gone] = [...to.entries.keys()]
    await from.delete([gone ?? ''])
    const report = await run()
    expect(report).toMatchObject({ swapped: true, chunks: 3, embedded: 2, unchanged: 1, deleted: 1 })
    expect(embedder.calls.flat()).toHaveLength(2)
    expect(texts(to)).toEqual(texts(from))
  })

  it('catches up with writes made meanwhile, and does not swap when they never end', async () => {
    const { from, to, chunker, run, swaps } = await setup()
    const old = recordingEmbedder({ id: 'old' })
    let writes = 0
    const write = (text: string) =>
      ingest(loaded(document('b', text)), { chunker, store: from, embedder: old })
    const busy = (limit: number) =>
      recordingEmbedder({
        id: 'new',
        before: async () => {
          writes += 1
          if (writes <= limit) await write(`version ${writes}`)
        },
      })
    const report = await run({ embedder: busy(2) })
    expect(report.swapped).toBe(true)
    expect(texts(to)).toEqual(texts(from))
    expect(texts(to)).toContain('version 2')
    await write('once more')
    const endless = await run({ embedder: busy(1_000), maxPasses: 3 })
    expect(endless).toMatchObject({ swapped: false, passes: 3 })
    expect(swaps()).toBe(1)
  })

  it('does not swap when a chunk has no vector, and says which', async () => {
    const { from, run, swaps } = await setup()
    const embedder = recordingEmbedder({
      id: 'new',
      maxBatchSize: 1,
      before: (given) => {
        if (given[0]?.includes('three')) throw new ModelError('refused')
      },
    })
    const report = await run({ embedder })
    const id = [...from.entries.values()].find(({ chunk }) => chunk.text === 'three')?.chunk.id
    expect(report.failures.map(({ chunkId, error }) => [chunkId, error.code])).toEqual([[id, 'model-failed']])
    expect(report).toMatchObject({ swapped: false, chunks: 3 })
    expect(swaps()).toBe(0)
  })

  it('refuses wrong options and rejects with the reason of the signal', async () => {
    const { from, run } = await setup()
    await expect(run({ to: from })).rejects.toThrow(/`to` must be another store/)
    await expect(run({ maxPasses: 0 })).rejects.toThrow(/`maxPasses`/)
    await expect(run({ chunker: {} as never })).rejects.toThrow(/`chunker`/)
    const stop = new AbortController()
    const embedder = recordingEmbedder({ id: 'new', before: () => stop.abort(new Error('enough')) })
    await expect(run({ embedder, signal: stop.signal })).rejects.toThrow('enough')
  })
})

describe('swappableRetriever', () => {
  it('sends new calls to the next one and ends those on their way where they began', async () => {
    const hold = deferred()
    const named = (name: string, before?: Promise<void>): Retriever => ({
      name,
      async retrieve(query) {
        await before
        return [{ chunk: { ...chunk, text: `${name} ${query}` }, score: 1, trace: [] }]
      },
    })
    const chunk: Hit['chunk'] = {
      id: 'c',
      documentId: 'd',
      index: 0,
      start: 0,
      end: 1,
      text: '',
      headings: [],
      metadata: {},
    }
    const [first, second] = [named('first', hold.promise), named('second')]
    const retriever = swappableRetriever(first)
    const running = retriever.retrieve('q')
    expect(retriever.name).toBe('first')
    expect(retriever.swap(second)).toBe(first)
    expect(retriever.name).toBe('second')
    expect((await retriever.retrieve('q'))[0]?.chunk.text).toBe('second q')
    hold.resolve()
    expect((await running)[0]?.chunk.text).toBe('first q')
  })
})
