import type { RateLimiter } from './async/limiter.js'
import type { RetryPolicy } from './async/retry.js'
import { checkInteger, checkNumber, checkOneOf, invalid } from './check.js'
import type { Chunker } from './chunker.js'
import type { Metadata } from './document.js'
import type { Embedder } from './embedder.js'
import type { IngestedDocument, IngestProgress } from './ingest-report.js'
import type { CallOptions } from './observer.js'
import type { Store } from './store.js'

export interface IngestOptions<M extends Metadata = Metadata> extends CallOptions {
  readonly chunker: Chunker
  /** Without one, chunks are stored without vectors, for lexical search only. @default none */
  readonly embedder?: Embedder | undefined
  /**
   * Where the chunks go. One that also has `VectorReuse` is asked for vectors before a chunk is embedded again; one
   * that has `VectorNeed`, whether a chunk needs one; one that has `DocumentSeals`, whether a document changed at all.
   */
  readonly store: Store<M>
  /** Documents split and compared at once. The source is pulled by one at a time. @default 4 */
  readonly concurrency?: number | undefined
  /** Calls to the embedder at once. @default 2 */
  readonly embedConcurrency?: number | undefined
  /**
   * Chunks of all documents between being split and being acknowledged. A larger document is let in when
   * nothing else is there, so memory is bounded by the larger of this and the largest document. @default 2_048
   */
  readonly maxQueuedChunks?: number | undefined
  /** Chunks of several documents written in one call; a larger document goes alone. @default 1_024 */
  readonly maxWriteChunks?: number | undefined
  /** How long a batch that is not full waits for a slow source. @default 100 */
  readonly maxBatchDelayMs?: number | undefined
  /** Tokens of a text as the embedding model counts them. @default an estimate, `pieceTokenizer()` */
  readonly tokensOf?: ((text: string) => number) | undefined
  /** Retries of calls to the embedder; `false` for none. @default the defaults of `retry` */
  readonly retry?: RetryPolicy | false | undefined
  /** Quota that calls to the embedder ask first. @default none */
  readonly limiter?: RateLimiter | undefined
  /**
   * Whether to remove, at the end, documents that the store has and the source did not give. `true`: unless
   * something could not be loaded, because what is missing may be what failed. `'unrelated'`: then too, except
   * documents whose id or address begins with a failed address, and documents without address; right when
   * addresses are paths of the documents themselves, wrong when a failed address (a site map, a list) stands
   * for others. In all cases nothing is removed when the source throws or gives no document. @default false
   */
  readonly removeMissing?: boolean | 'unrelated' | undefined
  /**
   * What is compared with the store. `'documents'`: a document that the store has sealed (`DocumentSeals`) with the
   * same text, marks, metadata and address, by the same chunker and embedder, is left alone without being split.
   * `'chunks'`: every document is split and compared chunk by chunk, for a chunker that changed and kept its id.
   * @default 'documents'
   */
  readonly compare?: 'documents' | 'chunks' | undefined
  /** Which of the store's documents come from this source; the others are never removed. @default all */
  readonly owns?: ((documentId: string) => boolean) | undefined
  /** Told of each document when it is finished, in the order in which they finish. */
  readonly onDocument?: ((document: IngestedDocument<M>) => void) | undefined
  /** Told how far the run is, at most once per `progressIntervalMs` and at the end. */
  readonly onProgress?: ((progress: IngestProgress) => void) | undefined
  /** @default 250 */
  readonly progressIntervalMs?: number | undefined
  /** Documents expected, about, so that progress can tell how much is left. @default not known */
  readonly totalDocuments?: number | undefined
  /** Milliseconds from any origin, for reports and progress. @default performance.now */
  readonly now?: (() => number) | undefined
}

export function checkIngestOptions<M extends Metadata>(options: IngestOptions<M>) {
  const { chunker, store, embedder, maxBatchDelayMs, progressIntervalMs, owns } = options
  if (typeof chunker?.split !== 'function') invalid('chunker', 'a Chunker', chunker)
  if (typeof store?.upsert !== 'function') invalid('store', 'a Store', store)
  if (embedder !== undefined) {
    if (typeof embedder.embed !== 'function') invalid('embedder', 'an Embedder', embedder)
    checkInteger('embedder.dimensions', embedder.dimensions)
    checkInteger('embedder.maxBatchSize', embedder.maxBatchSize)
  }
  const removeMissing = options.removeMissing ?? false
  if (typeof removeMissing !== 'boolean' && removeMissing !== 'unrelated') {
    invalid('removeMissing', 'true, false or "unrelated"', removeMissing)
  }
  return {
    concurrency: checkInteger('concurrency', options.concurrency ?? 4),
    embedConcurrency: checkInteger('embedConcurrency', options.embedConcurrency ?? 2),
    maxQueuedChunks: checkInteger('maxQueuedChunks', options.maxQueuedChunks ?? 2_048),
    maxWriteChunks: checkInteger('maxWriteChunks', options.maxWriteChunks ?? 1_024),
    maxBatchDelayMs: checkNumber('maxBatchDelayMs', maxBatchDelayMs ?? 100, 0),
    progressIntervalMs: checkNumber('progressIntervalMs', progressIntervalMs ?? 250, 0),
    totalDocuments:
      options.totalDocuments === undefined
        ? undefined
        : checkInteger('totalDocuments', options.totalDocuments, 0),
    removeMissing,
    compare: checkOneOf('compare', options.compare ?? 'documents', ['documents', 'chunks']),
    owns: owns ?? (() => true),
    now: options.now ?? (() => performance.now()),
  }
}
