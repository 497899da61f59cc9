import {
  type Bitset,
  checkInteger,
  checkOneOf,
  checkVector,
  type IndexSearchOptions,
  type Metric,
  normalizeInPlace,
  RagError,
  type TopHits,
  TopK,
  type VectorIndex,
} from '@tesserae/core'
import { type Backend, backends, chooseBackend } from '../wasm/instantiate.js'
import { quantize } from '../wasm/quantize.js'
import { deadMark, type Graph, type Inserted, listRoom, wasmGraph } from './graph.js'
import { drawLayer } from './levels.js'
import { estimateHnswMemory, memoryLimit } from './memory.js'
import { planWalk } from './plan.js'
import { Slots } from './slots.js'
import { TypescriptGraph } from './twin-graph.js'

export interface HnswOptions {
  /** Numbers per vector, at most 4,096. */
  readonly dimensions: number
  /** @default 'cosine' */
  readonly metric?: Metric | undefined
  /** Links of a node on an upper layer, twice that on layer 0: the paper's M, 2 to 256. @default 16 */
  readonly connectivity?: number | undefined
  /** Beam width of an insertion. @default 200 */
  readonly efConstruction?: number | undefined
  /** Beam width of a search, or `limit` if that is more. @default 64 */
  readonly efSearch?: number | undefined
  /** The same seed and the same calls give the same graph. @default 1 */
  readonly seed?: number | undefined
  /** `'int8'` builds and walks the graph on one byte per number and scores the best by floats. @default 'none' */
  readonly quantization?: 'none' | 'int8' | undefined
  /** Vectors to make room for at once; refused when they cannot fit in one memory. @default 0 */
  readonly capacity?: number | undefined
  /** Both give the same graph and the same hits. @default 'auto': WebAssembly where the host has it with SIMD */
  readonly backend?: Backend | undefined
}

export interface HnswSearchOptions extends IndexSearchOptions {
  /** Beam width of this search. @default the index's */
  readonly efSearch?: number | undefined
}

export interface HnswIndex extends VectorIndex<HnswSearchOptions> {
  /** Exact: scores every allowed entry. */
  scan(query: Float32Array, options: IndexSearchOptions): TopHits
  /** Leads all links past deleted entries now, so that their places are free. Otherwise that goes on bit by bit. */
  compact(): void
  /** Bytes held for vectors, codes, links and tables. */
  estimateMemory(): number
  /** Ordinals linked from an entry on one layer, in their order; empty when the entry is not there. */
  neighbors(ordinal: number, layer?: number): Uint32Array
}

/** By this much the beam grows when a filter or deletions left too few in it. */
const widening = 4

/**
 * Approximate search in a navigable small-world graph (Malkov and Yashunin 2018, doi 10.1109/TPAMI.2018.2889473).
 *
 * As many come back as match, up to the limit: a search plans between a walk and scoring all that is allowed, and
 * widens the walk or turns to the scan when too few are found. Deleted entries stay as bridges for a while and never
 * come back; their places are reused.
 */
export function hnswIndex(options: HnswOptions): HnswIndex {
  const dimensions = checkInteger('dimensions', options.dimensions, 1, 4096)
  const metric = checkOneOf('metric', options.metric ?? 'cosine', ['cosine', 'dot', 'euclidean'])
  const connectivity = checkInteger('connectivity', options.connectivity ?? 16, 2, 256)
  const efConstruction = checkInteger('efConstruction', options.efConstruction ?? 200, 1, 65_536)
  const efSearch = checkInteger('efSearch', options.efSearch ?? 64, 1, 65_536)
  const seed = checkInteger('seed', options.seed ?? 1, Number.MIN_SAFE_INTEGER)
  const quantization = checkOneOf('quantization', options.quantization ?? 'none', ['none', 'int8'])
  const backend = checkOneOf<Backend>('backend', options.backend ?? 'auto', backends)
  const capacity = checkInteger('capacity', options.capacity ?? 0, 0, 2 ** 31 - 2)
  const settings = {
    euclidean: metric === 'euclidean',
    dimensions: (dimensions + 15) & ~15,
    codes: quantization === 'int8',
    connectivity,
    efConstruction,
  }
  const fits = estimateHnswMemory({ count: capacity, dimensions, connectivity, quantization }) <= memoryLimit
  const graph = chooseBackend<Graph>(
    backend,
    () => wasmGraph(settings),
    () => new TypescriptGraph(settings),
  )
  if ((!fits && !(graph instanceof TypescriptGraph)) || !graph.reserve(capacity)) full(capacity, dimensions)
  return new GraphIndex(dimensions, metric, settings.codes, { connectivity, efSearch, seed }, graph)
}

function full(size: number, dimensions: number): never {
  throw new RagError(
    'unsupported',
    `${size} vectors of ${dimensions} dimensions do not fit in the memory of one index (4 GiB in WebAssembly). Spread them over several indexes; \`estimateHnswMemory\` tells beforehand.`,
    { details: { size, dimensions } },
  )
}

interface WalkSettings {
  readonly connectivity: number
  readonly efSearch: number
  readonly seed: number
}

class GraphIndex implements HnswIndex {
  readonly dimensions: number
  readonly metric: Metric
  private readonly quantized: boolean
  private readonly settings: WalkSettings
  private readonly graph: Graph
  private readonly slots: Slots
  /** Entries ever inserted: each draws its own layer. */
  private inserted = 0
  private readonly picked = new Uint32Array(listRoom)

  constructor(dimensions: number, metric: Metric, quantized: boolean, settings: WalkSettings, graph: Graph) {
    this.dimensions = dimensions
    this.metric = metric
    this.quantized = quantized
    this.settings = settings
    this.graph = graph
    this.slots = new Slots(graph)
  }

  get size(): number {
    return this.slots.size
  }

  set(ordinal: number, vector: Float32Array): void {
    checkInteger('ordinal', ordinal, 0, 2 ** 31 - 2)
    checkVector('vector', vector, this.dimensions)
    const layer = drawLayer(this.settings.seed, this.inserted, this.settings.connectivity)
    let linked = this.insert(vector, layer)
    if (linked === 'alone') {
      // Around the new node everything is dead. Without the dead the walk ends among the living.
      this.slots.abandon(layer)
      this.slots.finish()
      linked = this.insert(vector, layer)
    }
    if (linked === 'full') full(this.size + 1, this.dimensions)
    this.inserted++
    const old = this.slots.slotOf(ordinal)
    this.slots.take(ordinal, layer)
    if (old < 0) return
    this.graph.kill(old)
    this.slots.bury(old)
  }

  delete(ordinal: number): boolean {
    const slot = this.slots.slotOf(ordinal)
    if (slot < 0) return false
    this.graph.kill(slot)
    this.slots.bury(slot)
    return true
  }

  search(query: Float32Array, options: HnswSearchOptions): TopHits {
    const { filter } = options
    const limit = checkInteger('limit', options.limit)
    const efSearch = checkInteger('efSearch', options.efSearch ?? this.settings.efSearch, 1, 65_536)
    checkVector('query', query, this.dimensions)
    const { slots } = this
    const allowed = filter === undefined ? slots.size : slots.count(filter)
    const wanted = Math.min(limit, allowed)
    if (wanted === 0) return { ordinals: new Uint32Array(0), scores: new Float32Array(0) }
    const nodes = slots.size + slots.bridges
    this.load(query)
    for (let ef = Math.max(efSearch, wanted); ; ef *= widening) {
      const beam = planWalk({ allowed, nodes, ef })
      const walked = beam === undefined ? undefined : this.graph.search(beam)
      if (walked === undefined) return this.scanAllowed(wanted, filter)
      const best = this.rescore(walked, wanted, filter)
      if (best !== undefined) return best
    }
  }

  scan(query: Float32Array, options: IndexSearchOptions): TopHits {
    const wanted = Math.min(checkInteger('limit', options.limit), Math.max(this.size, 1))
    checkVector('query', query, this.dimensions)
    this.load(query)
    return this.scanAllowed(wanted, options.filter)
  }

  compact(): void {
    this.slots.finish()
  }

  estimateMemory(): number {
    return this.graph.bytes + this.slots.bytes + this.picked.byteLength
  }

  neighbors(ordinal: number, layer = 0): Uint32Array {
    const slot = this.slots.slotOf(ordinal)
    if (slot < 0 || layer > this.slots.layerOf(slot)) return new Uint32Array(0)
    return this.graph
      .links(slot, layer)
      .filter((neighbor) => this.slots.isLive(neighbor))
      .map((neighbor) => this.slots.ordinalOf(neighbor))
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
    if (this.metric === 'cosine') normalizeInPlace(row.floats, 0, this.dimensions)
    if (this.quantized) quantize(row.floats, row.codes, row.tail)
  }

  /** The best `wanted` by floats of the allowed ones that a walk found; `undefined` when too few are allowed. */
  private rescore(walked: Uint32Array, wanted: number, filter: Bitset | undefined): TopHits | undefined {
    const { slots, picked } = this
    const most = this.quantized ? Math.max(3 * wanted, wanted + 20) : wanted
    const selection = new TopK(wanted)
    let found = 0
    let count = 0
    for (let i = 0; i < walked.length && found < most; i++) {
      const slot = walked[i]!
      if (slot >= deadMark || !(filter?.has(slots.ordinalOf(slot)) ?? true)) continue
      picked[count++] = slot
      found++
      if (count < listRoom) continue
      this.offer(selection, count)
      count = 0
    }
    if (found < wanted) return undefined
    this.offer(selection, count)
    return this.ranked(selection)
  }

  private scanAllowed(wanted: number, filter: Bitset | undefined): TopHits {
    const { slots, picked } = this
    const selection = new TopK(wanted)
    let count = 0
    const add = (slot: number) => {
      picked[count++] = slot
      if (count < listRoom) return
      this.offer(selection, count)
      count = 0
    }
    if (filter === undefined) {
      for (let slot = 0; slot < slots.used; slot++) if (slots.isLive(slot)) add(slot)
    } else {
      for (let ordinal = filter.next(0); ordinal >= 0; ordinal = filter.next(ordinal + 1)) {
        const slot = slots.slotOf(ordinal)
        if (slot >= 0) add(slot)
      }
    }
    this.offer(selection, count)
    return this.ranked(selection)
  }

  /** Scores the first `count` picked slots by floats. */
  private offer(selection: TopK, count: number): void {
    const scores = this.graph.score(this.picked, count)
    for (let i = 0; i < count; i++) selection.push(this.slots.ordinalOf(this.picked[i]!), scores[i]!)
  }

  /** Distances leave the index unsquared. Two squares may have one root: those rank by ordinal again. */
  private ranked(selection: TopK): TopHits {
    const hits = selection.drain()
    if (this.metric !== 'euclidean') return hits
    const { ordinals, scores } = hits
    for (let i = 0; i < scores.length; i++) selection.push(ordinals[i]!, -Math.sqrt(-scores[i]!))
    return selection.drain()
  }
}
