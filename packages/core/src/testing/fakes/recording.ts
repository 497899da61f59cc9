import type { ChunkSpan } from '../../chunk.js'
import type { Chunker } from '../../chunker.js'
import type { Document } from '../../document.js'
import type { Embedder } from '../../embedder.js'
import { ingest } from '../../ingest.js'
import type { IngestOptions } from '../../ingest-options.js'
import type { Loaded } from '../../loader.js'
import type { Entry, Store } from '../../store.js'

// Parts for the tests of `ingest`: they record what is done, in words, and stop or fail where a test wants it.

export function document(id: string, text: string, more: Partial<Document> = {}): Document {
  return { id, text, marks: [], metadata: {}, uri: id, ...more }
}

export function loaded(...documents: Document[]): Loaded[] {
  return documents.map((item) => ({ type: 'document', document: item }))
}

/** One chunk per line; blank lines give blank spans. */
export function lineChunker(id = 'lines', context?: string): Chunker {
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

export interface RecordingEmbedder extends Embedder {
  readonly calls: string[][]
  running: number
  mostRunning: number
}

export interface RecordingEmbedderOptions {
  readonly id?: string
  readonly maxBatchSize?: number
  readonly maxBatchTokens?: number
  readonly before?: (texts: readonly string[], signal: AbortSignal | undefined) => unknown
}

export function recordingEmbedder(options: RecordingEmbedderOptions = {}): RecordingEmbedder {
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

export function vectorOf(text: string): [number, number] {
  const angle = text.length + (text.codePointAt(0) ?? 0) / 7
  return [Math.cos(angle), Math.sin(angle)]
}

type Log = ['upsert', ...string[]] | ['delete', ...string[]]

export interface RecordingStore extends Store {
  readonly entries: Map<string, Entry>
  readonly log: Log[]
}

export interface RecordingStoreOptions {
  readonly beforeUpsert?: (entries: readonly Entry[]) => unknown
  readonly beforeDelete?: (ids: readonly string[]) => unknown
  readonly beforeList?: (documentId: string | undefined) => unknown
}

export function recordingStore(options: RecordingStoreOptions = {}): RecordingStore {
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

export function texts(store: RecordingStore): string[] {
  return [...store.entries.values()].map(({ chunk }) => chunk.text).sort()
}

export function deferred() {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

export const turn = () => new Promise((resolve) => setTimeout(resolve, 1))

export function setup(
  options: Partial<IngestOptions> & { store?: RecordingStore; embedder?: RecordingEmbedder } = {},
) {
  const store = options.store ?? recordingStore()
  const embedder = options.embedder ?? recordingEmbedder()
  const run = (source: AsyncIterable<Loaded> | Iterable<Loaded>, more: Partial<IngestOptions> = {}) =>
    ingest(source, { chunker: lineChunker(), retry: false, ...options, ...more, store, embedder })
  return { store, embedder, run }
}
