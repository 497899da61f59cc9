import { checkInteger, type Hit, type Metadata, type Retriever } from '@tesserae/core'
import { retrieveUntil } from './retrieve-until.js'
import { type DocumentOf, widener } from './widen.js'

export interface WindowOptions<M extends Metadata = Metadata> {
  /** The document a chunk was cut from, as it was then. Called once per document and retrieval. */
  readonly documentOf: DocumentOf<M>
  /** Hits asked for at first; twice as many as long as they are too few. @default 50 */
  readonly candidates?: number | undefined
  /** @default the retriever's */
  readonly name?: string | undefined
}

/**
 * Small-to-big: searches small chunks and returns the wider window each was cut in (parent section, sentence
 * window). Chunks with the same window become one hit with the best score and the best hit's trace; a chunk
 * without a window stays as it is.
 *
 * Throws `corrupt-data` when a document no longer has the chunk's text where the chunk says it is.
 */
export function windowRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: WindowOptions<M>,
): Retriever<M> {
  const { documentOf } = options
  const candidates = checkInteger('candidates', options.candidates ?? 50)
  return {
    name: options.name ?? retriever.name,
    retrieve(query, call = {}) {
      const widen = widener(documentOf, call)
      return retrieveUntil(retriever, query, call, candidates, async (hits) => {
        const seen = new Set<string>()
        const widened: Hit<M>[] = []
        for (const hit of hits) {
          const { chunk } = hit
          const wide = chunk.window === undefined ? chunk : await widen(chunk)
          if (seen.has(wide.id)) continue
          seen.add(wide.id)
          widened.push(wide === chunk ? hit : { ...hit, chunk: wide })
        }
        return widened
      })
    },
  }
}
