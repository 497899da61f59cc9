import type { Metadata } from './document.js'
import type { Explanation } from './lexical-index.js'
import type { Hit, RetrieveOptions, Retriever } from './retriever.js'

/** A retriever that can say how a chunk got its score. */
export interface ExplainableRetriever<M extends Metadata = Metadata> extends Retriever<M> {
  /**
   * The tree behind the score `retrieve` gives this chunk for the same query and options; `undefined` when
   * the chunk is not there or is not found by the query.
   *
   * A description ends in the formula that makes its value, behind ` = ` or `: `: `sum`, `largest`, `count`, `unchanged` or
   * arithmetic over the names of the details, which are what their descriptions begin with. `checkExplanation` of
   * `@tesserae/core/testing` computes every one again.
   */
  explain(query: string, chunkId: string, options?: RetrieveOptions): Promise<Explanation | undefined>
}

export function isExplainable<M extends Metadata>(
  retriever: Retriever<M>,
): retriever is ExplainableRetriever<M> {
  return 'explain' in retriever && typeof retriever.explain === 'function'
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
  return explainTrace(hit)
}

/** A hit's trace as a tree: what each stage placed it at, which is not what its score is made of. */
export function explainTrace<M extends Metadata>({ chunk, score, trace }: Hit<M>): Explanation {
  return {
    value: score,
    description: `score of chunk "${chunk.id}", by its trace`,
    details: trace.map((entry) => ({
      value: entry.score,
      description: `"${entry.stage}" (${entry.kind}) placed it at rank ${entry.rank}`,
      details: [],
    })),
  }
}

/**
 * A whole query explained: its hits, rank by rank, each down to what its score is made of. The value is the number of
 * hits. `explanationText` writes it down; `depth` 1 is the ranking alone.
 */
export async function explainQuery<M extends Metadata>(
  retriever: Retriever<M>,
  query: string,
  options: RetrieveOptions = {},
): Promise<Explanation> {
  const hits = await retriever.retrieve(query, options)
  const details: Explanation[] = []
  for (const [index, hit] of hits.entries()) {
    const { id, documentId } = hit.chunk
    const tree = await explainHit(retriever, query, hit, options)
    const description = `rank ${index + 1}, chunk "${id}" of "${documentId}": unchanged`
    details.push({ value: hit.score, description, details: [tree] })
  }
  return { value: hits.length, description: `hits of "${retriever.name}" = count`, details }
}
