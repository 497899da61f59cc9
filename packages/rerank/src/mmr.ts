import {
  type Chunk,
  checkNumber,
  checkOneOf,
  dot,
  type Embedder,
  embeddingText,
  type Hit,
  type Metadata,
  type RerankOptions,
} from '@tesserae/core'
import { minMax } from './blend.js'
import { longestTimerMs } from './deadline.js'
import { embedRows, similarities } from './embed-rows.js'
import { beforeOf, type ExplainableReranker, type ExplainRerankOptions, leaf, scaled } from './explain.js'
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
export function mmrReranker(options: MmrOptions): ExplainableReranker {
  const { embedder, timeoutMs, name = 'mmr' } = options
  const lambda = checkNumber('lambda', options.lambda ?? 0.7, 0, 1)
  const relevanceKind = checkOneOf('relevance', options.relevance ?? 'score', ['score', 'query'])
  const passageOf = options.passageOf ?? embeddingText
  const failure = checkOneOf('failure', options.failure ?? 'degrade', ['degrade', 'throw'])
  if (timeoutMs !== undefined) checkNumber('timeoutMs', timeoutMs, 0, longestTimerMs)

  const pick = async <M extends Metadata>(
    query: string,
    hits: readonly Hit<M>[],
    call: RerankOptions,
    limit: number,
  ) => {
    const passages = hits.map(({ chunk }) => passageOf(chunk))
    const vectors = await embedRows(embedder, passages, 'document', call)
    const relevance =
      relevanceKind === 'score'
        ? minMax(hits.map(({ score }) => score))
        : similarities(vectors, hits.length, await embedRows(embedder, [query], 'query', call))
    return select(hits, relevance, vectors, lambda, limit)
  }

  return {
    name,
    async rerank(query, hits, call = {}) {
      const limit = limitOf(call, hits.length)
      call.signal?.throwIfAborted()
      if (hits.length === 0) return []
      return orPreviousOrder(name, hits, call, { timeoutMs, failure }, async (signal) => {
        const picks = await pick(query, hits, { signal, observer: call.observer }, limit)
        return picks.map(({ row, value }, index) =>
          withScore(hits[row]!, value, index + 1, { name, kind: 'feature' }),
        )
      })
    },
    async explain<M extends Metadata>(
      query: string,
      hits: readonly Hit<M>[],
      chunkId: string,
      options: ExplainRerankOptions<M> = {},
    ) {
      const { signal, observer } = options
      const limit = limitOf(options, hits.length)
      const before = beforeOf(options)
      const given = hits.find(({ chunk }) => chunk.id === chunkId)
      if (given === undefined) return undefined
      let degraded = true
      let found: Taken | undefined
      // As `rerank` does, so that what falls back there is explained as such.
      await orPreviousOrder(name, hits, { signal, observer }, { timeoutMs, failure }, async (signal) => {
        const picks = await pick(query, hits, { signal, observer }, limit)
        found = picks.find(({ row }) => hits[row] === given)
        degraded = false
        return hits
      })
      if (degraded) return hits.indexOf(given) < limit ? before(given) : undefined
      if (found === undefined) return undefined
      const { value, relevance, redundancy, nearest } = found
      const like = nearest < 0 ? 'with nothing before it' : `with "${hits[nearest]!.chunk.id}", taken before`
      return {
        value,
        description: `"${name}": lambda × relevance − (1 − lambda) × redundancy`,
        details: [
          leaf(lambda, 'lambda'),
          relevanceKind === 'score'
            ? scaled(
                'relevance',
                await before(given),
                hits.map(({ score }) => score),
              )
            : leaf(relevance, `relevance, the cosine of query and passage by "${embedder.id}"`),
          leaf(redundancy, `redundancy, the largest cosine, ${like}`),
        ],
      }
    },
  }
}

/** A hit that was taken. */
interface Taken {
  /** Its place among the hits. */
  readonly row: number
  readonly value: number
  readonly relevance: number
  readonly redundancy: number
  /** Place of the hit taken before that it is most like; −1 when it is like none. */
  readonly nearest: number
}

/** As many hits as wanted, in the order in which they are taken. */
function select<M extends Metadata>(
  hits: readonly Hit<M>[],
  relevance: Float64Array,
  vectors: Float32Array,
  lambda: number,
  limit: number,
): readonly Taken[] {
  const dimensions = vectors.length / hits.length
  const redundancy = new Float64Array(hits.length)
  const nearest = new Int32Array(hits.length).fill(-1)
  const taken = new Uint8Array(hits.length)
  const picks: Taken[] = []
  while (picks.length < limit) {
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
    picks.push({
      row: best,
      value: bestValue,
      relevance: relevance[best]!,
      redundancy: redundancy[best]!,
      nearest: nearest[best]!,
    })
    for (let row = 0; row < hits.length; row++) {
      if (taken[row] === 1) continue
      const cosine = dot(vectors, row * dimensions, vectors, best * dimensions, dimensions)
      if (cosine <= redundancy[row]!) continue
      redundancy[row] = cosine
      nearest[row] = best
    }
  }
  return picks
}
