import type { CallOptions, ChunkRef, ListOptions } from '@tesserae/core'
import type { StoredDocument } from './sqlite-store.js'
import type { StoreFile } from './store-file.js'
import { originalText, storedText } from './text.js'

/** Rows of a listing read at once; the event loop gets a turn between two. */
const pageRows = 4096

const allChunks = `SELECT c.ordinal, c.id, d.id AS document, c.revision
  FROM chunks c JOIN documents d ON d.number = c.document WHERE c.ordinal > ? ORDER BY c.ordinal LIMIT ${pageRows}`
const chunksOfDocument = `SELECT ordinal, id, revision FROM chunks
  WHERE document = (SELECT number FROM documents WHERE id = ?) AND ordinal > ? ORDER BY ordinal LIMIT ${pageRows}`
const allDocuments = `SELECT d.id, d.updated, (SELECT count(*) FROM chunks c WHERE c.document = d.number) AS chunks
  FROM documents d WHERE d.id > ? ORDER BY d.id LIMIT ${pageRows}`

const documentIds = `SELECT id FROM documents WHERE id > ? ORDER BY id LIMIT ${pageRows}`

/** In order of ordinal: a chunk keeps its ordinal as long as it is there, so each comes once. `open` gives the file, or throws. */
export async function* listChunks(
  open: () => StoreFile,
  { documentId, signal }: ListOptions,
): AsyncIterable<ChunkRef> {
  signal?.throwIfAborted()
  const [sql, values] =
    documentId === undefined ? [allChunks, []] : [chunksOfDocument, [storedText(documentId)]]
  for (let last = -1; ; ) {
    const rows = open().all(sql, [...values, last])
    for (const row of rows) {
      signal?.throwIfAborted()
      yield {
        id: originalText(String(row.id)),
        documentId: documentId ?? originalText(String(row.document)),
        revision: originalText(String(row.revision)),
      }
    }
    const end = rows[pageRows - 1]
    if (end === undefined) return
    last = Number(end.ordinal)
    await pause()
  }
}

/** In order of id as it is stored. */
export async function* listDocuments(
  open: () => StoreFile,
  { signal }: CallOptions,
): AsyncIterable<StoredDocument> {
  signal?.throwIfAborted()
  for (let last = ''; ; ) {
    const rows = open().all(allDocuments, [last])
    for (const row of rows) {
      signal?.throwIfAborted()
      yield {
        id: originalText(String(row.id)),
        chunks: Number(row.chunks),
        updatedMs: Number(row.updated),
      }
    }
    const end = rows[pageRows - 1]
    if (end === undefined) return
    last = String(end.id)
    await pause()
  }
}

/** In order of id as it is stored. */
export async function* listDocumentIds(
  open: () => StoreFile,
  { signal }: CallOptions,
): AsyncIterable<string> {
  signal?.throwIfAborted()
  for (let last = ''; ; ) {
    const rows = open().all(documentIds, [last])
    for (const row of rows) {
      signal?.throwIfAborted()
      yield originalText(String(row.id))
    }
    const end = rows[pageRows - 1]
    if (end === undefined) return
    last = String(end.id)
    await pause()
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}
