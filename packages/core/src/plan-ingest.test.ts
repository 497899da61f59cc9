import { describe, expect, it } from 'vitest'
import { RagError } from './errors.js'
import { ingest } from './ingest.js'
import type { IngestReport } from './ingest-report.js'
import { type PlannedDocument, planIngest } from './plan-ingest.js'
import { shelfStore } from './shelf-store.js'
import {
  document,
  lineChunker,
  loaded,
  recordingEmbedder,
  recordingStore,
  setup,
  texts,
  turn,
  vectorOf,
} from './testing/fakes/recording.js'
import { seededRandom } from './testing/index.js'

describe('planIngest', () => {
  const bad = {
    type: 'failure' as const,
    uri: 'docs/broken',
    error: new RagError('load-failed', 'cannot read it'),
  }

  it('tells adds, updates, deletes and cost, and writes and embeds nothing', async () => {
    const { store, embedder, run } = setup()
    await run(loaded(document('a', 'one\ntwo'), document('b', 'three'), document('c', 'four')))
    store.log.length = 0
    embedder.calls.length = 0
    const before = structuredClone(store.entries)
    const seen: PlannedDocument[] = []
    const plan = await planIngest(
      loaded(document('a', 'one\nTWO'), document('b', 'three'), document('d', 'x\ny\nz'), document('e', ' ')),
      {
        chunker: lineChunker(),
        store,
        embedder,
        removeMissing: true,
        tokensOf: () => 10,
        pricePerMillionTokens: 50_000,
        concurrency: 1,
        onDocument: (planned) => seen.push(planned),
      },
    )
    expect(plan).toEqual({
      documents: { loaded: 4, add: 1, update: 1, unchanged: 1, empty: 1, delete: 1, fail: 0 },
      chunks: { write: 4, embed: 4, reuse: 0, unchanged: 2, delete: 2 },
      tokens: 40,
      embedCalls: 1,
      cost: 2,
      removal: 'done',
      failures: [],
    })
    expect(seen.map(({ documentId, action }) => [documentId, action])).toEqual([
      ['a', 'update'],
      ['b', 'unchanged'],
      ['d', 'add'],
      ['e', 'empty'],
      ['c', 'delete'],
    ])
    expect(store.log).toEqual([])
    expect(embedder.calls).toEqual([])
    expect(store.entries).toEqual(before)
  })

  it('lists failures and keeps what is missing when something could not be loaded', async () => {
    const { store, embedder, run } = setup()
    await run(loaded(document('a', 'one')))
    const options = { chunker: lineChunker(), store, embedder, removeMissing: true }
    const plan = await planIngest([...loaded(document('b', 'two'), document('b', 'three')), bad], options)
    expect(plan).toMatchObject({ removal: 'kept-load-failures', documents: { add: 1, fail: 2, delete: 0 } })
    expect(plan.failures.map(({ uri, code, stage }) => [uri, code, stage])).toEqual([
      ['b', 'duplicate-id', 'load'],
      ['docs/broken', 'load-failed', 'load'],
    ])
    expect(plan).not.toHaveProperty('cost')
    await expect(planIngest([], { ...options, pricePerMillionTokens: -1 })).rejects.toThrow(/pricePerMillion/)
    const source = (async function* () {
      yield* loaded(document('a', 'one'))
      throw new Error('disk gone')
    })()
    await expect(planIngest(source, options)).rejects.toThrow(/after 1 documents.*disk gone/)
    const stop = new AbortController()
    stop.abort(new Error('enough'))
    await expect(planIngest([], { ...options, signal: stop.signal })).rejects.toThrow('enough')
  })

  it('foretells exactly what ingest then does, whatever was there', async () => {
    const random = seededRandom(11)
    const words = ['one', 'two', 'three', 'four', 'five', 'six']
    const pick = () => words[random.integer(0, words.length - 1)]!
    const corpus = () =>
      loaded(
        ...Array.from({ length: 6 }, (_, n) => n)
          .filter(() => random.integer(0, 3) > 0)
          .map((n) =>
            document(`d${n}`, [...new Set(Array.from({ length: 3 }, pick))].join('\n'), {
              metadata: { year: random.integer(0, 1) },
            }),
          ),
      )
    let written = 0
    for (let round = 0; round < 60; round++) {
      const store = shelfStore()
      const options = { chunker: lineChunker(), store, removeMissing: true, retry: false } as const
      await ingest(corpus(), { ...options, embedder: recordingEmbedder() })
      const source = corpus()
      const embedder = recordingEmbedder()
      const plan = await planIngest(source, { ...options, embedder })
      const report: IngestReport = await ingest(source, { ...options, embedder })
      expect(plan.chunks).toEqual({
        write: report.chunks.written,
        embed: report.chunks.embedded,
        reuse: report.chunks.reused,
        unchanged: report.chunks.unchanged,
        delete: report.chunks.deleted,
      })
      expect(plan.tokens).toBe(report.tokens)
      expect(plan.documents.add + plan.documents.update).toBe(report.documents.written)
      expect(plan.documents).toMatchObject({
        loaded: report.documents.loaded,
        unchanged: report.documents.unchanged,
        delete: report.documents.removed,
      })
      expect(plan.removal).toBe(report.removal)
      written += report.chunks.written
    }
    expect(written).toBeGreaterThan(100)
  })
})

describe('ingest: text that moved', () => {
  function filled() {
    const recorded = recordingStore()
    const store = Object.assign(recorded, {
      vectors: async (ids: readonly string[]) => ids.map((id) => recorded.entries.get(id)?.vector),
    })
    return { ...setup({ store }), store }
  }

  it('is not embedded again within its document', async () => {
    const { store, embedder, run } = filled()
    await run(loaded(document('a', 'one\ntwo\nthree')))
    const vectors = new Map([...store.entries.values()].map(({ chunk, vector }) => [chunk.text, vector]))
    embedder.calls.length = 0
    const report = await run(loaded(document('a', 'new first line\none\nthree\ntwo')))
    expect(embedder.calls).toEqual([['new first line']])
    expect(report.chunks).toMatchObject({ written: 4, embedded: 1, reused: 3, deleted: 3 })
    for (const { chunk, vector } of store.entries.values()) {
      if (vectors.has(chunk.text)) expect(vector).toEqual(vectors.get(chunk.text))
    }
  })

  it('is not embedded again when its document is renamed, and the old name is gone', async () => {
    const { store, embedder, run } = filled()
    await run(loaded(document('old', 'one\ntwo'), document('other', 'three')))
    embedder.calls.length = 0
    const report = await run(loaded(document('new', 'one\ntwo'), document('other', 'three')), {
      removeMissing: true,
    })
    expect(embedder.calls).toEqual([])
    expect(report.documents).toMatchObject({ written: 1, removed: 1, unchanged: 1 })
    expect(texts(store)).toEqual(['one', 'three', 'two'])
    expect([...store.entries.values()].every(({ vector }) => vector?.length === 2)).toBe(true)
  })

  it('is not embedded again when the document it left was finished before', async () => {
    const { embedder, run } = filled()
    await run(loaded(document('a', 'one\ntwo'), document('b', 'three')))
    embedder.calls.length = 0
    const order = { concurrency: 1, maxQueuedChunks: 1 }
    const report = await run(loaded(document('a', 'one'), document('b', 'three\ntwo')), order)
    expect(embedder.calls).toEqual([])
    expect(report.chunks).toMatchObject({ written: 1, reused: 1, deleted: 1 })
  })

  it('gets no vector of another model, of another context or of a chunk that is being replaced', async () => {
    const { store, embedder, run } = filled()
    await run(loaded(document('a', 'one')), { chunker: lineChunker('lines', 'first') })
    const other = recordingEmbedder({ id: 'other' })
    await ingest(loaded(document('b', 'one')), {
      chunker: lineChunker('lines', 'first'),
      store,
      embedder: other,
    })
    expect(other.calls).toEqual([['first\none']])
    embedder.calls.length = 0
    // While c asks for what a had, a gets another context: its id now has another vector.
    const upserts = () => store.log.filter(([kind]) => kind === 'upsert').length
    const before = upserts()
    let asked = 0
    const read = store.vectors
    store.vectors = async (ids) => {
      asked += 1
      if (asked === 1) while (upserts() === before) await turn()
      return read(ids)
    }
    const contexts: { [id: string]: string } = { a: 'second', c: 'first' }
    const chunker = {
      id: 'lines',
      split: (given: ReturnType<typeof document>) => lineChunker('lines', contexts[given.id]).split(given),
    }
    await run(loaded(document('a', 'one'), document('c', 'one')), { chunker, maxBatchDelayMs: 0 })
    expect(asked).toBe(2)
    expect(embedder.calls).toEqual([['second\none']])
    const vectors = Object.fromEntries(
      [...store.entries.values()].map(({ chunk, vector }) => [chunk.documentId, [...(vector ?? [])]]),
    )
    expect(vectors.a).toEqual([...Float32Array.from(vectorOf('second\none'))])
    expect(vectors.c).toEqual([...Float32Array.from(vectorOf('first\none'))])
  })
})
