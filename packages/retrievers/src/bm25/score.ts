import type { Cursor } from './cursor.js'
import type { Documents } from './documents.js'
import { ROW_LARGE as rowLarge } from './frequency-rows.js'
import * as layout from './posting-layout.js'
import type { Postings } from './postings.js'

// Two things about compiled loops that these kernels are written for. What is imported or exported is read anew, and
// checked, at each use; what is a constant of this module alone becomes part of the code. And every turn checks the arrays
// it reads and looks up where they lie, which takes longer than the sum itself: so a turn takes two or four postings where
// they are alike, and one where they are not.
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
    let k = 0
    for (; k + 2 <= this.count; k += 2) {
      const local = touched[k]!
      const local2 = touched[k + 1]!
      const score = scores[local]!
      const score2 = scores[local2]!
      const isKept = Number(score >= least)
      const isKept2 = Number(score2 >= least)
      touched[count] = local
      count += isKept
      touched[count] = local2
      count += isKept2
      scores[local] = score * isKept
      scores[local2] = score2 * isKept2
    }
    for (; k < this.count; k++) {
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
    while (i < end) {
      if (i + 2 <= end) {
        const posting = page[i]!
        const posting2 = page[i + 1]!
        const document = posting >>> FREQUENCY_BITS
        const document2 = posting2 >>> FREQUENCY_BITS
        const frequency = posting & LARGE
        const frequency2 = posting2 & LARGE
        const length = codedLengths[lengthCodes[document]!]!
        const length2 = codedLengths[lengthCodes[document2]!]!
        const isUsual = frequency !== LARGE && frequency2 !== LARGE && length >= 0 && length2 >= 0
        if (document2 < windowEnd && isUsual) {
          const local = document - start
          const local2 = document2 - start
          const before = scores[local]!
          const before2 = scores[local2]!
          touched[count] = local
          count += Number(before === 0)
          touched[count] = local2
          count += Number(before2 === 0)
          scores[local] = before + (base + (weight * frequency) / (frequency + constant + perLength * length))
          scores[local2] =
            before2 + (base + (weight * frequency2) / (frequency2 + constant + perLength * length2))
          i += 2
          continue
        }
      }
      const posting = page[i]!
      const document = posting >>> FREQUENCY_BITS
      if (document >= windowEnd) break
      i++
      let frequency = posting & LARGE
      if (frequency === LARGE) frequency = postings.largeFrequencies.get(cursor.pagePlace + i - 1)!
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
    // Up to here one by one: there is a candidate among them, or the window's end.
    let alone = i
    while (i < end) {
      if (i >= alone && i + 4 <= end) {
        const fourth = page[i + 3]! >>> FREQUENCY_BITS
        if (fourth < windowEnd) {
          const sum =
            scores[(page[i]! >>> FREQUENCY_BITS) - start]! +
            scores[(page[i + 1]! >>> FREQUENCY_BITS) - start]! +
            scores[(page[i + 2]! >>> FREQUENCY_BITS) - start]! +
            scores[fourth - start]!
          if (sum === 0) {
            i += 4
            continue
          }
        }
        alone = i + 4
      }
      const posting = page[i]!
      const document = posting >>> FREQUENCY_BITS
      if (document >= windowEnd) break
      i++
      const before = scores[document - start]!
      if (before === 0) continue
      let frequency = posting & LARGE
      if (frequency === LARGE) frequency = postings.largeFrequencies.get(cursor.pagePlace + i - 1)!
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
