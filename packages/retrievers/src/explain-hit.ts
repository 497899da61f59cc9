import type { Explanation, Hit, Metadata, RetrieveOptions, Retriever } from '@tesserae/core'

/** A retriever that can say how a chunk got its score. */
export interface ExplainableRetriever<M extends Metadata = Metadata> extends Retriever<M> {
  /**
   * The tree behind the score `retrieve` gives this chunk for the same query and options; `undefined` when
   * the chunk is not there or is not found by the query.
   */
  explain(query: string, chunkId: string, options?: RetrieveOptions): Promise<Explanation | undefined>
}

/**
 * How a hit got its score. A retriever that explains itself is asked, with the options of the search that
 * gave the hit; for any other, or when what is stored has changed since, the tree is the hit's own trace.
 */
export async function explainHit<M extends Metadata>(
  retriever: Retriever<M>,
  query: string,
  hit: Hit<M>,
  options: RetrieveOptions = {},
): Promise<Explanation> {
  options.signal?.throwIfAborted()
  if (isExplainable(retriever)) {
    const explanation = await retriever.explain(query, hit.chunk.id, options)
    // Indexes return scores as float32.
    if (explanation !== undefined && Math.fround(explanation.value) === Math.fround(hit.score))
      return explanation
  }
  return {
    value: hit.score,
    description: `score of chunk "${hit.chunk.id}", by its trace`,
    details: hit.trace.map(({ stage, kind, rank, score }) => ({
      value: score,
      description: `"${stage}" (${kind}) placed it at rank ${rank}`,
      details: [],
    })),
  }
}

export function isExplainable<M extends Metadata>(
  retriever: Retriever<M>,
): retriever is ExplainableRetriever<M> {
  return 'explain' in retriever && typeof retriever.explain === 'function'
}
