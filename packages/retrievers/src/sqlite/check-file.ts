import { isRagError, type Metadata } from '@tesserae/core'
import { decodeChunk, decodeVector } from './chunk-row.js'
import { Derived, type IndexMaker } from './derived.js'
import type { SqliteRow } from './driver.js'
import { readSnapshotParts, savable, snapshotGeneration } from './index-snapshots.js'
import { loadSteps, pagesOfAll } from './load.js'
import type { SqliteCheck } from './sqlite-store.js'
import type { StoreFile } from './store-file.js'
import { originalText } from './text.js'

/** Problems told at most; a file with more is as lost. */
const mostProblems = 100

/**
 * Reads the whole file in one state: SQLite's own check, every chunk and vector, that nothing points nowhere, that each
 * stored index is intact, and that the indexes made from it agree with the rows. A step ends after each page of rows.
 */
export function* checkSteps<M extends Metadata>(
  file: StoreFile,
  maker: IndexMaker<M>,
): Generator<void, SqliteCheck> {
  const problems: string[] = []
  const problem = (text: string) => {
    if (problems.length < mostProblems) problems.push(text)
  }
  for (const row of file.all('PRAGMA integrity_check')) {
    const [text] = Object.values(row)
    if (text !== 'ok') problem(String(text))
  }
  for (const row of file.all('PRAGMA foreign_key_check')) {
    problem(`A row of ${row.table} points to a row of ${row.parent} that is not there.`)
  }
  for (const row of file.all(
    'SELECT id FROM documents d WHERE NOT EXISTS (SELECT 1 FROM chunks c WHERE c.document = d.number)',
  )) {
    problem(`Document ${row.id} has no chunk.`)
  }
  const generation = file.generation()
  const ahead = file.count(
    'SELECT (SELECT count(*) FROM chunks WHERE generation > ?1) + (SELECT count(*) FROM vacated WHERE generation > ?1)',
    [generation],
  )
  if (ahead > 0) problem(`${ahead} changes are of a later generation than the file.`)
  yield
  const from = 'chunks c JOIN documents d ON d.number = c.document'
  for (const rows of pagesOfAll(file, 'c.ordinal, c.id, d.id AS document, c.metadata, c.content', from)) {
    for (const row of rows) for (const text of chunkProblems(row)) problem(text)
    yield
  }
  for (const rows of pagesOfAll(file, 'c.ordinal, c.vector', 'vectors c')) {
    for (const row of rows) for (const text of vectorProblems(row, maker.dimensions)) problem(text)
    yield
  }
  for (const name of ['lexical', 'vectors'] as const) {
    for (const text of snapshotProblems(file, maker, name)) problem(text)
    yield
  }
  // What cannot be read above cannot be loaded either.
  if (problems.length === 0) {
    try {
      yield* loadSteps(file, maker)
    } catch (error) {
      if (!isRagError(error)) throw error
      problem(error.message)
    }
  }
  return {
    chunks: file.count('SELECT count(*) FROM chunks'),
    documents: file.count('SELECT count(*) FROM documents'),
    vectors: file.count('SELECT count(*) FROM vectors'),
    problems,
  }
}

function* chunkProblems(row: SqliteRow): Generator<string> {
  try {
    const { id, documentId } = decodeChunk(row)
    if (id !== originalText(String(row.id))) yield `The row of chunk ${row.id} holds chunk "${id}".`
    if (documentId !== originalText(String(row.document))) {
      yield `Chunk ${row.id} is of document "${documentId}" and counts to ${row.document}.`
    }
  } catch (error) {
    if (!isRagError(error)) throw error
    yield `Chunk ${row.id} cannot be read.`
  }
}

function* vectorProblems(row: SqliteRow, dimensions: number): Generator<string> {
  try {
    if (!decodeVector(row.vector, dimensions).every(Number.isFinite)) {
      yield `The vector at ordinal ${row.ordinal} is not finite.`
    }
  } catch (error) {
    if (!isRagError(error)) throw error
    yield `The vector at ordinal ${row.ordinal} has another length than ${dimensions}.`
  }
}

function* snapshotProblems<M extends Metadata>(
  file: StoreFile,
  maker: IndexMaker<M>,
  name: 'lexical' | 'vectors',
): Generator<string> {
  const target = savable(new Derived(maker)[name])
  if (target === undefined || snapshotGeneration(file, name, maker.version) === undefined) return
  try {
    target.load(readSnapshotParts(file, name))
  } catch (error) {
    // Made with other options, it is not used and does no harm.
    if (isRagError(error, 'incompatible')) return
    if (!isRagError(error)) throw error
    yield `The stored index "${name}" is damaged; it is made anew at the next opening. ${error.message}`
  }
}
