/** A posting is one word: document number in the upper 26 bits, frequency in the lower 6. */
export const FREQUENCY_BITS = 6
/** A frequency field of this value says: look in `largeFrequencies`. */
export const LARGE = (1 << FREQUENCY_BITS) - 1
/** Document numbers end below this. */
export const MAX_DOCUMENTS = 2 ** (32 - FREQUENCY_BITS)

/** A place is page << 16 | index. */
export const PAGE_BITS = 16
export const PAGE_SIZE = 1 << PAGE_BITS
export const PAGE_MASK = PAGE_SIZE - 1

/** A block record is four words: place of its first posting, place after its last, last document, next block + 1. */
export const BLOCK = 4
const RECORD = BLOCK
export const BLOCK_START = 0
export const BLOCK_END = 1
export const BLOCK_LAST = 2
export const BLOCK_NEXT = 3

/** Where the record of a block, given as its number + 1, starts. */
export function blockRecord(block: number): number {
  return (block - 1) * RECORD
}

/** The chains of blocks of postings, as they are read. */
export interface PostingChains {
  readonly pages: readonly Uint32Array[]
  readonly blocks: Uint32Array
  count(term: number): number
  /** First block + 1 of the term, 0 for none. */
  chain(term: number): number
}
