import type { QueryRow } from '../flat/rows.js'
import hnswModule from '../wasm/hnsw.wasm.js'
import { instantiate, type WasmInstance } from '../wasm/instantiate.js'
import { codeBytes, codeKind, type Quantization, tailNumbers } from '../wasm/quantize.js'
import { type SharedCopy, sharedCopy } from '../wasm/shared-copy.js'

/** Slots that {@link Graph.score} takes at once, ordinals that {@link Graph.members} gives. */
export const listRoom = 2048
/** Words of a set that are read at once. */
const setRoom = 2048
/** Set in a search result for a node that is dead. */
export const deadMark = 0x80000000

/**
 * The navigable graph over slots: what is linked, walked and repaired. Which slot holds what, what is deleted
 * and when it is repaired is decided outside.
 */
export interface Graph {
  readonly bytes: number
  /** Where the next query, or the next vector to insert, is written. */
  readonly query: QueryRow
  /** Makes room; false when there is none. */
  reserve(slots: number): boolean
  /** The query becomes the vector of a free slot, linked on layers 0 … `layers`. */
  insert(slot: number, layers: number): Inserted
  /** The query becomes the vector of a free slot, alive and without links; false when the memory is full. */
  place(slot: number, layers: number): boolean
  /** What a list of links becomes. */
  setLinks(slot: number, layer: number, links: Uint32Array): void
  /** The floats of a slot, padded; overwritten by the next change. */
  vector(slot: number): Float32Array
  /** From now on the node is walked through, but no new link leads to it. */
  kill(slot: number): void
  /** Frees what a dead node holds, once no node links to it. */
  release(slot: number): void
  /** Replaces the links of a node to dead ones. */
  repair(slot: number): void
  /** Where walks start; -1 for nowhere. */
  setEntry(slot: number, layer: number): void
  /** Slots of the `ef` nearest that a walk finds, best first, dead ones with {@link deadMark}; overwritten by the next call. `undefined` when memory is full. */
  search(ef: number): Uint32Array | undefined
  /** Scores by floats of at most {@link listRoom} slots; overwritten by the next call. */
  score(slots: Uint32Array): Float32Array
  /**
   * The ordinals in some words of a set, ascending: from word `from` on and before `end`, as many words as fit in
   * {@link listRoom}. Overwritten by the next call.
   */
  members(words: Uint32Array, from: number, end: number): Listed
  linkCount(slot: number, layer: number): number
  /** A copy of the links of a slot, in their order. */
  links(slot: number, layer: number): Uint32Array
  /** A copy that threads can search; `undefined` when there can be none. */
  share(threads: number): SharedGraph | undefined
}

/** Ordinals of a set. */
export interface Listed {
  readonly ordinals: Uint32Array
  /** How many of them count. */
  readonly count: number
  /** The first word that was not read. */
  readonly next: number
}

/** A graph in memory that threads share: what `attachGraph` needs. */
export interface SharedGraph extends SharedCopy {
  readonly options: GraphOptions
  /** Address and length of the table of blocks. */
  readonly table: number
  readonly total: number
}

/** Linked; or nothing changed, because the memory is full; or dead at once, because all nodes around it are. */
export type Inserted = 'linked' | 'full' | 'alone'

const insertions: readonly Inserted[] = ['full', 'linked', 'alone']

export interface GraphOptions {
  readonly euclidean: boolean
  /** A multiple of 16. */
  readonly dimensions: number
  /** What walks compare; with `'binary'` links are chosen by floats. */
  readonly quantization: Quantization
  /** Links of a node on an upper layer, twice that on layer 0 (M). */
  readonly connectivity: number
  readonly efConstruction: number
}

/** The graph in WebAssembly memory, at most 4 GiB; growing copies no vector. `undefined` without WebAssembly SIMD. */
export function wasmGraph(options: GraphOptions): Graph | undefined {
  const instance = instantiate(hnswModule)
  if (instance === undefined) return undefined
  const ready = instance.call('setup')(
    options.euclidean ? 1 : 0,
    options.dimensions,
    codeKind(options.quantization),
    options.connectivity,
    options.efConstruction,
  )
  return ready === 0 ? undefined : graphOf(instance, options)
}

/** Bytes that a search writes to for every node, at most: two marks for visits, entries of a pool that doubled. */
const scratchPerNode = 40
const scratchFixed = 2 ** 23

/** The graph in memory that threads share, to be searched by one of them. `base` is that thread's own. */
export function attachGraph(
  module: string,
  { options, memory, table, total }: SharedGraph,
  base: number,
  entry: number,
  entryLayer: number,
): Graph | undefined {
  const instance = instantiate(module, memory)
  const ready = instance?.call('attach')(
    options.euclidean ? 1 : 0,
    options.dimensions,
    codeKind(options.quantization),
    options.connectivity,
    base,
    table,
    total,
    entry,
    entryLayer,
  )
  return instance === undefined || ready === 0 ? undefined : graphOf(instance, options)
}

function graphOf({ memory, call }: WasmInstance, options: GraphOptions): Graph {
  const { dimensions, quantization } = options
  const codes = codeBytes(quantization, dimensions)
  const [reserve, insert, growPool, search, scoreList] = [
    call('reserve'),
    call('insert'),
    call('growPool'),
    call('search'),
    call('scoreList'),
  ]
  const [resultArea, linkArea, linkCount] = [call('resultArea'), call('linkArea'), call('linkCount')]
  const [place, setLinks, floatArea] = [call('place'), call('setLinks'), call('floatArea')]
  const [listSet, wordsRead] = [call('listSet'), call('wordsRead')]
  const setAt = call('setArea')() >>> 0
  const queryAt = call('queryArea')() >>> 0
  const listAt = call('listArea')() >>> 0
  const usedBytes = call('usedBytes')
  const viewQuery = (): QueryRow => ({
    floats: new Float32Array(memory.buffer, queryAt, dimensions),
    codes: new Int8Array(memory.buffer, queryAt + dimensions * 4, codes),
    tail: new Float32Array(memory.buffer, queryAt + dimensions * 4 + codes, codes > 0 ? tailNumbers : 0),
  })
  let query = viewQuery()
  let slots = new Uint32Array(memory.buffer, listAt, listRoom)
  let scores = new Float32Array(memory.buffer, listAt, listRoom)
  let set = new Uint32Array(memory.buffer, setAt, setRoom)
  // Growing detaches the views.
  const refresh = () => {
    if (query.floats.buffer === memory.buffer) return
    query = viewQuery()
    slots = new Uint32Array(memory.buffer, listAt, listRoom)
    scores = new Float32Array(memory.buffer, listAt, listRoom)
    set = new Uint32Array(memory.buffer, setAt, setRoom)
  }
  return {
    get bytes() {
      return usedBytes() >>> 0
    },
    get query() {
      refresh()
      return query
    },
    reserve: (count) => reserve(count) !== 0,
    insert: (slot, layers) => insertions[insert(slot, layers)]!,
    place: (slot, layers) => place(slot, layers) !== 0,
    setLinks(slot, layer, links) {
      refresh()
      slots.set(links)
      setLinks(slot, layer, links.length)
    },
    vector: (slot) => new Float32Array(memory.buffer, floatArea(slot) >>> 0, dimensions),
    kill: call('kill'),
    release: call('release'),
    repair: call('repair'),
    setEntry: call('setEntry'),
    search(ef) {
      if (growPool(ef) === 0) return undefined
      const count = search(ef)
      return new Uint32Array(memory.buffer, resultArea() >>> 0, count)
    },
    score(list) {
      refresh()
      slots.set(list)
      scoreList(list.length)
      return scores
    },
    members(words, from, end) {
      refresh()
      const most = Math.min(end, from + setRoom)
      set.set(words.subarray(from, most))
      // Words are read in pairs.
      if ((most - from) & 1) set[most - from] = 0
      const count = listSet(most - from, from * 32)
      return { ordinals: slots, count, next: Math.min(most, from + wordsRead()) }
    },
    linkCount,
    links: (slot, layer) =>
      new Uint32Array(memory.buffer, linkArea(slot, layer) >>> 0, linkCount(slot, layer)).slice(),
    share(threads) {
      const total = call('blockTotal')()
      const scratch = scratchFixed + scratchPerNode * 256 * total
      const copy = sharedCopy(memory, usedBytes() >>> 0, threads, scratch)
      return copy && { ...copy, options, table: call('blockArea')() >>> 0, total }
    },
  }
}
