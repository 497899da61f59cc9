import type { Metadata } from './document.js'
import type { CallOptions } from './observer.js'
import type { Entry, Store } from './store.js'

/** New and revised chunks of one document, and the ids it no longer has. */
export interface DocumentWrite<M extends Metadata> {
  readonly entries: readonly Entry<M>[]
  readonly stale: readonly string[]
}

export interface WriteQueue<M extends Metadata> {
  /** Resolves when the store has acknowledged the document: written first, then rid of what is stale. */
  write(document: DocumentWrite<M>): Promise<void>
}

export interface WriteQueueOptions extends CallOptions {
  readonly signal: AbortSignal
  /** Chunks of several documents in one `upsert`, at most; a larger document goes alone. */
  readonly maxWriteChunks: number
  readonly onTime: (milliseconds: number) => void
}

interface Waiting<M extends Metadata> extends DocumentWrite<M> {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Writes documents as they get ready, one call at a time: while a call runs, those that get ready gather and
 * go together in the next one (group commit). An `upsert` is all or nothing, so when a group fails, its
 * documents are tried one by one and only those at fault fail.
 */
export function writeQueue<M extends Metadata>(store: Store<M>, options: WriteQueueOptions): WriteQueue<M> {
  const { signal, observer, maxWriteChunks, onTime } = options
  const call = { signal, observer }
  let waiting: Waiting<M>[] = []
  let running = false

  const takeGroup = (): Waiting<M>[] => {
    let chunks = 0
    let size = 0
    while (size < waiting.length) {
      const next = waiting[size]!
      const cost = next.entries.length + next.stale.length
      if (size > 0 && chunks + cost > maxWriteChunks) break
      chunks += cost
      size += 1
    }
    const group = waiting.slice(0, size)
    waiting = waiting.slice(size)
    return group
  }

  const writeGroup = async (group: readonly Waiting<M>[]): Promise<void> => {
    const entries = group.flatMap((document) => document.entries)
    const stale = group.flatMap((document) => document.stale)
    try {
      signal.throwIfAborted()
      const started = performance.now()
      try {
        if (entries.length > 0) await store.upsert(entries, call)
        if (stale.length > 0) await store.delete(stale, call)
      } finally {
        onTime(performance.now() - started)
      }
      for (const document of group) document.resolve()
    } catch (error) {
      if (group.length === 1 || signal.aborted) {
        for (const document of group) document.reject(signal.aborted ? signal.reason : error)
        return
      }
      for (const document of group) await writeGroup([document])
    }
  }

  const run = async () => {
    running = true
    while (waiting.length > 0) await writeGroup(takeGroup())
    running = false
  }

  return {
    write({ entries, stale }) {
      return new Promise((resolve, reject) => {
        waiting.push({ entries, stale, resolve, reject })
        if (!running) void run()
      })
    },
  }
}
