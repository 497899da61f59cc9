import type { Metadata } from './document.js'
import { RagError } from './errors.js'
import type { DocumentIds } from './ingest-remove.js'
import type { VectorReuse } from './ingest-reuse.js'
import type { DocumentSeals } from './ingest-seals.js'
import type { Entry, Store } from './store.js'

/**
 * A store in memory that only keeps: no search. It gives vectors back and keeps seals. For what is put aside, and for
 * tests.
 */
export function shelfStore<M extends Metadata = Metadata>(): Store<M> &
  VectorReuse &
  DocumentSeals &
  DocumentIds {
  const entries = new Map<string, Entry<M>>()
  const idsOfDocument = new Map<string, Set<string>>()
  const seals = new Map<string, string>()
  const forget = (id: string) => {
    const documentId = entries.get(id)?.chunk.documentId
    if (documentId === undefined) return
    entries.delete(id)
    seals.delete(documentId)
    const ids = idsOfDocument.get(documentId)
    ids?.delete(id)
    if (ids?.size === 0) idsOfDocument.delete(documentId)
  }
  const keep = (entry: Entry<M>) => {
    const { id, documentId } = entry.chunk
    if (entries.get(id)?.chunk.documentId !== documentId) forget(id)
    entries.set(id, entry)
    seals.delete(documentId)
    const ids = idsOfDocument.get(documentId)
    if (ids === undefined) idsOfDocument.set(documentId, new Set([id]))
    else ids.add(id)
  }
  return {
    name: 'shelf',
    async upsert(given, { signal } = {}) {
      signal?.throwIfAborted()
      const written = new Map(given.map((entry) => [entry.chunk.id, structuredClone(entry)]))
      if (written.size < given.length) {
        throw new RagError(
          'duplicate-id',
          'A chunk comes twice in one upsert. Nothing was written; keep one.',
        )
      }
      for (const entry of written.values()) keep(entry)
    },
    async get(chunkIds, { signal } = {}) {
      signal?.throwIfAborted()
      return chunkIds.map((id) => structuredClone(entries.get(id)?.chunk))
    },
    async delete(chunkIds, { signal } = {}) {
      signal?.throwIfAborted()
      for (const id of chunkIds) forget(id)
    },
    async *list({ documentId, signal } = {}) {
      signal?.throwIfAborted()
      const ids = documentId === undefined ? entries.keys() : (idsOfDocument.get(documentId) ?? [])
      for (const id of [...ids]) {
        signal?.throwIfAborted()
        const entry = entries.get(id)
        if (entry !== undefined) yield { id, documentId: entry.chunk.documentId, revision: entry.revision }
      }
    },
    async vectors(chunkIds, { signal } = {}) {
      signal?.throwIfAborted()
      return chunkIds.map((id) => entries.get(id)?.vector?.slice())
    },
    async seals(documentIds, { signal } = {}) {
      signal?.throwIfAborted()
      return documentIds.map((id) => seals.get(id))
    },
    async seal(documents, { signal } = {}) {
      signal?.throwIfAborted()
      for (const { documentId, seal, chunks } of documents) {
        const ids = idsOfDocument.get(documentId)
        if (ids?.size !== chunks.length) continue
        if (chunks.every(({ id, revision }) => ids.has(id) && entries.get(id)?.revision === revision)) {
          seals.set(documentId, seal)
        }
      }
    },
    async *documentIds({ signal } = {}) {
      signal?.throwIfAborted()
      yield* [...idsOfDocument.keys()]
    },
  }
}
