import type { Chunk } from './chunk.js'
import type { Metadata } from './document.js'
import { fingerprint } from './fingerprint.js'
import { bandKeys, bandRows, comparableText, jaccard, minHashSignature, shingleSet } from './minhash.js'
import { sha256 } from './sha256.js'
import { embeddingText } from './to-chunks.js'

export interface Match {
  readonly keptId: string
  readonly kind: 'exact' | 'near'
  /** Jaccard similarity of the two texts' shingles; 1 for `exact`. */
  readonly similarity: number
}

/** Chunks that may duplicate each other: same tenant, same access level. */
interface Partition {
  /** By SHA-256 of the comparable text. */
  readonly exact: Map<string, string>
  readonly bands: Map<number, string[]>
}

/** What a chunk is compared by. */
export interface Features {
  readonly partition: string
  readonly digest: string
  readonly shingles: Uint32Array
  readonly bands: readonly number[]
}

/** Finds what a chunk duplicates among the chunks that were added. Texts are not held; about 1 kB a chunk is. */
export class DuplicateIndex<M extends Metadata> {
  private readonly partitions = new Map<string, Partition>()
  private readonly threshold: number | false
  private readonly features: (chunk: Chunk<M>) => Features

  /** @param features `featuresOf` with the same threshold; indexes that are asked about the same chunks share it */
  constructor(threshold: number | false, features: (chunk: Chunk<M>) => Features) {
    this.threshold = threshold
    this.features = features
  }

  add(chunk: Chunk<M>): void {
    const { partition: key, digest, bands } = this.features(chunk)
    let partition = this.partitions.get(key)
    if (partition === undefined) {
      partition = { exact: new Map(), bands: new Map() }
      this.partitions.set(key, partition)
    }
    // The first one stands for its text, should two of them ever have come in.
    if (!partition.exact.has(digest)) partition.exact.set(digest, chunk.id)
    for (const band of bands) {
      const ids = partition.bands.get(band)
      if (ids === undefined) partition.bands.set(band, [chunk.id])
      else if (!ids.includes(chunk.id)) ids.push(chunk.id)
    }
  }

  /** Takes back what `add` did with the same chunk. */
  remove(chunk: Chunk<M>): void {
    const { partition: key, digest, bands } = this.features(chunk)
    const partition = this.partitions.get(key)
    if (partition === undefined) return
    if (partition.exact.get(digest) === chunk.id) partition.exact.delete(digest)
    for (const band of bands) {
      const ids = partition.bands.get(band)?.filter((id) => id !== chunk.id) ?? []
      if (ids.length === 0) partition.bands.delete(band)
      else partition.bands.set(band, ids)
    }
    if (partition.exact.size === 0 && partition.bands.size === 0) this.partitions.delete(key)
  }

  /**
   * The kept chunk that this one duplicates: the one with the same text, else the most similar one at or above the
   * threshold, the lesser id among equals.
   *
   * @param read gives kept chunks by id; candidates are compared by their whole texts.
   */
  async find(
    chunk: Chunk<M>,
    read: (ids: readonly string[]) => Promise<readonly (Chunk<M> | undefined)[]>,
  ): Promise<Match | undefined> {
    const { partition: key, digest, shingles, bands } = this.features(chunk)
    const partition = this.partitions.get(key)
    if (partition === undefined) return undefined
    const same = partition.exact.get(digest)
    if (same !== undefined) return { keptId: same, kind: 'exact', similarity: 1 }
    if (this.threshold === false) return undefined
    const candidates = new Set(bands.flatMap((band) => partition.bands.get(band) ?? []))
    if (candidates.size === 0) return undefined
    let best: Match | undefined
    for (const other of await read([...candidates])) {
      if (other === undefined) continue
      const similarity = jaccard(shingles, shingleSet(comparableText(embeddingText(other))))
      if (similarity < this.threshold || similarity < (best?.similarity ?? 0)) continue
      if (best === undefined || similarity > best.similarity || other.id < best.keptId) {
        best = { keptId: other.id, kind: 'near', similarity }
      }
    }
    return best
  }
}

/** Remembers the chunk asked about last: it is looked for in one index after another, and then added. */
export function featuresOf<M extends Metadata>(
  within: readonly string[],
  threshold: number | false,
): (chunk: Chunk<M>) => Features {
  const near = threshold !== false
  const rows = near ? bandRows(threshold) : 1
  let last: { readonly chunk: Chunk<M>; readonly features: Features } | undefined

  const make = (chunk: Chunk<M>): Features => {
    const { metadata } = chunk
    const values = within.map((field) => {
      const value = Object.hasOwn(metadata, field) ? metadata[field] : undefined
      // A list of groups is a set: its order says nothing about who may read.
      return Array.isArray(value) ? { list: [...value].sort() } : { value }
    })
    const text = comparableText(embeddingText(chunk))
    const shingles = near ? shingleSet(text) : new Uint32Array(0)
    return {
      partition: fingerprint(values),
      digest: sha256(text),
      shingles,
      bands: near ? bandKeys(minHashSignature(shingles), rows) : [],
    }
  }
  return (chunk) => {
    if (last?.chunk !== chunk) last = { chunk, features: make(chunk) }
    return last.features
  }
}
