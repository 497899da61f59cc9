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
import type { RowImage } from './row-image.js'
import { readRows, rowSections } from './row-snapshot.js'
import { type QueryRow, queryRows, type Rows, scanRows } from './rows.js'

/** Share of the rows from which a filtered index scans all codes instead of gathering floats. */
const codeScanShare = { int8: 0.25, binary: 0.08 } as const

export interface RowSettings {
  readonly dimensions: number
  readonly metric: Metric
  readonly quantization: Quantization
  readonly oversampling: number
  /** Rows that fit in one memory. */
  readonly mostRows: number
}

/**
 * The vectors that lie in one memory, side by side without holes: a deleted row is filled by the last one. What it is
 * given was checked before.
 */
export class RowIndex implements Shard {
  size = 0
  private readonly settings: RowSettings
  private readonly kernels: Rows
  private capacity = 0
  /** Ordinal by row. */
  private ordinals = new Uint32Array(16)
  /** Row + 1 by ordinal, 0 for none. */
  private rows = new Uint32Array(16)
  private readonly picked = new Uint32Array(scanRows)
  private readonly selections: TopK[] = []

  constructor(settings: RowSettings, kernels: Rows) {
    this.settings = settings
    this.kernels = kernels
  }

  has(ordinal: number): boolean {
    return (this.rows[ordinal] ?? 0) > 0
  }

  vector(ordinal: number): Float32Array | undefined {
    const row = (this.rows[ordinal] ?? 0) - 1
    return row < 0 ? undefined : this.kernels.vector(row).slice(0, this.settings.dimensions)
  }

  accepts(ordinal: number): boolean {
    return this.size < this.settings.mostRows || this.has(ordinal)
  }

  set(ordinal: number, vector: Float32Array): boolean {
    if (ordinal >= this.rows.length) this.rows = grown(this.rows, ordinal + 1)
    const known = this.rows[ordinal]!
    const row = known > 0 ? known - 1 : this.size
    if (row === this.capacity && !this.growRows()) return false
    this.load(0, vector)
    this.kernels.write(row)
    if (known > 0) return true
    this.ordinals[row] = ordinal
    this.rows[ordinal] = row + 1
    this.size++
    return true
  }

  delete(ordinal: number): boolean {
    const row = (this.rows[ordinal] ?? 0) - 1
    if (row < 0) return false
    const last = --this.size
    this.rows[ordinal] = 0
    if (row !== last) {
      const moved = this.ordinals[last]!
      this.kernels.move(last, row)
      this.ordinals[row] = moved
      this.rows[moved] = row + 1
    }
    return true
  }

  /** One result per query; rows are read once for up to 16 queries. */
  searchBatch(queries: readonly Float32Array[], { limit, filter }: IndexSearchOptions): readonly TopHits[] {
    const wanted = Math.min(limit, Math.max(this.size, 1))
    const allowed = filter === undefined ? this.size : filter.count()
    const { quantization, oversampling } = this.settings
    const byCodes = quantization !== 'none' && allowed >= this.size * codeScanShare[quantization]
    const kept = Math.max(Math.ceil(wanted * oversampling), wanted + 32)
    const hits: TopHits[] = []
    for (let first = 0; first < queries.length; first += queryRows) {
      const count = Math.min(queryRows, queries.length - first)
      for (let i = 0; i < count; i++) this.load(i, queries[first + i]!)
      if (byCodes) this.scanCodes(count, kept, filter)
      else {
        this.prepare(count, wanted)
        if (filter === undefined) this.scanFloats(count)
        else this.gather(count, filter)
      }
      for (let i = 0; i < count; i++)
        hits.push(byCodes ? this.rescored(i, wanted) : this.ranked(this.selections[i]!.drain()))
    }
    return hits
  }

  estimateMemory(): number {
    return this.kernels.bytes + this.ordinals.byteLength + this.rows.byteLength
  }

  /** A copy for threads, `undefined` when there can be none. */
  image(threads: number): RowImage | undefined {
    const { settings, size } = this
    const rows = this.kernels.share(size, threads)
    return rows && { settings, rows, ordinals: this.ordinals.slice(0, size) }
  }

  /** Takes over which row holds what, of rows that are there already. */
  adopt(ordinals: Uint32Array<ArrayBuffer>): void {
    this.ordinals = ordinals
    this.size = ordinals.length
    for (let row = 0; row < ordinals.length; row++) {
      const ordinal = ordinals[row]!
      if (ordinal >= this.rows.length) this.rows = grown(this.rows, ordinal + 1)
      this.rows[ordinal] = row + 1
    }
  }

  /** What it is, for a snapshot. */
  sections(prefix: string): readonly Section[] {
    return rowSections(prefix, this.kernels, this.ordinals.slice(0, this.size), this.settings.dimensions)
  }

  /** Becomes what was saved; only for one that was never used. Ordinals in `taken` are refused, its own are added. */
  restore(reader: SnapshotReader, prefix: string, taken: Bitset): void {
    readRows(reader, prefix, this.settings.dimensions, taken, (ordinal, floats) => {
      if (ordinal >= this.rows.length) this.rows = grown(this.rows, ordinal + 1)
      if (this.size === this.capacity && !this.growRows()) throw new RangeError('the memory is full')
      const row = this.kernels.query(0)
      row.floats.set(floats)
      this.encode(row)
      this.kernels.write(this.size)
      this.ordinals[this.size] = ordinal
      this.rows[ordinal] = ++this.size
    })
  }

  /** A vector becomes a query row: of unit length for cosine, with codes when quantised. */
  private load(index: number, vector: Float32Array): void {
    const row = this.kernels.query(index)
    row.floats.set(vector)
    if (this.settings.metric === 'cosine') normalizeInPlace(row.floats, 0, this.settings.dimensions)
    this.encode(row)
  }

  /** Makes codes of the floats. */
  private encode(row: QueryRow): void {
    encodeRow(this.settings.quantization, row, this.settings.dimensions)
  }

  private prepare(count: number, wanted: number): void {
    for (let i = 0; i < count; i++) {
      if (this.selections[i]?.capacity !== wanted) this.selections[i] = new TopK(wanted)
      this.selections[i]!.clear()
    }
  }

  private scanFloats(queries: number): void {
    const { kernels, ordinals, selections } = this
    for (let start = 0; start < this.size; start += scanRows) {
      const count = Math.min(scanRows, this.size - start)
      for (let query = 0; query < queries; query++)
        offer(selections[query]!, kernels.scan(query, start, count), ordinals, start, count)
    }
  }

  /** Walks the set bits word by word: the cost follows the number of allowed ordinals. */
  private gather(queries: number, { words }: Bitset): void {
    const { rows, picked } = this
    const end = Math.min(words.length, (rows.length + 31) >>> 5)
    let count = 0
    for (let index = 0; index < end; index++) {
      for (let word = words[index]!; word !== 0; word &= word - 1) {
        const row = rows[index * 32 + 31 - Math.clz32(word & -word)] ?? 0
        if (row === 0) continue
        picked[count++] = row - 1
        if (count < scanRows) continue
        this.offerPicked(queries, count)
        count = 0
      }
    }
    this.offerPicked(queries, count)
  }

  private offerPicked(queries: number, count: number): void {
    const { picked, ordinals } = this
    for (let query = 0; query < queries; query++) {
      const scores = this.kernels.gather(query, picked, count)
      const selection = this.selections[query]!
      for (let i = 0; i < count; i++) selection.push(ordinals[picked[i]!]!, scores[i]!)
    }
  }

  /** The best `kept` rows of each query by codes; several queries take turns block by block. */
  private scanCodes(queries: number, kept: number, filter: Bitset | undefined): void {
    this.prepare(queries, Math.min(kept, Math.max(this.size, 1)))
    const step = queries === 1 ? this.size : scanRows
    for (let start = 0; start < this.size; start += step) {
      const end = Math.min(start + step, this.size)
      for (let query = 0; query < queries; query++) this.selectCodes(query, start, end, filter)
    }
  }

  private selectCodes(query: number, start: number, end: number, filter: Bitset | undefined): void {
    const { kernels, ordinals } = this
    const selection = this.selections[query]!
    for (let row = start; row < end; ) {
      row = kernels.select(query, row, end, selection.threshold)
      const { count, rows, scores } = kernels.selected
      for (let i = 0; i < count; i++) {
        const ordinal = ordinals[rows[i]!]!
        if (filter === undefined || filter.has(ordinal)) selection.push(ordinal, scores[i]!)
      }
    }
  }

  private rescored(query: number, wanted: number): TopHits {
    const { ordinals } = this.selections[query]!.drain()
    const best = new TopK(wanted)
    for (let start = 0; start < ordinals.length; start += scanRows) {
      const count = Math.min(scanRows, ordinals.length - start)
      for (let i = 0; i < count; i++) this.picked[i] = this.rows[ordinals[start + i]!]! - 1
      const scores = this.kernels.gather(query, this.picked, count)
      for (let i = 0; i < count; i++) best.push(ordinals[start + i]!, scores[i]!)
    }
    return this.ranked(best.drain())
  }

  /** Distances leave the index unsquared. */
  private ranked(hits: TopHits): TopHits {
    if (this.settings.metric !== 'euclidean') return hits
    const { ordinals, scores } = hits
    const best = new TopK(Math.max(scores.length, 1))
    // Two squares may have one root: the order among those is by ordinal again.
    for (let i = 0; i < scores.length; i++) best.push(ordinals[i]!, -Math.sqrt(-scores[i]!))
    return best.drain()
  }

  /** False when there is no memory. */
  private growRows(): boolean {
    const generous = Math.max(16, this.capacity + (this.capacity >>> 1))
    const rows = [Math.min(generous, this.settings.mostRows), this.capacity + 1].find((count) =>
      this.kernels.reserve(count),
    )
    if (rows === undefined) return false
    this.capacity = rows
    if (rows > this.ordinals.length) this.ordinals = grown(this.ordinals, rows)
    return true
  }
}

function offer(
  selection: TopK,
  scores: Float32Array,
  ordinals: Uint32Array,
  start: number,
  count: number,
): void {
  let threshold = selection.threshold
  for (let i = 0; i < count; i++) {
    const score = scores[i]!
    if (score < threshold) continue
    if (selection.push(ordinals[start + i]!, score)) threshold = selection.threshold
  }
}

function grown(array: Uint32Array<ArrayBuffer>, needed: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(needed, array.length * 2))
  larger.set(array)
  return larger
}
