import type { Chunk } from './chunk.js'
import type { Metadata } from './document.js'
import type { CallOptions } from './observer.js'
import type { ChunkRef, Store } from './store.js'

/**
 * Ability of a store to give vectors back, so that text it has already, in another place, under another name or
 * with other metadata, is written without being embedded again.
 */
export interface VectorReuse {
  vectors(chunkIds: readonly string[], options?: CallOptions): Promise<readonly (Float32Array | undefined)[]>
}

/** Whether a store has the ability. */
export function reusesVectors(store: object): store is VectorReuse {
  return 'vectors' in store && typeof store.vectors === 'function'
}

/**
 * Ability of a store with `VectorReuse` to find vectors by what they were made from, so that it need not be listed for
 * that. An input is the part of a revision after its first dot.
 */
export interface VectorsByInput {
  /** For each input, the vector of a chunk with such a revision; `undefined` when there is none. */
  vectorsByInput(
    inputs: readonly string[],
    options?: CallOptions,
  ): Promise<readonly (Float32Array | undefined)[]>
}

/** Whether a store has the ability. */
export function findsVectors(store: object): store is VectorsByInput {
  return 'vectorsByInput' in store && typeof store.vectorsByInput === 'function'
}

/**
 * Ability of a store to say, before they are embedded, which chunks it would put aside: those are written without a
 * vector, after every chunk that was asked about before them.
 */
export interface VectorNeed<M extends Metadata = Metadata> {
  needsVectors(chunks: readonly Chunk<M>[], options?: CallOptions): Promise<readonly boolean[]>
}

/** Whether a store has the ability. */
export function saysVectorNeed<M extends Metadata>(store: Store<M>): store is Store<M> & VectorNeed<M> {
  return 'needsVectors' in store && typeof store.needsVectors === 'function'
}

/** The part of a revision that tells what the vector was made from; undefined when there is no vector. */
export function inputOf(revision: string): string | undefined {
  const dot = revision.indexOf('.')
  return dot < 0 ? undefined : revision.slice(dot + 1)
}

export interface VectorPool {
  /**
   * Vectors made from these inputs, in order: of the document's own chunks first (it was edited), then of any
   * chunk in the store (it was renamed, or text moved), then of chunks that left.
   */
  find(
    inputs: readonly (string | undefined)[],
    own: readonly ChunkRef[],
    signal: AbortSignal,
  ): Promise<readonly (Float32Array | undefined)[]>
  /**
   * To be told of chunks before they are deleted, or replaced by what another vector is made from: remembers the
   * vectors they have, the last `maxKept` of them, and no longer asks the store for them. `written`: the revisions
   * that come in their place; a store that is asked by input has those.
   */
  leaving(refs: readonly ChunkRef[], written: readonly string[], signal: AbortSignal): Promise<void>
}

export interface VectorPoolOptions {
  readonly dimensions: number
  readonly maxKept: number
  readonly observer: CallOptions['observer']
}

/**
 * Finds vectors in a store by what they were made from. A store without `VectorsByInput` is listed for it, at most once,
 * when a document first asks for what its own chunks do not have: one reference a chunk, nothing when the store is
 * empty as in a first run. Vectors of another length are never given.
 */
export function vectorPool<M extends Metadata>(
  store: Store<M> & VectorReuse,
  { dimensions, maxKept, observer }: VectorPoolOptions,
): VectorPool {
  /** In order of arrival, oldest first. */
  const kept = new Map<string, Float32Array>()
  /** Chunks whose vector may no longer be the one that was listed. */
  const left = new Set<string>()
  let everywhere: Promise<ReadonlyMap<string, string>> | undefined

  const listed = async (signal: AbortSignal): Promise<ReadonlyMap<string, string>> => {
    const ids = new Map<string, string>()
    for await (const ref of store.list({ signal, observer })) {
      signal.throwIfAborted()
      addInput(ids, ref)
    }
    return ids
  }
  /** What another document's failed listing left behind is not kept: the next one tries again. */
  const everywhereOf = (signal: AbortSignal) => {
    everywhere ??= listed(signal).catch((error: unknown) => {
      everywhere = undefined
      throw error
    })
    return everywhere
  }

  return {
    async find(inputs, own, signal) {
      const found: (Float32Array | undefined)[] = inputs.map(() => undefined)
      const fetchFrom = async (ids: ReadonlyMap<string, string>) => {
        const places: number[] = []
        const wanted: string[] = []
        for (const [place, input] of inputs.entries()) {
          const id = input === undefined || found[place] !== undefined ? undefined : ids.get(input)
          if (id === undefined) continue
          places.push(place)
          wanted.push(id)
        }
        if (wanted.length === 0) return
        const vectors = await store.vectors(wanted, { signal, observer })
        for (const [row, place] of places.entries()) {
          // Asked after the store has answered: a chunk that had not left by then is as listed.
          if (vectors[row]?.length !== dimensions || left.has(wanted[row]!)) continue
          found[place] = vectors[row]
        }
      }
      /** What a store says of itself now, so chunks that left or changed are not in it. */
      const fetchBy = async (lookup: VectorsByInput) => {
        const places: number[] = []
        const wanted: string[] = []
        for (const [place, input] of inputs.entries()) {
          if (input === undefined || found[place] !== undefined) continue
          places.push(place)
          wanted.push(input)
        }
        const vectors = await lookup.vectorsByInput(wanted, { signal, observer })
        for (const [row, place] of places.entries()) {
          if (vectors[row]?.length === dimensions) found[place] = vectors[row]
        }
      }
      const open = () => inputs.some((input, place) => input !== undefined && found[place] === undefined)
      const ownIds = new Map<string, string>()
      for (const ref of own) addInput(ownIds, ref)
      await fetchFrom(ownIds)
      if (open()) {
        await (findsVectors(store) ? fetchBy(store) : everywhereOf(signal).then(fetchFrom))
      }
      for (const [place, input] of inputs.entries()) {
        if (input !== undefined) found[place] ??= kept.get(input)
      }
      return found
    },
    async leaving(refs, written, signal) {
      const ids = new Map<string, string>()
      const staying = new Set(findsVectors(store) ? written.map(inputOf) : [])
      for (const ref of refs.slice(-maxKept)) if (!staying.has(inputOf(ref.revision))) addInput(ids, ref)
      if (ids.size > 0) {
        const vectors = await store.vectors([...ids.values()], { signal, observer })
        for (const [place, input] of [...ids.keys()].entries()) {
          const vector = vectors[place]
          if (vector?.length === dimensions) kept.set(input, vector)
        }
        for (const oldest of kept.keys()) {
          if (kept.size <= maxKept) break
          kept.delete(oldest)
        }
      }
      // Last: until here the store has what was listed, from here on it is above.
      for (const { id } of refs) left.add(id)
    },
  }
}

function addInput(ids: Map<string, string>, { id, revision }: ChunkRef): void {
  const input = inputOf(revision)
  if (input !== undefined && !ids.has(input)) ids.set(input, id)
}
