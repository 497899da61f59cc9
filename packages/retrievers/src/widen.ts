import { type Chunk, type Document, type Metadata, RagError, toChunks } from '@tesserae/core'

/** The window of a chunk as a chunk of its own, cut from the document. Throws `corrupt-data` when the document changed. */
export function widen<M extends Metadata>(chunk: Chunk<M>, document: Document<M>): Chunk<M> {
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
