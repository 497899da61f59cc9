import * as layout from './posting-layout.js'
import type { Postings } from './postings.js'

// Constants of this module alone become part of the code, what is imported is read anew: see `score.ts`.
const {
  blockRecord,
  BLOCK_START,
  BLOCK_END,
  BLOCK_LAST,
  BLOCK_NEXT,
  FREQUENCY_BITS,
  LARGE,
  PAGE_BITS,
  PAGE_MASK,
} = layout
const BEHIND = 0x7fffffff

/** Above every document number. */
export const END = BEHIND

const noPage = new Uint32Array(0)

/** Reads a term's postings forwards, by document number. */
export class Cursor {
  term = 0
  /** What the term adds to every document that has it, whatever its frequency. */
  base = 0
  /** What a saturated frequency is multiplied with. */
  weight = 0
  /** Where it stands: `page[index]` is the next posting, of `document`, END behind the last. */
  document = BEHIND
  page: Uint32Array = noPage
  index = 0
  /** Behind the block's last posting in the page. */
  end = 0
  /** Place of the page's first posting. */
  pagePlace = 0
  private last = 0
  /** Block to come + 1, 0 for none. */
  private next = 0
  private postings: Postings | undefined
  /** Keeps reads ahead of their use from being optimised away. */
  warmth = 0

  /** Moves to the term's first posting. */
  open(postings: Postings, term: number): void {
    this.postings = postings
    this.term = term
    this.next = postings.chain(term)
    this.nextBlock()
  }

  /** Moves to the first posting of the block to come. */
  nextBlock(): void {
    const postings = this.postings!
    if (this.next === 0) {
      this.document = BEHIND
      this.index = this.end = 0
      this.page = noPage
      return
    }
    const { blocks } = postings
    const record = blockRecord(this.next)
    const place = blocks[record + BLOCK_START]!
    this.page = postings.pages[place >>> PAGE_BITS]!
    this.index = place & PAGE_MASK
    this.pagePlace = place - this.index
    this.end = blocks[record + BLOCK_END]! - this.pagePlace
    this.last = blocks[record + BLOCK_LAST]!
    const next = blocks[record + BLOCK_NEXT]!
    this.next = next
    if (next !== 0) {
      // Read now, the memory is at hand when the block is entered.
      const nextPlace = blocks[blockRecord(next) + BLOCK_START]!
      this.warmth = postings.pages[nextPlace >>> PAGE_BITS]![nextPlace & PAGE_MASK]!
    }
    this.document = this.page[this.index]! >>> FREQUENCY_BITS
  }

  /** Moves to a place in the block, or to the block to come when it is the end. */
  moveTo(index: number): void {
    if (index === this.end) this.nextBlock()
    else {
      this.index = index
      this.document = this.page[index]! >>> FREQUENCY_BITS
    }
  }

  /** Moves to the first posting whose document is not before this one; returns its document. */
  seek(document: number): number {
    if (this.document >= document) return this.document
    if (this.last < document) {
      this.skipBlocks(document)
      if (this.document >= document) return this.document
    }
    const { page, end } = this
    let low = this.index + 1
    let step = 1
    let high = low
    while (high < end && page[high]! >>> FREQUENCY_BITS < document) {
      low = high + 1
      high += step
      step *= 2
    }
    if (high >= end) high = end - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (page[middle]! >>> FREQUENCY_BITS < document) low = middle + 1
      else high = middle
    }
    this.index = low
    this.document = page[low]! >>> FREQUENCY_BITS
    return this.document
  }

  /** Frequency of the posting it stands on. */
  frequency(): number {
    const frequency = this.page[this.index]! & LARGE
    return frequency === LARGE ? this.postings!.largeFrequencies.get(this.pagePlace + this.index)! : frequency
  }

  private skipBlocks(document: number): void {
    const { blocks } = this.postings!
    while (this.next !== 0 && blocks[blockRecord(this.next) + BLOCK_LAST]! < document)
      this.next = blocks[blockRecord(this.next) + BLOCK_NEXT]!
    this.nextBlock()
  }
}
