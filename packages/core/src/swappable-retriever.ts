import type { Metadata } from './document.js'
import { type ExplainableRetriever, isExplainable } from './explain.js'
import type { Retriever } from './retriever.js'
import { shareOf, type TellsShare } from './tells-share.js'

export interface SwappableRetriever<M extends Metadata = Metadata>
  extends ExplainableRetriever<M>,
    TellsShare {
  /** Calls from now on go to `next`; those on their way end where they began. Returns what was in use. */
  swap(next: Retriever<M>): Retriever<M>
}

/**
 * A retriever that another can take the place of while it is in use: a new index with its new embedder, in one
 * step, so that no query of one model ever meets vectors of the other.
 */
export function swappableRetriever<M extends Metadata = Metadata>(
  first: Retriever<M>,
): SwappableRetriever<M> {
  let current = first
  return {
    get name() {
      return current.name
    },
    retrieve: (query, options) => current.retrieve(query, options),
    vectorShare: (query: string) => shareOf(current, query),
    async explain(query, chunkId, options) {
      return isExplainable(current) ? current.explain(query, chunkId, options) : undefined
    },
    swap(next) {
      const last = current
      current = next
      return last
    },
  }
}
