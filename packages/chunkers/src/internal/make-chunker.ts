import type { CallOptions, Chunker, ChunkSpan, Document } from '@tesserae/core'
import { tell, timed } from '@tesserae/core'

/** How much a chunk repeats of the one before it at most, and its own size, in one unit. */
export interface ChunkOverlap {
  readonly overlap: number
  readonly size: number
}

/** An overlap over this share of the size mostly stores the same text twice: 10 to 20 % is usual. */
const WIDE_OVERLAP = 0.5

/**
 * Wraps a way to split into the port: an aborted signal is noticed before any work, and an observer is told
 * `chunk.document` with the number of chunks and of code units; before it `chunk.wide-overlap`, with both numbers,
 * when chunks overlap by more than half their size.
 */
export function makeChunker(
  id: string,
  split: (document: Document, options: CallOptions) => Promise<readonly ChunkSpan[]>,
  { overlap, size }: ChunkOverlap = { overlap: 0, size: 1 },
): Chunker {
  return {
    id,
    split(document, options = {}) {
      const labels = { documentId: document.id }
      const run = async () => {
        options.signal?.throwIfAborted()
        if (overlap > size * WIDE_OVERLAP) {
          tell(options.observer, {
            type: 'chunk.wide-overlap',
            source: id,
            counts: { overlap, size },
            labels,
          })
        }
        return split(document, options)
      }
      return timed(options.observer, 'chunk.document', id, run, {
        signal: options.signal,
        labels,
        counts: (spans) => ({ chunks: spans.length, codeUnits: document.text.length }),
      })
    },
  }
}
