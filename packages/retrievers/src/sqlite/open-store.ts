import { checkInteger, checkOneOf, embeddingText, invalid, type Metadata } from '@tesserae/core'
import { bm25Index } from '../bm25/index.js'
import { vectorIndexOf } from '../memory-store/vector-index-of.js'
import type { IndexMaker } from './derived.js'
import { defaultDriver } from './drivers.js'
import { sqliteFailure } from './failure.js'
import { requireIdentity } from './identity.js'
import { loadSteps } from './load.js'
import { type OpenedFile, openFile } from './open.js'
import type { SqliteStore, SqliteStoreOptions } from './sqlite-store.js'
import { FileStore } from './store.js'

/** Milliseconds of work between two turns of the event loop. */
const sliceMs = 10

/**
 * A store in one SQLite file: documents, chunks, vectors, stored indexes, an embedding cache.
 *
 * Each call of `upsert` or `delete` is one transaction: once it resolves, it survives the end of the process. Ids,
 * metadata, postings and vectors are held in memory for searching, texts are not. There is one writer at a time,
 * across processes (a second is refused at once), and any number of readers, each of which sees one state of the file
 * per call.
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
  try {
    requireIdentity(opened.file, { dimensions: maker.dimensions, embedderId }, readOnly)
    const derived = await load(opened, maker, signal)
    const name = options.name ?? 'sqlite'
    return new FileStore({ name, readOnly, opened, maker, derived, now: options.now ?? Date.now })
  } catch (error) {
    opened.close()
    throw sqliteFailure(error, path)
  }
}

/** In one transaction, so that all pages are of one generation, though others write meanwhile. */
async function load<M extends Metadata>(
  { file }: OpenedFile,
  maker: IndexMaker<M>,
  signal: AbortSignal | undefined,
) {
  file.begin()
  try {
    const steps = loadSteps(file, maker)
    for (let pauseAt = performance.now() + sliceMs; ; ) {
      const step = steps.next()
      if (step.done === true) {
        file.commit()
        return step.value
      }
      if (performance.now() < pauseAt) continue
      await new Promise((resolve) => setTimeout(resolve, 0))
      signal?.throwIfAborted()
      pauseAt = performance.now() + sliceMs
    }
  } catch (error) {
    file.rollBack()
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
  if (typeof path === 'string' && path !== '' && !path.startsWith(':') && !path.includes('\0')) return path
  invalid('path', 'the path of a file', path, 'For a store without a file, use `memoryStore`.')
}
