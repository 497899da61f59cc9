import {
  type Chunk,
  checkNumber,
  checkOneOf,
  dot,
  type Embedder,
  embeddingText,
  type Hit,
  type Metadata,
  type Reranker,
} from '@tesserae/core'
import { minMax } from './blend.js'
import { longestTimerMs } from './deadline.js'
import { embedRows, similarities } from './embed-rows.js'
import { type FallbackOptions, orPreviousOrder } from './fallback.js'
import { limitOf } from './limit.js'
import { compareIds, withScore } from './rescore.js'

export interface MmrOptions extends FallbackOptions {
  /** Says how alike two chunks are. */
  readonly embedder: Embedder
  /** 1 looks at relevance only, 0 at diversity only. @default 0.7 */
  readonly lambda?: number | undefined
  /**
   * What relevance is: the scores the hits come with, scaled to 0–1 by min-max, so that what earlier stages
   * found out is kept; or the cosine of query and chunk, as in the paper. @default 'score'
   */
  readonly relevance?: 'score' | 'query' | undefined
  /** What the embedder reads of a chunk. @default embeddingText: context, then text */
  readonly passageOf?: ((chunk: Chunk) => string) | undefined
  /** Stage name in traces. @default 'mmr' */
  readonly name?: string | undefined
}

/**
 * Maximal marginal relevance: again and again takes the hit with the largest
 * λ · relevance − (1 − λ) · (largest cosine with a hit already taken), so that near copies come late.
 * The score of a hit is that value when it was taken. A negative cosine counts as 0: being opposite is not
 * better than being unrelated, and the scores never rise down the list.
 *
 * Carbonell and Goldstein, "The use of MMR, diversity-based reranking for reordering documents and producing
 * summaries", SIGIR 1998.
 */
export function mmrReranker(options: MmrOptions): Reranker {
  const { embedder, timeoutMs, name = 'mmr' } = options
  const lambda = checkNumber('lambda', options.lambda ?? 0.7, 0, 1)
  const relevanceKind = checkOneOf('relevance', options.relevance ?? 'score', ['score', 'query'])
  const passageOf = options.passageOf ?? embeddingText
  const failure = checkOneOf('failure', options.failure ?? 'degrade', ['degrade', 'throw'])
  if (timeoutMs !== undefined) checkNumber('timeoutMs', timeoutMs, 0, longestTimerMs)

  return {
    name,
    async rerank(query, hits, call = {}) {
      const limit = limitOf(call, hits.length)
      call.signal?.throwIfAborted()
      if (hits.length === 0) return []
      const passages = hits.map(({ chunk }) => passageOf(chunk))
      return orPreviousOrder(name, hits, call, { timeoutMs, failure }, async (signal) => {
        const { observer } = call
        const vectors = await embedRows(embedder, passages, 'document', { signal, observer })
        const relevance =
          relevanceKind === 'score'
            ? minMax(hits.map(({ score }) => score))
            : similarities(
                vectors,
                hits.length,
                await embedRows(embedder, [query], 'query', { signal, observer }),
              )
        return select(hits, relevance, vectors, lambda, limit, name)
      })
    },
  }
}

function select<M extends Metadata>(
  hits: readonly Hit<M>[],
  relevance: Float64Array,
  vectors: Float32Array,
  lambda: number,
  limit: number,
  name: string,
): readonly Hit<M>[] {
  const dimensions = vectors.length / hits.length
  const redundancy = new Float64Array(hits.length)
  const taken = new Uint8Array(hits.length)
  const selected: Hit<M>[] = []
  while (selected.length < limit) {
    let best = -1
    let bestValue = Number.NEGATIVE_INFINITY
    for (let row = 0; row < hits.length; row++) {
      if (taken[row] === 1) continue
      const value = lambda * relevance[row]! - (1 - lambda) * redundancy[row]!
      if (value > bestValue || (value === bestValue && compareIds(hits[row]!, hits[best]!) < 0)) {
        best = row
        bestValue = value
      }
    }
    taken[best] = 1
    selected.push(withScore(hits[best]!, bestValue, selected.length + 1, { name, kind: 'feature' }))
    for (let row = 0; row < hits.length; row++) {
      if (taken[row] === 1) continue
      const cosine = dot(vectors, row * dimensions, vectors, best * dimensions, dimensions)
      if (cosine > redundancy[row]!) redundancy[row] = cosine
    }
  }
  return selected
}
