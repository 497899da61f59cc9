import type { Cursor } from './cursor.js'
import type { Documents } from './documents.js'
import { ROW_LARGE as rowLarge } from './frequency-rows.js'
import * as layout from './posting-layout.js'
import type { Postings } from './postings.js'

// What is imported or exported is read anew, and checked, at each use in a loop; what is a constant of this module
// alone becomes part of the code.
const { FREQUENCY_BITS, LARGE } = layout
const ROW_LARGE = rowLarge
const SIZE = 1 << 14

/** What scoring one term needs, folded outside the loops. */
export interface TermScorer {
  readonly term: number
  /** What the term adds to every document that has it, whatever its frequency. */
  readonly base: number
  /** What a saturated frequency is multiplied with: idf, how often the query says the term, the variant's scale. */
  readonly weight: number
  /** The most it can add to a score. */
  readonly bound: number
}

/** Documents of one window: their scores fit in the second-level cache, beside what is read. */
export const WINDOW = SIZE

/** The candidates of a window of documents, with their scores so far. */
export class Window {
  /** Number of the window's first document. */
  start = 0
  /** By document of the window, zero for those that are no candidates. */
  readonly scores = new Float64Array(SIZE)
  /** The candidates, by document of the window; ascending only after `sort`. One more than fit is written to. */
  readonly touched = new Uint16Array(SIZE + 1)
  count = 0

  /** By insertion: there are few when the order matters, and those of one term are in order already. */
  sort(): void {
    const { touched, count } = this
    for (let k = 1; k < count; k++) {
      const local = touched[k]!
      let to = k
      for (; to > 0 && touched[to - 1]! > local; to--) touched[to] = touched[to - 1]!
      touched[to] = local
    }
  }

  /** Drops the candidates that have less than `least`. What happens is counted, not branched on: it cannot be foretold. */
  keep(least: number): void {
    const { scores, touched } = this
    let count = 0
    for (let k = 0; k < this.count; k++) {
      const local = touched[k]!
      const score = scores[local]!
      const isKept = Number(score >= least)
      touched[count] = local
      count += isKept
      scores[local] = score * isKept
    }
    this.count = count
  }
}

/** Parts of the length norm and what they are read from: see `formula.ts`. */
export interface Norms {
  readonly constant: number
  readonly perLength: number
  readonly documents: Documents
}

/**
 * Adds the term's part to every document of the window that has it, and moves the cursor behind the window. Deleted
 * documents are scored too and dropped later.
 */
export function scoreAll(cursor: Cursor, window: Window, postings: Postings, norms: Norms): void {
  const { scores, touched, start } = window
  const { constant, perLength, documents } = norms
  const { lengths, lengthCodes, codedLengths } = documents
  const { base, weight } = cursor
  const windowEnd = start + SIZE
  let { count } = window
  while (cursor.document < windowEnd) {
    const { page, end } = cursor
    let i = cursor.index
    for (; i < end; i++) {
      const posting = page[i]!
      const document = posting >>> FREQUENCY_BITS
      if (document >= windowEnd) break
      let frequency = posting & LARGE
      if (frequency === LARGE) frequency = postings.largeFrequencies.get(cursor.pagePlace + i)!
      const local = document - start
      const before = scores[local]!
      touched[count] = local
      count += Number(before === 0)
      let length = codedLengths[lengthCodes[document]!]!
      if (length < 0) length = lengths[document]!
      scores[local] = before + (base + (weight * frequency) / (frequency + constant + perLength * length))
    }
    cursor.moveTo(i)
  }
  window.count = count
}

/**
 * As {@link scoreAll}, but documents that are no candidates yet become some only with a frequency of at least `hopeful`.
 * The others are passed over by their postings alone.
 */
export function scoreHopeful(
  cursor: Cursor,
  window: Window,
  postings: Postings,
  norms: Norms,
  hopeful: number,
): void {
  const { scores, touched, start } = window
  const { constant, perLength, documents } = norms
  const { lengths, lengthCodes, codedLengths } = documents
  const { base, weight } = cursor
  const windowEnd = start + SIZE
  let { count } = window
  while (cursor.document < windowEnd) {
    const { page, end } = cursor
    let i = cursor.index
    for (; i < end; i++) {
      const posting = page[i]!
      const document = posting >>> FREQUENCY_BITS
      if (document >= windowEnd) break
      let frequency = posting & LARGE
      const local = document - start
      const before = scores[local]!
      if (frequency < hopeful && before === 0) continue
      if (frequency === LARGE) frequency = postings.largeFrequencies.get(cursor.pagePlace + i)!
      touched[count] = local
      count += Number(before === 0)
      let length = codedLengths[lengthCodes[document]!]!
      if (length < 0) length = lengths[document]!
      scores[local] = before + (base + (weight * frequency) / (frequency + constant + perLength * length))
    }
    cursor.moveTo(i)
  }
  window.count = count
}

/** Adds the term's part to the candidates alone, by reading all of the window's postings: for many candidates. */
export function scoreKnown(cursor: Cursor, window: Window, postings: Postings, norms: Norms): void {
  const { scores, start } = window
  const { constant, perLength, documents } = norms
  const { lengths, lengthCodes, codedLengths } = documents
  const { base, weight } = cursor
  const windowEnd = start + SIZE
  cursor.seek(start)
  while (cursor.document < windowEnd) {
    const { page, end } = cursor
    let i = cursor.index
    for (; i < end; i++) {
      const posting = page[i]!
      const document = posting >>> FREQUENCY_BITS
      if (document >= windowEnd) break
      const before = scores[document - start]!
      if (before === 0) continue
      let frequency = posting & LARGE
      if (frequency === LARGE) frequency = postings.largeFrequencies.get(cursor.pagePlace + i)!
      let length = codedLengths[lengthCodes[document]!]!
      if (length < 0) length = lengths[document]!
      scores[document - start] =
        before + (base + (weight * frequency) / (frequency + constant + perLength * length))
    }
    cursor.moveTo(i)
  }
}

/** Adds the term's part to the candidates alone, which must be sorted, by searching for each: for few candidates. */
export function scoreSought(cursor: Cursor, window: Window, norms: Norms): void {
  const { scores, touched, start, count } = window
  const { constant, perLength, documents } = norms
  const { lengths, lengthCodes, codedLengths } = documents
  const { base, weight } = cursor
  for (let k = 0; k < count; k++) {
    const local = touched[k]!
    const document = start + local
    if (cursor.seek(document) !== document) continue
    const frequency = cursor.frequency()
    let length = codedLengths[lengthCodes[document]!]!
    if (length < 0) length = lengths[document]!
    scores[local]! += base + (weight * frequency) / (frequency + constant + perLength * length)
  }
}

/** Adds the term's part to the candidates alone, from its row. */
export function scoreFromRow(
  cursor: Cursor,
  row: Uint8Array,
  window: Window,
  postings: Postings,
  norms: Norms,
): void {
  const { scores, touched, start, count } = window
  const { constant, perLength, documents } = norms
  const { lengths, lengthCodes, codedLengths } = documents
  const { base, weight, term } = cursor
  for (let k = 0; k < count; k++) {
    const local = touched[k]!
    const document = start + local
    let frequency = (row[document >>> 1]! >>> ((document & 1) << 2)) & 15
    if (frequency === 0) continue
    if (frequency === ROW_LARGE) frequency = postings.frequency(term, document)
    let length = codedLengths[lengthCodes[document]!]!
    if (length < 0) length = lengths[document]!
    scores[local]! += base + (weight * frequency) / (frequency + constant + perLength * length)
  }
}
