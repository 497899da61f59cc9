import {
  type Chunk,
  checkInteger,
  checkNumber,
  type ExplainableRetriever,
  type Hit,
  type Metadata,
  type RetrieveOptions,
  type Retriever,
} from '@tesserae/core'
import { explainBest } from './explain-through.js'
import { retrieveUntil } from './retrieve-until.js'
import { type DocumentOf, widener } from './widen.js'

export interface AutoMergeOptions<M extends Metadata = Metadata> {
  /** The document a chunk was cut from, as it was then. Called once per document with a parent to show. */
  readonly documentOf: DocumentOf<M>
  /** How much of a parent's characters its hits must cover, above 0 and at most 1. @default 0.5 */
  readonly share?: number | undefined
  /** Hits looked at, or `limit` if that is more; twice as many as long as too few are left. @default 20 */
  readonly candidates?: number | undefined
  /** @default the retriever's */
  readonly name?: string | undefined
}

/**
 * Auto-merging: when the hits cover most of the parent they were cut from (their `window`), the parent takes their
 * place, at the best of their ranks and with that hit's score and trace. Other hits stay small. Coverage is counted
 * in characters, overlaps once, so it does not matter how many children a parent has.
 *
 * Throws `corrupt-data` when a document no longer has a chunk's text where the chunk says it is.
 */
export function autoMergeRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: AutoMergeOptions<M>,
): ExplainableRetriever<M> {
  const { documentOf } = options
  const share = checkNumber('share', options.share ?? 0.5, Number.MIN_VALUE, 1)
  const candidates = checkInteger('candidates', options.candidates ?? 20)
  const name = options.name ?? retriever.name

  /** What is left, and by its id the hits that each took the place of, best first. */
  async function search(query: string, call: RetrieveOptions) {
    const widen = widener(documentOf, call)
    let replaced = new Map<string, Hit<M>[]>()
    let asked = 0
    const hits = await retrieveUntil(retriever, query, call, candidates, async (found, limit) => {
      replaced = new Map()
      asked = limit
      const merged = parentsCovered(found, share)
      const families = new Map<string, Hit<M>[]>()
      const left: Hit<M>[] = []
      for (const hit of found) {
        const parent = parentKey(hit.chunk)
        const family = parent === undefined ? undefined : families.get(parent)
        if (family !== undefined) {
          family.push(hit)
          continue
        }
        const isMerged = parent !== undefined && merged.has(parent)
        const shown = isMerged ? { ...hit, chunk: await widen(hit.chunk) } : hit
        const own = [hit]
        left.push(shown)
        replaced.set(shown.chunk.id, own)
        if (isMerged) families.set(parent, own)
      }
      return left
    })
    return { hits, replaced, asked }
  }

  return {
    name,
    retrieve: async (query, call = {}) => (await search(query, call)).hits,
    async explain(query, chunkId, call = {}) {
      const { replaced, asked } = await search(query, call)
      const hits = replaced.get(chunkId) ?? []
      const what = `"${name}", ${hits[0]?.chunk.id === chunkId ? 'left as it was' : `in place of ${hits.length} hits`}`
      return explainBest(what, retriever, query, hits, { ...call, limit: asked })
    },
  }
}

/** Names the parent; undefined for a chunk that has none, or is its own. */
function parentKey({ documentId, start, end, window }: Chunk): string | undefined {
  if (window === undefined || (window.start === start && window.end === end)) return undefined
  return `${window.start}:${window.end}:${documentId}`
}

function parentsCovered<M extends Metadata>(hits: readonly Hit<M>[], share: number): ReadonlySet<string> {
  const families = new Map<string, Chunk<M>[]>()
  for (const { chunk } of hits) {
    const parent = parentKey(chunk)
    if (parent === undefined) continue
    const family = families.get(parent)
    if (family) family.push(chunk)
    else families.set(parent, [chunk])
  }
  const covered = new Set<string>()
  for (const [parent, children] of families) {
    const { window } = children[0]!
    if (window !== undefined && coveredLength(children) >= share * (window.end - window.start))
      covered.add(parent)
  }
  return covered
}

/** Characters in at least one of the chunks. */
function coveredLength(chunks: readonly Chunk[]): number {
  let length = 0
  let reached = 0
  for (const { start, end } of [...chunks].sort((a, b) => a.start - b.start)) {
    length += Math.max(0, end - Math.max(start, reached))
    reached = Math.max(reached, end)
  }
  return length
}
