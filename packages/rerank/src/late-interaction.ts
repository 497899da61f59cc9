import {
  type Chunk,
  checkInteger,
  checkNumber,
  checkOneOf,
  dot,
  type EmbedOptions,
  type Explanation,
  embeddingText,
  invalid,
  ModelError,
  timed,
} from '@tesserae/core'
import { type BlendWeight, checkWeight, rescoreBlended } from './blend.js'
import { longestTimerMs } from './deadline.js'
import { type ExplainableReranker, explainBlended, explainReranking, leaf, sumOf } from './explain.js'
import { type FallbackOptions, orPreviousOrder } from './fallback.js'
import { limitOf } from './limit.js'
import { checkShared, meanMatch, sameToken, scoreShared } from './shared-tokens.js'

/** A text as vectors of its tokens. */
export interface TokenRows {
  /** Row-major, tokens × dimensions; each row of unit length. */
  readonly vectors: Float32Array
  /** How much each token says, not below zero. @default all the same */
  readonly weights?: Float32Array | undefined
}

/** Token vectors of several texts, in which a vector that several of them have stands once. */
export interface SharedTokenRows {
  /** Row-major; each row of unit length. */
  readonly vectors: Float32Array
  /** For each text, which rows are its tokens'. */
  readonly texts: readonly Uint32Array[]
}

/** What gives each token a vector: `staticEmbedder` and `transformersEmbedder` of `@tesserae/models` do. */
export interface TokenSource {
  readonly id: string
  readonly tokenDimensions: number
  /** One entry per text, in order; a text without tokens has no rows. */
  embedTokens(texts: readonly string[], options: EmbedOptions): Promise<readonly TokenRows[]>
  /** The same without weights, each vector once for all texts: `staticEmbedder` has it. @default none */
  embedSharedTokens?:
    | ((texts: readonly string[], options: EmbedOptions) => Promise<SharedTokenRows>)
    | undefined
}

export interface LateInteractionRerankerOptions extends FallbackOptions, BlendWeight {
  readonly tokens: TokenSource
  /** Whether a token of the query counts by the square of its weight, or all count alike. @default 'tokens' */
  readonly queryWeights?: 'tokens' | 'equal' | undefined
  /**
   * Token vectors of passages kept between calls, in bytes, those used last: a passage's vectors do not depend on
   * the query. 0 keeps none. @default 0
   */
  readonly maxCachedBytes?: number | undefined
  /** What is read of a chunk. @default embeddingText: context, then text */
  readonly passageOf?: ((chunk: Chunk) => string) | undefined
  /** Stage name in traces. @default 'late-interaction' */
  readonly name?: string | undefined
}

/** Passages given to the embedder at once. */
const batchSize = 64
/** Products computed between two turns of the event loop: some ten milliseconds. */
const stride = 1 << 24

/**
 * Late interaction (MaxSim): each token of the query looks for its best match in the passage, and the weighted
 * mean of the matches is the score, from −1 to 1. Sees whether a certain word of the query is there, which one
 * vector per text does not, and costs no model call per pair.
 *
 * Khattab and Zaharia, "ColBERT: Efficient and Effective Passage Search via Contextualized Late Interaction over
 * BERT", SIGIR 2020, equation 3.
 */
export function lateInteractionReranker(options: LateInteractionRerankerOptions): ExplainableReranker {
  const { tokens, timeoutMs, name = 'late-interaction' } = options
  if (typeof tokens?.embedTokens !== 'function') invalid('tokens', 'an embedder with `embedTokens`', tokens)
  const dimensions = checkInteger('tokens.tokenDimensions', tokens.tokenDimensions)
  const queryWeights = checkOneOf('queryWeights', options.queryWeights ?? 'tokens', ['tokens', 'equal'])
  const cache = new RowCache(checkInteger('maxCachedBytes', options.maxCachedBytes ?? 0, 0))
  const passageOf = options.passageOf ?? embeddingText
  const weight = checkWeight(options.weight)
  const failure = checkOneOf('failure', options.failure ?? 'degrade', ['degrade', 'throw'])
  if (timeoutMs !== undefined) checkNumber('timeoutMs', timeoutMs, 0, longestTimerMs)

  const score = async (query: string, passages: readonly string[], options: Omit<EmbedOptions, 'role'>) => {
    const asked = await tokens.embedTokens([query], { ...options, role: 'query' })
    const rows = checkRows(tokens.id, asked, 1, dimensions)[0]!
    const weighted = queryWeights === 'tokens' ? rows : { vectors: rows.vectors }
    const scores = new Float64Array(passages.length)
    if (cache.maxBytes === 0 && tokens.embedSharedTokens !== undefined) {
      const shared = await tokens.embedSharedTokens(passages, { ...options, role: 'document' })
      checkShared(tokens.id, shared, passages.length, dimensions)
      await scoreShared(weighted, shared, dimensions, scores, options.signal)
      return { scores, cached: 0 }
    }
    const missing: number[] = []
    let done = 0
    const compare = async (place: number, passage: TokenRows) => {
      scores[place] = maxSim(weighted, passage, dimensions)
      done += (rows.vectors.length / dimensions) * passage.vectors.length
      if (done < stride) return
      done = 0
      await new Promise((resolve) => setTimeout(resolve, 0))
      options.signal?.throwIfAborted()
    }
    for (const [place, text] of passages.entries()) {
      const known = cache.get(text)
      if (known === undefined) missing.push(place)
      else await compare(place, known)
    }
    for (let start = 0; start < missing.length; start += batchSize) {
      const places = missing.slice(start, start + batchSize)
      const texts = places.map((place) => passages[place]!)
      const found = await tokens.embedTokens(texts, { ...options, role: 'document' })
      for (const [index, passage] of checkRows(tokens.id, found, texts.length, dimensions).entries()) {
        cache.set(texts[index]!, passage)
        await compare(places[index]!, passage)
      }
    }
    return { scores, cached: passages.length - missing.length }
  }

  /** The score of one passage, token by token. */
  const explainScore = async (
    value: number,
    query: string,
    passage: string,
    options: Omit<EmbedOptions, 'role'>,
  ): Promise<Explanation> => {
    const asked = await tokens.embedTokens([query], { ...options, role: 'query' })
    const rows = checkRows(tokens.id, asked, 1, dimensions)[0]!
    const weighted = queryWeights === 'tokens' ? rows : { vectors: rows.vectors }
    const found = await tokens.embedTokens([passage], { ...options, role: 'document' })
    const details = matchesOf(weighted, checkRows(tokens.id, found, 1, dimensions)[0]!, dimensions)
    return sumOf(`matches of ${details.length} tokens by "${tokens.id}"`, value, details)
  }

  const reranker: ExplainableReranker = {
    name,
    async rerank(query, hits, call = {}) {
      const limit = limitOf(call, hits.length)
      call.signal?.throwIfAborted()
      if (hits.length === 0) return []
      const passages = hits.map(({ chunk }) => passageOf(chunk))
      return orPreviousOrder(name, hits, call, { timeoutMs, failure }, async (signal) => {
        const { observer } = call
        const { scores } = await timed(
          observer,
          'rerank.late-interaction',
          name,
          () => score(query, passages, { signal, observer }),
          {
            counts: ({ cached }) => ({ passages: passages.length, cached }),
            labels: { model: tokens.id },
            signal,
          },
        )
        return rescoreBlended(hits, scores, name, weight, limit)
      })
    },
    explain: (query, hits, chunkId, options = {}) =>
      explainReranking(reranker, query, hits, chunkId, options, (reranking) =>
        explainBlended(reranking, hits, { name, weight }, (value) => {
          const { signal, observer } = options
          return explainScore(value, query, passageOf(reranking.given.chunk), { signal, observer })
        }),
      ),
  }
  return reranker
}

/** Σ w_i² · max_j (q_i · p_j) / Σ w_i². A passage without tokens scores −1, a query without tokens 0. */
function maxSim(query: TokenRows, passage: TokenRows, dimensions: number): number {
  const { vectors: q, weights } = query
  const p = passage.vectors
  let total = 0
  let mass = 0
  for (let i = 0, row = 0; i < q.length; i += dimensions, row++) {
    const weight = weights === undefined ? 1 : weights[row]! * weights[row]!
    let best = -1
    for (let j = 0; j < p.length; j += dimensions) {
      const similarity = dot(q, i, p, j, dimensions)
      if (similarity > best) best = similarity
      if (best >= sameToken) break
    }
    total += weight * best
    mass += weight
  }
  return meanMatch(total, mass)
}

/** What `maxSim` adds up, by token of the query: its share times its best match. */
function matchesOf(query: TokenRows, passage: TokenRows, dimensions: number): readonly Explanation[] {
  const { vectors: q, weights } = query
  const p = passage.vectors
  const masses = Float64Array.from({ length: q.length / dimensions }, (_, row) =>
    weights === undefined ? 1 : weights[row]! ** 2,
  )
  const mass = masses.reduce((sum, one) => sum + one, 0)
  if (mass === 0) return []
  return Array.from(masses, (one, row) => {
    let match = -1
    let place = -1
    for (let j = 0; j < p.length && match < sameToken; j += dimensions) {
      const similarity = dot(q, row * dimensions, p, j, dimensions)
      if (similarity <= match) continue
      match = similarity
      place = j / dimensions
    }
    const where = place < 0 ? 'without any' : `with token ${place + 1} of the passage`
    return {
      value: (one / mass) * match,
      description: `token ${row + 1} of the query: share × match`,
      details: [leaf(one / mass, "share, of the query's weight"), leaf(match, `match, the best, ${where}`)],
    }
  })
}

function checkRows(id: string, found: readonly TokenRows[], count: number, dimensions: number) {
  if (found.length !== count)
    throw new ModelError(`"${id}" gave token vectors of ${found.length} texts for ${count}.`)
  for (const { vectors, weights } of found) {
    const rows = vectors.length / dimensions
    if (Number.isInteger(rows) && (weights?.length ?? rows) === rows) continue
    throw new ModelError(
      `"${id}" gave token vectors that do not fit: there must be rows of ${dimensions} numbers for each text, and a weight for each row or none.`,
    )
  }
  return found
}

/** Token vectors by passage, the least recently used first to go. A map keeps the order of insertion. */
class RowCache {
  private readonly rows = new Map<string, TokenRows>()
  readonly maxBytes: number
  private bytes = 0

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  get(text: string): TokenRows | undefined {
    const found = this.rows.get(text)
    if (found === undefined) return undefined
    this.rows.delete(text)
    this.rows.set(text, found)
    return found
  }

  set(text: string, rows: TokenRows): void {
    const size = sizeOf(text, rows)
    if (size > this.maxBytes) return
    const before = this.rows.get(text)
    if (before !== undefined) this.remove(text, before)
    // A copy: a view would hold the buffer of its whole batch.
    this.rows.set(text, { vectors: rows.vectors.slice(), weights: rows.weights?.slice() })
    this.bytes += size
    for (const [oldest, old] of this.rows) {
      if (this.bytes <= this.maxBytes) break
      this.remove(oldest, old)
    }
  }

  private remove(text: string, rows: TokenRows): void {
    this.rows.delete(text)
    this.bytes -= sizeOf(text, rows)
  }
}

const sizeOf = (text: string, { vectors, weights }: TokenRows): number =>
  2 * text.length + vectors.byteLength + (weights?.byteLength ?? 0)
