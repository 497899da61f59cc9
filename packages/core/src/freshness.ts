import { checkInteger, checkNumber, invalid } from './check.js'
import type { Metadata } from './document.js'
import type { CallOptions } from './observer.js'
import type { Store } from './store.js'

export interface FreshnessOptions<M extends Metadata = Metadata> extends CallOptions {
  /**
   * Age from which a document is stale, in milliseconds; or of one document, `undefined` for one that does not
   * grow old.
   */
  readonly maxAgeMs: number | ((metadata: M, documentId: string) => number | undefined)
  /** Metadata field that holds the date: ISO 8601 text, or milliseconds since 1970. @default 'modified' */
  readonly field?: string | undefined
  /** The present, in milliseconds since 1970. @default Date.now() */
  readonly now?: number | undefined
}

export interface StaleDocument<M extends Metadata = Metadata> {
  readonly documentId: string
  readonly uri?: string | undefined
  readonly metadata: M
  /** ISO 8601. */
  readonly date: string
  readonly ageMs: number
  /** How far `ageMs` is over the age allowed. */
  readonly overdueMs: number
}

export interface FreshnessReport<M extends Metadata = Metadata> {
  readonly documents: number
  readonly fresh: number
  /** Most overdue first, then by id. */
  readonly stale: readonly StaleDocument<M>[]
  /** Ids of documents without a date that can be read, in order: nothing can be said about them. */
  readonly undated: readonly string[]
}

/** Documents in one `get`, at most. */
const page = 256

/**
 * Which documents of a store have not been updated in time: what to look after, archive or remove. One chunk of
 * each document is read, for its metadata. A date in the future is fresh.
 */
export async function freshnessReport<M extends Metadata = Metadata>(
  store: Store<M>,
  options: FreshnessOptions<M>,
): Promise<FreshnessReport<M>> {
  const { maxAgeMs, field = 'modified', signal, observer } = options
  const now = checkInteger('now', options.now ?? Date.now(), Number.MIN_SAFE_INTEGER)
  if (typeof maxAgeMs !== 'function') checkNumber('maxAgeMs', maxAgeMs, 0)
  if (typeof field !== 'string' || field === '') invalid('field', 'the name of a metadata field', field)
  signal?.throwIfAborted()
  const call = { signal, observer }
  const firstChunks = new Map<string, string>()
  for await (const { id, documentId } of store.list(call)) {
    signal?.throwIfAborted()
    if (!firstChunks.has(documentId)) firstChunks.set(documentId, id)
  }
  const stale: StaleDocument<M>[] = []
  const undated: string[] = []
  let documents = 0
  const ids = [...firstChunks.values()]
  for (let from = 0; from < ids.length; from += page) {
    for (const chunk of await store.get(ids.slice(from, from + page), call)) {
      // Deleted since it was listed.
      if (chunk === undefined) continue
      const { documentId, uri, metadata } = chunk
      documents += 1
      const allowed = typeof maxAgeMs === 'function' ? maxAgeMs(metadata, documentId) : maxAgeMs
      if (allowed === undefined) continue
      checkNumber(`maxAgeMs of ${documentId}`, allowed, 0)
      const date = dateOf(metadata, field)
      if (date === undefined) {
        undated.push(documentId)
        continue
      }
      const ageMs = now - date
      const overdueMs = ageMs - allowed
      if (overdueMs > 0)
        stale.push({ documentId, uri, metadata, date: new Date(date).toISOString(), ageMs, overdueMs })
    }
  }
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  stale.sort((a, b) => b.overdueMs - a.overdueMs || order(a.documentId, b.documentId))
  undated.sort(order)
  return { documents, fresh: documents - stale.length - undated.length, stale, undated }
}

function dateOf(metadata: Metadata, field: string): number | undefined {
  const value = Object.hasOwn(metadata, field) ? metadata[field] : undefined
  if (typeof value !== 'number' && !(typeof value === 'string' && /^\d{4}-\d\d/.test(value))) return undefined
  const time = new Date(value).getTime()
  return Number.isNaN(time) ? undefined : time
}
