import {
  checkInteger,
  checkOneOf,
  type Hit,
  invalid,
  type Metadata,
  oneOf,
  type RetrieveOptions,
  type Retriever,
  type Scalar,
  tell,
} from '@tesserae/core'
import type { ExplainableRetriever } from '../../explain-hit.js'
import { explainUnchanged } from '../../explain-through.js'
import { both } from '../expanding-retriever.js'

export interface SummaryOptions<M extends Metadata = Metadata> {
  /** Searches what stands for whole documents or sections: their summaries. */
  readonly summaries: Retriever
  /** Searches the chunks inside them. */
  readonly chunks: Retriever<M>
  /** Metadata field of the chunks that names the document or section they are in. */
  readonly field: string
  /** What a summary stands for, as that field holds it. @default the summary's own value of the field */
  readonly keyOf?: ((summary: Hit) => Scalar | undefined) | undefined
  /** Documents or sections to look into. @default 10 */
  readonly parents?: number | undefined
  /** When the summaries find nothing: all chunks are searched, or nothing is found. @default 'all' */
  readonly otherwise?: 'all' | 'nothing' | undefined
  /** Stage name in traces. @default 'summaries' */
  readonly name?: string | undefined
}

/**
 * A summary index, searched top-down: first the summaries, then the chunks inside what they stand for. A chunk that looks
 * right in a document about something else does not come in. The caller's filter holds for summaries and chunks, so
 * summaries need the metadata of what they stand for (`standIns` gives it to them).
 */
export function summaryRetriever<M extends Metadata = Metadata>(
  options: SummaryOptions<M>,
): ExplainableRetriever<M> {
  const { summaries, chunks, field, name = 'summaries' } = options
  if (typeof field !== 'string' || field === '') invalid('field', 'the name of a metadata field', field)
  const parents = checkInteger('parents', options.parents ?? 10)
  const otherwise = checkOneOf('otherwise', options.otherwise ?? 'all', ['all', 'nothing'])
  const keyOf = options.keyOf ?? (({ chunk }: Hit) => scalar(chunk.metadata[field]))
  /** The hits inside what the summaries stand for, and how they were asked for. */
  async function search(query: string, call: RetrieveOptions) {
    const limit = checkInteger('limit', call.limit ?? 5)
    const tops = await summaries.retrieve(query, { ...call, limit: parents })
    const keys = [...new Set(tops.map(keyOf).filter((key) => key !== undefined))]
    tell(call.observer, { type: 'retrieve.summaries', source: name, counts: { parents: keys.length } })
    const filter = keys.length === 0 ? call.filter : both(call.filter, oneOf(field, keys))
    const inside = { ...call, limit, filter }
    const nowhere = keys.length === 0 && otherwise === 'nothing'
    return { keys, inside, hits: nowhere ? [] : await chunks.retrieve(query, inside) }
  }
  return {
    name,
    async retrieve(query, call = {}) {
      const { hits } = await search(query, call)
      return hits.map((hit, index) => {
        const kind = hit.trace.at(-1)?.kind ?? 'feature'
        return { ...hit, trace: [...hit.trace, { stage: name, kind, rank: index + 1, score: hit.score }] }
      })
    },
    async explain(query, chunkId, call = {}) {
      const { keys, inside, hits } = await search(query, call)
      const hit = hits.find(({ chunk }) => chunk.id === chunkId)
      const where = keys.length === 0 ? 'no summary found' : `inside ${keys.length} found by their summaries`
      return hit && explainUnchanged(`"${name}", ${where}`, chunks, query, hit, inside)
    },
  }
}

function scalar(value: unknown): Scalar | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : undefined
}
