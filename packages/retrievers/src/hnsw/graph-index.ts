import {
  type Bitset,
  type IndexSearchOptions,
  type Metric,
  normalizeInPlace,
  type TopHits,
  TopK,
} from '@tesserae/core'
import type { Section, SnapshotReader } from '../snapshot/index.js'
import { encodeRow, type Quantization } from '../wasm/quantize.js'
import type { Shard } from '../wasm/shards.js'
import { deadMark, type Graph, type Inserted, listRoom } from './graph.js'
import type { GraphImage } from './graph-image.js'
import { graphSections, readGraph } from './graph-snapshot.js'
import type { HnswSearchOptions } from './hnsw-index.js'
import { drawLayer } from './levels.js'
import { neededHits, planWalk } from './plan.js'
import { Slots, type SlotsState } from './slots.js'

/** By this much the beam grows when a filter or deletions left too few in it. */
const widening = 4

export interface GraphSettings {
  readonly dimensions: number
  readonly metric: Metric
  readonly quantization: Quantization
  readonly oversampling: number
  readonly connectivity: number
  readonly efSearch: number
  readonly seed: number
  /** Nodes that fit in the memory of one graph, dead ones included. */
  readonly mostNodes: number
}

/**
 * The entries whose graph lies in one memory. What it is given was checked before.
 *
 * As many come back as match, up to the limit: a search plans between a walk and scoring all that is allowed, and
 * widens the walk or turns to the scan when too few are found. Deleted entries stay as bridges for a while and never
 * come back; their places are reused.
 */
export class GraphIndex implements Shard {
  private readonly settings: GraphSettings
  private readonly graph: Graph
  private readonly slots: Slots
  /** Entries ever inserted: each draws its own layer. */
  private inserted = 0
  private readonly picked = new Uint32Array(listRoom)
  /** Slots that the filter of a search allows, as many as are listed at once. */
  private readonly allowed = new Uint32Array(2 * listRoom)

  constructor(settings: GraphSettings, graph: Graph) {
    this.settings = settings
    this.graph = graph
    this.slots = new Slots(graph)
  }

  get size(): number {
    return this.slots.size
  }

  has(ordinal: number): boolean {
    return this.slots.slotOf(ordinal) >= 0
  }

  vector(ordinal: number): Float32Array | undefined {
    const slot = this.slots.slotOf(ordinal)
    return slot < 0 ? undefined : this.graph.vector(slot).slice(0, this.settings.dimensions)
  }

  /** A replaced entry takes a new node as well. */
  accepts(): boolean {
    return this.slots.next() < this.settings.mostNodes
  }

  set(ordinal: number, vector: Float32Array): boolean {
    const layer = drawLayer(this.settings.seed, this.inserted, this.settings.connectivity)
    let linked = this.insert(vector, layer)
    if (linked === 'alone') {
      // Around the new node everything is dead. Without the dead the walk ends among the living.
      this.slots.abandon(layer)
      this.slots.finish()
      linked = this.insert(vector, layer)
    }
    if (linked === 'full') return false
    this.inserted++
    const old = this.slots.slotOf(ordinal)
    this.slots.take(ordinal, layer)
    if (old < 0) return true
    this.graph.kill(old)
    this.slots.bury(old)
    return true
  }

  delete(ordinal: number): boolean {
    const slot = this.slots.slotOf(ordinal)
    if (slot < 0) return false
    this.graph.kill(slot)
    this.slots.bury(slot)
    return true
  }

  search(
    query: Float32Array,
    { limit, filter, efSearch = this.settings.efSearch }: HnswSearchOptions,
  ): TopHits {
    const { slots } = this
    // What a sparse filter passes is found by counting it.
    const first = filter === undefined ? 0 : slots.pick(filter, 0, this.allowed)
    const allowed = filter === undefined ? slots.size : slots.leaves(filter) ? slots.count(filter) : first
    const wanted = Math.min(limit, allowed)
    if (wanted === 0) return { ordinals: new Uint32Array(0), scores: new Float32Array(0) }
    const nodes = slots.size + slots.bridges
    this.load(query)
    const { quantization } = this.settings
    const needed = filter === undefined ? wanted : neededHits(wanted, allowed)
    const least = quantization === 'binary' ? Math.max(needed, this.rescored(wanted)) : needed
    for (let ef = Math.max(efSearch, least); ; ef *= widening) {
      const beam = planWalk({ allowed, nodes, ef, quantization })
      const walked = beam === undefined ? undefined : this.graph.search(beam)
      if (walked === undefined)
        return filter === undefined ? this.scanAll(wanted) : this.scanAllowed(wanted, filter, first)
      const best = this.rescore(walked, wanted, needed, filter)
      if (best !== undefined) return best
    }
  }

  scan(query: Float32Array, { limit, filter }: IndexSearchOptions): TopHits {
    this.load(query)
    const wanted = Math.min(limit, Math.max(this.size, 1))
    if (filter === undefined) return this.scanAll(wanted)
    return this.scanAllowed(wanted, filter, this.slots.pick(filter, 0, this.allowed))
  }

  compact(): void {
    this.slots.finish()
  }

  estimateMemory(): number {
    return this.graph.bytes + this.slots.bytes + this.picked.byteLength
  }

  neighbors(ordinal: number, layer: number): Uint32Array {
    const slot = this.slots.slotOf(ordinal)
    if (slot < 0 || layer > this.slots.layerOf(slot)) return new Uint32Array(0)
    return this.graph
      .links(slot, layer)
      .filter((neighbor) => this.slots.isLive(neighbor))
      .map((neighbor) => this.slots.ordinalOf(neighbor))
  }

  /** A copy for threads, `undefined` when there can be none. */
  image(threads: number): GraphImage | undefined {
    const { settings, slots } = this
    const graph = this.graph.share(threads)
    return graph && { settings, graph, slots: slots.state() }
  }

  /** Takes over which slot holds what in a graph that is there already. */
  adopt(slots: SlotsState): void {
    this.slots.restore(slots)
  }

  /** What it is, for a snapshot. */
  sections(prefix: string): readonly Section[] {
    const { graph, slots, inserted, settings } = this
    return graphSections(prefix, graph, { slots: slots.state(), inserted }, settings.dimensions)
  }

  /** Becomes what was saved; only for one that was never used. Ordinals in `taken` are refused, its own are added. */
  restore(reader: SnapshotReader, prefix: string, taken: Bitset): void {
    const { graph, settings } = this
    const { dimensions, connectivity } = settings
    const encode = () => this.encode()
    const { slots, inserted } = readGraph(reader, prefix, { graph, dimensions, connectivity, encode, taken })
    this.slots.restore(slots)
    this.inserted = inserted
  }

  private insert(vector: Float32Array, layer: number): Inserted {
    const slot = this.slots.next()
    if (!this.graph.reserve(slot + 1)) return 'full'
    this.load(vector)
    return this.graph.insert(slot, layer)
  }

  /** A vector becomes the query: of unit length for cosine, with codes when quantised. */
  private load(vector: Float32Array): void {
    const row = this.graph.query
    row.floats.set(vector)
    if (this.settings.metric === 'cosine') normalizeInPlace(row.floats, 0, this.settings.dimensions)
    this.encode()
  }

  /** Makes codes of the floats of the query. */
  private encode(): void {
    const row = this.graph.query
    encodeRow(this.settings.quantization, row, this.settings.dimensions)
  }

  /** Entries to score by floats for so many hits. */
  private rescored(wanted: number): number {
    const { quantization, oversampling } = this.settings
    return quantization === 'none' ? wanted : Math.max(Math.ceil(oversampling * wanted), wanted + 20)
  }

  /** The best `wanted` by floats of the allowed ones that a walk found; `undefined` when these are fewer than `needed`. */
  private rescore(
    walked: Uint32Array,
    wanted: number,
    needed: number,
    filter: Bitset | undefined,
  ): TopHits | undefined {
    const { slots, picked } = this
    const binary = this.settings.quantization === 'binary'
    const most = binary ? walked.length : this.rescored(wanted)
    const selection = new TopK(wanted)
    let found = 0
    let count = 0
    for (let i = 0; i < walked.length && (found < most || found < needed); i++) {
      const slot = walked[i]!
      if (slot >= deadMark || !(filter?.has(slots.ordinalOf(slot)) ?? true)) continue
      if (++found > most) continue
      picked[count++] = slot
      if (count < listRoom) continue
      this.offer(selection, picked, count)
      count = 0
    }
    if (found < needed) return undefined
    this.offer(selection, picked, count)
    return this.ranked(selection)
  }

  private scanAll(wanted: number): TopHits {
    const { slots, picked } = this
    const selection = new TopK(wanted)
    let count = 0
    for (let slot = 0; slot < slots.used; slot++) {
      if (!slots.isLive(slot)) continue
      picked[count++] = slot
      if (count < listRoom) continue
      this.offer(selection, picked, count)
      count = 0
    }
    this.offer(selection, picked, count)
    return this.ranked(selection)
  }

  /** The last `pick` from `filter` wrote the `first` ones of what it allows. */
  private scanAllowed(wanted: number, filter: Bitset, first: number): TopHits {
    const { slots, allowed } = this
    const selection = new TopK(wanted)
    this.offer(selection, allowed, first)
    while (slots.leaves(filter)) this.offer(selection, allowed, slots.pick(filter, slots.picked, allowed))
    return this.ranked(selection)
  }

  /** Scores the first `count` of a list of slots by floats. */
  private offer(selection: TopK, list: Uint32Array, count: number): void {
    const { slots, graph } = this
    let { threshold } = selection
    for (let start = 0; start < count; start += listRoom) {
      const end = Math.min(start + listRoom, count)
      const scores = graph.score(list.subarray(start, end))
      for (let i = start; i < end; i++) {
        const score = scores[i - start]!
        // What is not a number is offered, too, so that it is noticed.
        if (score < threshold) continue
        if (selection.push(slots.ordinalOf(list[i]!), score)) threshold = selection.threshold
      }
    }
  }

  /** Distances leave the index unsquared. Two squares may have one root: those rank by ordinal again. */
  private ranked(selection: TopK): TopHits {
    const hits = selection.drain()
    if (this.settings.metric !== 'euclidean') return hits
    const { ordinals, scores } = hits
    for (let i = 0; i < scores.length; i++) selection.push(ordinals[i]!, -Math.sqrt(-scores[i]!))
    return selection.drain()
  }
}
