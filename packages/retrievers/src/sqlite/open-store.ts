import { resolve } from 'node:path'
import { checkInteger, checkOneOf, embeddingText, invalid, type Metadata } from '@tesserae/core'
import { bm25Index } from '../bm25/index.js'
import { vectorIndexOf } from '../memory-store/vector-index-of.js'
import type { IndexMaker } from './derived.js'
import { defaultDriver } from './drivers.js'
import { requireIdentity } from './identity.js'
import { loadSteps } from './load.js'
import { openFile } from './open.js'
import { runSteps } from './run-steps.js'
import type { SqliteStore, SqliteStoreOptions } from './sqlite-store.js'
import { FileStore } from './store.js'

/**
 * A store in one SQLite file: documents, chunks, vectors, stored indexes, an embedding cache.
 *
 * Each call of `upsert` or `delete` is one transaction: once it resolves, it survives the end of the process. Ids,
 * metadata, postings and vectors are held in memory for searching, texts are not; writing takes memory for the entries
 * of a call and SQLite's cache of pages besides, however large the file is. There is one writer at a time, across
 * processes (a second is refused at once), and any number of readers, each of which sees one state of the file per call.
 */
export async function sqliteStore<M extends Metadata = Metadata>(
  options: SqliteStoreOptions<M>,
): Promise<SqliteStore<M>> {
  const { signal, embedderId } = options
  const path = checkPath(options.path)
  const readOnly = options.readOnly ?? false
  const maker = indexMaker(options)
  const busyTimeoutMs = checkInteger('busyTimeoutMs', options.busyTimeoutMs ?? 5000, 0, 2 ** 31 - 1)
  const durability = checkOneOf('durability', options.durability ?? 'power-loss', ['power-loss', 'process'])
  if (embedderId !== undefined && typeof embedderId !== 'string')
    invalid('embedderId', 'a string', embedderId)
  signal?.throwIfAborted()
  const driver = options.driver ?? (await defaultDriver())
  signal?.throwIfAborted()
  const opened = openFile(driver, { path, readOnly, busyTimeoutMs, durability })
  /** A connection of its own that only reads. */
  const openAgain = () => openFile(driver, { path, readOnly: true, busyTimeoutMs, durability })
  try {
    requireIdentity(opened.file, { dimensions: maker.dimensions, embedderId }, readOnly)
    const derived = await runSteps(opened.file, loadSteps(opened.file, maker), signal)
    const name = options.name ?? 'sqlite'
    const now = options.now ?? Date.now
    return new FileStore({ name, readOnly, opened, openAgain, maker, derived, now })
  } catch (error) {
    opened.close()
    throw error
  }
}

function indexMaker<M extends Metadata>(options: SqliteStoreOptions<M>): IndexMaker<M> {
  const dimensions = options.dimensions === undefined ? 0 : checkInteger('dimensions', options.dimensions)
  const version = options.indexVersion ?? ''
  if (typeof version !== 'string') invalid('indexVersion', 'a string', version)
  return {
    dimensions,
    lexical: () => options.lexicalIndex?.() ?? bm25Index(),
    vectors: () => (dimensions === 0 ? undefined : vectorIndexOf(options, dimensions)),
    indexedText: options.indexedText ?? embeddingText,
    version: JSON.stringify(version),
  }
}

function checkPath(path: unknown): string {
  if (typeof path === 'string' && path !== '' && !path.startsWith(':') && !path.includes('\0')) {
    return resolve(path)
  }
  invalid('path', 'the path of a file', path, 'For a store without a file, use `memoryStore`.')
}
