import { checkInteger, checkNumber } from '../../check.js'
import type { Chunk } from '../../chunk.js'
import { RagError } from '../../errors.js'
import { matchesFilter } from '../../filter/matches.js'
import type { ChunkRef, Entry, Ranked, SearchRequest, Store, TextSearch, VectorSearch } from '../../store.js'
import { cosineSimilarity } from '../vectors.js'
import { pause } from './wait.js'
import { wordsOf } from './words.js'

export interface FakeStoreOptions {
  /** Length of the vectors. @default 32 */
  readonly dimensions?: number | undefined
  /** @default 'fake-store' */
  readonly name?: string | undefined
  /** Asked before every call; true makes it fail with `store-failed`, an error is thrown as it is. @default never */
  readonly failOn?: ((call: StoreCall) => boolean | Error) | undefined
  /** How long a call takes, in milliseconds. @default 0 */
  readonly delayMs?: number | undefined
}

/** One call of a method and the ids it was about; searches and `list` have none. */
export interface StoreCall {
  readonly method: 'upsert' | 'get' | 'delete' | 'list' | 'searchByVector' | 'searchByText'
  readonly ids: readonly string[]
}

export interface FakeStore extends Store, VectorSearch, TextSearch {
  /** Every call so far, in order. */
  readonly calls: readonly StoreCall[]
  /** Number of chunks held. */
  readonly size: number
}

function checkStored(vector: Float32Array, dimensions: number): void {
  if (vector.length !== dimensions || !vector.every(Number.isFinite))
    throw new RagError(
      'invalid-vector',
      `a vector must have ${dimensions} finite numbers, got ${vector.length}`,
    )
}

/** Number of words of the text that are words of the query, so more is better and none is no hit. */
function sharedWords(query: string, chunk: Chunk): number {
  const wanted = new Set(wordsOf(query))
  const words = wordsOf(`${chunk.context ?? ''}\n${chunk.text}`)
  return words.reduce((count, word) => count + (wanted.has(word) ? 1 : 0), 0)
}

/**
 * A store in a `Map` that scans everything: slow, small, and keeps all laws of a store. Vectors are compared by
 * cosine, texts by the number of shared words.
 */
export function fakeStore(options: FakeStoreOptions = {}): FakeStore {
  const dimensions = checkInteger('dimensions', options.dimensions ?? 32)
  const delayMs = checkNumber('delayMs', options.delayMs ?? 0, 0)
  const entries = new Map<string, Entry>()
  const calls: StoreCall[] = []

  const begin = async (call: StoreCall, signal: AbortSignal | undefined): Promise<void> => {
    signal?.throwIfAborted()
    calls.push(call)
    await pause(delayMs, signal)
    const failure = options.failOn?.(call) ?? false
    if (failure)
      throw failure === true ? new RagError('store-failed', 'the fake store was told to fail') : failure
  }
  const best = (request: SearchRequest, score: (entry: Entry) => number): Ranked[] => {
    const limit = checkInteger('limit', request.limit)
    const { filter } = request
    return [...entries.values()]
      .filter(({ chunk }) => filter === undefined || matchesFilter(filter, chunk.metadata))
      .map((entry) => ({ chunk: entry.chunk, score: score(entry) }))
      .filter((ranked) => ranked.score > Number.NEGATIVE_INFINITY)
      .toSorted((a, b) => b.score - a.score || (a.chunk.id < b.chunk.id ? -1 : 1))
      .slice(0, limit)
      .map((ranked) => structuredClone(ranked))
  }

  return {
    name: options.name ?? 'fake-store',
    dimensions,
    calls,
    get size(): number {
      return entries.size
    },
    async upsert(given, callOptions): Promise<void> {
      await begin({ method: 'upsert', ids: given.map(({ chunk }) => chunk.id) }, callOptions?.signal)
      const written = new Map<string, Entry>()
      for (const entry of given) {
        if (written.has(entry.chunk.id))
          throw new RagError('duplicate-id', `chunk id "${entry.chunk.id}" comes twice in one upsert`)
        if (entry.vector) checkStored(entry.vector, dimensions)
        written.set(entry.chunk.id, structuredClone(entry))
      }
      for (const [id, entry] of written) entries.set(id, entry)
    },
    async get(chunkIds, callOptions): Promise<readonly (Chunk | undefined)[]> {
      await begin({ method: 'get', ids: chunkIds.slice() }, callOptions?.signal)
      return chunkIds.map((id) => structuredClone(entries.get(id)?.chunk))
    },
    async delete(chunkIds, callOptions): Promise<void> {
      await begin({ method: 'delete', ids: chunkIds.slice() }, callOptions?.signal)
      for (const id of chunkIds) entries.delete(id)
    },
    async *list(listOptions = {}): AsyncGenerator<ChunkRef> {
      await begin({ method: 'list', ids: [] }, listOptions.signal)
      for (const { chunk, revision } of [...entries.values()]) {
        listOptions.signal?.throwIfAborted()
        if (listOptions.documentId === undefined || listOptions.documentId === chunk.documentId)
          yield { id: chunk.id, documentId: chunk.documentId, revision }
      }
    },
    async searchByVector(vector, request, callOptions): Promise<readonly Ranked[]> {
      await begin({ method: 'searchByVector', ids: [] }, callOptions?.signal)
      checkStored(vector, dimensions)
      return best(request, (entry) =>
        entry.vector ? cosineSimilarity(vector, entry.vector) : Number.NEGATIVE_INFINITY,
      )
    },
    async searchByText(query, request, callOptions): Promise<readonly Ranked[]> {
      await begin({ method: 'searchByText', ids: [] }, callOptions?.signal)
      return best(request, ({ chunk }) => sharedWords(query, chunk) || Number.NEGATIVE_INFINITY)
    },
  }
}
