import { describe, expect, it } from 'vitest'
import type { Chunk, ChunkSpan } from './chunk.js'
import type { Chunker } from './chunker.js'
import type { Document, Metadata } from './document.js'
import type { Embedder } from './embedder.js'
import { ModelError, RagError } from './errors.js'
import { ingest } from './ingest.js'
import type { IngestOptions } from './ingest-options.js'
import type { IngestedDocument, IngestProgress } from './ingest-report.js'
import type { Loaded } from './loader.js'
import type { RagEvent } from './observer.js'
import type { Entry, Store } from './store.js'

function document(id: string, text: string, more: Partial<Document> = {}): Document {
  return { id, text, marks: [], metadata: {}, uri: id, ...more }
}

function loaded(...documents: Document[]): Loaded[] {
  return documents.map((item) => ({ type: 'document', document: item }))
}

/** One chunk per line; blank lines give blank spans. */
function lineChunker(id = 'lines', context?: string): Chunker {
  return {
    id,
    async split({ text }) {
      const spans: ChunkSpan[] = []
      let start = 0
      for (const line of text.split('\n')) {
        const end = start + line.length
        if (line !== '') spans.push({ start, end, ...(context !== undefined && { context }) })
        start = end + 1
      }
      return spans
    },
  }
}

interface FakeEmbedder extends Embedder {
  readonly calls: string[][]
  running: number
  mostRunning: number
}

interface FakeEmbedderOptions {
  readonly id?: string
  readonly maxBatchSize?: number
  readonly maxBatchTokens?: number
  readonly before?: (texts: readonly string[], signal: AbortSignal | undefined) => Promise<void> | void
}

function fakeEmbedder(options: FakeEmbedderOptions = {}): FakeEmbedder {
  const calls: string[][] = []
  return {
    id: options.id ?? 'fake',
    dimensions: 2,
    maxBatchSize: options.maxBatchSize ?? 4,
    maxBatchTokens: options.maxBatchTokens,
    calls,
    running: 0,
    mostRunning: 0,
    async embed(texts, { signal }) {
      calls.push([...texts])
      this.running += 1
      this.mostRunning = Math.max(this.mostRunning, this.running)
      try {
        await options.before?.(texts, signal)
      } finally {
        this.running -= 1
      }
      const vectors = new Float32Array(texts.length * 2)
      for (const [row, text] of texts.entries()) vectors.set(vectorOf(text), row * 2)
      return vectors
    },
  }
}

function vectorOf(text: string): [number, number] {
  const angle = text.length + (text.codePointAt(0) ?? 0) / 7
  return [Math.cos(angle), Math.sin(angle)]
}

type Log = ['upsert', ...string[]] | ['delete', ...string[]]

interface FakeStore extends Store {
  readonly entries: Map<string, Entry>
  readonly log: Log[]
}

interface FakeStoreOptions {
  readonly beforeUpsert?: (entries: readonly Entry[]) => Promise<void> | void
  readonly beforeDelete?: (ids: readonly string[]) => Promise<void> | void
  readonly beforeList?: (documentId: string | undefined) => Promise<void> | void
}

function fakeStore(options: FakeStoreOptions = {}): FakeStore {
  const entries = new Map<string, Entry>()
  const log: Log[] = []
  return {
    name: 'fake',
    entries,
    log,
    async upsert(written) {
      await options.beforeUpsert?.(written)
      log.push(['upsert', ...written.map(({ chunk }) => chunk.text)])
      for (const entry of written) entries.set(entry.chunk.id, entry)
    },
    async get(ids) {
      return ids.map((id) => entries.get(id)?.chunk)
    },
    async delete(ids) {
      await options.beforeDelete?.(ids)
      log.push(['delete', ...ids.map((id) => entries.get(id)?.chunk.text ?? '?')])
      for (const id of ids) entries.delete(id)
    },
    async *list({ documentId } = {}) {
      await options.beforeList?.(documentId)
      for (const { chunk, revision } of [...entries.values()]) {
        if (documentId !== undefined && chunk.documentId !== documentId) continue
        yield { id: chunk.id, documentId: chunk.documentId, revision }
      }
    },
  }
}

function texts(store: FakeStore): string[] {
  return [...store.entries.values()].map(({ chunk }) => chunk.text).sort()
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 1))

function setup(options: Partial<IngestOptions> & { store?: FakeStore; embedder?: FakeEmbedder } = {}) {
  const store = options.store ?? fakeStore()
  const embedder = options.embedder ?? fakeEmbedder()
  const run = (source: AsyncIterable<Loaded> | Iterable<Loaded>, more: Partial<IngestOptions> = {}) =>
    ingest(source, { chunker: lineChunker(), retry: false, ...options, ...more, store, embedder })
  return { store, embedder, run }
}

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
})
