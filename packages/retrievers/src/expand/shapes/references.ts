import {
  type CallOptions,
  type Chunk,
  checkInteger,
  checkNumber,
  checkOneOf,
  type Hit,
  invalid,
  type Metadata,
  type RetrieveOptions,
  type Retriever,
  type Store,
} from '@tesserae/core'
import type { ExplainableRetriever } from '../../explain-hit.js'
import { retrieveUntil } from '../../retrieve-until.js'
import { admission, explainFollower, type Follower, faded, type Joined, joinedHits } from './joined-hits.js'

/** Leads from a chunk to another: `{ kind: 'table', id: 'chunk-7' }`. */
export interface Reference {
  readonly kind: string
  /** Of the chunk that is meant. */
  readonly id: string
}

/** `'add'`: the chunk meant comes beside the hit. `'replace'`: it takes the hit's place, as a table does its summary's. */
export type FollowMode = 'add' | 'replace'

export interface ReferenceOptions<M extends Metadata = Metadata> {
  /** Where the chunks meant are. */
  readonly store: Pick<Store<M>, 'get'>
  /** Kinds of references that are followed, and how. */
  readonly follow: { readonly [kind: string]: FollowMode }
  /** The references of a chunk. @default metadataReferences(): fields `ref.<kind>` with chunk ids */
  readonly referencesOf?:
    | ((chunk: Chunk<M>, options: CallOptions) => readonly Reference[] | Promise<readonly Reference[]>)
    | undefined
  /** How many references lead to a chunk at most, 1 to 10. @default 1 */
  readonly depth?: number | undefined
  /** Chunks fetched for one call at most. @default 50 */
  readonly maxFollowed?: number | undefined
  /** What is left of a hit's score for a chunk added one reference away, above 0 and at most 1. @default 0.8 */
  readonly decay?: number | undefined
  /** Stage name in traces. @default 'references' */
  readonly name?: string | undefined
}

const prefix = 'ref.'

/** Reads references from metadata fields named `ref.<kind>` that hold a chunk id or a list of them. */
export function metadataReferences(chunk: Chunk): readonly Reference[] {
  const references: Reference[] = []
  for (const [field, value] of Object.entries(chunk.metadata)) {
    if (!field.startsWith(prefix)) continue
    const kind = field.slice(prefix.length)
    for (const id of Array.isArray(value) ? value : [value])
      if (typeof id === 'string') references.push({ kind, id })
  }
  return references
}

/**
 * Recursive retrieval: from what was found to what it refers to. A question that hits a table's summary gets the table, a
 * section its amendments, a step the next one. References are followed `depth` times; no chunk is visited twice, so
 * cycles end; and no more than `maxFollowed` chunks are fetched, best hits first. Every chunk is held to the caller's
 * filter before it is followed or shown: with a scope, put it outside (`scopeRetriever(referenceRetriever(…), scope)`).
 */
export function referenceRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: ReferenceOptions<M>,
): ExplainableRetriever<M> {
  const { store, follow, referencesOf = metadataReferences, name = 'references' } = options
  if (typeof store?.get !== 'function') invalid('store', 'a Store', store)
  if (typeof follow !== 'object' || follow === null || Object.keys(follow).length === 0)
    invalid('follow', 'an object with at least one kind of references', follow)
  for (const [kind, mode] of Object.entries(follow)) checkOneOf(`follow.${kind}`, mode, ['add', 'replace'])
  const depth = checkInteger('depth', options.depth ?? 1, 1, 10)
  const maxFollowed = checkInteger('maxFollowed', options.maxFollowed ?? 50)
  const decay = checkNumber('decay', options.decay ?? 0.8, Number.MIN_VALUE, 1)

  /** What one hit leads to, itself included unless something takes its place. */
  async function followed(
    hit: Hit<M>,
    state: WalkState<M>,
    call: RetrieveOptions,
  ): Promise<readonly Follower<M>[]> {
    const visited = new Set([hit.chunk.id])
    const found: Follower<M>[] = []
    let level: readonly Follower<M>[] = [{ ...hit, from: hit, steps: 0 }]
    for (let round = 0; level.length > 0; round++) {
      const next: Follower<M>[] = []
      for (const item of level) {
        let replaced = false
        if (round < depth) {
          for (const { kind, chunk } of await targetsOf(item.chunk, visited, state, call)) {
            const replaces = follow[kind] === 'replace'
            const steps = item.steps + (replaces ? 0 : 1)
            const score = faded(hit.score, decay, steps)
            const step = {
              stage: `${name}/${kind}`,
              kind: 'feature' as const,
              rank: item.trace.at(-1)?.rank ?? 1,
              score,
            }
            next.push({ chunk, score, trace: [...item.trace, step], from: hit, steps })
            replaced ||= replaces
          }
        }
        if (!replaced) found.push(item)
      }
      level = next
    }
    return found
  }

  async function targetsOf(
    chunk: Chunk<M>,
    visited: Set<string>,
    state: WalkState<M>,
    call: CallOptions,
  ): Promise<readonly { readonly kind: string; readonly chunk: Chunk<M> }[]> {
    call.signal?.throwIfAborted()
    const references = await referencesOf(chunk, { signal: call.signal, observer: call.observer })
    const wanted: Reference[] = []
    for (const reference of references) {
      if (!Object.hasOwn(follow, reference.kind) || visited.has(reference.id)) continue
      const known = state.fetched.has(reference.id)
      if (!known && state.left === 0) break
      if (!known) state.left--
      visited.add(reference.id)
      wanted.push(reference)
    }
    const missing = wanted.map(({ id }) => id).filter((id) => !state.fetched.has(id))
    if (missing.length > 0) {
      const chunks = await store.get(missing, { signal: call.signal, observer: call.observer })
      for (const [index, id] of missing.entries()) state.fetched.set(id, chunks[index])
    }
    return wanted.flatMap(({ kind, id }) => {
      const target = state.fetched.get(id)
      return target === undefined || !state.admits(target) ? [] : [{ kind, chunk: target }]
    })
  }

  async function search(query: string, call: RetrieveOptions) {
    const limit = checkInteger('limit', call.limit ?? 5)
    const fetched = new Map<string, Chunk<M> | undefined>()
    let joined: Joined<M> = { hits: [], best: new Map() }
    let asked = limit
    const hits = await retrieveUntil(retriever, query, call, limit, async (found, most) => {
      const state = {
        fetched,
        left: Math.max(0, maxFollowed - fetched.size),
        admits: admission<M>(call.filter),
      }
      const all: Follower<M>[] = []
      for (const hit of found) for (const follower of await followed(hit, state, call)) all.push(follower)
      joined = joinedHits(all, name)
      asked = most
      return joined.hits
    })
    return { hits, best: joined.best, asked }
  }

  return {
    name,
    retrieve: async (query, call = {}) => (await search(query, call)).hits,
    async explain(query, chunkId, call = {}) {
      const { best, asked } = await search(query, call)
      const follower = best.get(chunkId)
      const about = { retriever, query, call: { ...call, limit: asked } }
      return follower && explainFollower(follower, { name, decay }, about)
    },
  }
}

interface WalkState<M extends Metadata> {
  /** Chunks by id; undefined for those that are not there. */
  readonly fetched: Map<string, Chunk<M> | undefined>
  /** Chunks that may still be fetched. */
  left: number
  readonly admits: (chunk: Chunk<M>) => boolean
}
