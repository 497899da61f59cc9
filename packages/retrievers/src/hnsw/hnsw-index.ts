import {
  checkInteger,
  checkNumber,
  checkOneOf,
  checkVector,
  type IndexSearchOptions,
  type Metric,
  type TopHits,
  type VectorIndex,
} from '@tesserae/core'
import { allImages, type IndexImage, type SearchManyOptions } from '../parallel/index.js'
import type { Savable } from '../snapshot/index.js'
import { type Backend, backends, chooseBackend } from '../wasm/instantiate.js'
import { type Quantization, quantizations } from '../wasm/quantize.js'
import type { SetManyOptions, VectorEntry } from '../wasm/set-many.js'
import { ShardedVectors } from '../wasm/sharded-vectors.js'
import { checkShardBytes, mostShards, outOfMemory, Shards, tooMany } from '../wasm/shards.js'
import { type Graph, type GraphOptions, wasmGraph } from './graph.js'
import { GraphIndex, type GraphSettings } from './graph-index.js'
import { graphCapacity } from './memory.js'
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
  /**
   * `'int8'` builds and walks the graph on one byte per number and scores the best by floats; `'binary'` walks on one
   * bit per number, chooses links by floats, and wants many dimensions, of either sign.
   * @default 'none'
   */
  readonly quantization?: Quantization | undefined
  /**
   * `oversampling` × `limit` (at least `limit` + 20) of what a quantised walk found are scored by floats: with `'int8'`
   * as many of its best, with `'binary'` all, and the beam is at least as wide.
   * @default 3, with 'binary' 20
   */
  readonly oversampling?: number | undefined
  /** Vectors to make room for at once; refused when the host has no memory for them. @default 0 */
  readonly capacity?: number | undefined
  /**
   * Bytes after which the index goes on in another memory, with a graph of its own; a search asks every graph.
   * @default 4 GiB, one WebAssembly memory
   */
  readonly shardBytes?: number | undefined
  /** Both give the same graph and the same hits. @default 'auto': WebAssembly where the host has it with SIMD */
  readonly backend?: Backend | undefined
}

export interface HnswSearchOptions extends IndexSearchOptions {
  /** Beam width of this search. @default the index's */
  readonly efSearch?: number | undefined
}

export interface HnswSearchManyOptions extends HnswSearchOptions, SearchManyOptions {}

export interface HnswIndex extends VectorIndex<HnswSearchOptions>, Savable {
  /**
   * Sets one entry after the other, as `set` does, and gives way to the event loop every ten milliseconds.
   * The first entry that is refused, or an aborted `signal`, rejects; what was set before stays.
   */
  setMany(
    entries: Iterable<VectorEntry> | AsyncIterable<VectorEntry>,
    options?: SetManyOptions,
  ): Promise<void>
  has(ordinal: number): boolean
  /** A copy of an entry's floats as they are compared, for cosine those of length one; `undefined` when it is not there. */
  vector(ordinal: number): Float32Array | undefined
  /**
   * One result per query, each what `search` gives, found by several threads where they can share memory. Rejects with
   * `invalid-argument` when the index is changed meanwhile.
   */
  searchMany(queries: readonly Float32Array[], options: HnswSearchManyOptions): Promise<readonly TopHits[]>
  /** Exact: scores every allowed entry. */
  scan(query: Float32Array, options: IndexSearchOptions): TopHits
  /** Leads all links past deleted entries now, so that their places are free. Otherwise that goes on bit by bit. */
  compact(): void
  /** Bytes held for vectors, codes, links and tables. */
  estimateMemory(): number
  /** Ordinals linked from an entry on one layer, in their order; empty when the entry is not there. */
  neighbors(ordinal: number, layer?: number): Uint32Array
}

/**
 * Approximate search in navigable small-world graphs (Malkov and Yashunin 2018, doi 10.1109/TPAMI.2018.2889473), one
 * graph per memory. As many come back as match, up to the limit; deleted entries never come back.
 */
export function hnswIndex(options: HnswOptions): HnswIndex {
  const dimensions = checkInteger('dimensions', options.dimensions, 1, 4096)
  const metric = checkOneOf('metric', options.metric ?? 'cosine', ['cosine', 'dot', 'euclidean'])
  const connectivity = checkInteger('connectivity', options.connectivity ?? 16, 2, 256)
  const efConstruction = checkInteger('efConstruction', options.efConstruction ?? 200, 1, 65_536)
  const efSearch = checkInteger('efSearch', options.efSearch ?? 64, 1, 65_536)
  const seed = checkInteger('seed', options.seed ?? 1, Number.MIN_SAFE_INTEGER)
  const quantization = checkOneOf<Quantization>('quantization', options.quantization ?? 'none', quantizations)
  const oversampling = checkNumber(
    'oversampling',
    options.oversampling ?? (quantization === 'binary' ? 20 : 3),
    1,
  )
  const backend = checkOneOf<Backend>('backend', options.backend ?? 'auto', backends)
  const capacity = checkInteger('capacity', options.capacity ?? 0, 0, 2 ** 31 - 2)
  const shardBytes = checkShardBytes(options.shardBytes)
  const mostNodes = graphCapacity({ dimensions, connectivity, quantization, shardBytes })
  if (capacity > mostShards * mostNodes) tooMany(capacity)
  const graphOptions: GraphOptions = {
    euclidean: metric === 'euclidean',
    dimensions: (dimensions + 15) & ~15,
    quantization,
    connectivity,
    efConstruction,
  }
  const settings: GraphSettings = {
    dimensions,
    metric,
    quantization,
    oversampling,
    connectivity,
    efSearch,
    seed,
    mostNodes,
  }
  /** Vectors of `capacity` that no shard has room for yet. */
  let wanted = capacity
  const make = () => {
    const graph = chooseBackend<Graph>(
      backend,
      () => wasmGraph(graphOptions),
      () => new TypescriptGraph(graphOptions),
    )
    const nodes = Math.min(wanted, mostNodes)
    if (!graph.reserve(nodes)) outOfMemory(capacity, dimensions)
    wanted -= nodes
    return new GraphIndex(settings, graph)
  }
  const makeShards = () => new Shards(make)
  const shards = makeShards()
  while (wanted > 0) shards.add()
  return new ShardedGraph({
    kind: 'hnsw',
    dimensions,
    metric,
    saved: { dimensions, metric, connectivity, efConstruction, seed, quantization },
    shardBytes,
    first: shards,
    makeShards,
  })
}

class ShardedGraph extends ShardedVectors<GraphIndex, HnswSearchOptions> implements HnswIndex {
  search(query: Float32Array, options: HnswSearchOptions): TopHits {
    const limit = checkInteger('limit', options.limit)
    if (options.efSearch !== undefined) checkInteger('efSearch', options.efSearch, 1, 65_536)
    checkVector('query', query, this.dimensions)
    return this.shards.search(limit, (shard) => shard.search(query, options))
  }

  async searchMany(
    queries: readonly Float32Array[],
    options: HnswSearchManyOptions,
  ): Promise<readonly TopHits[]> {
    const { limit, filter, efSearch } = options
    if (efSearch !== undefined) checkInteger('efSearch', efSearch, 1, 65_536)
    return this.searchInThreads(queries, options, (some) =>
      some.map((query) => this.search(query, { limit, filter, efSearch })),
    )
  }

  scan(query: Float32Array, options: IndexSearchOptions): TopHits {
    const limit = checkInteger('limit', options.limit)
    checkVector('query', query, this.dimensions)
    return this.shards.search(limit, (shard) => shard.scan(query, options))
  }

  compact(): void {
    this.changes++
    for (const shard of this.shards.all) shard.compact()
  }

  neighbors(ordinal: number, layer = 0): Uint32Array {
    return this.shards.of(ordinal)?.neighbors(ordinal, layer) ?? new Uint32Array(0)
  }

  protected image(threads: number): IndexImage | undefined {
    const shards = allImages(this.shards.all, threads)
    return shards && { kind: 'hnsw', shards }
  }
}
