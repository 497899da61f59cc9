import type { Chunk, Metadata } from '@tesserae/core'
import type { Prepared } from '../memory-store/prepare-entries.js'
import { decodeChunk, encodeChunk, encodeVector } from './chunk-row.js'
import { forgetTexts, hasEmbeddings } from './embedding-cache.js'
import type { StoreFile } from './store-file.js'
import { storedText } from './text.js'

/** An entry and the ordinal it has, or gets. */
export interface PlacedEntry<M extends Metadata> extends Prepared<M> {
  readonly ordinal: number
}

/** Writes entries as of a generation. Inside a transaction. */
export function writeRows<M extends Metadata>(
  file: StoreFile,
  entries: readonly PlacedEntry<M>[],
  generation: number,
  nowMs: number,
): void {
  const numbers = new Map<string, number>()
  const left = new Set<number>()
  for (const { chunk, revision, vector, ordinal } of entries) {
    let document = numbers.get(chunk.documentId)
    if (document === undefined) {
      document = touchDocument(file, chunk.documentId, nowMs)
      numbers.set(chunk.documentId, document)
    }
    const before = file.first('SELECT document FROM chunks WHERE ordinal = ?', [ordinal])
    if (before !== undefined && before.document !== document) left.add(Number(before.document))
    const { metadata, content } = encodeChunk(chunk)
    file.run(
      `INSERT INTO chunks (ordinal, id, document, revision, generation, metadata, content)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (ordinal) DO UPDATE SET document = excluded.document, revision = excluded.revision,
         generation = excluded.generation, metadata = excluded.metadata, content = excluded.content`,
      [ordinal, storedText(chunk.id), document, storedText(revision), generation, metadata, content],
    )
    if (vector !== undefined) {
      file.run(
        'INSERT INTO vectors (ordinal, vector) VALUES (?, ?) ON CONFLICT DO UPDATE SET vector = excluded.vector',
        [ordinal, encodeVector(vector)],
      )
    } else if (before !== undefined) file.run('DELETE FROM vectors WHERE ordinal = ?', [ordinal])
  }
  settleDocuments(file, left, nowMs)
}

/** Deletes chunks, their vectors, and the cached embeddings of their texts. Inside a transaction. */
export function deleteRows(
  file: StoreFile,
  ordinals: readonly number[],
  generation: number,
  nowMs: number,
): void {
  const left = new Set<number>()
  const gone: Chunk[] = []
  const cached = hasEmbeddings(file)
  for (const ordinal of ordinals) {
    const row = file.first('SELECT document, metadata, content FROM chunks WHERE ordinal = ?', [ordinal])
    if (row === undefined) continue
    left.add(Number(row.document))
    if (cached) gone.push(decodeChunk(row))
    file.run('DELETE FROM vectors WHERE ordinal = ?', [ordinal])
    file.run('DELETE FROM chunks WHERE ordinal = ?', [ordinal])
    file.run('INSERT INTO vacated (generation, ordinal) VALUES (?, ?)', [generation, ordinal])
  }
  forgetTexts(file, gone)
  settleDocuments(file, left, nowMs)
}

function touchDocument(file: StoreFile, documentId: string, nowMs: number): number {
  const id = storedText(documentId)
  file.run(
    'INSERT INTO documents (id, updated) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET updated = excluded.updated, seal = NULL',
    [id, nowMs],
  )
  return file.count('SELECT number FROM documents WHERE id = ?', [id])
}

/** Documents that lost chunks: changed now, or gone with their last one. */
function settleDocuments(file: StoreFile, numbers: Iterable<number>, nowMs: number): void {
  for (const number of numbers) {
    const chunks = file.count('SELECT count(*) FROM chunks WHERE document = ?', [number])
    if (chunks === 0) file.run('DELETE FROM documents WHERE number = ?', [number])
    else file.run('UPDATE documents SET updated = ?, seal = NULL WHERE number = ?', [nowMs, number])
  }
}
