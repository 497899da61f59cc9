import { checkInteger } from '../check.js'
import { RagError } from '../errors.js'
import type { TopHits } from '../vector-index.js'

/**
 * The best `k` of a stream of scored ordinals: a binary heap in two typed arrays, worst kept hit at the root.
 * Scores are float32, rounded on the way in, so what is compared is what is returned; equal scores rank by
 * ascending ordinal. An ordinal pushed twice is kept twice. Nothing is allocated between construction and
 * `drain`; 8 k bytes are held, so pass the number of candidates when it is smaller than the limit asked for.
 */
export class TopK {
  /** Hits kept now. */
  size = 0
  readonly capacity: number
  private readonly ordinals: Uint32Array
  private readonly scores: Float32Array

  /** @param k hits to keep, 1 to 2^28 */
  constructor(k: number) {
    this.capacity = checkInteger('k', k, 1, 2 ** 28)
    this.ordinals = new Uint32Array(k)
    this.scores = new Float32Array(k)
  }

  /** The worst kept score; −Infinity while there is room. A score below it would not be kept. */
  get threshold(): number {
    return this.size < this.capacity ? Number.NEGATIVE_INFINITY : this.scores[0]!
  }

  clear(): void {
    this.size = 0
  }

  /** Offers a hit; true when it is among the best so far. Throws `invalid-vector` for a NaN score. */
  push(ordinal: number, score: number): boolean {
    const { ordinals, scores, capacity } = this
    const value = Math.fround(score)
    if (Number.isNaN(value)) rejectScore(ordinal)
    if (this.size === capacity) {
      const worst = scores[0]!
      if (value < worst || (value === worst && ordinal >= ordinals[0]!)) return false
      this.sink(capacity, ordinal, value)
      return true
    }
    let hole = this.size++
    while (hole > 0) {
      const parent = (hole - 1) >>> 1
      const parentScore = scores[parent]!
      if (parentScore < value || (parentScore === value && ordinals[parent]! >= ordinal)) break
      scores[hole] = parentScore
      ordinals[hole] = ordinals[parent]!
      hole = parent
    }
    scores[hole] = value
    ordinals[hole] = ordinal
    return true
  }

  /** The kept hits, best first, ties by ascending ordinal; the heap is empty afterwards and may be used again. */
  drain(): TopHits {
    const count = this.size
    const ordinals = new Uint32Array(count)
    const scores = new Float32Array(count)
    for (let left = count - 1; left >= 0; left--) {
      ordinals[left] = this.ordinals[0]!
      scores[left] = this.scores[0]!
      this.sink(left, this.ordinals[left]!, this.scores[left]!)
    }
    this.size = 0
    return { ordinals, scores }
  }

  /** Puts a hit at the root of a heap of `count` and moves it down to where no child is worse. */
  private sink(count: number, ordinal: number, score: number): void {
    const { ordinals, scores } = this
    let hole = 0
    for (;;) {
      let child = hole * 2 + 1
      if (child >= count) break
      const right = child + 1
      if (
        right < count &&
        (scores[right]! < scores[child]! ||
          (scores[right]! === scores[child]! && ordinals[right]! > ordinals[child]!))
      )
        child = right
      const childScore = scores[child]!
      if (childScore > score || (childScore === score && ordinals[child]! <= ordinal)) break
      scores[hole] = childScore
      ordinals[hole] = ordinals[child]!
      hole = child
    }
    scores[hole] = score
    ordinals[hole] = ordinal
  }
}

function rejectScore(ordinal: number): never {
  throw new RagError(
    'invalid-vector',
    `A score must be a number, got NaN for ordinal ${ordinal}. Check that the vectors hold finite numbers.`,
    { details: { ordinal } },
  )
}
