import type { CallOptions, Chunker, ChunkSpan, Document } from '@tesserae/core'
import { timed } from '@tesserae/core'

/**
 * Wraps a way to split into the port: an aborted signal is noticed before any work, and an observer is told
 * `chunk.document` with the number of chunks and of code units.
 */
export function makeChunker(
  id: string,
  split: (document: Document, options: CallOptions) => Promise<readonly ChunkSpan[]>,
): Chunker {
  return {
    id,
    split(document, options = {}) {
      const run = async () => {
        options.signal?.throwIfAborted()
        return split(document, options)
      }
      return timed(options.observer, 'chunk.document', id, run, {
        signal: options.signal,
        labels: { documentId: document.id },
        counts: (spans) => ({ chunks: spans.length, codeUnits: document.text.length }),
      })
    },
  }
}
