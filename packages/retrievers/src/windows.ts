import {
  checkInteger,
  type ExplainableRetriever,
  type Hit,
  type Metadata,
  type RetrieveOptions,
  type Retriever,
  shareOf,
  type TellsShare,
} from '@tesserae/core'
import { explainBest } from './explain-through.js'
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
): ExplainableRetriever<M> & TellsShare {
  const { documentOf } = options
  const candidates = checkInteger('candidates', options.candidates ?? 50)
  const name = options.name ?? retriever.name

  /** The windows, and by their ids the hits that each is the window of, best first. */
  async function search(query: string, call: RetrieveOptions) {
    const widen = widener(documentOf, call)
    let inside = new Map<string, Hit<M>[]>()
    let asked = 0
    const hits = await retrieveUntil(retriever, query, call, candidates, async (found, limit) => {
      inside = new Map()
      asked = limit
      const widened: Hit<M>[] = []
      for (const hit of found) {
        const { chunk } = hit
        const wide = chunk.window === undefined ? chunk : await widen(chunk)
        const together = inside.get(wide.id)
        if (together !== undefined) {
          together.push(hit)
          continue
        }
        inside.set(wide.id, [hit])
        widened.push(wide === chunk ? hit : { ...hit, chunk: wide })
      }
      return widened
    })
    return { hits, inside, asked }
  }

  return {
    name,
    retrieve: async (query, call = {}) => (await search(query, call)).hits,
    vectorShare: (query: string) => shareOf(retriever, query),
    async explain(query, chunkId, call = {}) {
      const { inside, asked } = await search(query, call)
      const hits = inside.get(chunkId) ?? []
      const what = `"${name}", ${hits.length > 1 ? `the best of ${hits.length} hits with this window` : 'its window'}`
      return explainBest(what, retriever, query, hits, { ...call, limit: asked })
    },
  }
}
