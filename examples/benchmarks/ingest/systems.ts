import { join } from 'node:path'
import { recursiveChunker } from '@tesserae/chunkers'
import { type Embedder, type IngestReport, ingest, type Loaded, type Store } from '@tesserae/core'
import { memoryStore } from '@tesserae/retrievers'
import { sqliteStore } from '@tesserae/retrievers/sqlite'
import { lancedb } from './lancedb.js'
import { langchain } from './langchain.js'
import { llamaindex } from './llamaindex.js'
import { folderBytes, type System } from './system.js'

export const systemNames = [
  'memoryStore',
  'sqliteStore',
  'LangChain index()',
  'LlamaIndex.TS pipeline',
  'LanceDB',
] as const
export type SystemName = (typeof systemNames)[number]

export async function makeSystem(name: SystemName, folder: string, embedder: Embedder): Promise<System> {
  const { dimensions } = embedder
  if (name === 'memoryStore')
    return ours(async () => Object.assign(memoryStore({ dimensions }), noFile), folder, embedder)
  if (name === 'sqliteStore') {
    return ours(() => sqliteStore({ path: join(folder, 'knowledge.db'), dimensions }), folder, embedder)
  }
  if (name === 'LanceDB') return lancedb(folder, embedder)
  return name === 'LangChain index()' ? langchain(embedder) : llamaindex(embedder)
}

const noFile = { close: async () => {} }

async function ours(
  make: () => Promise<Store & { close(): Promise<void> }>,
  folder: string,
  embedder: Embedder,
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
