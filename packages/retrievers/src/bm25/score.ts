import type { Documents } from './documents.js'
import { LARGE, PAGE_BITS, PAGE_MASK, type Postings } from './postings.js'

/** What scoring one term needs, folded outside the loops. */
export interface TermScorer {
  readonly term: number
  /** idf times how often the query says the term. */
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
  const { blockPlaces, blockCounts, blockNexts } = postings
  const lengths = documents.lengths
  const weight = scorer.weight
  let count = accumulator.count
  for (let block = postings.firstBlocks[scorer.term]!; block !== 0; block = blockNexts[block - 1]!) {
    const place = blockPlaces[block - 1]!
    const numbers = postings.documentPages[place >>> PAGE_BITS]!
    const frequencies = postings.frequencyPages[place >>> PAGE_BITS]!
    const first = place & PAGE_MASK
    const end = first + blockCounts[block - 1]!
    for (let i = first; i < end; i++) {
      const document = numbers[i]!
      let frequency = frequencies[i]!
      if (frequency === LARGE) frequency = postings.largeFrequencies.get(place - first + i)!
      const before = scores[document]!
      if (before === 0) touched[count++] = document
      scores[document] =
        before + (weight * frequency) / (frequency + constant + perLength * lengths[document]!)
    }
  }
  accumulator.count = count
}

/**
 * Adds the term's part to the touched documents alone, which must be sorted: walks the two ascending lists
 * together, skipping whole blocks, and searches by halves inside a block.
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
  const { blockPlaces, blockCounts, blockLasts, blockNexts } = postings
  const lengths = documents.lengths
  const weight = scorer.weight
  let block = postings.firstBlocks[scorer.term]!
  let candidate = 0
  while (block !== 0 && candidate < count) {
    const last = blockLasts[block - 1]!
    if (last < touched[candidate]!) {
      block = blockNexts[block - 1]!
      continue
    }
    const place = blockPlaces[block - 1]!
    const numbers = postings.documentPages[place >>> PAGE_BITS]!
    const frequencies = postings.frequencyPages[place >>> PAGE_BITS]!
    const first = place & PAGE_MASK
    const end = first + blockCounts[block - 1]!
    let low = first
    while (candidate < count) {
      const document = touched[candidate]!
      if (document > last) break
      let high = end
      while (low < high) {
        const middle = (low + high) >>> 1
        if (numbers[middle]! < document) low = middle + 1
        else high = middle
      }
      if (numbers[low] === document) {
        let frequency = frequencies[low]!
        if (frequency === LARGE) frequency = postings.largeFrequencies.get(place - first + low)!
        scores[document]! += (weight * frequency) / (frequency + constant + perLength * lengths[document]!)
      }
      candidate++
    }
    block = blockNexts[block - 1]!
  }
}
