import { RagError } from './errors.js'
import { keepsSeals, type Lineage } from './ingest-seals.js'
import type { CallOptions } from './observer.js'

export interface DocumentLineage extends Lineage {
  readonly documentId: string
  /** Chunks of it in the store. */
  readonly chunks: number
}

/**
 * Of documents in a store that keeps seals: which version of the text, which chunker and which model made all their
 * chunks and vectors. `undefined` for a document that is not there, or of which not everything is known to be of one
 * making: a run on it was cut short, or somebody wrote or deleted a chunk of it since. The next `ingest` settles that.
 *
 * Throws `unsupported` for a store without `DocumentSeals`.
 */
export async function documentLineage(
  store: object,
  documentIds: readonly string[],
  options: CallOptions = {},
): Promise<readonly (DocumentLineage | undefined)[]> {
  if (!keepsSeals(store)) {
    throw new RagError(
      'unsupported',
      'This store does not remember what its documents were made from. Use one with `DocumentSeals`, such as `memoryStore` or `sqliteStore`.',
    )
  }
  const seals = await store.seals(documentIds, options)
  return documentIds.map((documentId, place) => lineageOf(documentId, seals[place]))
}

function lineageOf(documentId: string, seal: string | undefined): DocumentLineage | undefined {
  const [, chunks, json] = /^[0-9a-f]{32}\.(\d+)\.\d+\.(\{.*\})$/s.exec(seal ?? '') ?? []
  if (json === undefined) return undefined
  try {
    const { version, chunker, embedder, dimensions } = JSON.parse(json) as Lineage
    return {
      documentId,
      version,
      chunker,
      ...(embedder !== undefined && { embedder, dimensions }),
      chunks: Number(chunks),
    }
  } catch {
    // Sealed by something else.
    return undefined
  }
}
