import {
  type Bitset,
  checkInteger,
  checkOneOf,
  checkVector,
  dot,
  type IndexSearchOptions,
  type Metric,
  normalizeInPlace,
  squaredDistance,
  type TopHits,
  TopK,
  type VectorIndex,
} from '@tesserae/core'

export interface FlatIndexOptions {
  /** Numbers per vector. */
  readonly dimensions: number
  /** @default 'cosine' */
  readonly metric?: Metric | undefined
}

export interface FlatIndex extends VectorIndex<IndexSearchOptions> {
  /** Bytes held for vectors and row tables. */
  estimateMemory(): number
}

/**
 * Exact vector search: every vector is compared. The right index below some ten thousand vectors, behind a
 * selective filter, and the oracle for approximate ones.
 *
 * Vectors lie in one flat array without holes (a deleted row is filled by the last one). For cosine a unit
 * copy is kept, so a comparison is one dot product; a zero vector has cosine 0 with everything. Scores are
 * computed in the fixed order of core's `dot` and `squaredDistance`.
 */
export function flatIndex(options: FlatIndexOptions): FlatIndex {
  const dimensions = checkInteger('dimensions', options.dimensions, 1, 65_536)
  const metric = checkOneOf('metric', options.metric ?? 'cosine', ['cosine', 'dot', 'euclidean'])
  return new DenseFlatIndex(dimensions, metric)
}

class DenseFlatIndex implements FlatIndex {
  readonly dimensions: number
  readonly metric: Metric
  size = 0
  private vectors: Float32Array
  /** Ordinal by row. */
  private ordinals = new Uint32Array(16)
  /** Row + 1 by ordinal, 0 for none. */
  private rows = new Uint32Array(16)
  private readonly query: Float32Array
  private selection = new TopK(1)

  constructor(dimensions: number, metric: Metric) {
    this.dimensions = dimensions
    this.metric = metric
    this.vectors = new Float32Array(16 * dimensions)
    this.query = new Float32Array(dimensions)
  }

  set(ordinal: number, vector: Float32Array): void {
    checkInteger('ordinal', ordinal, 0, 2 ** 31 - 2)
    checkVector('vector', vector, this.dimensions)
    if (ordinal >= this.rows.length) this.rows = grown(this.rows, ordinal + 1)
    const known = this.rows[ordinal]!
    const row = known > 0 ? known - 1 : this.size
    if (known === 0) {
      if (row === this.ordinals.length) this.growRows()
      this.ordinals[row] = ordinal
      this.rows[ordinal] = row + 1
      this.size++
    }
    const offset = row * this.dimensions
    this.vectors.set(vector, offset)
    if (this.metric === 'cosine') normalizeInPlace(this.vectors, offset, this.dimensions)
  }

  delete(ordinal: number): boolean {
    const row = (this.rows[ordinal] ?? 0) - 1
    if (row < 0) return false
    const last = --this.size
    this.rows[ordinal] = 0
    if (row !== last) {
      const moved = this.ordinals[last]!
      this.vectors.copyWithin(row * this.dimensions, last * this.dimensions, (last + 1) * this.dimensions)
      this.ordinals[row] = moved
      this.rows[moved] = row + 1
    }
    return true
  }

  search(query: Float32Array, options: IndexSearchOptions): TopHits {
    const wanted = Math.min(checkInteger('limit', options.limit), Math.max(this.size, 1))
    this.query.set(checkVector('query', query, this.dimensions))
    if (this.metric === 'cosine') normalizeInPlace(this.query, 0, this.dimensions)
    if (this.selection.capacity !== wanted) this.selection = new TopK(wanted)
    this.selection.clear()
    if (options.filter === undefined) this.scanAll()
    else this.scanAllowed(options.filter)
    return this.selection.drain()
  }

  estimateMemory(): number {
    return this.vectors.byteLength + this.ordinals.byteLength + this.rows.byteLength
  }

  private scanAll(): void {
    const { size, ordinals } = this
    for (let row = 0; row < size; row++) this.offer(ordinals[row]!, row)
  }

  /** Walks the set bits word by word: the cost follows the number of allowed ordinals. */
  private scanAllowed(filter: Bitset): void {
    const { words } = filter
    const { rows } = this
    const end = Math.min(words.length, (rows.length + 31) >>> 5)
    for (let index = 0; index < end; index++) {
      for (let word = words[index]!; word !== 0; word &= word - 1) {
        const ordinal = index * 32 + 31 - Math.clz32(word & -word)
        const row = rows[ordinal] ?? 0
        if (row > 0) this.offer(ordinal, row - 1)
      }
    }
  }

  private offer(ordinal: number, row: number): void {
    const { dimensions } = this
    const offset = row * dimensions
    const score =
      this.metric === 'euclidean'
        ? -Math.sqrt(squaredDistance(this.query, 0, this.vectors, offset, dimensions))
        : dot(this.query, 0, this.vectors, offset, dimensions)
    this.selection.push(ordinal, score)
  }

  private growRows(): void {
    this.ordinals = grown(this.ordinals, this.ordinals.length + 1)
    const vectors = new Float32Array(this.ordinals.length * this.dimensions)
    vectors.set(this.vectors)
    this.vectors = vectors
  }
}

function grown(array: Uint32Array<ArrayBuffer>, needed: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(needed, array.length * 2))
  larger.set(array)
  return larger
}
