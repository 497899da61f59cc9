import type { Metadata } from './document.js'
import { comparableText, jaccard, shingleSet } from './minhash.js'
import type { Hit } from './retriever.js'

interface Compared {
  readonly comparable: string
  readonly shingles: Uint32Array
  /** Everything with a digit in it, in order. */
  readonly figures: string
}

/** Texts of hits as they are compared, each prepared once. */
export class Likeness {
  private readonly known = new Map<string, Compared>()

  /**
   * Jaccard similarity of the sets of runs of eight characters, 0 to 1; case and white space do not count. Exactly 1
   * only when nothing else differs: sets may be equal where texts are not.
   */
  similarity(a: string, b: string): number {
    const [one, other] = [this.compared(a), this.compared(b)]
    if (one.comparable === other.comparable) return 1
    return Math.min(jaccard(one.shingles, other.shingles), 1 - Number.EPSILON)
  }

  /**
   * Whether two texts say the same. Alike is not enough: with another amount, date or clause number it is another
   * statement, however long the rest that agrees.
   */
  same(a: string, b: string, threshold: number): boolean {
    return this.similarity(a, b) >= threshold && this.compared(a).figures === this.compared(b).figures
  }

  private compared(text: string): Compared {
    const found = this.known.get(text)
    if (found !== undefined) return found
    const comparable = comparableText(text)
    const figures = (comparable.match(/[\p{L}\p{N}.,:/%+-]*\p{Nd}[\p{L}\p{N}.,:/%+-]*/gu) ?? [])
      .map((figure) => figure.replace(/^[.,:/+]+|[.,:/+-]+$/g, ''))
      .join(' ')
    const compared = { comparable, shingles: shingleSet(comparable), figures }
    this.known.set(text, compared)
    return compared
  }
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
