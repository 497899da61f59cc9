import type { Metadata } from './document.js'
import { RagError } from './errors.js'
import type { VectorReuse } from './ingest-reuse.js'
import type { Entry, Store } from './store.js'

/** A store in memory that only keeps: no search. It gives vectors back. For what is put aside, and for tests. */
export function shelfStore<M extends Metadata = Metadata>(): Store<M> & VectorReuse {
  const entries = new Map<string, Entry<M>>()
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
      for (const [id, entry] of written) entries.set(id, entry)
    },
    async get(chunkIds, { signal } = {}) {
      signal?.throwIfAborted()
      return chunkIds.map((id) => structuredClone(entries.get(id)?.chunk))
    },
    async delete(chunkIds, { signal } = {}) {
      signal?.throwIfAborted()
      for (const id of chunkIds) entries.delete(id)
    },
    async *list({ documentId, signal } = {}) {
      signal?.throwIfAborted()
      for (const { chunk, revision } of [...entries.values()]) {
        signal?.throwIfAborted()
        if (documentId === undefined || chunk.documentId === documentId)
          yield { id: chunk.id, documentId: chunk.documentId, revision }
      }
    },
    async vectors(chunkIds, { signal } = {}) {
      signal?.throwIfAborted()
      return chunkIds.map((id) => entries.get(id)?.vector?.slice())
    },
  }
}
