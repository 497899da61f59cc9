import { batchBy } from './async/batch.js'
import type { RateLimiter } from './async/limiter.js'
import { mapConcurrent } from './async/map-concurrent.js'
import { type RetryPolicy, retry } from './async/retry.js'
import { checkInteger } from './check.js'
import type { Embedder, EmbedOptions } from './embedder.js'
import { isRagError, ModelError, RagError } from './errors.js'
import { tell, timed } from './observe.js'
import { pieceTokenizer } from './piece-tokenizer.js'

export interface EmbedTextsOptions extends EmbedOptions {
  /** Calls running at once. @default 2 */
  readonly concurrency?: number | undefined
  /** Tokens of a text as the model counts them. @default an estimate, `pieceTokenizer()` */
  readonly tokensOf?: ((text: string) => number) | undefined
  /** Retries of one call; `false` for none. @default the defaults of `retry` */
  readonly retry?: RetryPolicy | false | undefined
  /** Quota that each call asks first. @default none */
  readonly limiter?: RateLimiter | undefined
}

export type EmbeddedText =
  | { readonly type: 'vector'; readonly vector: Float32Array }
  | { readonly type: 'failure'; readonly error: RagError }

export interface EmbeddedTexts {
  /** One result per text, in order. */
  readonly results: readonly EmbeddedText[]
  /** Calls made, retries included. */
  readonly calls: number
  /** Tokens of the texts that were embedded, by `tokensOf`. */
  readonly tokens: number
}

/** One call to an embedder: what to send and how. Shared by `embedTexts` and `ingest`. */
export interface BatchCall {
  readonly embedder: Embedder
  readonly texts: readonly string[]
  readonly tokens: number
  readonly options: EmbedTextsOptions
  readonly onCall: () => void
}

/** Sends one batch, retried and rate limited, and checks the answer. Throws a `RagError`, or the abort. */
export async function embedBatch(call: BatchCall): Promise<Float32Array> {
  const { embedder, texts, tokens, options } = call
  const { signal, observer, role, limiter } = options
  const once = async () => {
    await limiter?.acquire(tokens, { signal })
    call.onCall()
    return timed(
      observer,
      'embed.batch',
      embedder.id,
      () => embedder.embed(texts, { role, signal, observer }),
      {
        counts: () => ({ texts: texts.length, tokens }),
        labels: { role },
        signal,
      },
    )
  }
  let vectors: Float32Array
  try {
    vectors =
      options.retry === false
        ? await once()
        : await retry(once, {
            ...options.retry,
            signal,
            onRetry: (attempt, _error, waitMs) =>
              tell(observer, {
                type: 'embed.retry',
                source: embedder.id,
                milliseconds: waitMs,
                counts: { attempt, texts: texts.length },
              }),
          })
  } catch (error) {
    signal?.throwIfAborted()
    throw isRagError(error)
      ? error
      : new ModelError(`The embedder "${embedder.id}" failed on ${texts.length} texts: ${messageOf(error)}`, {
          cause: error,
        })
  }
  checkVectors(embedder, texts.length, vectors)
  return vectors
}

/** Refuses what the model would cut silently: a text that alone is over the batch's token limit. */
export function oversizeError(embedder: Embedder, tokens: number): RagError | undefined {
  const limit = embedder.maxBatchTokens
  if (limit === undefined || tokens <= limit) return undefined
  return new RagError(
    'invalid-argument',
    `A text of ${tokens} tokens is over the limit of ${limit} of the embedder "${embedder.id}". ` +
      'Make smaller chunks, or pass `tokensOf` with the model’s own tokenizer if this count is too high.',
    { details: { tokens, limit } },
  )
}

/**
 * Embeds any number of texts in batches capped by the embedder's items and tokens. Batches fail alone:
 * a text whose batch failed, or that is too long for the model, gets a failure in its place. Only an abort
 * or a wrong option throws.
 */
export async function embedTexts(
  embedder: Embedder,
  texts: readonly string[],
  options: EmbedTextsOptions,
): Promise<EmbeddedTexts> {
  const concurrency = checkInteger('concurrency', options.concurrency ?? 2)
  const tokensOf = options.tokensOf ?? tokenEstimate()
  options.signal?.throwIfAborted()
  const results = new Array<EmbeddedText>(texts.length)
  const tokens = texts.map((text) => tokensOf(text))
  const fitting: number[] = []
  for (let place = 0; place < texts.length; place++) {
    const error = oversizeError(embedder, tokens[place]!)
    if (error === undefined) fitting.push(place)
    else results[place] = { type: 'failure', error }
  }
  const batches = batchBy(fitting, {
    maxItems: embedder.maxBatchSize,
    maxTokens: batchTokens(embedder, options.limiter),
    tokensOf: (place) => tokens[place]!,
  })
  let calls = 0
  let embedded = 0
  const send = async (places: readonly number[], _index: number, signal: AbortSignal) => {
    const sum = places.reduce((total, place) => total + tokens[place]!, 0)
    try {
      const vectors = await embedBatch({
        embedder,
        texts: places.map((place) => texts[place]!),
        tokens: sum,
        options: { ...options, signal },
        onCall: () => {
          calls += 1
        },
      })
      embedded += sum
      const { dimensions } = embedder
      for (const [row, place] of places.entries()) {
        const vector = vectors.slice(row * dimensions, (row + 1) * dimensions)
        results[place] = { type: 'vector', vector }
      }
    } catch (error) {
      if (signal.aborted || !isRagError(error)) throw error
      for (const place of places) results[place] = { type: 'failure', error }
    }
  }
  for await (const _ of mapConcurrent(batches, send, {
    concurrency,
    ordered: false,
    signal: options.signal,
  })) {
    // The window keeps itself full; the results are already in their places.
  }
  return { results, calls, tokens: embedded }
}

/** Tokens that one call may hold: what the model takes, and what the quota lets through in a minute. */
export function batchTokens(embedder: Embedder, limiter: RateLimiter | undefined): number | undefined {
  const most = Math.min(
    embedder.maxBatchTokens ?? Number.POSITIVE_INFINITY,
    limiter?.tokensPerMinute ?? Number.POSITIVE_INFINITY,
  )
  return most === Number.POSITIVE_INFINITY ? undefined : most
}

/** The default ruler for texts on their way to a model. */
export function tokenEstimate(): (text: string) => number {
  const tokenizer = pieceTokenizer()
  return (text) => tokenizer.ends(text).length
}

function checkVectors(embedder: Embedder, texts: number, vectors: Float32Array): void {
  const expected = texts * embedder.dimensions
  if (vectors.length !== expected) {
    throw new RagError(
      'invalid-vector',
      `The embedder "${embedder.id}" returned ${vectors.length} numbers for ${texts} texts of ` +
        `${embedder.dimensions} dimensions; ${expected} were expected.`,
      { details: { expected, returned: vectors.length } },
    )
  }
  for (let place = 0; place < vectors.length; place++) {
    if (!Number.isFinite(vectors[place]!)) {
      throw new RagError(
        'invalid-vector',
        `The embedder "${embedder.id}" returned ${vectors[place]} in row ${Math.floor(place / embedder.dimensions)}; ` +
          'every number must be finite.',
      )
    }
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
