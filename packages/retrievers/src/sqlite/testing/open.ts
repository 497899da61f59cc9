import type { ChunkRef, Store } from '@tesserae/core'
import { libsqlDriver, nodeDriver, type SqliteStoreOptions, sqliteStore } from '../index.js'
import { dimensions } from './entries.js'
import { databaseFolder } from './files.js'

export const plainDriver = async () => nodeDriver() ?? (await libsqlDriver())

/** Opens stores of the entries' dimensions, each in a new file unless a path is given. */
export function stores() {
  const files = databaseFolder()
  const open = (path = files.path(), options: Partial<SqliteStoreOptions> = {}) =>
    sqliteStore({ path, dimensions, durability: 'process', ...options })
  return { files, open }
}

/** In order of id. */
export async function listed(store: Pick<Store, 'list'>): Promise<ChunkRef[]> {
  const refs: ChunkRef[] = []
  for await (const ref of store.list()) refs.push(ref)
  return refs.sort((a, b) => (a.id < b.id ? -1 : 1))
}
