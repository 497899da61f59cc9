import {
  type CallOptions,
  type Chunk,
  type Document,
  type Metadata,
  RagError,
  toChunks,
} from '@tesserae/core'

/** The window of a chunk as a chunk of its own, cut from the document. Throws `corrupt-data` when the document changed. */
function widen<M extends Metadata>(chunk: Chunk<M>, document: Document<M>): Chunk<M> {
  if (document.text.slice(chunk.start, chunk.end) !== chunk.text) {
    throw new RagError(
      'corrupt-data',
      `Document "${document.id}" does not have the text of chunk "${chunk.id}" at ${chunk.start} to ${chunk.end}. Ingest the document again, or give the version that was ingested.`,
      { details: { documentId: document.id, chunkId: chunk.id } },
    )
  }
  const span = chunk.window ?? chunk
  const [wide] = toChunks(document, [{ start: span.start, end: span.end }])
  return wide === undefined ? chunk : { ...wide, index: chunk.index, metadata: chunk.metadata }
}

/** The document a chunk was cut from, as it was then. */
export type DocumentOf<M extends Metadata> = (
  documentId: string,
  options: CallOptions,
) => Promise<Document<M>>

/** Widens chunks of one retrieval; each document is asked for once. */
export function widener<M extends Metadata>(
  documentOf: DocumentOf<M>,
  { signal, observer }: CallOptions,
): (chunk: Chunk<M>) => Promise<Chunk<M>> {
  const documents = new Map<string, Promise<Document<M>>>()
  return async (chunk) => {
    const document = documents.get(chunk.documentId) ?? documentOf(chunk.documentId, { signal, observer })
    documents.set(chunk.documentId, document)
    return widen(chunk, await document)
  }
}
