import type { Metadata } from './document.js'
import { atStage, StageFailure } from './ingest-plan.js'
import { type FailedDocument, type IngestTally, nothingDone, type RemovalOutcome } from './ingest-report.js'
import type { CallOptions } from './observer.js'
import type { Store } from './store.js'

/** Chunk ids in one call to `delete`, at most; a larger document goes alone. */
const maxDeletes = 1_000

export interface RemovalOptions<M extends Metadata> extends CallOptions {
  readonly store: Store<M>
  readonly signal: AbortSignal
  /** Ids of the documents that the source gave, whatever became of them. */
  readonly seen: ReadonlySet<string>
  readonly owns: (documentId: string) => boolean
  /** Addresses that could not be loaded. */
  readonly failedUris: readonly string[]
  readonly removeMissing: boolean | 'unrelated'
}

/** Ability of a store to name its documents without listing their chunks. */
export interface DocumentIds {
  /** Each document of which it has a chunk, once. */
  documentIds(options?: CallOptions): AsyncIterable<string>
}

function namesDocuments(store: object): store is DocumentIds {
  return 'documentIds' in store && typeof store.documentIds === 'function'
}

export interface MissingDocument {
  readonly documentId: string
  readonly chunkIds: readonly string[]
}

/**
 * Removes what the store has and the source did not give, if that is wanted and safe. Only an abort and the
 * caller's callbacks throw; what could not be removed is recorded as failed.
 */
export async function removeMissing<M extends Metadata>(
  options: RemovalOptions<M>,
  tally: IngestTally<M>,
  fail: (failure: StageFailure, document: FailedDocument<M>) => void,
): Promise<RemovalOutcome> {
  const { store, signal, observer, seen, failedUris } = options
  const kept = whyKept(options.removeMissing, seen.size, failedUris.length)
  if (kept !== undefined) return kept
  const { now } = tally.options
  const started = now()
  try {
    const missing = await findMissing(options)
    for (const group of groupDeletes(missing)) {
      const ids = group.flatMap((document) => document.chunkIds)
      const failure = await failureOf(atStage('store', signal, () => store.delete(ids, { signal, observer })))
      const milliseconds = now() - started
      for (const { documentId, chunkIds } of group) {
        const deleted = chunkIds.length
        if (failure !== undefined) fail(failure, { documentId, milliseconds })
        else tally.finish({ ...nothingDone, status: 'removed', documentId, deleted, milliseconds })
      }
    }
    return 'done'
  } catch (error) {
    if (!(error instanceof StageFailure)) throw error
    fail(error, { uri: store.name, milliseconds: now() - started })
    return 'failed'
  } finally {
    tally.milliseconds.store += now() - started
  }
}

/** Why nothing is removed; undefined when missing documents are to be removed. */
export function whyKept(
  mode: boolean | 'unrelated',
  seen: number,
  failedUris: number,
): RemovalOutcome | undefined {
  if (mode === false) return 'off'
  if (seen === 0) return 'kept-no-documents'
  return failedUris > 0 && mode === true ? 'kept-load-failures' : undefined
}

async function failureOf(work: Promise<void>): Promise<StageFailure | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    if (error instanceof StageFailure) return error
    throw error
  }
}

/**
 * Documents that the store has and the source did not give. When some addresses could not be loaded, a
 * document is kept if its id or address begins with one of them (the folder it was in, the archive it came
 * from), and if it has no address to compare.
 */
export async function findMissing<M extends Metadata>(
  options: Omit<RemovalOptions<M>, 'removeMissing'>,
): Promise<MissingDocument[]> {
  const { store, signal, observer, seen, owns, failedUris } = options
  const missing = new Map<string, string[]>()
  const isMissing = (documentId: string) => !seen.has(documentId) && owns(documentId)
  const collect = async (documentId?: string) => {
    for await (const ref of store.list({ documentId, signal, observer })) {
      signal.throwIfAborted()
      if (documentId === undefined ? !isMissing(ref.documentId) : ref.documentId !== documentId) continue
      const ids = missing.get(ref.documentId)
      if (ids === undefined) missing.set(ref.documentId, [ref.id])
      else ids.push(ref.id)
    }
  }
  await atStage('store', signal, async () => {
    if (!namesDocuments(store)) return collect()
    const named: string[] = []
    for await (const documentId of store.documentIds({ signal, observer })) {
      signal.throwIfAborted()
      if (isMissing(documentId)) named.push(documentId)
    }
    for (const documentId of named) await collect(documentId)
  })
  const found: MissingDocument[] = []
  for (const [documentId, chunkIds] of missing) {
    if (failedUris.length > 0) {
      const [chunk] = await atStage('store', signal, () =>
        store.get(chunkIds.slice(0, 1), { signal, observer }),
      )
      const uri = chunk?.uri
      if (uri === undefined) continue
      if (failedUris.some((failed) => uri.startsWith(failed) || documentId.startsWith(failed))) continue
    }
    found.push({ documentId, chunkIds })
  }
  return found
}

/** Groups documents so that each group is one call. */
function* groupDeletes(documents: readonly MissingDocument[]): Generator<MissingDocument[]> {
  let group: MissingDocument[] = []
  let ids = 0
  for (const document of documents) {
    if (group.length > 0 && ids + document.chunkIds.length > maxDeletes) {
      yield group
      group = []
      ids = 0
    }
    group.push(document)
    ids += document.chunkIds.length
  }
  if (group.length > 0) yield group
}
