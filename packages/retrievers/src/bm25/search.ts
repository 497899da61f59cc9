import { type Bitset, type TopHits, TopK } from '@tesserae/core'
import { Cursor, END as end } from './cursor.js'
import type { Documents } from './documents.js'
import { ROW_LARGE as rowLarge } from './frequency-rows.js'
import type { Postings } from './postings.js'
import {
  type Norms,
  scoreAll,
  scoreFromRow,
  scoreHopeful,
  scoreKnown,
  scoreSought,
  type TermScorer,
  Window,
  WINDOW as windowSize,
} from './score.js'

// Constants of this module alone become part of the code, what is imported is read anew: see `score.ts`.
const END = end
const ROW_LARGE = rowLarge
const WINDOW = windowSize

/**
 * Relative room left when a document is dropped because it cannot reach the best: far above what the order
 * of additions and the rounding of scores to 32 bits can move.
 */
const MARGIN = 1e-6

/** A list with this many times more postings in a window than candidates is searched for them rather than read through. */
const SEARCHED_FROM = 24
/** With fewer postings to read than this, a threshold found beforehand saves less than it costs. */
const SEEDED_FROM = 1 << 15
/** Looking for more documents beforehand costs more than it saves. */
const MAX_SEEDS = 64
/** Postings of one term that seeds are chosen from. */
const SEED_POOL = 128

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
 * Window after window of documents, heaviest terms first (MaxScore: Turtle and Flood 1995). The lightest terms that
 * together cannot lift a document among the best `limit` are not read: they are looked up for the documents that
 * the others found, one by one, while these can still reach the best. The hits and their scores are those of scoring
 * everything, and terms are always added in the same order, so that they are to the last bit.
 */
export class Searcher {
  private readonly window = new Window()
  private cursors: Cursor[] = []
  private rows: (Uint8Array | undefined)[] = []
  /** rest[i]: the most that terms i, i + 1, … can add together. */
  private rest = new Float64Array(8)
  private selection = new TopK(1)
  /** Of each term, how many postings a window has on average. */
  private shares = new Float64Array(8)
  /** Documents below this are not among the best. */
  private least = Number.NEGATIVE_INFINITY

  get byteLength(): number {
    return this.window.scores.byteLength + this.window.touched.byteLength
  }

  search(task: SearchTask): TopHits {
    const { postings, documents, scorers } = task
    const wanted = Math.min(task.limit, Math.max(documents.size, 1))
    if (this.selection.capacity !== wanted) this.selection = new TopK(wanted)
    this.selection.clear()
    this.least = Number.NEGATIVE_INFINITY
    const total = this.prepare(task)
    if (total >= SEEDED_FROM && scorers.length > 1 && wanted <= MAX_SEEDS) this.seed(task, wanted)
    const { cursors } = this
    for (let i = 0; i < scorers.length; i++) cursors[i]!.open(postings, scorers[i]!.term)
    this.scan(task)
    const hits = this.selection.drain()
    if (documents.ascending) {
      for (let i = 0; i < hits.ordinals.length; i++) hits.ordinals[i] = documents.ordinals[hits.ordinals[i]!]!
    }
    return hits
  }

  /** Returns the number of postings of all terms. */
  private prepare({ postings, documents, scorers }: SearchTask): number {
    const count = scorers.length
    if (this.rest.length <= count) {
      this.rest = new Float64Array(count * 2)
      this.shares = new Float64Array(count * 2)
    }
    while (this.cursors.length < count) this.cursors.push(new Cursor())
    let total = 0
    this.rest[count] = 0
    this.rows.length = count
    for (let i = count - 1; i >= 0; i--) {
      const { term, base, weight, bound } = scorers[i]!
      const cursor = this.cursors[i]!
      cursor.base = base
      cursor.weight = weight
      this.rest[i] = this.rest[i + 1]! + bound
      this.rows[i] = count > 1 ? postings.rows.of(postings, term, documents.count) : undefined
      const length = postings.count(term)
      this.shares[i] = (length * WINDOW) / documents.count
      total += length
    }
    return total
  }

  /**
   * Scores some documents in full for a first threshold: those to which the heaviest term with enough of them, read up
   * to SEED_POOL, adds most.
   */
  private seed(task: SearchTask, wanted: number): void {
    const { postings, documents, scorers, constant, perLength, filter } = task
    const { ordinals } = documents
    const { cursors, selection } = this
    let chosen = 0
    while (chosen < scorers.length && postings.count(scorers[chosen]!.term) < wanted) chosen++
    if (chosen === scorers.length) return
    const cursor = cursors[chosen]!
    cursor.open(postings, scorers[chosen]!.term)
    for (let read = 0; read < SEED_POOL && cursor.document !== END; read++) {
      const { document } = cursor
      if (!documents.isDeleted(document) && (filter === undefined || filter.has(ordinals[document]!))) {
        const frequency = cursor.frequency()
        const length = documents.lengthOf(document)
        selection.push(document, frequency / (frequency + constant + perLength * length))
      }
      cursor.seek(document + 1)
    }
    const { size } = selection
    const seeds = selection.drain().ordinals
    if (size < wanted) return
    seeds.sort()
    for (let i = 0; i < scorers.length; i++) cursors[i]!.open(postings, scorers[i]!.term)
    let least = Number.POSITIVE_INFINITY
    for (const document of seeds)
      least = Math.min(least, this.complete(task, document, 0, 0, Number.NEGATIVE_INFINITY))
    this.least = Math.fround(least) * (1 - MARGIN)
  }

  private scan(task: SearchTask): void {
    const { postings, documents, scorers, constant, perLength } = task
    const { cursors, rest, window, rows, shares } = this
    const norms: Norms = { constant, perLength, documents }
    let essential = scorers.length
    for (;;) {
      while (essential > 0 && rest[essential - 1]! < this.least) essential--
      let start = END
      for (let i = 0; i < essential; i++) if (cursors[i]!.document < start) start = cursors[i]!.document
      if (start === END) return
      window.start = start
      const last = essential - 1
      for (let i = 0; i < last; i++) scoreAll(cursors[i]!, window, postings, norms)
      // What only the last of them finds must reach the threshold with the terms that are looked up.
      const { term, base, weight } = cursors[last]!
      const wanted = (this.least - rest[essential]! - base) / weight
      const hopeful = postings.lowestFrequency(term, wanted, constant, perLength)
      if (hopeful <= 1) scoreAll(cursors[last]!, window, postings, norms)
      else scoreHopeful(cursors[last]!, window, postings, norms, hopeful)
      for (let i = essential; i < scorers.length; i++) {
        window.keep(this.least - rest[i]!)
        if (window.count === 0) break
        const row = rows[i]
        if (row !== undefined) scoreFromRow(cursors[i]!, row, window, postings, norms)
        else if (window.count * SEARCHED_FROM > shares[i]!) scoreKnown(cursors[i]!, window, postings, norms)
        else {
          window.sort()
          scoreSought(cursors[i]!, window, norms)
        }
      }
      this.select(task)
    }
  }

  /**
   * Takes the window's best, and empties it. They are selected by ordinal; by number where that is the same order, since
   * ordinals lie far apart in memory.
   */
  private select({ documents, filter }: SearchTask): void {
    const { window, selection } = this
    const { scores, touched, start, count } = window
    const { ordinals, ascending } = documents
    let { least } = this
    for (let k = 0; k < count; ) {
      if (k + 4 <= count) {
        const one = touched[k]!
        const two = touched[k + 1]!
        const three = touched[k + 2]!
        const four = touched[k + 3]!
        if (scores[one]! < least && scores[two]! < least && scores[three]! < least && scores[four]! < least) {
          scores[one] = scores[two] = scores[three] = scores[four] = 0
          k += 4
          continue
        }
      }
      const local = touched[k++]!
      const score = scores[local]!
      scores[local] = 0
      if (score < least) continue
      const document = start + local
      if (documents.isDeleted(document)) continue
      if (filter !== undefined && !filter.has(ordinals[document]!)) continue
      if (selection.push(ascending ? document : ordinals[document]!, score))
        least = Math.max(least, selection.threshold * (1 - MARGIN))
    }
    this.least = least
    window.count = 0
  }

  /** Adds the parts of the terms from `from` on, or gives up when `least` cannot be reached any more. */
  private complete(task: SearchTask, document: number, score: number, from: number, least: number): number {
    const { constant, perLength, documents, postings, scorers } = task
    const { cursors, rest, rows } = this
    const length = documents.lengthOf(document)
    for (let i = from; i < scorers.length; i++) {
      if (score + rest[i]! < least) return Number.NEGATIVE_INFINITY
      const cursor = cursors[i]!
      const row = rows[i]
      let frequency = 0
      if (row !== undefined) {
        frequency = (row[document >>> 1]! >>> ((document & 1) << 2)) & 15
        if (frequency === ROW_LARGE) frequency = postings.frequency(cursor.term, document)
      } else if (cursor.seek(document) === document) frequency = cursor.frequency()
      if (frequency > 0)
        score += cursor.base + (cursor.weight * frequency) / (frequency + constant + perLength * length)
    }
    return score
  }
}
