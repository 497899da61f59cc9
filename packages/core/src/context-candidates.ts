import { mapConcurrent } from './async/map-concurrent.js'
import type { ContextOptions } from './context.js'
import type { Piece } from './context-passages.js'
import type { Metadata } from './document.js'
import { RagError } from './errors.js'
import { tell } from './observe.js'
import type { Hit } from './retriever.js'
import type { Span } from './span.js'

/** For each hit what may be shown of it, the most welcome first: its window, then the chunk itself. */
export async function candidatesOf<M extends Metadata>(
  hits: readonly Hit<M>[],
  options: ContextOptions,
): Promise<Piece[][]> {
  const { fetchText, signal, observer, excerpts } = options
  const own = ({ chunk }: Hit<M>): Piece => {
    const { documentId, start, text } = chunk
    const piece = { documentId, start, end: start + text.length, text }
    const excerpt = excerpts?.get(chunk.id)
    if (excerpt === undefined) return piece
    return excerpt.verbatim
      ? { ...piece, shown: checkSpans(chunk.id, piece, excerpt.spans) }
      : { ...piece, rewritten: excerpt.text }
  }
  if (options.useWindow !== true || fetchText === undefined) return hits.map((hit) => [own(hit)])
  const widen = async (hit: Hit<M>, _rank: number, running: AbortSignal): Promise<Piece[]> => {
    const piece = own(hit)
    const { documentId, window } = hit.chunk
    if (excerpts?.has(hit.chunk.id)) return [piece]
    if (window === undefined || (window.start === piece.start && window.end === piece.end)) return [piece]
    const text = await fetchText(documentId, window, { signal: running, observer })
    const offset = piece.start - window.start
    const fits = text.length === window.end - window.start && text.startsWith(piece.text, offset)
    if (fits) return [{ documentId, start: window.start, end: window.end, text }, piece]
    // The document is no longer the one that was ingested: what was found is still worth showing.
    tell(observer, { type: 'context.window-mismatch', source: documentId, labels: { chunkId: hit.chunk.id } })
    return [piece]
  }
  const candidates: Piece[][] = []
  for await (const pieces of mapConcurrent(hits, widen, { signal })) candidates.push(pieces)
  return candidates
}

function checkSpans(chunkId: string, piece: Piece, spans: readonly Span[]): readonly Span[] {
  let end = piece.start
  for (const span of spans) {
    const inside = Number.isInteger(span.start) && Number.isInteger(span.end) && span.end <= piece.end
    if (!inside || span.start < end || span.end <= span.start) {
      throw new RagError(
        'invalid-span',
        `The excerpt of chunk "${chunkId}" has the span ${span.start}–${span.end}. Spans must be offsets in the document, sorted, apart, not empty, and inside the chunk (${piece.start}–${piece.end}).`,
        { details: { chunkId, start: span.start, end: span.end } },
      )
    }
    end = span.end
  }
  return spans
}
