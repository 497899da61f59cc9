import { type Chunk, checkNumber, checkOneOf, type Embedder, embeddingText } from '@tesserae/core'
import { type BlendWeight, checkWeight, rescoreBlended } from './blend.js'
import { longestTimerMs } from './deadline.js'
import { embedRows, similarities } from './embed-rows.js'
import { type ExplainableReranker, explainBlended, explainReranking, leaf } from './explain.js'
import { type FallbackOptions, orPreviousOrder } from './fallback.js'
import { limitOf } from './limit.js'

export interface EmbeddingRerankerOptions extends FallbackOptions, BlendWeight {
  readonly embedder: Embedder
  /** What the embedder reads of a chunk. @default embeddingText: context, then text */
  readonly passageOf?: ((chunk: Chunk) => string) | undefined
  /** Stage name in traces. @default 'embedding' */
  readonly name?: string | undefined
}

/**
 * Scores hits by the cosine of query and passage under a bi-encoder, which reads them apart: for candidates that
 * were found by words, or by another model. `cachedEmbedder` keeps it from embedding a passage twice.
 *
 * Reimers and Gurevych, "Sentence-BERT", EMNLP 2019.
 */
export function embeddingReranker(options: EmbeddingRerankerOptions): ExplainableReranker {
  const { embedder, timeoutMs, name = 'embedding' } = options
  const passageOf = options.passageOf ?? embeddingText
  const weight = checkWeight(options.weight)
  const failure = checkOneOf('failure', options.failure ?? 'degrade', ['degrade', 'throw'])
  if (timeoutMs !== undefined) checkNumber('timeoutMs', timeoutMs, 0, longestTimerMs)

  const reranker: ExplainableReranker = {
    name,
    async rerank(query, hits, call = {}) {
      const limit = limitOf(call, hits.length)
      call.signal?.throwIfAborted()
      if (hits.length === 0) return []
      return orPreviousOrder(name, hits, call, { timeoutMs, failure }, async (signal) => {
        const { observer } = call
        const asked = await embedRows(embedder, [query], 'query', { signal, observer })
        const passages = hits.map(({ chunk }) => passageOf(chunk))
        const rows = await embedRows(embedder, passages, 'document', { signal, observer })
        return rescoreBlended(hits, similarities(rows, hits.length, asked), name, weight, limit)
      })
    },
    explain: (query, hits, chunkId, options = {}) =>
      explainReranking(reranker, query, hits, chunkId, options, (reranking) =>
        explainBlended(reranking, hits, { name, weight }, (score) => ({
          value: score,
          description: `cosine, by the embedder "${embedder.id}" = 1 − distance`,
          details: [leaf(1 - score, 'distance, of the vectors of query and passage')],
        })),
      ),
  }
  return reranker
}
