import { delay } from './async/delay.js'
import { mapConcurrent } from './async/map-concurrent.js'
import { linkedController } from './async/signals.js'
import type { Document, Metadata } from './document.js'
import { messageOf, tokenEstimate } from './embed-texts.js'
import { isAbort, isRagError, RagError } from './errors.js'
import { embedQueue } from './ingest-embed.js'
import { checkIngestOptions, type IngestOptions } from './ingest-options.js'
import { atStage, type DocumentPlan, planDocument, StageFailure, withNeeds } from './ingest-plan.js'
import { removeMissing } from './ingest-remove.js'
import {
  type FailedDocument,
  type IngestedDocument,
  type IngestReport,
  IngestTally,
} from './ingest-report.js'
import { reusesVectors, vectorPool } from './ingest-reuse.js'
import { keepsSeals, sealer } from './ingest-seals.js'
import { writeQueue } from './ingest-write.js'
import type { Loaded } from './loader.js'
import { tell } from './observe.js'
import type { Entry } from './store.js'
import { embeddingText } from './to-chunks.js'

/** The event loop gets a turn this often, however fast the source and the store are. */
const yieldEveryMs = 50

/**
 * Brings a store up to date with a source: for each document, splits it, asks the store which of its chunks
 * it has in this revision, embeds and writes the others, **then** deletes those the document no longer has.
 * Running it again on the same input writes nothing; resuming an interrupted run is running it again.
 *
 * Streams: the source is pulled only as fast as documents are finished, and what is kept of a finished
 * document is its id (duplicates are refused, missing ones found) and its failure, if it had one. A
 * document's chunks are written in one call, once all its vectors are there: never half of them. Failures are
 * recorded and cost only their document, which keeps what the store had of it.
 *
 * Rejects with the signal's reason on abort, with the source's error if the source itself throws (what it
 * gave before is finished first), and with whatever `onDocument` or `onProgress` throw. What the store
 * acknowledged stays.
 */
export async function ingest<M extends Metadata = Metadata>(
  source: AsyncIterable<Loaded<M>> | Iterable<Loaded<M>>,
  options: IngestOptions<M>,
): Promise<IngestReport> {
  const settings = checkIngestOptions(options)
  const { owns, removeMissing: mode } = settings
  const { chunker, embedder, store, observer, signal } = options
  signal?.throwIfAborted()
  const stop = linkedController(signal)
  /** A callback that throws ends the run: it is the caller's own code. */
  const fatal = <T>(callback: ((value: T) => void) | undefined) =>
    callback &&
    ((value: T) => {
      try {
        callback(value)
      } catch (error) {
        stop.abort(error)
        throw error
      }
    })
  const tally = new IngestTally<M>({
    onDocument: fatal(options.onDocument),
    onProgress: fatal(options.onProgress),
    progressIntervalMs: settings.progressIntervalMs,
    totalDocuments: settings.totalDocuments,
    now: settings.now,
  })
  const { milliseconds } = tally
  const call = { signal: stop.signal, observer }
  const queue =
    embedder &&
    embedQueue(embedder, {
      ...call,
      role: 'document',
      concurrency: settings.embedConcurrency,
      maxBatchDelayMs: settings.maxBatchDelayMs,
      tokensOf: options.tokensOf ?? tokenEstimate(),
      retry: options.retry,
      limiter: options.limiter,
      onCall: () => {
        tally.embedCalls += 1
      },
      onTime: (elapsed) => {
        milliseconds.embed += elapsed
      },
    })
  const writer = writeQueue(store, {
    ...call,
    maxWriteChunks: settings.maxWriteChunks,
    onTime: (elapsed) => {
      milliseconds.store += elapsed
    },
  })
  const pool =
    embedder === undefined || !reusesVectors(store)
      ? undefined
      : vectorPool(store, { dimensions: embedder.dimensions, maxKept: settings.maxQueuedChunks, observer })
  const seals = keepsSeals(store) ? sealer(store, call) : undefined
  const planning = {
    chunker,
    embedder,
    store,
    pool,
    compare: settings.compare,
    observer,
    onTime: (part: 'split' | 'store', elapsed: number) => {
      milliseconds[part] += elapsed
    },
  }
  const seen = new Set<string>()
  const failedUris: string[] = []
  let sourceError: { readonly error: unknown } | undefined
  let queued = 0
  let released = () => {}
  const finishing = new Set<Promise<void>>()

  /** The source's documents. Failures are recorded here; its own error is kept for the end. */
  async function* documents() {
    let asked = settings.now()
    let yielded = asked
    try {
      for await (const item of source) {
        const arrived = settings.now()
        milliseconds.load += arrived - asked
        if (item.type === 'failure') {
          failedUris.push(item.uri)
          fail(new StageFailure('load', item.error), { uri: item.uri, milliseconds: arrived - asked })
        } else {
          const { document } = item
          tally.documents.loaded += 1
          if (seen.has(document.id)) fail(duplicate(document.id), about(document, 0))
          else {
            seen.add(document.id)
            yield { document, arrived }
          }
        }
        asked = settings.now()
        if (asked - yielded > yieldEveryMs) {
          await delay(0, stop.signal)
          yielded = asked = settings.now()
        }
      }
    } catch (error) {
      stop.signal.throwIfAborted()
      sourceError = { error }
    }
  }

  const fail = (failure: StageFailure, document: FailedDocument<M>) => {
    tally.fail(failure, document)
    tell(observer, {
      type: 'ingest.document',
      source: store.name,
      milliseconds: document.milliseconds,
      labels: {
        status: 'failed',
        stage: failure.stage,
        code: failure.error.code,
        ...(document.documentId !== undefined && { documentId: document.documentId }),
      },
    })
  }

  /** Records what costs only its document. */
  const attempt = async (
    document: Document<M>,
    arrived: number,
    step: () => Promise<void>,
  ): Promise<void> => {
    try {
      await step()
    } catch (error) {
      if (!(error instanceof StageFailure)) throw error
      fail(error, about(document, settings.now() - arrived))
    }
  }

  /** Counts a document that the store has as planned. */
  const complete = (plan: DocumentPlan<M>, arrived: number, embedded: number, tokens: number): void => {
    const { documentId, writes, stale } = plan
    const changed = writes.length + stale.length > 0
    const result: IngestedDocument<M> = {
      ...about(plan, settings.now() - arrived),
      status: plan.chunks === 0 ? 'empty' : changed ? 'written' : 'unchanged',
      chunks: plan.chunks,
      written: writes.length,
      embedded,
      reused: changed ? writes.filter((write) => write.vector !== undefined).length : 0,
      unchanged: plan.unchanged,
      deleted: stale.length,
      tokens,
    }
    // A run over what is there already does little else than this.
    if (observer !== undefined) {
      tell(observer, {
        type: 'ingest.document',
        source: store.name,
        milliseconds: result.milliseconds,
        counts: counts(result),
        labels: { status: result.status, documentId },
      })
    }
    tally.finish(result, plan.blank)
  }

  const finish = async (
    plan: DocumentPlan<M>,
    arrived: number,
    earlier: readonly Promise<void>[],
  ): Promise<void> => {
    const { writes, stale } = plan
    try {
      const unembedded = writes.filter((write) => write.embed)
      const embedded = await atStage('embed', stop.signal, async () =>
        unembedded.length === 0
          ? undefined
          : queue?.add(unembedded.map((write) => embeddingText(write.chunk))),
      )
      let row = 0
      const entries = writes.map(({ chunk, revision, vector, embed }): Entry<M> => {
        const found = embed ? embedded?.vectors[row++] : vector
        return found === undefined ? { chunk, revision } : { chunk, revision, vector: found }
      })
      await Promise.all(earlier)
      if (entries.length > 0 || stale.length > 0) {
        await atStage('store', stop.signal, async () => {
          const written = entries.map(({ revision }) => revision)
          await pool?.leaving([...stale, ...plan.replaced], written, stop.signal)
          await writer.write({ entries, stale: stale.map(({ id }) => id) })
        })
      }
      complete(plan, arrived, unembedded.length, embedded?.tokens ?? 0)
      if (plan.sealed !== undefined) await seals?.add(plan.sealed)
    } catch (error) {
      if (!(error instanceof StageFailure)) throw error
      fail(error, about(plan, settings.now() - arrived))
    }
  }

  /** Lets a plan in when there is room for it; meanwhile the embedder must not wait for fuller batches. */
  const admit = async (plan: DocumentPlan<M>, arrived: number): Promise<void> => {
    const size = plan.writes.length
    while (queued > 0 && queued + size > settings.maxQueuedChunks) {
      const room = new Promise<void>((resolve) => {
        released = resolve
      })
      queue?.setBlocked(true)
      await room
    }
    queue?.setBlocked(false)
    queued += size
    // What duplicates a chunk on its way needs no vector of its own, if it comes to the store after it.
    const waits =
      embedder !== undefined && plan.writes.some(({ vector, embed }) => !embed && vector === undefined)
    const work: Promise<void> = finish(plan, arrived, waits ? [...finishing] : [])
      .catch((error: unknown) => stop.abort(error))
      .then(() => {
        queued -= size
        finishing.delete(work)
        released()
      })
    finishing.add(work)
  }

  const prepare = async (
    { document, arrived }: { document: Document<M>; arrived: number },
    _index: number,
    running: AbortSignal,
  ) => {
    let plan: DocumentPlan<M> | undefined
    await attempt(document, arrived, async () => {
      plan = await planDocument(document, planning, running)
    })
    return plan && { document, plan, arrived }
  }

  try {
    const plans = mapConcurrent(documents(), prepare, {
      concurrency: settings.concurrency,
      ordered: false,
      signal: stop.signal,
    })
    for await (const prepared of plans) {
      if (prepared === undefined) continue
      const { document, plan, arrived } = prepared
      // Nothing to do, and nothing to wait for.
      if (plan.unchanged === plan.chunks && plan.stale.length === 0 && plan.sealed === undefined) {
        complete(plan, arrived, 0, 0)
      } else {
        await attempt(document, arrived, async () => {
          await admit(await withNeeds(plan, planning, stop.signal), arrived)
        })
      }
    }
    queue?.end()
    await Promise.all(finishing)
    await seals?.flush()
    stop.signal.throwIfAborted()
    if (sourceError !== undefined) throw sourceFailure(sourceError.error, tally.documents.loaded)
    const removal = await removeMissing(
      { ...call, store, seen, failedUris, owns, removeMissing: mode },
      tally,
      fail,
    )
    const report = tally.report(removal)
    tally.progress(true)
    tell(observer, {
      type: 'ingest.run',
      source: store.name,
      milliseconds: report.milliseconds.total,
      counts: { ...report.documents, tokens: report.tokens, embedCalls: report.embedCalls },
      labels: { removal: report.removal },
    })
    return report
  } catch (error) {
    // Whatever ended the run: nothing of it keeps working once its promise is settled.
    if (!stop.signal.aborted) stop.abort(error)
    await Promise.all(finishing)
    await queue?.idle()
    throw stop.signal.reason
  } finally {
    stop.unlink()
  }
}

function about<M extends Metadata>(
  document: { readonly uri?: string | undefined; readonly metadata: M } & (
    | { readonly id: string }
    | { readonly documentId: string }
  ),
  milliseconds: number,
) {
  const documentId = 'documentId' in document ? document.documentId : document.id
  return { documentId, uri: document.uri, metadata: document.metadata, milliseconds }
}

function counts<M extends Metadata>(result: IngestedDocument<M>): { readonly [name: string]: number } {
  const { chunks, written, embedded, reused, unchanged, deleted, tokens } = result
  return { chunks, written, embedded, reused, unchanged, deleted, tokens }
}

export function duplicate(documentId: string): StageFailure {
  const error = new RagError(
    'duplicate-id',
    `The source gave the document id ${JSON.stringify(documentId)} twice; the first one counts. ` +
      'Give each document an id of its own, such as its address.',
    { details: { documentId } },
  )
  return new StageFailure('load', error)
}

export function sourceFailure(error: unknown, loaded: number): unknown {
  if (isRagError(error) || isAbort(error)) return error
  return new RagError(
    'load-failed',
    `The source stopped with an error after ${loaded} documents, which were finished: ${messageOf(error)}`,
    { cause: error, details: { loaded } },
  )
}
