import {
  checkInteger,
  checkNumber,
  checkOneOf,
  checkVector,
  type IndexSearchOptions,
  invalid,
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
import { checkShardBytes, mergeHits, Shards } from '../wasm/shards.js'
import { RowIndex } from './row-index.js'
import { type Rows, type RowsOptions, rowCapacity, TypescriptRows, wasmRows } from './rows.js'

export interface FlatIndexOptions {
  /** Numbers per vector. */
  readonly dimensions: number
  /** @default 'cosine' */
  readonly metric?: Metric | undefined
  /**
   * Codes kept beside the floats and scanned instead: one byte per number, or one bit, which wants many dimensions, of
   * either sign.
   * @default 'none'
   */
  readonly quantization?: Quantization | undefined
  /**
   * Of a scan of codes, the best `oversampling` × `limit` (at least `limit` + 32) are scored by the floats again.
   * @default 4, with 'binary' 20
   */
  readonly oversampling?: number | undefined
  /**
   * Bytes after which the index goes on in another memory.
   * @default 4 GiB, one WebAssembly memory
   */
  readonly shardBytes?: number | undefined
  /** Both give the same hits and scores. @default 'auto': WebAssembly where the host has it with SIMD */
  readonly backend?: Backend | undefined
}

export interface FlatIndex extends VectorIndex<IndexSearchOptions>, Savable {
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
  /** One result per query, each what `search` gives; rows are read once for up to 16 queries. */
  searchBatch(queries: readonly Float32Array[], options: IndexSearchOptions): readonly TopHits[]
  /**
   * One result per query, each what `search` gives, found by several threads where they can share memory. Rejects with
   * `invalid-argument` when the index is changed meanwhile.
   */
  searchMany(queries: readonly Float32Array[], options: SearchManyOptions): Promise<readonly TopHits[]>
  /** Bytes held for vectors, codes and row tables. */
  estimateMemory(): number
}

/**
 * Exact vector search: every vector is compared. The right index below some ten thousand vectors, behind a
 * selective filter, and the oracle for approximate ones.
 *
 * For cosine a unit copy is kept, so a comparison is one dot product; a zero vector has cosine 0 with everything.
 * Scores are float32 sums in eight lanes, in an order that is the same with and without WebAssembly.
 */
export function flatIndex(options: FlatIndexOptions): FlatIndex {
  const dimensions = checkInteger('dimensions', options.dimensions, 1, 65_536)
  const metric = checkOneOf('metric', options.metric ?? 'cosine', ['cosine', 'dot', 'euclidean'])
  const quantization = checkOneOf<Quantization>('quantization', options.quantization ?? 'none', quantizations)
  const oversampling = checkNumber(
    'oversampling',
    options.oversampling ?? (quantization === 'binary' ? 20 : 4),
    1,
  )
  const backend = checkOneOf<Backend>('backend', options.backend ?? 'auto', backends)
  const shardBytes = checkShardBytes(options.shardBytes)
  const rows: RowsOptions = {
    euclidean: metric === 'euclidean',
    dimensions: (dimensions + 15) & ~15,
    quantization,
  }
  const mostRows = rowCapacity(rows, shardBytes)
  if (mostRows <= 0) {
    invalid('shardBytes', `enough for 256 vectors of ${dimensions} dimensions`, shardBytes)
  }
  const make = () => {
    const kernels = chooseBackend<Rows>(
      backend,
      () => wasmRows(rows),
      () => new TypescriptRows(rows),
    )
    return new RowIndex({ dimensions, metric, quantization, oversampling, mostRows }, kernels)
  }
  const makeShards = () => new Shards(make)
  return new ShardedRows({
    kind: 'flat',
    dimensions,
    metric,
    saved: { dimensions, metric, quantization },
    shardBytes,
    first: makeShards(),
    makeShards,
  })
}

class ShardedRows extends ShardedVectors<RowIndex, IndexSearchOptions> implements FlatIndex {
  search(query: Float32Array, options: IndexSearchOptions): TopHits {
    return this.searchBatch([query], options)[0]!
  }

  searchBatch(queries: readonly Float32Array[], options: IndexSearchOptions): readonly TopHits[] {
    const limit = checkInteger('limit', options.limit)
    for (const query of queries) checkVector('query', query, this.dimensions)
    const found = this.shards.all.map((shard) => shard.searchBatch(queries, options))
    if (found.length === 1) return found[0]!
    return queries.map((_, query) =>
      mergeHits(
        found.map((hits) => hits[query]!),
        limit,
      ),
    )
  }

  async searchMany(
    queries: readonly Float32Array[],
    options: SearchManyOptions,
  ): Promise<readonly TopHits[]> {
    const { limit, filter } = options
    return this.searchInThreads(queries, options, (some) => this.searchBatch(some, { limit, filter }))
  }

  protected image(threads: number): IndexImage | undefined {
    const shards = allImages(this.shards.all, threads)
    return shards && { kind: 'flat', shards }
  }
}
