import {
  checkInteger,
  checkVector,
  type IndexSearchOptions,
  type Metric,
  type TopHits,
  type VectorIndex,
} from '@tesserae/core'
import { type IndexImage, ManySearcher, type SearchManyOptions, vectorTarget } from '../parallel/index.js'
import {
  type HeadFields,
  joinParts,
  type Savable,
  type SnapshotKind,
  type SnapshotParts,
} from '../snapshot/index.js'
import { type SetManyOptions, setEach, type VectorEntry } from './set-many.js'
import { loadShards, type SavableShard, shardParts } from './shard-snapshot.js'
import { checkShardBytes, type Shards } from './shards.js'

/** An index of vectors within one memory. */
export interface VectorShard extends SavableShard {
  vector(ordinal: number): Float32Array | undefined
}

/** What makes an index of vectors the one it is. */
export interface ShardedSettings<S extends VectorShard> {
  readonly kind: SnapshotKind
  readonly dimensions: number
  readonly metric: Metric
  /** What a snapshot must agree with. */
  readonly saved: HeadFields
  readonly shardBytes: number
  /** What it starts with, and what a snapshot is loaded into. */
  readonly first: Shards<S>
  readonly makeShards: () => Shards<S>
}

/** An index of vectors over its shards, all but how it searches them. */
export abstract class ShardedVectors<S extends VectorShard, O extends IndexSearchOptions>
  implements VectorIndex<O>, Savable
{
  readonly dimensions: number
  readonly metric: Metric
  protected shards: Shards<S>
  /** Calls that may have changed it. */
  protected changes = 0
  private readonly kind: SnapshotKind
  private readonly saved: HeadFields
  private readonly makeShards: () => Shards<S>
  private readonly many = new ManySearcher()

  constructor({ kind, dimensions, metric, saved, shardBytes, first, makeShards }: ShardedSettings<S>) {
    this.kind = kind
    this.dimensions = dimensions
    this.metric = metric
    // Memory that is cut otherwise than by default is told only then.
    this.saved = shardBytes === checkShardBytes(undefined) ? saved : { ...saved, shardBytes }
    this.shards = first
    this.makeShards = makeShards
  }

  abstract search(query: Float32Array, options: O): TopHits

  /** What threads need to search it too; `undefined` when they cannot. */
  protected abstract image(threads: number): IndexImage | undefined

  get size(): number {
    return this.shards.size
  }

  has(ordinal: number): boolean {
    return this.shards.of(ordinal) !== undefined
  }

  vector(ordinal: number): Float32Array | undefined {
    return this.shards.of(ordinal)?.vector(ordinal)
  }

  set(ordinal: number, vector: Float32Array): void {
    checkInteger('ordinal', ordinal, 0, 2 ** 31 - 2)
    checkVector('vector', vector, this.dimensions)
    this.changes++
    this.shards.set(ordinal, vector)
  }

  setMany(
    entries: Iterable<VectorEntry> | AsyncIterable<VectorEntry>,
    options?: SetManyOptions,
  ): Promise<void> {
    return setEach((ordinal, vector) => this.set(ordinal, vector), entries, options)
  }

  delete(ordinal: number): boolean {
    this.changes++
    return this.shards.delete(ordinal)
  }

  estimateMemory(): number {
    return this.shards.estimateMemory()
  }

  save(): Uint8Array<ArrayBuffer> {
    return joinParts(this.saveParts())
  }

  saveParts(): SnapshotParts {
    return shardParts(this.kind, this.saved, this.shards, () => this.changes)
  }

  load(snapshot: Uint8Array | Iterable<Uint8Array>): void {
    this.shards = loadShards(snapshot, this.kind, this.saved, this.makeShards)
    this.changes++
  }

  /** @param answer what this thread gives for some of the queries */
  protected searchInThreads(
    queries: readonly Float32Array[],
    options: SearchManyOptions & { readonly efSearch?: number | undefined },
    answer: (some: readonly Float32Array[]) => readonly TopHits[],
  ): Promise<readonly TopHits[]> {
    const parts = {
      name: this.kind,
      dimensions: this.dimensions,
      version: () => this.changes,
      answer,
      image: (threads: number) => this.image(threads),
      efSearch: options.efSearch,
    }
    return this.many.search(vectorTarget(parts, queries, options), queries, options)
  }
}
