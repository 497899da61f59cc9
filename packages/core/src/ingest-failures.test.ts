import { describe, expect, it } from 'vitest'
import type { Chunker } from './chunker.js'
import { ModelError, RagError } from './errors.js'
import type { IngestedDocument } from './ingest-report.js'
import type { Loaded } from './loader.js'
import {
  deferred,
  document,
  lineChunker,
  loaded,
  recordingEmbedder,
  recordingStore,
  setup,
  texts,
  turn,
} from './testing/fakes/recording.js'

describe('ingest: failures', () => {
  const bad = new RagError('load-failed', 'cannot read it')

  it('records a load failure and goes on', async () => {
    const { store, run } = setup()
    const source: Loaded[] = [
      ...loaded(document('a', 'one')),
      { type: 'failure', uri: 'bad.pdf', error: bad },
      ...loaded(document('b', 'two')),
    ]
    const report = await run(source)
    expect(texts(store)).toEqual(['one', 'two'])
    expect(report.failures).toEqual([
      { uri: 'bad.pdf', code: 'load-failed', message: 'cannot read it', stage: 'load' },
    ])
    expect(report.documents).toMatchObject({ loaded: 2, written: 2, failed: 1 })
  })

  it('refuses the second document of an id', async () => {
    const { store, run } = setup()
    const report = await run(loaded(document('a', 'one'), document('a', 'two'), document('b', 'three')))
    expect(texts(store)).toEqual(['one', 'three'])
    expect(report.failures).toMatchObject([{ documentId: 'a', code: 'duplicate-id', stage: 'load' }])
  })

  it('costs a document whose chunker fails nothing of what the store has', async () => {
    const { store, run } = setup()
    await run(loaded(document('a', 'one'), document('b', 'two')))
    const breaking: Chunker = {
      id: 'breaking',
      async split(item) {
        if (item.id === 'a') throw new TypeError('no grammar')
        if (item.id === 'c') return [{ start: 0, end: 99 }]
        return lineChunker().split(item)
      },
    }
    const report = await run(loaded(document('a', 'ONE'), document('b', 'TWO'), document('c', 'three')), {
      chunker: breaking,
    })
    expect(texts(store)).toEqual(['TWO', 'one'])
    expect(report.failures.map(({ uri, code, stage }) => [uri, code, stage]).sort()).toEqual([
      ['a', 'load-failed', 'split'],
      ['c', 'invalid-span', 'split'],
    ])
  })

  it('fails only documents with a chunk in a failed batch, writes nothing of them, deletes nothing', async () => {
    const embedder = recordingEmbedder({
      maxBatchSize: 2,
      before: (batch) => {
        if (batch.includes('poison')) throw new Error('model is unwell')
      },
    })
    const { store, run } = setup({ embedder })
    await run(loaded(document('b', 'old')))
    const results: IngestedDocument[] = []
    const report = await run(
      loaded(
        document('a', 'a1\na2'),
        document('b', 'b1\npoison\nb3\nb4\nb5'),
        document('c', 'c1\nc2\nc3'),
        document('d', 'd1'),
      ),
      { concurrency: 1, embedConcurrency: 1, onDocument: (result) => results.push(result) },
    )
    expect(texts(store)).toEqual(['a1', 'a2', 'c1', 'c2', 'c3', 'd1', 'old'])
    expect(report.failures).toEqual([
      {
        uri: 'b',
        documentId: 'b',
        code: 'model-failed',
        stage: 'embed',
        message: 'The embedder "fake" failed on 2 texts: model is unwell',
      },
    ])
    expect(results.find(({ status }) => status === 'failed')?.error).toBeInstanceOf(ModelError)
    // The failed document's other texts were no longer sent.
    expect(embedder.calls.flat()).not.toContain('b4')
  })

  it('fails a document with a text that the model would cut silently, before sending anything of it', async () => {
    const embedder = recordingEmbedder({ maxBatchTokens: 10 })
    const { store, run } = setup({ embedder })
    const report = await run(loaded(document('a', `one\n${'x'.repeat(11)}`), document('b', 'two')), {
      tokensOf: (text) => text.length,
    })
    expect(texts(store)).toEqual(['two'])
    expect(report.failures).toMatchObject([{ uri: 'a', code: 'invalid-argument', stage: 'embed' }])
    expect(embedder.calls).toEqual([['two']])
  })

  it('refuses vectors of a wrong size or with numbers that are not finite', async () => {
    const short = { ...recordingEmbedder(), embed: async () => new Float32Array(1) }
    const nan = { ...recordingEmbedder(), embed: async () => new Float32Array([1, Number.NaN]) }
    for (const embedder of [short, nan]) {
      const { store, run } = setup({ embedder })
      const report = await run(loaded(document('a', 'one')))
      expect(store.entries.size).toBe(0)
      expect(report.failures).toMatchObject([{ code: 'invalid-vector', stage: 'embed' }])
    }
  })

  it('retries what is retryable and counts the calls', async () => {
    let failures = 2
    const embedder = recordingEmbedder({
      before: () => {
        if (failures-- > 0) throw new ModelError('throttled', { retryable: true })
      },
    })
    const { store, run } = setup({ embedder })
    const report = await run(loaded(document('a', 'one')), { retry: { baseMs: 0 } })
    expect(report.embedCalls).toBe(3)
    expect(texts(store)).toEqual(['one'])
  })

  it('blames only the document at fault when a group cannot be written', async () => {
    const gate = deferred()
    let first = true
    const store = recordingStore({
      async beforeUpsert(entries) {
        if (first) {
          first = false
          await gate.promise
        }
        if (entries.some(({ chunk }) => chunk.text === 'poison')) throw new Error('constraint')
      },
    })
    const { run } = setup({ store })
    const source = async function* () {
      yield* loaded(document('a', 'one\n1\n2\n3'))
      yield* loaded(document('b', 'two\n4'), document('c', 'poison\n5'), document('d', 'three\n6\n7\n8'))
      await turn()
      gate.resolve()
    }
    const report = await run(source())
    expect(report.failures).toMatchObject([{ uri: 'c', code: 'store-failed', stage: 'store' }])
    expect(report.documents).toMatchObject({ written: 3, failed: 1 })
    expect(texts(store)).toEqual(['1', '2', '3', '4', '6', '7', '8', 'one', 'three', 'two'])
    // The group went together once: a, then b with c and d, then each of them alone.
    expect(store.log.map((entry) => entry[1])).toEqual(['one', 'two', 'three'])
  })

  it('keeps stale chunks when they cannot be deleted, and deletes them in the next run', async () => {
    let broken = false
    const store = recordingStore({
      beforeDelete: () => {
        if (broken) throw new RagError('store-failed', 'disk full')
      },
    })
    const { run } = setup({ store })
    await run(loaded(document('a', 'one')))
    broken = true
    const report = await run(loaded(document('a', 'two')))
    expect(report.failures).toMatchObject([{ uri: 'a', stage: 'store', message: 'disk full' }])
    expect(texts(store)).toEqual(['one', 'two'])
    broken = false
    expect((await run(loaded(document('a', 'two')))).chunks).toMatchObject({ written: 0, deleted: 1 })
    expect(texts(store)).toEqual(['two'])
  })

  it('records a store that cannot be asked what it has', async () => {
    const store = recordingStore({
      beforeList: (id) => {
        if (id === 'a') throw new Error('timeout')
      },
    })
    const { run } = setup({ store })
    const report = await run(loaded(document('a', 'one'), document('b', 'two')))
    expect(report.failures).toMatchObject([{ uri: 'a', code: 'store-failed', stage: 'store' }])
    expect(texts(store)).toEqual(['two'])
  })

  it('finishes what it was given and then rejects when the source itself throws', async () => {
    const { store, run } = setup()
    await run(loaded(document('old', 'zero')))
    const source = async function* () {
      yield* loaded(document('a', 'one'), document('b', 'two'))
      throw new Error('connection lost')
    }
    await expect(run(source(), { removeMissing: true })).rejects.toMatchObject({
      code: 'load-failed',
      message: 'The source stopped with an error after 2 documents, which were finished: connection lost',
    })
    expect(texts(store)).toEqual(['one', 'two', 'zero'])
    const unsupported = new RagError('unsupported', 'install the parser')
    const typed = async function* () {
      yield* loaded(document('c', 'three'))
      throw unsupported
    }
    await expect(run(typed())).rejects.toBe(unsupported)
    expect(texts(store)).toContain('three')
  })

  it('rejects with what a callback throws', async () => {
    const { run } = setup()
    const mistake = new Error('my own mistake')
    const throwing = () => {
      throw mistake
    }
    const source = loaded(document('a', 'one'), document('b', 'two'))
    await expect(run(source, { onDocument: throwing })).rejects.toBe(mistake)
    await expect(run(source, { onProgress: throwing })).rejects.toBe(mistake)
    const failing: Loaded[] = [{ type: 'failure', uri: 'x', error: bad }]
    await expect(run(failing, { onDocument: throwing })).rejects.toBe(mistake)
  })

  it('ignores an observer that throws', async () => {
    const { store, run } = setup()
    await run(loaded(document('a', 'one')), {
      observer: () => {
        throw new Error('metrics are down')
      },
    })
    expect(texts(store)).toEqual(['one'])
  })
})
