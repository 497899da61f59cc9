import { join } from 'node:path'
import type { Embedder } from '@tesserae/core'
import { loadPeer } from '../harness/peers.js'
import { vectorsOf } from './model.js'
import { batches, paragraphsOf } from './peer-input.js'
import { folderBytes, type System } from './system.js'

/** `mergeInsert` by id, batch by batch: it keeps no manifest, so what is the same is embedded and written again. */
export async function lancedb(folder: string, embedder: Embedder): Promise<System> {
  const { connect } = await loadPeer<LanceModule>('@lancedb/lancedb')
  const path = join(folder, 'lance')
  let database = await connect(path)
  let table: LanceTable | undefined
  return {
    async run(source) {
      let written = 0
      for (const batch of batches(paragraphsOf(source), 4096)) {
        const vectors = await vectorsOf(
          embedder,
          batch.map(({ text }) => text),
        )
        const rows = batch.map(({ id, text, metadata }, place) => ({
          id,
          text,
          ...metadata,
          vector: Array.from(vectors[place]!),
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
      const [query] = await vectorsOf(embedder, ['word'])
      await table.search(Array.from(query!)).limit(1).toArray()
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
