import { type Bitset, type TopHits, TopK } from '@tesserae/core'
import { DELETED, type Documents } from './documents.js'
import type { Postings } from './postings.js'
import { Accumulator, scoreAll, scoreTouched, type TermScorer } from './score.js'

/**
 * Relative room left when a document is dropped because it cannot reach the best: far above what the order
 * of additions and the rounding of scores to 32 bits can move.
 */
const MARGIN = 1e-6

/**
 * Term at a time, heaviest term first. Once the best `limit` partial scores are out of reach of a document
 * that has only the terms still to come, no new document is looked at (MaxScore: Turtle and Flood 1995), and
 * the rest of the terms are looked up for the remaining candidates alone. The hits and their scores are
 * those of scoring everything.
 */
export class Searcher {
  private readonly accumulator = new Accumulator()
  private selection = new TopK(1)

  /** @param scorers by descending weight */
  search(
    postings: Postings,
    documents: Documents,
    scorers: readonly TermScorer[],
    constant: number,
    perLength: number,
    limit: number,
    filter: Bitset | undefined,
  ): TopHits {
    const { accumulator } = this
    const wanted = Math.min(limit, Math.max(documents.size, 1))
    if (this.selection.capacity !== wanted) this.selection = new TopK(wanted)
    accumulator.fit(documents.count)
    const rest = boundsOfRest(scorers)
    const reachable = (threshold: number) => threshold * (1 - MARGIN)
    let next = 0
    for (; next < scorers.length; next++) {
      if (accumulator.count >= wanted) {
        const threshold = this.select(documents, filter)
        if (rest[next]! < reachable(threshold)) {
          this.keepReachable(documents, filter, reachable(threshold) - rest[next]!)
          break
        }
      }
      scoreAll(postings, scorers[next]!, constant, perLength, documents, accumulator)
    }
    for (; next < scorers.length; next++) {
      scoreTouched(postings, scorers[next]!, constant, perLength, documents, accumulator)
      if (accumulator.count > wanted && next + 1 < scorers.length)
        this.keepReachable(documents, filter, reachable(this.select(documents, filter)) - rest[next + 1]!)
    }
    this.select(documents, filter)
    accumulator.clear()
    return this.selection.drain()
  }

  /** Fills the selection from the scores so far; returns the score that a document must reach to be in it. */
  private select(documents: Documents, filter: Bitset | undefined): number {
    const { accumulator, selection } = this
    const { scores, touched, count } = accumulator
    const { lengths, ordinals } = documents
    selection.clear()
    let threshold = Number.NEGATIVE_INFINITY
    for (let i = 0; i < count; i++) {
      const document = touched[i]!
      // Below by more than rounding to 32 bits can lift it.
      if (scores[document]! < threshold) continue
      if (lengths[document] === DELETED) continue
      const ordinal = ordinals[document]!
      if (filter !== undefined && !filter.has(ordinal)) continue
      if (selection.push(ordinal, scores[document]!)) threshold = selection.threshold * (1 - MARGIN)
    }
    return selection.threshold
  }

  /** Keeps the touched documents that are alive, allowed and have at least `least`, in ascending order. */
  private keepReachable(documents: Documents, filter: Bitset | undefined, least: number): void {
    const { accumulator } = this
    const { scores, touched, count } = accumulator
    const { lengths, ordinals } = documents
    let kept = 0
    for (let i = 0; i < count; i++) {
      const document = touched[i]!
      const keep =
        scores[document]! >= least &&
        lengths[document] !== DELETED &&
        (filter === undefined || filter.has(ordinals[document]!))
      if (keep) touched[kept++] = document
      else scores[document] = 0
    }
    accumulator.count = kept
    accumulator.sort()
  }
}

/** rest[i]: the most that terms i, i + 1, … can add together. */
function boundsOfRest(scorers: readonly TermScorer[]): Float64Array {
  const rest = new Float64Array(scorers.length + 1)
  for (let i = scorers.length - 1; i >= 0; i--) rest[i] = rest[i + 1]! + scorers[i]!.bound
  return rest
}
