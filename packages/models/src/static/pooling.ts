/**
 * Weight of a token that occurs `count` times in a text: count to the power of 3/4, as in training. The tenth
 * occurrence says less than the first. Two square roots, because those are the same on every engine.
 */
function repeats(count: number): number {
  const root = Math.sqrt(count)
  return root * Math.sqrt(root)
}

/**
 * Sums token vectors: the whole model at run time. The weight of a token (smooth inverse frequency, Arora et
 * al. 2017, corrected by training) is folded into its scale, and a mean and a sum have the same direction, so
 * that nothing is left but to look up, add and normalise.
 *
 * A token that occurs several times is added once, see `repeats`; tokens are taken in the order in which they
 * first occur, four rows at a time. The result of a text depends on that text alone, to the last bit.
 */
export class Pooling {
  readonly #rows: Int8Array
  readonly #dimensions: number
  readonly #counts: Uint32Array
  /** Of the rows, as far as they were asked for. */
  readonly #lengths: Float64Array
  #touched = new Int32Array(1024)
  #distinct = 0
  readonly #sum: Float64Array

  constructor(rows: Int8Array, dimensions: number) {
    this.#rows = rows
    this.#dimensions = dimensions
    this.#counts = new Uint32Array(rows.length / dimensions)
    this.#lengths = new Float64Array(this.#counts.length)
    this.#sum = new Float64Array(dimensions)
  }

  /** Adds the first `count` tokens of `tokens` to the text at hand. */
  add(tokens: Int32Array, count: number): void {
    const counts = this.#counts
    for (let i = 0; i < count; i++) {
      const row = tokens[i]!
      const before = counts[row]!
      counts[row] = before + 1
      if (before === 0) {
        if (this.#distinct === this.#touched.length) this.#grow()
        this.#touched[this.#distinct++] = row
      }
    }
  }

  /** Forgets the text at hand. */
  clear(): void {
    for (let i = 0; i < this.#distinct; i++) this.#counts[this.#touched[i]!] = 0
    this.#distinct = 0
  }

  /** Counts the text at hand for each token that is in it, and forgets the text. */
  countInto(frequencies: Uint32Array): void {
    for (let i = 0; i < this.#distinct; i++) frequencies[this.#touched[i]!]! += 1
    this.clear()
  }

  /**
   * Writes the unit vector of the text at hand to `out[offset, offset + dimensions)` and forgets the text.
   * @param scales what each row is multiplied with.
   * @returns false, with nothing written, when there is no token or the sum has no direction.
   */
  finish(out: Float32Array, offset: number, scales: Float32Array): boolean {
    const dimensions = this.#dimensions
    const sum = this.#sum
    const touched = this.#touched
    const counts = this.#counts
    sum.fill(0)
    let i = 0
    for (; i + 4 <= this.#distinct; i += 4) {
      const a = touched[i]!
      const b = touched[i + 1]!
      const c = touched[i + 2]!
      const d = touched[i + 3]!
      addFour(
        sum,
        this.#rows,
        a * dimensions,
        b * dimensions,
        c * dimensions,
        d * dimensions,
        scales[a]! * repeats(counts[a]!),
        scales[b]! * repeats(counts[b]!),
        scales[c]! * repeats(counts[c]!),
        scales[d]! * repeats(counts[d]!),
      )
    }
    for (; i < this.#distinct; i++) {
      const a = touched[i]!
      addOne(sum, this.#rows, a * dimensions, scales[a]! * repeats(counts[a]!))
    }
    this.clear()
    let squares = 0
    for (let k = 0; k < dimensions; k++) squares += sum[k]! * sum[k]!
    if (!(squares > 1e-24)) return false
    const factor = 1 / Math.sqrt(squares)
    for (let k = 0; k < dimensions; k++) out[offset + k] = sum[k]! * factor
    return true
  }

  /**
   * The distinct tokens of the text at hand as unit rows, with weights, and forgets the text. A token's weight is
   * the length of its vector, which training made short for words that say little, times its `repeats`.
   */
  tokens(scales: Float32Array): { vectors: Float32Array; weights: Float32Array } {
    const dimensions = this.#dimensions
    const vectors = new Float32Array(this.#distinct * dimensions)
    const weights = new Float32Array(this.#distinct)
    let kept = 0
    for (let i = 0; i < this.#distinct; i++) {
      const row = this.#touched[i]!
      const offset = row * dimensions
      const length = this.#lengthOf(row)
      const weight = length * scales[row]! * repeats(this.#counts[row]!)
      // A row of zeros says nothing and points nowhere.
      if (!(weight > 0)) continue
      for (let k = 0; k < dimensions; k++) vectors[kept * dimensions + k] = this.#rows[offset + k]! / length
      weights[kept++] = weight
    }
    this.clear()
    return { vectors: vectors.subarray(0, kept * dimensions), weights: weights.subarray(0, kept) }
  }

  /**
   * The rows that `tokens` would give, in the same order, as places in `shared`, to which those it does not have yet are
   * added; and forgets the text at hand.
   */
  sharedRows(shared: Map<number, number>, scales: Float32Array): Uint32Array {
    const places = new Uint32Array(this.#distinct)
    let kept = 0
    for (let i = 0; i < this.#distinct; i++) {
      const row = this.#touched[i]!
      if (!(scales[row]! > 0 && this.#lengthOf(row) > 0)) continue
      let place = shared.get(row)
      if (place === undefined) {
        place = shared.size
        shared.set(row, place)
      }
      places[kept++] = place
    }
    this.clear()
    return places.subarray(0, kept)
  }

  /** Writes the unit vector of a row of the table. */
  unitRow(row: number, out: Float32Array, offset: number): void {
    const length = this.#lengthOf(row)
    const first = row * this.#dimensions
    for (let k = 0; k < this.#dimensions; k++) out[offset + k] = this.#rows[first + k]! / length
  }

  #lengthOf(row: number): number {
    const known = this.#lengths[row]!
    if (known > 0) return known
    const offset = row * this.#dimensions
    let squares = 0
    for (let k = 0; k < this.#dimensions; k++) squares += this.#rows[offset + k]! * this.#rows[offset + k]!
    const length = Math.sqrt(squares)
    this.#lengths[row] = length
    return length
  }

  #grow(): void {
    const touched = new Int32Array(this.#touched.length * 2)
    touched.set(this.#touched)
    this.#touched = touched
  }
}

function addOne(sum: Float64Array, rows: Int8Array, a: number, wa: number): void {
  for (let k = 0; k < sum.length; k++) sum[k] = sum[k]! + wa * rows[a + k]!
}

function addFour(
  sum: Float64Array,
  rows: Int8Array,
  a: number,
  b: number,
  c: number,
  d: number,
  wa: number,
  wb: number,
  wc: number,
  wd: number,
): void {
  for (let k = 0; k < sum.length; k++)
    sum[k] = sum[k]! + (wa * rows[a + k]! + wb * rows[b + k]! + (wc * rows[c + k]! + wd * rows[d + k]!))
}
