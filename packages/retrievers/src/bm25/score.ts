import type { Documents } from './documents.js'
import {
  BLOCK_END,
  BLOCK_LAST,
  BLOCK_NEXT,
  BLOCK_START,
  blockRecord,
  FREQUENCY_BITS,
  LARGE,
  PAGE_BITS,
  PAGE_MASK,
  type Postings,
} from './postings.js'

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

/** Scores by document number, and which of them are not zero. Cleared after each search, never reallocated. */
export class Accumulator {
  scores = new Float64Array(0)
  /** Numbers of the documents with a score; ascending only after `sort`. */
  touched = new Uint32Array(0)
  count = 0

  fit(documents: number): void {
    if (this.scores.length >= documents) return
    const room = Math.max(documents, this.scores.length * 2)
    this.scores = new Float64Array(room)
    this.touched = new Uint32Array(room)
  }

  sort(): void {
    this.touched.subarray(0, this.count).sort()
  }

  clear(): void {
    for (let i = 0; i < this.count; i++) this.scores[this.touched[i]!] = 0
    this.count = 0
  }
}

/** Adds the term's part to every document that has it. Deleted documents are scored too and dropped later. */
export function scoreAll(
  postings: Postings,
  scorer: TermScorer,
  constant: number,
  perLength: number,
  documents: Documents,
  accumulator: Accumulator,
): void {
  const { scores, touched } = accumulator
  const { blocks } = postings
  const { lengths } = documents
  const { base, weight } = scorer
  let count = accumulator.count
  let block = postings.chain(scorer.term)
  while (block !== 0) {
    const record = blockRecord(block)
    const place = blocks[record + BLOCK_START]!
    const page = postings.pages[place >>> PAGE_BITS]!
    const first = place & PAGE_MASK
    const end = first + blocks[record + BLOCK_END]! - place
    for (let i = first; i < end; i++) {
      const posting = page[i]!
      const document = posting >>> FREQUENCY_BITS
      let frequency = posting & LARGE
      if (frequency === LARGE) frequency = postings.largeFrequencies.get(place + i - first)!
      const before = scores[document]!
      if (before === 0) touched[count++] = document
      scores[document] =
        before + (base + (weight * frequency) / (frequency + constant + perLength * lengths[document]!))
    }
    block = blocks[record + BLOCK_NEXT]!
  }
  accumulator.count = count
}

/** Adds the term's part to the touched documents alone, in any order, by reading all of its postings. */
export function scoreKnown(
  postings: Postings,
  scorer: TermScorer,
  constant: number,
  perLength: number,
  documents: Documents,
  accumulator: Accumulator,
): void {
  const { scores } = accumulator
  const { blocks } = postings
  const { lengths } = documents
  const { base, weight } = scorer
  let block = postings.chain(scorer.term)
  while (block !== 0) {
    const record = blockRecord(block)
    const place = blocks[record + BLOCK_START]!
    const page = postings.pages[place >>> PAGE_BITS]!
    const first = place & PAGE_MASK
    const end = first + blocks[record + BLOCK_END]! - place
    for (let i = first; i < end; i++) {
      const posting = page[i]!
      const document = posting >>> FREQUENCY_BITS
      const before = scores[document]!
      if (before === 0) continue
      let frequency = posting & LARGE
      if (frequency === LARGE) frequency = postings.largeFrequencies.get(place + i - first)!
      scores[document] =
        before + (base + (weight * frequency) / (frequency + constant + perLength * lengths[document]!))
    }
    block = blocks[record + BLOCK_NEXT]!
  }
}

/**
 * Adds the term's part to the touched documents alone, which must be sorted: walks the two ascending lists
 * together, skipping whole blocks, and searches by halves inside a block. For few documents and many postings.
 */
export function scoreTouched(
  postings: Postings,
  scorer: TermScorer,
  constant: number,
  perLength: number,
  documents: Documents,
  accumulator: Accumulator,
): void {
  const { scores, touched, count } = accumulator
  const { blocks } = postings
  const { lengths } = documents
  const { base, weight } = scorer
  let candidate = 0
  let block = postings.chain(scorer.term)
  while (block !== 0 && candidate < count) {
    const record = blockRecord(block)
    const last = blocks[record + BLOCK_LAST]!
    block = blocks[record + BLOCK_NEXT]!
    if (last < touched[candidate]!) continue
    const place = blocks[record + BLOCK_START]!
    const page = postings.pages[place >>> PAGE_BITS]!
    const first = place & PAGE_MASK
    const lastIndex = first + blocks[record + BLOCK_END]! - place - 1
    let low = first
    while (candidate < count) {
      const document = touched[candidate]!
      if (document > last) break
      let high = lastIndex
      while (low < high) {
        const middle = (low + high) >>> 1
        if (page[middle]! >>> FREQUENCY_BITS < document) low = middle + 1
        else high = middle
      }
      const posting = page[low]!
      if (posting >>> FREQUENCY_BITS === document) {
        let frequency = posting & LARGE
        if (frequency === LARGE) frequency = postings.largeFrequencies.get(place + low - first)!
        scores[document]! +=
          base + (weight * frequency) / (frequency + constant + perLength * lengths[document]!)
      }
      candidate++
    }
  }
}
