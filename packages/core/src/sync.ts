import { orAbort } from './async/signals.js'
import { invalid } from './check.js'
import type { Document, Metadata } from './document.js'
import { RagError } from './errors.js'
import { ingest } from './ingest.js'
import { checkIngestOptions, type IngestOptions } from './ingest-options.js'
import type { IngestedDocument, IngestReport } from './ingest-report.js'
import type { Loaded, Loader } from './loader.js'
import type { CallOptions } from './observer.js'
import type { Store } from './store.js'

export interface DocumentSyncOptions<M extends Metadata = Metadata>
  extends Omit<IngestOptions<M>, 'signal' | 'removeMissing'> {
  /** As in `ingest`, for `sync`. @default true */
  readonly removeMissing?: boolean | 'unrelated' | undefined
}

export interface SyncReport extends IngestReport {
  /** Documents of the source left alone because `upsert` or `remove` was called for them during the run. */
  readonly superseded: number
}

export interface DocumentSync<M extends Metadata = Metadata> {
  /** Brings the store up to date with the whole source: for scheduled runs. Runs go one after the other. */
  sync(
    source: Loader<M> | AsyncIterable<Loaded<M>> | Iterable<Loaded<M>>,
    options?: CallOptions,
  ): Promise<SyncReport>
  /** Brings one document up to date: for event handlers. A failure is its status, as in a run. */
  upsert(document: Document<M>, options?: CallOptions): Promise<IngestedDocument<M>>
  /** Removes everything of one document and says how many chunks there were. */
  remove(documentId: string, options?: CallOptions): Promise<number>
}

/** A run of `sync` and what events have to know of it. */
interface Run {
  /** Documents that an event was about since the run began: what the run loaded of them may be older. */
  readonly touched: Set<string>
  /** Documents handed to `ingest` and not finished. */
  readonly busy: Map<string, Settable>
  /** The source has ended: what is missing may be removed at any moment. */
  closing: boolean
  readonly done: Settable
}

interface Settable {
  readonly promise: Promise<void>
  readonly settle: () => void
}

/**
 * Keeps a store in step with its source by scheduled runs and by events, at the same time. Events do not wait for
 * a run that is on its way, only for the document they are about, and for the removals at the end of the run; what
 * an event has done, the run does not undo with what it loaded earlier. Events about one document happen in the
 * order of their calls.
 */
export function documentSync<M extends Metadata = Metadata>(
  options: DocumentSyncOptions<M>,
): DocumentSync<M> {
  checkIngestOptions<M>(options)
  const { store, onDocument } = options
  const { owns = () => true, removeMissing = true } = options
  /** The last event about each document that is not finished. */
  const events = new Map<string, Promise<void>>()
  let lastRun: Promise<void> = Promise.resolve()
  let current: Run | undefined

  /** Runs an event when its document is free. */
  const event = async <T>(
    documentId: string,
    signal: AbortSignal | undefined,
    work: () => Promise<T>,
  ): Promise<T> => {
    signal?.throwIfAborted()
    current?.touched.add(documentId)
    const earlier = events.get(documentId) ?? Promise.resolve()
    const mine = settable()
    events.set(documentId, mine.promise)
    try {
      await orAbort(earlier, signal)
      for (let run = current; run !== undefined && isInTheWay(run, documentId); run = current) {
        run.touched.add(documentId)
        const obstacle = run.closing ? run.done : run.busy.get(documentId)
        if (obstacle !== undefined) await orAbort(obstacle.promise, signal)
      }
      return await work()
    } finally {
      // Whoever gives up waiting does not let the next one past the one before.
      void earlier.then(() => {
        mine.settle()
        if (events.get(documentId) === mine.promise) events.delete(documentId)
      })
    }
  }
  const isInTheWay = (run: Run, documentId: string) => run.closing || run.busy.has(documentId)

  const runSync = async (
    source: AsyncIterable<Loaded<M>> | Iterable<Loaded<M>>,
    call: CallOptions,
  ): Promise<SyncReport> => {
    const run: Run = { touched: new Set(), busy: new Map(), closing: false, done: settable() }
    let superseded = 0
    async function* documents(): AsyncGenerator<Loaded<M>> {
      for await (const item of source) {
        if (item.type === 'document') {
          const { id } = item.document
          // An event that was there before the run may be older than what the run has loaded: after it.
          if (!run.touched.has(id)) await events.get(id)
          if (run.touched.has(id)) {
            superseded += 1
            continue
          }
          // A second document of the same id is refused by `ingest`, and must not end the wait for the first.
          if (!run.busy.has(id)) run.busy.set(id, settable())
        }
        yield item
      }
      for (;;) {
        const waiting = [...events.values()]
        if (waiting.length === 0) break
        await Promise.all(waiting)
      }
      run.closing = true
    }
    current = run
    try {
      const report = await ingest(documents(), {
        ...options,
        ...call,
        removeMissing,
        owns: (documentId) => owns(documentId) && !run.touched.has(documentId),
        onDocument: (document) => {
          const { documentId } = document
          if (documentId !== undefined && !isDuplicate(document)) {
            run.busy.get(documentId)?.settle()
            run.busy.delete(documentId)
          }
          onDocument?.(document)
        },
      })
      return { ...report, superseded }
    } finally {
      current = undefined
      for (const document of run.busy.values()) document.settle()
      run.done.settle()
    }
  }

  return {
    async sync(source, call = {}) {
      const merged = callOf(call, options)
      const earlier = lastRun
      const mine = settable()
      lastRun = mine.promise
      try {
        await orAbort(earlier, merged.signal)
        merged.signal?.throwIfAborted()
        return await runSync('load' in source ? source.load(merged) : source, merged)
      } finally {
        void earlier.then(mine.settle)
      }
    },
    upsert(document, call = {}) {
      const merged = callOf(call, options)
      return event(document.id, merged.signal, async () => {
        let outcome: IngestedDocument<M> | undefined
        await ingest<M>([{ type: 'document', document }], {
          ...options,
          ...merged,
          removeMissing: false,
          onProgress: undefined,
          onDocument: (result) => {
            outcome = result
            onDocument?.(result)
          },
        })
        if (outcome === undefined) {
          throw new RagError('store-failed', `Document ${JSON.stringify(document.id)} was not finished.`)
        }
        return outcome
      })
    },
    remove(documentId, call = {}) {
      const merged = callOf(call, options)
      return event(documentId, merged.signal, () => removeDocument(store, documentId, merged))
    },
  }
}

/**
 * Removes everything a store has of one document, in one call, and says how many chunks there were. With
 * `forgettingStore` around it, what caches have of it too.
 */
export async function removeDocument<M extends Metadata>(
  store: Store<M>,
  documentId: string,
  options: CallOptions = {},
): Promise<number> {
  if (typeof documentId !== 'string') invalid('documentId', 'a string', documentId)
  const ids: string[] = []
  for await (const ref of store.list({ ...options, documentId })) {
    options.signal?.throwIfAborted()
    if (ref.documentId === documentId) ids.push(ref.id)
  }
  if (ids.length > 0) await store.delete(ids, options)
  return ids.length
}

function callOf(call: CallOptions, { observer }: CallOptions): CallOptions {
  return { signal: call.signal, observer: call.observer ?? observer }
}

function isDuplicate<M extends Metadata>(document: IngestedDocument<M>): boolean {
  return document.status === 'failed' && document.error?.code === 'duplicate-id' && document.stage === 'load'
}

function settable(): Settable {
  let settle = () => {}
  const promise = new Promise<void>((resolve) => {
    settle = resolve
  })
  return { promise, settle }
}
