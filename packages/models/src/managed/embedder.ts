import {
  batchBy,
  type Cache,
  checkInteger,
  checkOneOf,
  type EmbeddedText,
  type Embedder,
  type EmbedderProfile,
  type EmbedOptions,
  isAbort,
  isRagError,
  ModelError,
  mapConcurrent,
  pieceTokenizer,
  RagError,
  sha256,
  tell,
} from '@tesserae/core'
import { checkEmbedCall } from '../calls.js'
import { type CallPolicy, gate, managedCall } from './calls.js'
import { splitText, type TextPiece } from './split-text.js'
import { listening, type Usage, UsageMeter } from './usage.js'

export interface ManagedEmbedderOptions extends CallPolicy {
  /** Texts of one call, at most. @default the embedder's own */
  readonly maxBatchSize?: number | undefined
  /** Tokens of one call, at most. @default the embedder's own */
  readonly maxBatchTokens?: number | undefined
  /** Tokens of one text, at most. @default no limit */
  readonly maxTokens?: number | undefined
  /** Texts over `maxTokens`: embedded in pieces whose weighted mean counts, or refused. @default 'split' */
  readonly oversize?: 'split' | 'refuse' | undefined
  /** Vectors of texts that came before. Keys are those of core's `cachedEmbedder`. @default none */
  readonly cache?: Cache<Float32Array> | undefined
}

export interface CostEstimate {
  /** Texts that would be sent; the cache is not asked. */
  readonly texts: number
  readonly tokens: number
  readonly requests: number
  readonly cost: number | undefined
}

export interface ManagedEmbedder extends Embedder, EmbedderProfile {
  /** One result per text, in order: batches fail alone. Only an abort or a wrong argument throws. */
  embedEach(texts: readonly string[], options: EmbedOptions): Promise<readonly EmbeddedText[]>
  /** What embedding these texts would take, without sending anything. */
  estimate(texts: readonly string[]): CostEstimate
  usage(): Usage
}

/** A piece of a text on its way: all of it, unless it was too long. */
interface Item extends TextPiece {
  readonly place: number
}

/**
 * The same embedder, for as many texts as one likes: batches by number and tokens, several at once, within a
 * quota, retried, remembered and counted. A drop-in `Embedder`: `embed` throws the first failure after all
 * batches have ended, `embedEach` tells it per text. Wrap once, directly around the model; where `ingest` or
 * `embedTexts` call it, give them `retry: false`, or both will retry.
 */
export function managedEmbedder(
  embedder: Embedder & EmbedderProfile,
  options: ManagedEmbedderOptions = {},
): ManagedEmbedder {
  const { id, dimensions } = embedder
  const maxBatchSize = checkInteger('maxBatchSize', options.maxBatchSize ?? embedder.maxBatchSize)
  const maxTokens = options.maxTokens === undefined ? undefined : checkInteger('maxTokens', options.maxTokens)
  const oversize = checkOneOf('oversize', options.oversize ?? 'split', ['split', 'refuse'])
  const quota = options.limiter?.tokensPerMinute ?? Number.POSITIVE_INFINITY
  const batchTokens = Math.min(
    options.maxBatchTokens === undefined
      ? (embedder.maxBatchTokens ?? Number.POSITIVE_INFINITY)
      : checkInteger('maxBatchTokens', options.maxBatchTokens),
    quota,
  )
  const concurrency = checkInteger('concurrency', options.concurrency ?? 4)
  const doors = gate(concurrency)
  const meter = new UsageMeter(options.price)
  const tokenizer = pieceTokenizer()
  const tokensOf = options.tokensOf ?? ((text: string) => tokenizer.ends(text).length)
  const mostTokens = Math.min(maxTokens ?? Number.POSITIVE_INFINITY, batchTokens)

  const piecesOf = (text: string, place: number): readonly Item[] | RagError => {
    const tokens = tokensOf(text)
    if (tokens <= mostTokens) return [{ text, tokens, place }]
    const pieces = oversize === 'split' ? splitText(text, mostTokens, tokensOf) : undefined
    if (pieces !== undefined) return pieces.map((piece) => ({ ...piece, place }))
    return new RagError(
      'invalid-argument',
      `Text ${place} has ${tokens} tokens, the embedder "${id}" takes ${mostTokens}. Make smaller chunks${oversize === 'refuse' ? ', or set `oversize` to "split"' : ''}.`,
      { details: { index: place, tokens, limit: mostTokens } },
    )
  }
  const batchesOf = (items: readonly Item[]) =>
    batchBy(items, {
      maxItems: maxBatchSize,
      maxTokens: batchTokens === Number.POSITIVE_INFINITY ? undefined : batchTokens,
      tokensOf: (item) => item.tokens,
    })

  const send = async (batch: readonly Item[], call: EmbedOptions, signal: AbortSignal) => {
    const tokens = batch.reduce((sum, item) => sum + item.tokens, 0)
    const { role, observer } = call
    return managedCall({
      source: id,
      tokens,
      policy: options,
      meter,
      signal,
      observer,
      once: async () => {
        const ear = listening(observer)
        const vectors = await embedder.embed(
          batch.map((item) => item.text),
          { role, signal, observer: ear.observer },
        )
        checkRows(embedder, batch.length, vectors)
        const counted = ear.counted()
        meter.answered({ input: counted ?? tokens, estimated: counted === undefined })
        return vectors
      },
    })
  }

  const embedEach = async (
    texts: readonly string[],
    call: EmbedOptions,
  ): Promise<readonly EmbeddedText[]> => {
    checkEmbedCall(texts, call)
    const { signal, observer, role } = call
    signal?.throwIfAborted()
    const results = new Array<EmbeddedText>(texts.length)
    const keys = texts.map((text) => `embed:${id}:${dimensions}:${role}:${sha256(text)}`)
    const first = new Map<string, number>()
    for (const [place, key] of keys.entries()) if (!first.has(key)) first.set(key, place)
    const found = await readCache(options.cache, [...first.keys()], observer, id)
    signal?.throwIfAborted()

    const sums = new Map<number, Float64Array>()
    const items: Item[] = []
    for (const [key, place] of first) {
      const known = found?.get(key)
      if (known?.length === dimensions) {
        results[place] = { type: 'vector', vector: known }
        continue
      }
      const pieces = piecesOf(texts[place]!, place)
      if (isRagError(pieces)) results[place] = { type: 'failure', error: pieces }
      else {
        items.push(...pieces)
        if (pieces.length > 1) sums.set(place, new Float64Array(dimensions))
      }
    }
    const run = async (batch: readonly Item[], _index: number, stop: AbortSignal) => {
      try {
        const vectors = await doors.pass(() => send(batch, call, stop), stop)
        for (const [row, item] of batch.entries()) {
          const vector = vectors.slice(row * dimensions, (row + 1) * dimensions)
          const sum = sums.get(item.place)
          if (sum === undefined) results[item.place] = { type: 'vector', vector }
          else for (let d = 0; d < dimensions; d++) sum[d]! += vector[d]! * item.tokens
        }
      } catch (error) {
        if (stop.aborted || isAbort(error)) throw error
        const failure = isRagError(error)
          ? error
          : new ModelError(`The embedder "${id}" failed on ${batch.length} texts: ${messageOf(error)}`, {
              cause: error,
            })
        for (const item of batch) results[item.place] = { type: 'failure', error: failure }
      }
    }
    for await (const _ of mapConcurrent(batchesOf(items), run, { concurrency, ordered: false, signal })) {
      // Results find their own places.
    }
    for (const [place, sum] of sums) results[place] ??= { type: 'vector', vector: unit(sum) }
    const fresh: { key: string; value: Float32Array }[] = []
    for (const place of new Set(items.map((item) => item.place))) {
      const result = results[place]!
      if (result.type === 'vector') fresh.push({ key: keys[place]!, value: result.vector })
    }
    if (fresh.length > 0) await writeCache(options.cache, fresh, observer, id)
    for (const [place, key] of keys.entries()) {
      const same = results[first.get(key)!]!
      results[place] ??= same.type === 'vector' ? { type: 'vector', vector: same.vector.slice() } : same
    }
    return results
  }

  return {
    id,
    dimensions,
    maxBatchSize: maxBatchSize * concurrency,
    vectorShare: embedder.vectorShare,
    get scripts() {
      return embedder.scripts
    },
    embedEach,
    async embed(texts, call) {
      const results = await embedEach(texts, call)
      const vectors = new Float32Array(texts.length * dimensions)
      for (const [place, result] of results.entries()) {
        if (result.type === 'failure') throw result.error
        vectors.set(result.vector, place * dimensions)
      }
      return vectors
    },
    estimate(texts) {
      const items = texts.flatMap((text, place) => {
        const pieces = piecesOf(text, place)
        return isRagError(pieces) ? [] : pieces
      })
      const tokens = items.reduce((sum, item) => sum + item.tokens, 0)
      const requests = [...batchesOf(items)].length
      return {
        texts: new Set(items.map(({ place }) => place)).size,
        tokens,
        requests,
        cost: meter.costOf(requests, tokens, 0),
      }
    },
    usage: () => meter.read(),
  }
}

function checkRows(embedder: Embedder, texts: number, vectors: Float32Array): void {
  const { id, dimensions } = embedder
  if (vectors.length !== texts * dimensions) {
    throw new RagError(
      'invalid-vector',
      `The embedder "${id}" returned ${vectors.length} numbers for ${texts} texts of ${dimensions} dimensions.`,
    )
  }
  const at = vectors.findIndex((value) => !Number.isFinite(value))
  if (at >= 0) {
    throw new RagError(
      'invalid-vector',
      `The embedder "${id}" returned ${vectors[at]} for text ${Math.floor(at / dimensions)} of a batch; every number must be finite.`,
    )
  }
}

/** At unit length; pieces that cancel out exactly leave any one direction. */
function unit(sum: Float64Array): Float32Array {
  let squares = 0
  for (let d = 0; d < sum.length; d++) squares += sum[d]! * sum[d]!
  const length = Math.sqrt(squares)
  const vector = Float32Array.from(sum, (value) => (length === 0 ? 0 : value / length))
  if (length === 0) vector[0] = 1
  return vector
}

type ObserverOf = EmbedOptions['observer']

/** A cache that fails costs a call, not the answer. */
async function readCache(
  cache: Cache<Float32Array> | undefined,
  keys: readonly string[],
  observer: ObserverOf,
  source: string,
): Promise<ReadonlyMap<string, Float32Array | undefined> | undefined> {
  if (cache === undefined) return undefined
  try {
    const values = await cache.get(keys)
    const hits = values.filter((value) => value !== undefined).length
    tell(observer, { type: 'cache.read', source, counts: { hits, misses: keys.length - hits } })
    return new Map(keys.map((key, place) => [key, values[place]]))
  } catch {
    tell(observer, { type: 'cache.failed', source })
    return undefined
  }
}

async function writeCache(
  cache: Cache<Float32Array> | undefined,
  entries: readonly { key: string; value: Float32Array }[],
  observer: ObserverOf,
  source: string,
): Promise<void> {
  try {
    await cache?.set(entries)
  } catch {
    tell(observer, { type: 'cache.failed', source })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
