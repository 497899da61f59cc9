import { type Bitset, type TopHits, TopK } from '@tesserae/core'
import { DELETED, type Documents } from './documents.js'
import type { Postings } from './postings.js'
import { Accumulator, scoreAll, scoreKnown, scoreTouched, type TermScorer } from './score.js'

/**
 * Relative room left when a document is dropped because it cannot reach the best: far above what the order
 * of additions and the rounding of scores to 32 bits can move.
 */
const MARGIN = 1e-6

/** A list this many times longer than the candidates is searched for them rather than read through. */
const SEARCHED_FROM = 12
/** Before a list of this many postings is read, finding a better threshold first is worth its cost … */
const LONG_LIST = 1024
/** … if what the terms to come can add is no more than this many times the threshold: completing rarely lifts it further. */
const NEARLY = 1.4
/** Completing more of them costs more than it saves. */
const MAX_LEADERS = 64

/** What one search works on. */
export interface SearchTask {
  readonly postings: Postings
  readonly documents: Documents
  /** By descending weight. */
  readonly scorers: readonly TermScorer[]
  /** Parts of the length norm: see `formula.ts`. */
  readonly constant: number
  readonly perLength: number
  readonly limit: number
  readonly filter: Bitset | undefined
}

/**
 * Term at a time, heaviest term first. Once the best `limit` scores are out of reach of a document that has
 * only the terms still to come, no new document is looked at (MaxScore: Turtle and Flood 1995), and the rest
 * of the terms are looked up for the remaining candidates alone. The hits and their scores are those of scoring
 * everything.
 */
export class Searcher {
  private readonly accumulator = new Accumulator()
  /** The few best documents, while their scores are completed; shares the scores. */
  private readonly leaders = new Accumulator()
  private leaderScores = new Float64Array(0)
  private selection = new TopK(1)
  /** A score that `limit` documents are known to reach in the end. */
  private threshold = Number.NEGATIVE_INFINITY

  get byteLength(): number {
    return this.accumulator.scores.byteLength + this.accumulator.touched.byteLength
  }

  search(task: SearchTask): TopHits {
    const { accumulator } = this
    const { postings, documents, scorers, constant, perLength } = task
    const wanted = Math.min(task.limit, Math.max(documents.size, 1))
    if (this.selection.capacity !== wanted) this.selection = new TopK(wanted)
    accumulator.fit(documents.count)
    this.threshold = Number.NEGATIVE_INFINITY
    const rest = boundsOfRest(scorers)
    let next = 0
    for (; next < scorers.length; next++) {
      const scorer = scorers[next]!
      const length = postings.count(scorer.term)
      // Looking for the threshold reads every score so far: not worth it before a short list.
      if (accumulator.count >= wanted && length * 4 > accumulator.count) {
        this.select(task)
        if (length >= LONG_LIST && rest[next]! < this.threshold * NEARLY) this.completeLeaders(task, next)
        if (rest[next]! < this.threshold * (1 - MARGIN)) break
      }
      scoreAll(postings, scorer, constant, perLength, documents, accumulator)
    }
    for (let done = next; next < scorers.length; next++) {
      if (next > done) this.select(task)
      this.keepReachable(task, this.threshold * (1 - MARGIN) - rest[next]!)
      const scorer = scorers[next]!
      if (accumulator.count * SEARCHED_FROM > postings.count(scorer.term)) {
        scoreKnown(postings, scorer, constant, perLength, documents, accumulator)
      } else {
        accumulator.sort()
        scoreTouched(postings, scorer, constant, perLength, documents, accumulator)
      }
    }
    this.select(task)
    accumulator.clear()
    return this.selection.drain()
  }

  /** Fills the selection from the scores so far and raises the threshold to its worst. */
  private select({ documents, filter }: SearchTask): void {
    const { accumulator, selection } = this
    const { scores, touched, count } = accumulator
    const { lengths, ordinals } = documents
    selection.clear()
    let least = Number.NEGATIVE_INFINITY
    for (let i = 0; i < count; i++) {
      const document = touched[i]!
      // Below by more than rounding to 32 bits can lift it.
      if (scores[document]! < least) continue
      if (lengths[document] === DELETED) continue
      const ordinal = ordinals[document]!
      if (filter !== undefined && !filter.has(ordinal)) continue
      if (selection.push(ordinal, scores[document]!)) least = selection.threshold * (1 - MARGIN)
    }
    this.threshold = Math.max(this.threshold, selection.threshold)
  }

  /**
   * Raises the threshold to the worst final score of the documents that are best so far: their scores are
   * completed with the terms to come, read, and put back. Uses up the selection.
   */
  private completeLeaders(task: SearchTask, next: number): void {
    const { selection, leaders, accumulator } = this
    const { postings, documents, scorers, constant, perLength } = task
    const count = selection.size
    if (count < selection.capacity || count > MAX_LEADERS) return
    const { ordinals } = selection.drain()
    if (leaders.touched.length < count) {
      leaders.touched = new Uint32Array(count)
      this.leaderScores = new Float64Array(count)
    }
    const { scores } = accumulator
    leaders.scores = scores
    leaders.count = count
    for (let i = 0; i < count; i++) leaders.touched[i] = documents.numberOf(ordinals[i]!)
    leaders.sort()
    for (let i = 0; i < count; i++) this.leaderScores[i] = scores[leaders.touched[i]!]!
    for (let i = next; i < scorers.length; i++)
      scoreTouched(postings, scorers[i]!, constant, perLength, documents, leaders)
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < count; i++) {
      const document = leaders.touched[i]!
      least = Math.min(least, scores[document]!)
      scores[document] = this.leaderScores[i]!
    }
    this.threshold = Math.max(this.threshold, least)
  }

  /** Keeps the touched documents that are alive, allowed and have at least `least`. */
  private keepReachable({ documents, filter }: SearchTask, least: number): void {
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
  }
}

/** rest[i]: the most that terms i, i + 1, … can add together. */
function boundsOfRest(scorers: readonly TermScorer[]): Float64Array {
  const rest = new Float64Array(scorers.length + 1)
  for (let i = scorers.length - 1; i >= 0; i--) rest[i] = rest[i + 1]! + scorers[i]!.bound
  return rest
}
