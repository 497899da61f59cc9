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
import { queryRows, type Rows, scanRows, TypescriptRows, wasmRows } from './rows.js'

export interface FlatIndexOptions {
  /** Numbers per vector. */
  readonly dimensions: number
  /** @default 'cosine' */
  readonly metric?: Metric | undefined
  /**
   * `'int8'` keeps one byte per number beside the floats, scans those, and scores the best
   * max(4 × limit, limit + 32) by the floats again.
   * @default 'none'
   */
  readonly quantization?: 'none' | 'int8' | undefined
  /** Both give the same hits and scores. @default 'auto': WebAssembly where the host has it with SIMD */
  readonly backend?: Backend | undefined
}

export interface FlatIndex extends VectorIndex<IndexSearchOptions> {
  /** One result per query, each what `search` gives; rows are read once for up to 16 queries. */
  searchBatch(queries: readonly Float32Array[], options: IndexSearchOptions): readonly TopHits[]
  /** Bytes held for vectors, codes and row tables. */
  estimateMemory(): number
}

/**
 * Exact vector search: every vector is compared. The right index below some ten thousand vectors, behind a
 * selective filter, and the oracle for approximate ones.
 *
 * Vectors lie side by side without holes (a deleted row is filled by the last one). For cosine a unit copy is
 * kept, so a comparison is one dot product; a zero vector has cosine 0 with everything. Scores are float32 sums
 * in eight lanes, in an order that is the same with and without WebAssembly.
 */
export function flatIndex(options: FlatIndexOptions): FlatIndex {
  const dimensions = checkInteger('dimensions', options.dimensions, 1, 65_536)
  const metric = checkOneOf('metric', options.metric ?? 'cosine', ['cosine', 'dot', 'euclidean'])
  const quantization = checkOneOf('quantization', options.quantization ?? 'none', ['none', 'int8'])
  const backend = checkOneOf<Backend>('backend', options.backend ?? 'auto', backends)
  const rows = {
    euclidean: metric === 'euclidean',
    dimensions: (dimensions + 15) & ~15,
    codes: quantization === 'int8',
  }
  const kernels = chooseBackend<Rows>(
    backend,
    () => wasmRows(rows),
    () => new TypescriptRows(rows),
  )
  return new DenseFlatIndex(dimensions, metric, rows.codes, kernels)
}

/** Share of the rows from which a filtered int8 index scans all codes instead of gathering floats. */
const codeScanShare = 0.25

class DenseFlatIndex implements FlatIndex {
  readonly dimensions: number
  readonly metric: Metric
  size = 0
  private readonly quantized: boolean
  private readonly kernels: Rows
  private capacity = 0
  /** Ordinal by row. */
  private ordinals = new Uint32Array(16)
  /** Row + 1 by ordinal, 0 for none. */
  private rows = new Uint32Array(16)
  private readonly picked = new Uint32Array(scanRows)
  private readonly selections: TopK[] = []

  constructor(dimensions: number, metric: Metric, quantized: boolean, kernels: Rows) {
    this.dimensions = dimensions
    this.metric = metric
    this.quantized = quantized
    this.kernels = kernels
  }

  set(ordinal: number, vector: Float32Array): void {
    checkInteger('ordinal', ordinal, 0, 2 ** 31 - 2)
    checkVector('vector', vector, this.dimensions)
    if (ordinal >= this.rows.length) this.rows = grown(this.rows, ordinal + 1)
    const known = this.rows[ordinal]!
    const row = known > 0 ? known - 1 : this.size
    if (row === this.capacity) this.growRows()
    this.load(0, vector)
    this.kernels.write(row)
    if (known > 0) return
    this.ordinals[row] = ordinal
    this.rows[ordinal] = row + 1
    this.size++
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

  search(query: Float32Array, options: IndexSearchOptions): TopHits {
    return this.searchBatch([query], options)[0]!
  }

  searchBatch(queries: readonly Float32Array[], options: IndexSearchOptions): readonly TopHits[] {
    const wanted = Math.min(checkInteger('limit', options.limit), Math.max(this.size, 1))
    for (const query of queries) checkVector('query', query, this.dimensions)
    const { filter } = options
    const allowed = filter === undefined ? this.size : filter.count()
    const byCodes = this.quantized && allowed >= this.size * codeScanShare
    const hits: TopHits[] = []
    for (let first = 0; first < queries.length; first += queryRows) {
      const count = Math.min(queryRows, queries.length - first)
      for (let i = 0; i < count; i++) this.load(i, queries[first + i]!)
      if (byCodes) this.scanCodes(count, Math.max(wanted * 4, wanted + 32), filter)
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

  /** A vector becomes a query row: of unit length for cosine, with codes when quantised. */
  private load(index: number, vector: Float32Array): void {
    const row = this.kernels.query(index)
    row.floats.set(vector)
    if (this.metric === 'cosine') normalizeInPlace(row.floats, 0, this.dimensions)
    if (this.quantized) quantize(row.floats, row.codes, row.tail)
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

  /** The best `kept` rows of each query by codes. */
  private scanCodes(queries: number, kept: number, filter: Bitset | undefined): void {
    const { kernels, ordinals, selections } = this
    this.prepare(queries, Math.min(kept, Math.max(this.size, 1)))
    for (let start = 0; start < this.size; start += scanRows) {
      const count = Math.min(scanRows, this.size - start)
      for (let query = 0; query < queries; query++) {
        const scores = kernels.scanCodes(query, start, count)
        const selection = selections[query]!
        if (filter === undefined) offer(selection, scores, ordinals, start, count)
        else offerAllowed(selection, scores, ordinals, start, count, filter)
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
    if (this.metric !== 'euclidean') return hits
    const { ordinals, scores } = hits
    const best = new TopK(Math.max(scores.length, 1))
    // Two squares may have one root: the order among those is by ordinal again.
    for (let i = 0; i < scores.length; i++) best.push(ordinals[i]!, -Math.sqrt(-scores[i]!))
    return best.drain()
  }

  private growRows(): void {
    const generous = Math.max(16, this.capacity + (this.capacity >>> 1))
    const rows = [generous, this.capacity + 1].find((count) => this.kernels.reserve(count))
    if (rows === undefined) {
      throw new RagError(
        'unsupported',
        `The memory of this index is full at ${this.size} vectors of ${this.dimensions} dimensions. Spread the vectors over several indexes.`,
        { details: { size: this.size, dimensions: this.dimensions } },
      )
    }
    this.capacity = rows
    if (rows > this.ordinals.length) this.ordinals = grown(this.ordinals, rows)
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

function offerAllowed(
  selection: TopK,
  scores: Float32Array,
  ordinals: Uint32Array,
  start: number,
  count: number,
  filter: Bitset,
): void {
  for (let i = 0; i < count; i++) {
    const ordinal = ordinals[start + i]!
    if (filter.has(ordinal)) selection.push(ordinal, scores[i]!)
  }
}

function grown(array: Uint32Array<ArrayBuffer>, needed: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(needed, array.length * 2))
  larger.set(array)
  return larger
}
