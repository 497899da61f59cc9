import { checkInteger, RagError, type TopHits, TopK } from '@tesserae/core'

/** Most that one WebAssembly memory holds: the last page stays unused. */
const memoryLimit = 2 ** 32 - 2 ** 16

/** Bytes of one memory: all that WebAssembly allows, when nothing is said. */
export function checkShardBytes(value: number | undefined): number {
  return Math.min(checkInteger('shardBytes', value ?? memoryLimit, 2 ** 16, 2 ** 32), memoryLimit)
}

/** Most memories of one index: a terabyte of them, which is past what a process may address on most hosts. */
export const mostShards = 256

/** An index within one memory. */
export interface Shard {
  readonly size: number
  has(ordinal: number): boolean
  /** Whether there is room to set this ordinal. */
  accepts(ordinal: number): boolean
  /** Adds or replaces; false when the host gives no memory, and then nothing changed. */
  set(ordinal: number, vector: Float32Array): boolean
  delete(ordinal: number): boolean
  estimateMemory(): number
}

/**
 * One index spread over several memories. An entry goes to the first shard with room, a replaced one stays in its
 * shard if it can; room is counted in entries beforehand, so the same calls spread alike on every host.
 */
export class Shards<S extends Shard> {
  readonly all: S[]
  private readonly make: () => S

  /** @param make throws `unsupported` when the host gives no memory for another */
  constructor(make: () => S) {
    this.make = make
    this.all = [make()]
  }

  /** One more, empty. */
  add(): S {
    if (this.all.length === mostShards) tooMany(this.size + 1)
    const shard = this.make()
    this.all.push(shard)
    return shard
  }

  get size(): number {
    let size = 0
    for (const shard of this.all) size += shard.size
    return size
  }

  /** The shard that holds the ordinal. */
  of(ordinal: number): S | undefined {
    return this.all.find((shard) => shard.has(ordinal))
  }

  set(ordinal: number, vector: Float32Array): void {
    const home = this.of(ordinal)
    if (home?.accepts(ordinal) && home.set(ordinal, vector)) return
    for (const shard of this.all) {
      if (shard === home || !shard.accepts(ordinal) || !shard.set(ordinal, vector)) continue
      home?.delete(ordinal)
      return
    }
    const shard = this.add()
    if (!shard.set(ordinal, vector)) {
      this.all.pop()
      outOfMemory(this.size + 1, vector.length)
    }
    home?.delete(ordinal)
  }

  delete(ordinal: number): boolean {
    return this.of(ordinal)?.delete(ordinal) ?? false
  }

  /** The best `limit` of what every shard finds. */
  search(limit: number, find: (shard: S) => TopHits): TopHits {
    if (this.all.length === 1) return find(this.all[0]!)
    return mergeHits(this.all.map(find), limit)
  }

  estimateMemory(): number {
    let bytes = 0
    for (const shard of this.all) bytes += shard.estimateMemory()
    return bytes
  }
}

export function mergeHits(parts: readonly TopHits[], limit: number): TopHits {
  const found = parts.reduce((sum, { scores }) => sum + scores.length, 0)
  const best = new TopK(Math.max(1, Math.min(limit, found)))
  for (const { ordinals, scores } of parts) {
    for (let i = 0; i < scores.length; i++) best.push(ordinals[i]!, scores[i]!)
  }
  return best.drain()
}

/** Refuses what {@link mostShards} memories cannot hold. */
export function tooMany(size: number): never {
  throw new RagError(
    'unsupported',
    `An index spreads over at most ${mostShards} memories: ${size} vectors are too many. Raise \`shardBytes\`, use shorter vectors, or spread them over several indexes.`,
    { details: { size } },
  )
}

export function outOfMemory(size: number, dimensions: number): never {
  throw new RagError(
    'unsupported',
    `This host gives no memory for ${size} vectors of ${dimensions} dimensions. Use fewer, shorter or quantised vectors, or spread them over several processes.`,
    { details: { size, dimensions } },
  )
}
