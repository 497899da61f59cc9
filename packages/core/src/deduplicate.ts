import { checkNumber, invalid } from './check.js'
import type { Chunk } from './chunk.js'
import { DuplicateIndex, featuresOf, type Match } from './deduplicate-index.js'
import type { Metadata } from './document.js'
import { DuplicateClaims } from './duplicate-claims.js'
import { embedTexts } from './embed-texts.js'
import type { Embedder } from './embedder.js'
import { RagError } from './errors.js'
import {
  findsVectors,
  reusesVectors,
  type VectorNeed,
  type VectorReuse,
  type VectorsByInput,
} from './ingest-reuse.js'
import type { CallOptions } from './observer.js'
import { shelfStore } from './shelf-store.js'
import type { ChunkRef, Entry, ListOptions, Store } from './store.js'
import { embeddingText } from './to-chunks.js'

export interface DeduplicateOptions<M extends Metadata = Metadata> extends CallOptions {
  /** The store that is searched: of chunks that duplicate each other it holds one. */
  readonly kept: Store<M>
  /** Where the others wait. Durable when `kept` is; otherwise the next `ingest` fills it again. @default `shelfStore()` */
  readonly dropped?: (Store<M> & VectorReuse) | undefined
  /**
   * Metadata fields whose values two chunks must share to duplicate each other: the tenant, who may read it, and
   * what searches filter by. `[]` compares everything with everything. A field that is missing is a value.
   */
  readonly within: readonly string[]
  /**
   * Jaccard similarity of runs of eight characters from which chunks are near duplicates, 0.5 to 1; `false`: only
   * chunks with the same text, but for case, white space and compatibility forms. @default 0.9
   */
  readonly threshold?: number | false | undefined
  /**
   * The model that `ingest` is given. With it, what duplicates a chunk in the store, or on its way there, is put
   * aside without being embedded, and a chunk that takes the place of another is embedded then. Without it, every chunk keeps the vector
   * it came with. @default none
   */
  readonly embedder?: Embedder | undefined
}

/** A chunk that is not searched, and the one that is searched in its place. */
export interface DroppedChunk {
  readonly chunkId: string
  readonly documentId: string
  readonly keptId: string
  readonly kind: 'exact' | 'near'
  /** Jaccard similarity, compared in full; 1 for `exact`. */
  readonly similarity: number
}

export interface DeduplicatedStore<M extends Metadata = Metadata> extends Store<M> {
  /** Every dropped chunk, with what it duplicates. */
  dropped(options?: CallOptions): AsyncIterable<DroppedChunk>
  /** For each chunk found, the dropped chunks it stands for, ordered by document and place: more sources to cite. */
  sourcesOf(chunkIds: readonly string[], options?: CallOptions): Promise<readonly (readonly Chunk<M>[])[]>
}

interface Dropped extends Match {
  readonly revision: string
}

/** Chunks in one `get`, at most. */
const page = 256

/**
 * A store to `ingest` into that puts duplicates aside: `kept` is what searches read. Texts are compared with their
 * context: exactly by SHA-256, nearly by MinHash, and each near match is verified by its full similarity. The one
 * that came first is kept. When it is deleted, or changes its tenant, the next in order of document and place takes
 * its place, with the vector it came with.
 *
 * It lists what it has put aside like everything else, so a second run of `ingest` writes nothing, and removing a
 * document removes its dropped chunks too. All writes have to go through it, one of it per store; calls are carried
 * out one after the other. A call that fails between the two stores is completed by running it again.
 */
export async function deduplicatedStore<M extends Metadata = Metadata>(
  options: DeduplicateOptions<M>,
): Promise<DeduplicatedStore<M> & Partial<VectorReuse & VectorsByInput & VectorNeed<M>>> {
  const { kept, within, embedder } = options
  if (typeof kept?.upsert !== 'function') invalid('kept', 'a Store', kept)
  const dropped = options.dropped ?? shelfStore<M>()
  if (!reusesVectors(dropped)) {
    invalid(
      'dropped',
      'a Store that gives vectors back (`vectors`)',
      dropped,
      'Leave it out to keep them in memory.',
    )
  }
  if (!Array.isArray(within) || within.some((field) => typeof field !== 'string')) {
    invalid('within', 'a list of metadata fields', within, 'Give `[]` to compare everything with everything.')
  }
  const threshold = options.threshold ?? 0.9
  if (threshold !== false) checkNumber('threshold', threshold, 0.5, 1)
  const features = featuresOf<M>(within, threshold)
  let index = new DuplicateIndex<M>(threshold, features)
  const claims = new DuplicateClaims<M>(threshold, features)
  const aside = new Map<string, Dropped>()
  const groups = new Map<string, Set<string>>()
  /** A call failed half way: what is held here is read again before the next one. */
  let unsure = true

  const setAside = (id: string, match: Match, revision: string) => {
    aside.set(id, { ...match, revision })
    const group = groups.get(match.keptId)
    if (group === undefined) groups.set(match.keptId, new Set([id]))
    else group.add(id)
  }
  const takeBack = (id: string) => {
    const keptId = aside.get(id)?.keptId
    aside.delete(id)
    if (keptId === undefined) return
    const group = groups.get(keptId)
    group?.delete(id)
    if (group?.size === 0) groups.delete(keptId)
  }

  /** Dropped chunks as they came in, in the order in which they take each other's place. */
  const orphanEntries = async (ids: readonly string[], call: CallOptions): Promise<Entry<M>[]> => {
    const [chunks, vectors] = [await dropped.get(ids, call), await dropped.vectors(ids, call)]
    const entries: Entry<M>[] = []
    for (const [place, chunk] of chunks.entries()) {
      const revision = aside.get(ids[place]!)?.revision
      if (chunk !== undefined && revision !== undefined) {
        entries.push({ chunk, revision, vector: vectors[place] })
      }
    }
    return entries.sort((a, b) => byPlace(a.chunk, b.chunk))
  }

  /** Brings both stores to a state without the deleted chunks, with the given ones, and with new places for `orphans`. */
  const change = async (
    given: readonly Entry<M>[],
    deleted: readonly string[],
    orphans: Set<string>,
    call: CallOptions,
  ): Promise<void> => {
    const ids = [...given.map(({ chunk }) => chunk.id), ...deleted]
    const touched = new Set(ids)
    for (const id of ids) claims.release(id)
    const before = new Set<string>()
    for (const chunk of await kept.get(ids, call)) {
      if (chunk === undefined) continue
      before.add(chunk.id)
      index.remove(chunk)
      for (const id of groups.get(chunk.id) ?? []) if (!touched.has(id)) orphans.add(id)
    }
    const wasAside = new Set(ids.filter((id) => aside.has(id)))
    const moving = await orphanEntries([...orphans], call)
    for (const id of [...orphans, ...wasAside]) takeBack(id)

    const pending = new Map<string, Chunk<M>>()
    const read = async (wanted: readonly string[]) => {
      const stored = await kept.get(
        wanted.filter((id) => !pending.has(id)),
        call,
      )
      return [...stored, ...wanted.map((id) => pending.get(id))]
    }
    const toKeep: Entry<M>[] = []
    const toDrop: Entry<M>[] = []
    for (const entry of [...given, ...moving]) {
      call.signal?.throwIfAborted()
      const { chunk, revision } = entry
      const match = await index.find(chunk, read)
      if (match === undefined) {
        index.add(chunk)
        pending.set(chunk.id, chunk)
        toKeep.push(entry)
      } else {
        setAside(chunk.id, match, revision)
        toDrop.push({ ...entry, revision: encodeDropped(match, revision) })
      }
    }
    const ready = embedder === undefined ? toKeep : await embedMissing(embedder, toKeep, call)
    const keptNow = new Set(toKeep.map(({ chunk }) => chunk.id))
    const droppedNow = new Set(toDrop.map(({ chunk }) => chunk.id))
    // At no moment is a text in neither store: first what comes in, then what goes.
    if (toDrop.length > 0) await dropped.upsert(toDrop, call)
    try {
      if (ready.length > 0) await kept.upsert(ready, call)
    } catch (error) {
      const fresh = [...droppedNow].filter((id) => !wasAside.has(id) && !orphans.has(id))
      if (fresh.length > 0) await dropped.delete(fresh)
      throw error
    }
    const goneFromKept = [...before].filter((id) => !keptNow.has(id))
    if (goneFromKept.length > 0) await kept.delete(goneFromKept, call)
    const goneFromDropped = [...wasAside, ...orphans].filter((id) => !droppedNow.has(id))
    if (goneFromDropped.length > 0) await dropped.delete(goneFromDropped, call)
  }

  /** Reads both stores: what is kept, what is aside and for whom. What a crash left between them is put right. */
  const load = async (call: CallOptions): Promise<void> => {
    index = new DuplicateIndex<M>(threshold, features)
    aside.clear()
    groups.clear()
    const keptIds = new Set<string>()
    for await (const { id } of kept.list(call)) keptIds.add(id)
    const twice: string[] = []
    const orphans = new Set<string>()
    for await (const { id, revision } of dropped.list(call)) {
      const { revision: own, ...match } = decodeDropped(revision)
      if (keptIds.has(id)) twice.push(id)
      else setAside(id, match, own)
      if (!keptIds.has(match.keptId) && !keptIds.has(id)) orphans.add(id)
    }
    if (twice.length > 0) await dropped.delete(twice, call)
    const all = [...keptIds]
    for (let from = 0; from < all.length; from += page) {
      for (const chunk of await kept.get(all.slice(from, from + page), call)) {
        if (chunk !== undefined) index.add(chunk)
      }
    }
    if (orphans.size > 0) await change([], [], orphans, call)
  }

  let last: Promise<unknown> = Promise.resolve()
  /** One call at a time. */
  const inTurn = <T>(call: CallOptions, work: () => Promise<T>): Promise<T> => {
    const mine = last.then(async () => {
      call.signal?.throwIfAborted()
      if (unsure) await load(call)
      unsure = true
      const result = await work()
      unsure = false
      return result
    })
    last = mine.catch(() => {})
    return mine
  }

  const { signal, observer } = options
  await inTurn({ signal, observer }, async () => {})
  return {
    name: `deduplicated(${kept.name})`,
    async upsert(entries, call = {}) {
      checkIds(entries)
      // What the caller does with them while this call waits for its turn is not written.
      const given = structuredClone([...entries])
      await inTurn(call, () => change(given, [], new Set(), call))
    },
    async delete(chunkIds, call = {}) {
      const ids = [...new Set(chunkIds)]
      await inTurn(call, () => change([], ids, new Set(), call))
    },
    async get(chunkIds, call) {
      const chunks = [...(await kept.get(chunkIds, call))]
      const places = chunks.flatMap((chunk, place) => (chunk === undefined ? [place] : []))
      if (places.length === 0) return chunks
      const others = await dropped.get(
        places.map((place) => chunkIds[place]!),
        call,
      )
      for (const [row, place] of places.entries()) chunks[place] = others[row]
      return chunks
    },
    async *list(call?: ListOptions): AsyncGenerator<ChunkRef> {
      yield* kept.list(call)
      for await (const ref of dropped.list(call))
        yield { ...ref, revision: decodeDropped(ref.revision).revision }
    },
    async *dropped(call): AsyncGenerator<DroppedChunk> {
      for await (const { id, documentId, revision } of dropped.list(call)) {
        const { keptId, kind, similarity } = decodeDropped(revision)
        yield { chunkId: id, documentId, keptId, kind, similarity }
      }
    },
    async sourcesOf(chunkIds, call) {
      const found: Chunk<M>[][] = []
      for (const id of chunkIds) {
        const chunks = await dropped.get([...(groups.get(id) ?? [])], call)
        found.push(chunks.filter((chunk) => chunk !== undefined).sort(byPlace))
      }
      return found
    },
    ...(embedder !== undefined && {
      needsVectors(chunks: readonly Chunk<M>[], call: CallOptions = {}) {
        return inTurn(call, async () => {
          const needs: boolean[] = []
          for (const chunk of chunks) {
            const match = await index.find(chunk, (ids) => kept.get(ids, call))
            const isKept = match === undefined || match.keptId === chunk.id
            needs.push(isKept && (await claims.claim(chunk)))
          }
          return needs
        })
      },
    }),
    // What is aside has no vectors of its own then, so `kept` knows all there are.
    ...(embedder !== undefined &&
      findsVectors(kept) && {
        vectorsByInput: (inputs: readonly string[], call?: CallOptions) => kept.vectorsByInput(inputs, call),
      }),
    ...(reusesVectors(kept) && {
      async vectors(chunkIds: readonly string[], call?: CallOptions) {
        const others = await dropped.vectors(chunkIds, call)
        return (await kept.vectors(chunkIds, call)).map((vector, place) => vector ?? others[place])
      },
    }),
  }
}

/** The entries with a vector each. */
async function embedMissing<M extends Metadata>(
  embedder: Embedder,
  entries: readonly Entry<M>[],
  call: CallOptions,
): Promise<readonly Entry<M>[]> {
  const missing = entries.filter(({ vector }) => vector === undefined)
  if (missing.length === 0) return entries
  const texts = missing.map(({ chunk }) => embeddingText(chunk))
  const { results } = await embedTexts(embedder, texts, { ...call, role: 'document' })
  const vectors = new Map<Entry<M>, Float32Array>()
  for (const [place, entry] of missing.entries()) {
    const result = results[place]!
    if (result.type === 'failure') throw result.error
    vectors.set(entry, result.vector)
  }
  return entries.map((entry) => ({ ...entry, vector: entry.vector ?? vectors.get(entry) }))
}

/** The match goes with the chunk into the store that keeps it, in front of the chunk's own revision. */
function encodeDropped({ keptId, kind, similarity }: Match, revision: string): string {
  return JSON.stringify([keptId, kind, similarity, revision])
}

function decodeDropped(encoded: string): Dropped {
  try {
    const [keptId, kind, similarity, revision] = JSON.parse(encoded) as readonly unknown[]
    if (
      typeof keptId === 'string' &&
      (kind === 'exact' || kind === 'near') &&
      typeof similarity === 'number' &&
      typeof revision === 'string'
    ) {
      return { keptId, kind, similarity, revision }
    }
  } catch {
    // Not written by this function: refused below.
  }
  throw new RagError(
    'corrupt-data',
    'The store given as `dropped` holds chunks that were not put aside by `deduplicatedStore`. Give it a store of its own.',
  )
}

function checkIds<M extends Metadata>(entries: readonly Entry<M>[]): void {
  const ids = new Set<string>()
  for (const { chunk } of entries) {
    if (ids.has(chunk.id)) {
      throw new RagError(
        'duplicate-id',
        `Chunk "${chunk.id}" comes twice in one upsert. Nothing was written.`,
        {
          details: { chunkId: chunk.id },
        },
      )
    }
    ids.add(chunk.id)
  }
}

function byPlace(a: Chunk, b: Chunk): number {
  if (a.documentId !== b.documentId) return a.documentId < b.documentId ? -1 : 1
  return a.start - b.start || a.end - b.end || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}
