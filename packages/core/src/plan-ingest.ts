import { mapConcurrent } from './async/map-concurrent.js'
import { checkNumber } from './check.js'
import type { Metadata } from './document.js'
import { batchTokens, tokenEstimate } from './embed-texts.js'
import type { RagError } from './errors.js'
import { duplicate, sourceFailure } from './ingest.js'
import { checkIngestOptions, type IngestOptions } from './ingest-options.js'
import { type DocumentPlan, type PlanContext, planDocument, StageFailure, withNeeds } from './ingest-plan.js'
import { findMissing, whyKept } from './ingest-remove.js'
import { failureRecord, type IngestFailure, type RemovalOutcome } from './ingest-report.js'
import { reusesVectors, vectorPool } from './ingest-reuse.js'
import type { Loaded } from './loader.js'
import { embeddingText } from './to-chunks.js'

export interface PlanIngestOptions<M extends Metadata = Metadata>
  extends Omit<
    IngestOptions<M>,
    'onDocument' | 'onProgress' | 'progressIntervalMs' | 'totalDocuments' | 'retry'
  > {
  /** Price of a million tokens embedded, in any currency; without it `cost` is absent. @default none */
  readonly pricePerMillionTokens?: number | undefined
  /** Told what would become of each document, in the order in which they are compared. */
  readonly onDocument?: ((document: PlannedDocument<M>) => void) | undefined
}

/** What `ingest` would do with one document. `add`: the store has nothing of it. `empty`: it has no chunk. */
export interface PlannedDocument<M extends Metadata = Metadata> {
  readonly action: 'add' | 'update' | 'unchanged' | 'empty' | 'delete' | 'fail'
  readonly documentId?: string | undefined
  readonly uri?: string | undefined
  readonly metadata?: M | undefined
  /** Chunks that would be written. */
  readonly write: number
  /** Of those: embedded. */
  readonly embed: number
  /** Of those: with a vector that the store has. */
  readonly reuse: number
  readonly unchanged: number
  readonly delete: number
  /** Tokens to embed. */
  readonly tokens: number
  readonly error?: RagError | undefined
}

export interface IngestPlan {
  readonly documents: {
    /** Documents that the source gave. */
    readonly loaded: number
    readonly add: number
    readonly update: number
    readonly unchanged: number
    readonly empty: number
    readonly delete: number
    readonly fail: number
  }
  readonly chunks: {
    readonly write: number
    readonly embed: number
    readonly reuse: number
    readonly unchanged: number
    readonly delete: number
  }
  /** Tokens to embed, by `tokensOf`. */
  readonly tokens: number
  /** Calls to the embedder when every batch is as full as it can be and none is repeated. */
  readonly embedCalls: number
  /** `tokens` at the price given. */
  readonly cost?: number | undefined
  /** What would become of documents that the source no longer has. */
  readonly removal: RemovalOutcome
  readonly failures: readonly IngestFailure[]
}

const nothing = { write: 0, embed: 0, reuse: 0, unchanged: 0, delete: 0, tokens: 0 } as const

/**
 * What `ingest` with the same options would do now, and what it would cost, without writing anything and without
 * a call to the embedder. Documents are loaded, split and compared as `ingest` does it, so a chunker that asks a
 * model asks it here too. Failures of the embedder and of writing cannot be foreseen.
 *
 * Rejects with the signal's reason on abort, with the source's error if the source itself throws, with the
 * store's if it cannot be listed for what is missing, and with whatever `onDocument` throws.
 */
export async function planIngest<M extends Metadata = Metadata>(
  source: AsyncIterable<Loaded<M>> | Iterable<Loaded<M>>,
  options: PlanIngestOptions<M>,
): Promise<IngestPlan> {
  const { pricePerMillionTokens: price, onDocument, ...rest } = options
  const settings = checkIngestOptions<M>(rest)
  if (price !== undefined) checkNumber('pricePerMillionTokens', price, 0)
  const { chunker, embedder, store, observer, limiter } = options
  const signal = options.signal ?? new AbortController().signal
  signal.throwIfAborted()
  const tokensOf = options.tokensOf ?? tokenEstimate()
  const pool =
    embedder === undefined || !reusesVectors(store)
      ? undefined
      : vectorPool(store, { dimensions: embedder.dimensions, maxKept: settings.maxQueuedChunks, observer })
  const planning: PlanContext<M> = {
    chunker,
    embedder,
    store,
    pool,
    compare: settings.compare,
    observer,
    onTime: () => {},
  }
  const batches = embedder && batchCounter(embedder.maxBatchSize, batchTokens(embedder, limiter))
  const documents = { loaded: 0, add: 0, update: 0, unchanged: 0, empty: 0, delete: 0, fail: 0 }
  const chunks = { write: 0, embed: 0, reuse: 0, unchanged: 0, delete: 0 }
  let tokens = 0
  const failures: IngestFailure[] = []
  const failedUris: string[] = []
  const seen = new Set<string>()

  const count = (document: PlannedDocument<M>) => {
    documents[document.action] += 1
    for (const part of ['write', 'embed', 'reuse', 'unchanged', 'delete'] as const) {
      chunks[part] += document[part]
    }
    tokens += document.tokens
    onDocument?.(document)
  }
  const fail = (
    { stage, error }: StageFailure,
    about: Pick<PlannedDocument<M>, 'documentId' | 'uri' | 'metadata'>,
  ) => {
    failures.push(failureRecord(stage, error, about))
    count({ ...nothing, ...about, action: 'fail', error })
  }
  const prepare = async (item: Loaded<M>, _index: number, running: AbortSignal) => {
    if (item.type === 'failure') {
      failedUris.push(item.uri)
      return { failure: new StageFailure('load', item.error), about: { uri: item.uri } }
    }
    const { document } = item
    const about = { documentId: document.id, uri: document.uri, metadata: document.metadata }
    documents.loaded += 1
    // Before the first pause of this call, and calls begin in the order of the source: the first one counts.
    if (seen.has(document.id)) return { failure: duplicate(document.id), about }
    seen.add(document.id)
    try {
      return { plan: await planDocument(document, planning, running), about }
    } catch (failure) {
      if (!(failure instanceof StageFailure)) throw failure
      return { failure, about }
    }
  }

  const plans = mapConcurrent(guarded(source), prepare, { concurrency: settings.concurrency, signal })
  for await (const { plan, failure, about } of plans) {
    if (failure !== undefined) {
      fail(failure, about)
      continue
    }
    try {
      count(planned(await withNeeds(plan, planning, signal)))
    } catch (failure) {
      if (!(failure instanceof StageFailure)) throw failure
      fail(failure, about)
    }
  }

  async function* guarded(given: AsyncIterable<Loaded<M>> | Iterable<Loaded<M>>) {
    try {
      yield* given
    } catch (error) {
      signal.throwIfAborted()
      throw sourceFailure(error, documents.loaded)
    }
  }

  function planned(plan: DocumentPlan<M>): PlannedDocument<M> {
    const { documentId, uri, metadata, writes, stale } = plan
    const unembedded = writes.filter(({ embed }) => embed)
    let sum = 0
    for (const { chunk } of unembedded) {
      const size = tokensOf(embeddingText(chunk))
      sum += size
      batches?.add(size)
    }
    const changed = writes.length + stale.length > 0
    return {
      action: plan.chunks === 0 ? 'empty' : !changed ? 'unchanged' : plan.stored === 0 ? 'add' : 'update',
      documentId,
      uri,
      metadata,
      write: writes.length,
      embed: unembedded.length,
      reuse: writes.filter(({ vector }) => vector !== undefined).length,
      unchanged: plan.unchanged,
      delete: stale.length,
      tokens: sum,
    }
  }

  let removal = whyKept(settings.removeMissing, seen.size, failedUris.length)
  if (removal === undefined) {
    const missing = await unwrapped(
      findMissing({ store, signal, observer, seen, owns: settings.owns, failedUris }),
    )
    for (const { documentId, chunkIds } of missing) {
      count({ ...nothing, action: 'delete', documentId, delete: chunkIds.length })
    }
    removal = 'done'
  }
  return {
    documents,
    chunks,
    tokens,
    embedCalls: batches?.calls() ?? 0,
    ...(price !== undefined && { cost: (tokens / 1_000_000) * price }),
    removal,
    failures,
  }
}

async function unwrapped<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw error instanceof StageFailure ? error.error : error
  }
}

/** Counts how many calls a sequence of texts takes, filled in order up to both limits. */
function batchCounter(maxItems: number, maxTokens = Number.POSITIVE_INFINITY) {
  let calls = 0
  let items = 0
  let tokens = 0
  return {
    add(size: number) {
      if (items === 0 || items === maxItems || tokens + size > maxTokens) {
        calls += 1
        items = 0
        tokens = 0
      }
      items += 1
      tokens += size
    },
    calls: () => calls,
  }
}
