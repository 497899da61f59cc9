import {
  type Chunk,
  checkInteger,
  checkNumber,
  checkOneOf,
  embeddingText,
  ModelError,
  mapConcurrent,
  type RelevanceModel,
  timed,
} from '@tesserae/core'
import { type BlendWeight, checkWeight, rescoreBlended } from './blend.js'
import { longestTimerMs } from './deadline.js'
import { type ExplainableReranker, explainBlended, explainReranking, leaf } from './explain.js'
import { type FallbackOptions, orPreviousOrder } from './fallback.js'
import { limitOf } from './limit.js'

export interface CrossEncoderOptions extends FallbackOptions, BlendWeight {
  readonly model: RelevanceModel
  /** What the model reads of a chunk. @default embeddingText: context, then text */
  readonly passageOf?: ((chunk: Chunk) => string) | undefined
  /** Passages per call of the model. @default the model's `maxBatchSize` */
  readonly batchSize?: number | undefined
  /** Calls of the model running at once. @default 1 */
  readonly concurrency?: number | undefined
  /** Stage name in traces. @default 'cross-encoder' */
  readonly name?: string | undefined
}

/**
 * Scores query and passage together with a relevance model: a cross-encoder, a rerank service, late interaction.
 * By default its scores are mixed with those the hits came with: set `weight` higher once judged queries of your
 * own show that the model deserves it. Passages are sent in order of length, so that a batch holds similar ones and
 * a model that pads has little to pad.
 *
 * Nogueira and Cho, "Passage re-ranking with BERT", 2019.
 */
export function crossEncoderReranker(options: CrossEncoderOptions): ExplainableReranker {
  const { model, timeoutMs, name = 'cross-encoder' } = options
  const weight = checkWeight(options.weight)
  const passageOf = options.passageOf ?? embeddingText
  const batchSize = checkInteger('batchSize', options.batchSize ?? model.maxBatchSize, 1, model.maxBatchSize)
  const concurrency = checkInteger('concurrency', options.concurrency ?? 1)
  const failure = checkOneOf('failure', options.failure ?? 'degrade', ['degrade', 'throw'])
  if (timeoutMs !== undefined) checkNumber('timeoutMs', timeoutMs, 0, longestTimerMs)

  const reranker: ExplainableReranker = {
    name,
    async rerank(query, hits, call = {}) {
      const limit = limitOf(call, hits.length)
      call.signal?.throwIfAborted()
      if (hits.length === 0) return []
      const passages = hits.map(({ chunk }) => passageOf(chunk))
      return orPreviousOrder(name, hits, call, { timeoutMs, failure }, async (signal) => {
        const scores = new Float64Array(hits.length)
        const batches = batchesByLength(passages, batchSize)
        const scoreBatch = (places: readonly number[], _index: number, signal: AbortSignal) => {
          const texts = places.map((place) => passages[place]!)
          const { observer } = call
          return timed(
            observer,
            'rerank.batch',
            name,
            () => model.score(query, texts, { signal, observer }),
            {
              counts: () => ({ passages: texts.length }),
              labels: { model: model.id },
              signal,
            },
          )
        }
        let batch = 0
        for await (const values of mapConcurrent(batches, scoreBatch, { concurrency, signal })) {
          const places = batches[batch++]!
          checkScores(model, values, places.length)
          for (const [index, place] of places.entries()) scores[place] = values[index]!
        }
        return rescoreBlended(hits, scores, name, weight, limit)
      })
    },
    explain: (query, hits, chunkId, options = {}) =>
      explainReranking(reranker, query, hits, chunkId, options, (reranking) =>
        explainBlended(reranking, hits, { name, weight }, (score) =>
          leaf(score, `relevance of the passage to the query, by the model "${model.id}"`),
        ),
      ),
  }
  return reranker
}

/** Places of the passages, shortest first, cut into batches. */
function batchesByLength(passages: readonly string[], batchSize: number): readonly (readonly number[])[] {
  const places = passages.map((_, place) => place)
  places.sort((a, b) => passages[a]!.length - passages[b]!.length || a - b)
  const batches: number[][] = []
  for (let start = 0; start < places.length; start += batchSize) {
    batches.push(places.slice(start, start + batchSize))
  }
  return batches
}

function checkScores(model: RelevanceModel, scores: Float32Array, count: number): void {
  if (scores.length !== count) {
    throw new ModelError(`Model "${model.id}" gave ${scores.length} scores for ${count} passages.`)
  }
  for (let i = 0; i < count; i++) {
    if (Number.isFinite(scores[i])) continue
    throw new ModelError(
      `Model "${model.id}" gave the score ${scores[i]} to a passage. Scores must be finite numbers.`,
    )
  }
}
