import type { Metadata } from './document.js'
import { comparableText, jaccard, shingleSet } from './minhash.js'
import type { Hit } from './retriever.js'
import { trimmed } from './trim.js'

/** Texts of hits as they are compared; each is prepared once, and only as far as it is needed. */
export class Likeness {
  private readonly comparable = new Map<string, string>()
  private readonly shingles = new Map<string, Uint32Array>()
  private readonly figures = new Map<string, string>()

  /**
   * Jaccard similarity of the sets of runs of eight characters, 0 to 1; case and white space do not count. Exactly 1
   * only when nothing else differs: sets may be equal where texts are not.
   */
  similarity(a: string, b: string): number {
    const [one, other] = [this.comparableOf(a), this.comparableOf(b)]
    if (one === other) return 1
    return Math.min(jaccard(this.shinglesOf(one), this.shinglesOf(other)), 1 - Number.EPSILON)
  }

  /**
   * Whether two texts say the same. Alike is not enough: with another amount, date or clause number it is another
   * statement, however long the rest that agrees.
   */
  same(a: string, b: string, threshold: number): boolean {
    if (threshold > 1) return false
    const [one, other] = [this.comparableOf(a), this.comparableOf(b)]
    if (one === other) return true
    if (threshold === 1 || this.similarity(a, b) < threshold) return false
    return this.figuresOf(one) === this.figuresOf(other)
  }

  private comparableOf(text: string): string {
    return prepared(this.comparable, text, comparableText)
  }

  private shinglesOf(comparable: string): Uint32Array {
    return prepared(this.shingles, comparable, shingleSet)
  }

  private figuresOf(comparable: string): string {
    return prepared(this.figures, comparable, figures)
  }
}

function prepared<T>(known: Map<string, T>, text: string, prepare: (text: string) => T): T {
  const found = known.get(text)
  if (found !== undefined) return found
  const made = prepare(text)
  known.set(text, made)
  return made
}

/** Everything with a digit in it, in order. */
function figures(comparable: string): string {
  // Whole words first, then those with a digit: looking for the digit in one go takes quadratic time.
  const found = (comparable.match(/[\p{L}\p{N}.,:/%+-]+/gu) ?? []).filter((word) => /\p{Nd}/u.test(word))
  return found.map((figure) => trimmed(figure, '.,:/+-')).join(' ')
}

/**
 * Hits in the order in which they are taken: each time the one with the largest (1 − diversity) · relevance −
 * diversity · (likeness to the most alike taken before), relevance being the score scaled to 0–1 (Carbonell and
 * Goldstein, SIGIR 1998). Ties keep the order that was given.
 */
export function diversified<M extends Metadata>(
  hits: readonly Hit<M>[],
  diversity: number,
  likeness: Likeness,
): readonly Hit<M>[] {
  if (diversity === 0 || hits.length < 2) return hits
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { score } of hits) {
    min = Math.min(min, score)
    max = Math.max(max, score)
  }
  // Infinite scores cannot be scaled: then the place in the list tells.
  const scalable = Number.isFinite(max - min)
  const relevance = hits.map(({ score }, place) =>
    scalable ? (max > min ? (score - min) / (max - min) : 1) : 1 - place / hits.length,
  )
  const likest = new Float64Array(hits.length)
  const left = new Set(hits.keys())
  const taken: Hit<M>[] = []
  while (left.size > 0) {
    let best = -1
    let bestValue = Number.NEGATIVE_INFINITY
    for (const place of left) {
      const value = (1 - diversity) * relevance[place]! - diversity * likest[place]!
      if (value > bestValue) {
        best = place
        bestValue = value
      }
    }
    left.delete(best)
    taken.push(hits[best]!)
    for (const place of left) {
      const similarity = likeness.similarity(hits[place]!.chunk.text, hits[best]!.chunk.text)
      if (similarity > likest[place]!) likest[place] = similarity
    }
  }
  return taken
}
