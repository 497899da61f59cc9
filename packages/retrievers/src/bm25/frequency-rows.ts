import {
  BLOCK_END,
  BLOCK_NEXT,
  BLOCK_START,
  blockRecord,
  FREQUENCY_BITS,
  LARGE,
  PAGE_BITS,
  PAGE_MASK,
  type PostingChains,
} from './posting-layout.js'

/** A term has a row when at least one in this many documents has it: a posting takes as much as eight documents of a row. */
const FREQUENT = 16
/** A row's bytes are half the documents: all rows together take at most 64 bytes a document. */
const MAX_ROWS = 128
/** Below, lists are short enough to be searched. */
const MIN_COUNT = 1024

/** This frequency and more are looked up in the postings. */
export const ROW_LARGE = 15

/** A row in which at least one posting in this many has to be looked up elsewhere is worth nothing: weighted fields count in large units. */
const MOSTLY_LARGE = 4

interface Row {
  /** Undefined when it was given up. */
  bytes: Uint8Array | undefined
  /** Postings that did not fit. */
  large: number
  /** The term's first block + 1: another one says that its postings have moved. */
  first: number
  /** Postings that are in it, and the block + 1 and the place after the last of them. */
  count: number
  block: number
  place: number
}

/**
 * Frequencies by document number, four bits each, of the most frequent terms: what is looked up for candidates one by
 * one is then one load. Derived from the postings when first asked for, and brought up to date with what was appended.
 */
export class FrequencyRows {
  private readonly rows = new Map<number, Row>()

  /** The row of a term; undefined when it has none. Two documents a byte, the even one in the lower half. */
  of(postings: PostingChains, term: number, documentCount: number): Uint8Array | undefined {
    const count = postings.count(term)
    let row = this.rows.get(term)
    if (row === undefined) {
      if (count < MIN_COUNT || count * FREQUENT < documentCount || this.rows.size >= MAX_ROWS)
        return undefined
      row = { bytes: new Uint8Array(0), large: 0, first: 0, count: 0, block: 0, place: 0 }
      this.rows.set(term, row)
    }
    if (row.bytes !== undefined && row.count < count) this.extend(postings, term, row, documentCount)
    return row.bytes
  }

  get byteLength(): number {
    let total = 0
    for (const { bytes } of this.rows.values()) total += bytes?.length ?? 0
    return total
  }

  private extend(postings: PostingChains, term: number, row: Row, documentCount: number): void {
    let bytes = row.bytes ?? new Uint8Array(0)
    if (bytes.length * 2 < documentCount) {
      const grown = new Uint8Array((documentCount >>> 1) + (row.count === 0 ? 1 : documentCount >>> 3))
      grown.set(bytes)
      bytes = grown
    }
    const { blocks, pages } = postings
    let block = postings.chain(term)
    if (row.first !== block) {
      bytes.fill(0)
      row.large = 0
      row.first = row.block = block
      row.place = blocks[blockRecord(block) + BLOCK_START]!
    }
    for (block = row.block; ; ) {
      const end = blocks[blockRecord(block) + BLOCK_END]!
      for (let place = row.place; place < end; place++) {
        const posting = pages[place >>> PAGE_BITS]![place & PAGE_MASK]!
        const document = posting >>> FREQUENCY_BITS
        const frequency = Math.min(posting & LARGE, ROW_LARGE)
        if (frequency === ROW_LARGE) row.large++
        bytes[document >>> 1]! |= frequency << ((document & 1) << 2)
      }
      row.place = end
      row.block = block
      block = blocks[blockRecord(block) + BLOCK_NEXT]!
      if (block === 0) break
      row.place = blocks[blockRecord(block) + BLOCK_START]!
    }
    row.count = postings.count(term)
    row.bytes = row.large * MOSTLY_LARGE < row.count ? bytes : undefined
  }
}
