import { isRagError, type LexicalIndex, type Metadata, RagError, type VectorIndex } from '@tesserae/core'
import { setIndexed } from '../memory-store/field-index.js'
import { decodeChunk, decodeMetadata, decodeVector } from './chunk-row.js'
import { Derived, type IndexMaker } from './derived.js'
import type { SqliteRow, SqliteValue } from './driver.js'
import { readSnapshotParts, savable, snapshotGeneration } from './index-snapshots.js'
import type { StoreFile } from './store-file.js'
import { originalText } from './text.js'

/** Rows read at once. */
const pageRows = 1024

/**
 * Everything in memory from the file, at its generation now. An index that is stored is loaded, and the rows written
 * and ordinals vacated since are replayed; one that is not, or cannot be used, is made from the rows. A step ends
 * after each page of rows.
 */
export function* loadSteps<M extends Metadata>(
  file: StoreFile,
  maker: IndexMaker<M>,
): Generator<void, Derived<M>> {
  const derived = new Derived(maker)
  derived.generation = file.generation()
  yield* loadTable(file, derived)
  yield* loadLexical(file, maker, derived)
  yield* loadVectors(file, maker, derived)
  if (!derived.agrees()) {
    throw new RagError(
      'corrupt-data',
      `The store at "${file.path}" holds chunks and vectors that do not belong together. Take an intact copy, or ingest into a new file.`,
      { details: { path: file.path } },
    )
  }
  return derived
}

/** Brings it to the generation of the file. False when the file no longer tells all that happened since. */
export function catchUp<M extends Metadata>(
  file: StoreFile,
  maker: IndexMaker<M>,
  derived: Derived<M>,
): boolean {
  const since = derived.generation
  const now = file.generation()
  if (now === since) return true
  if (now < since || since < Number(file.setting('vacatedFrom') ?? 0)) return false
  for (const ordinal of vacatedSince(file, since)) derived.remove(ordinal)
  const columns = 'c.ordinal, c.generation, c.metadata, c.content, v.vector'
  const from = 'chunks c LEFT JOIN vectors v ON v.ordinal = c.ordinal'
  for (const rows of pagesSince(file, columns, from, since)) {
    for (const row of rows) {
      const chunk = decodeChunk<M>(row)
      const vector = row.vector === null ? undefined : decodeVector(row.vector, maker.dimensions)
      derived.put({ ordinal: Number(row.ordinal), chunk, text: maker.indexedText(chunk), vector })
    }
  }
  derived.generation = now
  return derived.agrees()
}

function* loadTable<M extends Metadata>(file: StoreFile, derived: Derived<M>): Generator<void> {
  let lastJson: SqliteValue | undefined
  let metadata: Metadata = {}
  for (const rows of pagesOfAll(file, 'c.ordinal, c.id, c.metadata', 'chunks c')) {
    for (const row of rows) {
      // Chunks of one document mostly share their metadata.
      if (row.metadata !== lastJson) {
        metadata = decodeMetadata(row.metadata)
        lastJson = row.metadata
      }
      derived.keep(Number(row.ordinal), originalText(String(row.id)), metadata)
    }
    yield
  }
}

function* loadLexical<M extends Metadata>(
  file: StoreFile,
  maker: IndexMaker<M>,
  derived: Derived<M>,
): Generator<void> {
  const fill = function* (index: LexicalIndex, since: number): Generator<void> {
    for (const rows of pagesSince(
      file,
      'c.ordinal, c.generation, c.metadata, c.content',
      'chunks c',
      since,
    )) {
      for (const row of rows) {
        setIndexed(index, Number(row.ordinal), maker.indexedText(decodeChunk<M>(row)))
      }
      yield
    }
  }
  const since = restore(file, 'lexical', derived.lexical, maker.version)
  for (const ordinal of vacatedSince(file, since)) derived.lexical.delete(ordinal)
  yield* fill(derived.lexical, since)
  if (since === 0 || derived.lexical.size === derived.slots.size) return
  derived.lexical = maker.lexical()
  yield* fill(derived.lexical, 0)
}

function* loadVectors<M extends Metadata>(
  file: StoreFile,
  maker: IndexMaker<M>,
  derived: Derived<M>,
): Generator<void> {
  const { vectors } = derived
  if (vectors === undefined) return
  for (const rows of pagesOfAll(file, 'c.ordinal', 'vectors c')) {
    for (const row of rows) derived.vectored.add(Number(row.ordinal))
    yield
  }
  const fill = function* (index: VectorIndex, since: number): Generator<void> {
    const pages =
      since === 0
        ? pagesOfAll(file, 'c.ordinal, c.vector', 'vectors c')
        : pagesSince(
            file,
            'c.ordinal, c.generation, v.vector',
            'chunks c LEFT JOIN vectors v ON v.ordinal = c.ordinal',
            since,
          )
    for (const rows of pages) {
      for (const row of rows) {
        const ordinal = Number(row.ordinal)
        if (row.vector === null) index.delete(ordinal)
        else index.set(ordinal, decodeVector(row.vector, maker.dimensions))
      }
      yield
    }
  }
  const since = restore(file, 'vectors', vectors, maker.version)
  for (const ordinal of vacatedSince(file, since)) vectors.delete(ordinal)
  yield* fill(vectors, since)
  if (since === 0 || vectors.size === derived.vectored.count()) return
  derived.vectors = maker.vectors()
  if (derived.vectors !== undefined) yield* fill(derived.vectors, 0)
}

/** Loads a stored index; returns its generation, 0 when the index is still empty. */
function restore(
  file: StoreFile,
  name: 'lexical' | 'vectors',
  index: LexicalIndex | VectorIndex,
  version: string,
): number {
  const target = savable(index)
  const generation = snapshotGeneration(file, name, version)
  if (target === undefined || generation === undefined) return 0
  if (generation < Number(file.setting('vacatedFrom') ?? 0) || generation > file.generation()) return 0
  try {
    target.load(readSnapshotParts(file, name))
    return generation
  } catch (error) {
    // Stored indexes are only a short cut: one made with other options, or damaged, is made anew from the rows.
    if (isRagError(error, 'incompatible') || isRagError(error, 'corrupt-data')) return 0
    throw error
  }
}

/** Ordinals that lost their chunk since, whether or not they have another by now. */
function vacatedSince(file: StoreFile, since: number): number[] {
  if (since === 0) return []
  const rows = file.all('SELECT DISTINCT ordinal FROM vacated WHERE generation > ?', [since])
  return rows.map((row) => Number(row.ordinal))
}

/** Chunks written since, a page at a time. `columns` has `c.ordinal` and `c.generation`. */
function* pagesSince(
  file: StoreFile,
  columns: string,
  from: string,
  since: number,
): Generator<readonly SqliteRow[]> {
  if (since === 0) {
    yield* pagesOfAll(file, columns, from)
    return
  }
  const sql = `SELECT ${columns} FROM ${from} WHERE (c.generation, c.ordinal) > (?, ?) ORDER BY c.generation, c.ordinal LIMIT ${pageRows}`
  let last: readonly SqliteValue[] = [since, Number.MAX_SAFE_INTEGER]
  for (;;) {
    const rows = file.all(sql, last)
    if (rows.length > 0) yield rows
    const end = rows[pageRows - 1]
    if (end === undefined) return
    last = [end.generation!, end.ordinal!]
  }
}

/** A whole table, a page at a time. `columns` has `c.ordinal`. */
export function* pagesOfAll(file: StoreFile, columns: string, from: string): Generator<readonly SqliteRow[]> {
  const sql = `SELECT ${columns} FROM ${from} WHERE c.ordinal > ? ORDER BY c.ordinal LIMIT ${pageRows}`
  for (let last: SqliteValue = -1; ; ) {
    const rows = file.all(sql, [last])
    if (rows.length > 0) yield rows
    const end = rows[pageRows - 1]
    if (end === undefined) return
    last = end.ordinal!
  }
}
