import { Bitset } from '@tesserae/core'
import {
  type HeadFields,
  readSnapshot,
  requireSame,
  type Section,
  type SnapshotKind,
  type SnapshotParts,
  type SnapshotReader,
  snapshotParts,
  stateInteger,
  withinMemory,
} from '../snapshot/index.js'
import type { Shard, Shards } from './shards.js'

/** A shard that can be saved, and restored while it is empty. */
export interface SavableShard extends Shard {
  sections(prefix: string): readonly Section[]
  /** Ordinals in `taken` are refused, its own are added. */
  restore(reader: SnapshotReader, prefix: string, taken: Bitset): void
}

/** Every shard needs an object and a memory before anything of it is read. */
const mostShards = 2 ** 12

export function shardParts(
  kind: SnapshotKind,
  options: HeadFields,
  shards: Shards<SavableShard>,
  version: () => number,
): SnapshotParts {
  return snapshotParts({
    kind,
    options,
    state: { shards: shards.all.length },
    sections: shards.all.flatMap((shard, number) => shard.sections(`${number}/`)),
    version,
  })
}

/** New shards with what was saved. */
export function loadShards<S extends SavableShard>(
  snapshot: Uint8Array | Iterable<Uint8Array>,
  kind: SnapshotKind,
  options: HeadFields,
  make: () => Shards<S>,
): Shards<S> {
  return withinMemory(() =>
    readSnapshot(snapshot, kind, (reader) => {
      requireSame(options, reader.options)
      const count = stateInteger(reader.state, 'shards', 1, mostShards)
      const shards = make()
      const taken = new Bitset()
      for (let number = 0; number < count; number++) {
        const shard = number < shards.all.length ? shards.all[number]! : shards.add()
        shard.restore(reader, `${number}/`, taken)
      }
      return shards
    }),
  )
}
