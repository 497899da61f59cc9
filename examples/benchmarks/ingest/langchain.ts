import type { Embedder } from '@tesserae/core'
import { loadPeer } from '../harness/peers.js'
import { vectorsOf } from './model.js'
import { paragraphsOf } from './peer-input.js'
import type { System } from './system.js'

/**
 * `index()` with full cleanup. The record manager and the vector store behind it are plain maps here, without any
 * database or search index: what is measured is `index()` itself.
 */
export async function langchain(embedder: Embedder): Promise<System> {
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
      const made = await vectorsOf(
        embedder,
        documents.map(({ pageContent }) => pageContent),
      )
      for (const [i, id] of ids.entries()) vectors.set(id, made[i]!)
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
