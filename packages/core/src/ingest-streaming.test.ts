import { describe, expect, it } from 'vitest'
import type { Chunker } from './chunker.js'
import type { Loaded } from './loader.js'
import {
  document,
  lineChunker,
  loaded,
  recordingEmbedder,
  recordingStore,
  setup,
  texts,
  turn,
} from './testing/fakes/recording.js'

describe('ingest: streaming', () => {
  async function* many(count: number, chunksEach: number, onPull?: (n: number) => void) {
    for (let n = 0; n < count; n++) {
      onPull?.(n)
      const lines = Array.from({ length: chunksEach }, (_, line) => `d${n} line ${line}`)
      yield* loaded(document(`doc ${n}`, lines.join('\n')))
    }
  }

  it('pulls the source no further than its queue allows', async () => {
    let pulled = 0
    let finished = 0
    let mostAhead = 0
    const embedder = recordingEmbedder({ maxBatchSize: 8, before: turn })
    const { store, run } = setup({ embedder })
    await run(
      many(200, 3, (n) => {
        pulled = n + 1
        mostAhead = Math.max(mostAhead, pulled - finished)
      }),
      { maxQueuedChunks: 30, concurrency: 2, onDocument: () => void finished++ },
    )
    expect(store.entries.size).toBe(600)
    // 10 documents of 3 chunks in the queue, 2 being prepared, 1 being pulled.
    expect(mostAhead).toBeLessThanOrEqual(13)
    expect(mostAhead).toBeGreaterThan(5)
  })

  it('lets a document larger than the queue through, whole', async () => {
    const { store, run } = setup()
    const upserts: number[] = []
    const write = store.upsert
    store.upsert = async (entries) => {
      upserts.push(entries.length)
      await write(entries)
    }
    const source = [...loaded(document('s', 'small')), ...loaded(document('l', 'x\n'.repeat(500)))]
    const chunker = lineChunker()
    const report = await run([...source, ...loaded(document('t', 'tiny'))], {
      chunker,
      maxQueuedChunks: 10,
      maxWriteChunks: 10,
    })
    expect(report.documents).toMatchObject({ written: 3, failed: 0 })
    expect(store.entries.size).toBe(502)
    expect(upserts).toContain(500)
  })

  it('fills batches across documents and caps them by tokens', async () => {
    const { embedder, run } = setup({ embedder: recordingEmbedder({ maxBatchSize: 5 }) })
    await run(many(20, 2))
    expect(embedder.calls.map((call) => call.length)).toEqual(Array.from({ length: 8 }, () => 5))
    const capped = setup({ embedder: recordingEmbedder({ maxBatchSize: 100, maxBatchTokens: 7 }) })
    await capped.run(many(6, 2), { tokensOf: () => 3 })
    expect(capped.embedder.calls.map((call) => call.length)).toEqual([2, 2, 2, 2, 2, 2])
  })

  it('runs no more calls at once than asked', async () => {
    for (const embedConcurrency of [1, 3]) {
      const { embedder, run } = setup({ embedder: recordingEmbedder({ maxBatchSize: 2, before: turn }) })
      await run(many(20, 2), { embedConcurrency })
      expect(embedder.mostRunning).toBe(embedConcurrency)
    }
  })

  it('splits as many documents at once as asked', async () => {
    for (const concurrency of [1, 3]) {
      let running = 0
      let most = 0
      const chunker: Chunker = {
        id: 'slow',
        async split(item) {
          running += 1
          most = Math.max(most, running)
          await turn()
          running -= 1
          return lineChunker().split(item)
        },
      }
      const { run } = setup()
      await run(many(20, 2), { chunker, concurrency })
      expect(most).toBe(concurrency)
    }
  })

  it('does not make a slow source wait for a full batch', async () => {
    const { store, run } = setup({ embedder: recordingEmbedder({ maxBatchSize: 100 }) })
    const slow = async function* () {
      yield* loaded(document('a', 'one'))
      // Goes on only when the first document is in the store.
      while (store.entries.size === 0) await turn()
      yield* loaded(document('b', 'two'))
    }
    await run(slow(), { maxBatchDelayMs: 1 })
    expect(texts(store)).toEqual(['one', 'two'])
  })

  it('does not wait for a full batch when none can come: the queue is full, or the source has ended', async () => {
    const { embedder, run } = setup({ embedder: recordingEmbedder({ maxBatchSize: 100 }) })
    const report = await run(many(10, 1), { maxQueuedChunks: 3, maxBatchDelayMs: 1_000_000 })
    expect(report.documents.written).toBe(10)
    expect(embedder.calls.map((call) => call.length)).toEqual([3, 3, 3, 1])
  })

  it('writes what gathers in as few calls as the limit allows', async () => {
    const store = recordingStore({ beforeUpsert: async () => void (await turn()) })
    const { run } = setup({ store, embedder: recordingEmbedder({ maxBatchSize: 100 }) })
    await run(many(40, 5), { maxWriteChunks: 20 })
    const sizes = store.log.map((entry) => entry.length - 1)
    expect(Math.max(...sizes)).toBe(20)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(200)
    expect(sizes.length).toBeLessThan(20)
  })

  it('asks the quota before each call', async () => {
    const asked: number[] = []
    const limiter = {
      tokensPerMinute: 8,
      acquire: async (tokens = 0) => void asked.push(tokens),
      usage: () => ({ requests: 0, tokens: 0 }),
    }
    const { run } = setup()
    await run(many(4, 2), { limiter, tokensOf: () => 3 })
    expect(asked).toEqual([6, 6, 6, 6])
  })
})

describe('ingest: abort', () => {
  it('rejects with the reason after what is running has stopped, and keeps what was acknowledged', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const embedder = recordingEmbedder({
      maxBatchSize: 1,
      before: async (batch, signal) => {
        if (batch[0] !== 'three') return
        controller.abort(reason)
        await turn()
        signal?.throwIfAborted()
      },
    })
    const { store, run } = setup({ embedder })
    const source = async function* () {
      yield* loaded(document('a', 'one'))
      while (store.entries.size < 1) await turn()
      yield* loaded(document('b', 'two\nthree\nmore'), document('c', 'four'))
    }
    await expect(run(source(), { signal: controller.signal, embedConcurrency: 1 })).rejects.toBe(reason)
    expect(embedder.running).toBe(0)
    const calls = embedder.calls.length
    await turn()
    expect(texts(store)).toEqual(['one'])
    expect(embedder.calls.length).toBe(calls)
    const report = await run(loaded(document('a', 'one'), document('b', 'two\n3'), document('c', 'four')))
    expect(report.documents).toMatchObject({ written: 2, unchanged: 1 })
  })

  it('does not start when aborted before', async () => {
    const { store, run } = setup()
    const signal = AbortSignal.abort(new Error('no'))
    await expect(run(loaded(document('a', 'one')), { signal })).rejects.toThrow('no')
    expect(store.entries.size).toBe(0)
  })

  it('does not wait for a source that never answers', async () => {
    const controller = new AbortController()
    const { run } = setup()
    const source = async function* (): AsyncGenerator<Loaded> {
      yield* loaded(document('a', 'one'))
      setTimeout(() => controller.abort(new Error('stop')), 5)
      await new Promise(() => {})
    }
    await expect(run(source(), { signal: controller.signal })).rejects.toThrow('stop')
  })

  it('can be aborted in the middle of a synchronous source', async () => {
    const controller = new AbortController()
    const { run } = setup()
    setTimeout(() => controller.abort(new Error('stop')), 20)
    const endless = function* () {
      for (let n = 0; ; n++) yield* loaded(document(`${n}`, ''))
    }
    await expect(run(endless(), { signal: controller.signal })).rejects.toThrow('stop')
  })

  it('takes an abort that is not the caller’s for a failure of the document', async () => {
    const chunker: Chunker = {
      id: 'timeout',
      split: async () => {
        throw new DOMException('took too long', 'AbortError')
      },
    }
    const { run } = setup()
    const report = await run(loaded(document('a', 'one')), { chunker })
    expect(report.failures).toMatchObject([{ uri: 'a', stage: 'split', message: 'took too long' }])
  })
})
