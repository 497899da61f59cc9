import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { recursiveChunker } from '@tesserae/chunkers'
import { type Embedder, type IngestReport, ingest, type Loaded, type Store } from '@tesserae/core'
import { memoryStore } from '@tesserae/retrievers'
import { sqliteStore } from '@tesserae/retrievers/sqlite'
import { loadPeer } from '../harness/peers.js'
import { dimensions, embed } from './corpus.js'

/** Something that documents are brought into, and brought into again when they changed. */
export interface System {
  /** Chunks written. */
  run(source: Iterable<Loaded>): Promise<number>
  /** The same for documents that are known to have changed, without the others. */
  changed?(source: Iterable<Loaded>): Promise<number>
  close(): Promise<void>
  /** Bytes on disk once it is closed. */
  bytes(): number
  /** Opens what was closed, ready to search. */
  open?(): Promise<void>
}

export const systemNames = ['memoryStore', 'sqliteStore', 'LangChain index()', 'LanceDB'] as const
export type SystemName = (typeof systemNames)[number]

export async function makeSystem(name: SystemName, folder: string): Promise<System> {
  if (name === 'memoryStore')
    return ours(async () => Object.assign(memoryStore({ dimensions }), noFile), folder)
  if (name === 'sqliteStore') {
    return ours(() => sqliteStore({ path: join(folder, 'knowledge.db'), dimensions }), folder)
  }
  return name === 'LanceDB' ? lance(folder) : langchain()
}

const noFile = { close: async () => {} }

const embedder: Embedder = {
  id: 'hash',
  dimensions,
  maxBatchSize: 256,
  async embed(texts) {
    const vectors = new Float32Array(texts.length * dimensions)
    for (const [row, text] of texts.entries()) vectors.set(embed(text), row * dimensions)
    return vectors
  },
}

async function ours(
  make: () => Promise<Store & { close(): Promise<void> }>,
  folder: string,
): Promise<System> {
  let store = await make()
  const chunker = recursiveChunker({ maxTokens: 200 })
  const bring = async (source: Iterable<Loaded>, removeMissing: boolean): Promise<number> => {
    const report: IngestReport = await ingest(source, { chunker, embedder, store, removeMissing })
    if (report.failures.length > 0) throw new Error(report.failures[0]?.message)
    return report.chunks.written
  }
  return {
    run: (source) => bring(source, true),
    changed: (source) => bring(source, false),
    close: () => store.close(),
    bytes: () => folderBytes(folder),
    async open() {
      store = await make()
    },
  }
}

function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

/** Text, id and metadata of each paragraph, which is what our chunker finds too. */
function* paragraphsOf(source: Iterable<Loaded>) {
  for (const loaded of source) {
    if (loaded.type === 'failure') continue
    const { id, text, metadata } = loaded.document
    for (const [place, paragraph] of text.split('\n\n').entries()) {
      yield { id: `${id}#${place}`, source: id, text: paragraph, metadata }
    }
  }
}

/** `mergeInsert` by id, batch by batch: it keeps no manifest, so what is the same is embedded and written again. */
async function lance(folder: string): Promise<System> {
  const { connect } = await loadPeer<LanceModule>('@lancedb/lancedb')
  const path = join(folder, 'lance')
  let database = await connect(path)
  let table: LanceTable | undefined
  return {
    async run(source) {
      let written = 0
      for (const batch of batches(paragraphsOf(source), 4096)) {
        const rows = batch.map(({ id, text, metadata }) => ({
          id,
          text,
          ...metadata,
          vector: Array.from(embed(text)),
        }))
        written += rows.length
        if (table === undefined) table = await database.createTable('chunks', rows)
        else await table.mergeInsert('id').whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(rows)
      }
      return written
    },
    async close() {
      database.close()
    },
    bytes: () => folderBytes(path),
    async open() {
      database = await connect(path)
      table = await database.openTable('chunks')
      await table
        .search(Array.from(embed('word')))
        .limit(1)
        .toArray()
    },
  }
}

interface LanceTable {
  mergeInsert(on: string): LanceMerge
  search(vector: readonly number[]): { limit(count: number): { toArray(): Promise<unknown[]> } }
}
interface LanceMerge {
  whenMatchedUpdateAll(): LanceMerge
  whenNotMatchedInsertAll(): LanceMerge
  execute(rows: readonly unknown[]): Promise<unknown>
}
interface LanceModule {
  connect(path: string): Promise<{
    createTable(name: string, rows: readonly unknown[]): Promise<LanceTable>
    openTable(name: string): Promise<LanceTable>
    close(): void
  }>
}

/**
 * `index()` with full cleanup. The record manager and the vector store behind it are plain maps here, without any
 * database or search index: what is measured is `index()` itself.
 */
async function langchain(): Promise<System> {
  const { index } = await loadPeer<LangchainIndexing>('@langchain/core/indexing')
  const { Document } = await loadPeer<LangchainDocuments>('@langchain/core/documents')
  const records = new Map<string, { updatedAt: number; groupId: string | null }>()
  const vectors = new Map<string, Float32Array>()
  let clock = 0
  const recordManager = {
    lc_namespace: ['recordmanagers'],
    createSchema: async () => {},
    getTime: async () => ++clock,
    async update(keys: readonly string[], { groupIds }: { groupIds?: readonly (string | null)[] } = {}) {
      for (const [i, key] of keys.entries()) {
        records.set(key, { updatedAt: clock, groupId: groupIds?.[i] ?? null })
      }
    },
    exists: async (keys: readonly string[]) => keys.map((key) => records.has(key)),
    async listKeys({ before, limit }: { before?: number; limit?: number } = {}) {
      const keys: string[] = []
      for (const [key, { updatedAt }] of records) {
        if (before === undefined || updatedAt < before) keys.push(key)
        if (keys.length === limit) break
      }
      return keys
    },
    async deleteKeys(keys: readonly string[]) {
      for (const key of keys) records.delete(key)
    },
  }
  const vectorStore = {
    async addDocuments(documents: readonly { pageContent: string }[], { ids }: { ids: readonly string[] }) {
      for (const [i, { pageContent }] of documents.entries()) vectors.set(ids[i]!, embed(pageContent))
      return ids
    },
    async delete({ ids }: { ids: readonly string[] }) {
      for (const id of ids) vectors.delete(id)
    },
  }
  return {
    async run(source) {
      const docsSource = Array.from(
        paragraphsOf(source),
        ({ id, source, text, metadata }) =>
          new Document({ pageContent: text, metadata: { ...metadata, id, source } }),
      )
      const result = await index({
        docsSource,
        recordManager,
        vectorStore,
        options: { cleanup: 'full', batchSize: 1000, cleanupBatchSize: 1000 },
      })
      return result.numAdded + result.numUpdated
    },
    async close() {},
    bytes: () => 0,
  }
}

interface LangchainIndexing {
  index(options: object): Promise<{ readonly numAdded: number; readonly numUpdated: number }>
}
interface LangchainDocuments {
  readonly Document: new (fields: { pageContent: string; metadata: object }) => object
}

function* batches<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let batch: T[] = []
  for (const item of items) {
    batch.push(item)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

export function emptyFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}
