import { grownUint16, grownUint32 } from './grow.js'

export const PAGE_BITS = 16
const PAGE_SIZE = 1 << PAGE_BITS
export const PAGE_MASK = PAGE_SIZE - 1
/** Postings in a full-grown block. */
const BLOCK_SIZE = 128
const FIRST_BLOCK_SIZE = 2
/** A frequency byte of this value says: look in `largeFrequencies`. */
export const LARGE = 255

/** Frequencies 1, 2, 3, 4–7, 8 and more each keep the shortest document, for upper bounds. */
const BOUND_CLASSES = 5
const classTops = [1, 2, 3, 7]

function boundClass(frequency: number): number {
  return frequency < 4 ? frequency - 1 : frequency < 8 ? 3 : 4
}

/**
 * Postings of all terms in typed arrays: per term a chain of blocks of up to 128 postings, each posting a
 * document number (4 bytes) and a frequency (1 byte). Document numbers ascend along a chain.
 *
 * Blocks lie in pages of 65,536 postings, so growing copies no postings, and a block never crosses a page.
 * Fields are public for the kernels of `score.ts`, which only read them.
 */
export class Postings {
  /** Document numbers and, beside them, frequencies. A place is page << 16 | index. */
  readonly documentPages: Uint32Array[] = []
  readonly frequencyPages: Uint8Array[] = []
  readonly largeFrequencies = new Map<number, number>()
  private free = 0

  /** Per block: place of its first posting, number of postings, last document, following block + 1. */
  blockPlaces = new Uint32Array(1 << 9)
  blockCounts = new Uint16Array(1 << 9)
  blockLasts = new Uint32Array(1 << 9)
  blockNexts = new Uint32Array(1 << 9)
  private blockRooms = new Uint16Array(1 << 9)
  private blockCount = 0

  /** Per term: first block + 1, 0 for none. */
  firstBlocks = new Uint32Array(1 << 9)
  private lastBlocks = new Uint32Array(1 << 9)
  private termCounts = new Uint32Array(1 << 9)
  private highest = new Uint32Array(1 << 9)
  private shortest = new Uint32Array(BOUND_CLASSES << 9).fill(0xffffffff)

  /** Postings of the term, those of deleted documents included. */
  count(term: number): number {
    return this.termCounts[term] ?? 0
  }

  /** @param document above every document already in the term's chain */
  append(term: number, document: number, frequency: number, length: number): void {
    if (term >= this.termCounts.length) this.growTerms(term + 1)
    let block = this.lastBlocks[term]! - 1
    if (block < 0 || this.blockCounts[block] === this.blockRooms[block]) {
      block = this.addBlock(term, block, block < 0 ? FIRST_BLOCK_SIZE : this.blockRooms[block]! * 2)
    }
    const place = this.blockPlaces[block]! + this.blockCounts[block]!
    const page = place >>> PAGE_BITS
    const index = place & PAGE_MASK
    this.documentPages[page]![index] = document
    this.frequencyPages[page]![index] = Math.min(frequency, LARGE)
    if (frequency >= LARGE) this.largeFrequencies.set(place, frequency)
    this.blockCounts[block]!++
    this.blockLasts[block] = document
    this.termCounts[term]!++
    if (frequency > this.highest[term]!) this.highest[term] = frequency
    const bound = term * BOUND_CLASSES + boundClass(frequency)
    if (length < this.shortest[bound]!) this.shortest[bound] = length
  }

  /**
   * The most that one posting of the term can count: the greatest saturation f / (f + constant + perLength · dl)
   * over its frequency classes, each with its highest frequency and its shortest document.
   */
  highestSaturation(term: number, constant: number, perLength: number): number {
    let bound = 0
    for (let i = 0; i < BOUND_CLASSES; i++) {
      const length = this.shortest[term * BOUND_CLASSES + i]!
      if (length === 0xffffffff) continue
      const frequency = Math.min(classTops[i] ?? Number.POSITIVE_INFINITY, this.highest[term]!)
      bound = Math.max(bound, frequency / (frequency + constant + perLength * length))
    }
    return bound
  }

  /** Appends to `target` (which must be new) the postings of kept documents under new numbers. */
  copyTerm(
    term: number,
    target: Postings,
    targetTerm: number,
    newNumbers: Uint32Array,
    lengths: Uint32Array,
    keptCount: number,
  ): void {
    target.reserve(targetTerm, keptCount)
    for (let block = this.firstBlocks[term]!; block !== 0; block = this.blockNexts[block - 1]!) {
      const place = this.blockPlaces[block - 1]!
      const documents = this.documentPages[place >>> PAGE_BITS]!
      const frequencies = this.frequencyPages[place >>> PAGE_BITS]!
      const count = this.blockCounts[block - 1]!
      for (let i = 0; i < count; i++) {
        const index = (place & PAGE_MASK) + i
        const document = documents[index]!
        if (newNumbers[document] === 0) continue
        const frequency = frequencies[index]!
        target.append(
          targetTerm,
          newNumbers[document]! - 1,
          frequency < LARGE ? frequency : this.largeFrequencies.get(place + i)!,
          lengths[document]!,
        )
      }
    }
  }

  /** Frequency of the term in the document, 0 when it is not there. */
  frequency(term: number, document: number): number {
    if (term >= this.firstBlocks.length) return 0
    let block = this.firstBlocks[term]!
    while (block !== 0 && this.blockLasts[block - 1]! < document) block = this.blockNexts[block - 1]!
    if (block === 0) return 0
    const place = this.blockPlaces[block - 1]!
    const documents = this.documentPages[place >>> PAGE_BITS]!
    const first = place & PAGE_MASK
    let low = first
    let high = first + this.blockCounts[block - 1]!
    while (low < high) {
      const middle = (low + high) >>> 1
      if (documents[middle]! < document) low = middle + 1
      else high = middle
    }
    if (low === first + this.blockCounts[block - 1]! || documents[low] !== document) return 0
    const frequency = this.frequencyPages[place >>> PAGE_BITS]![low]!
    return frequency < LARGE ? frequency : this.largeFrequencies.get(place - first + low)!
  }

  /** How many of the term's postings belong to documents whose entry in `lengths` is `marker`. */
  countMarked(term: number, lengths: Uint32Array, marker: number): number {
    let total = 0
    for (let block = this.firstBlocks[term]!; block !== 0; block = this.blockNexts[block - 1]!) {
      const place = this.blockPlaces[block - 1]!
      const documents = this.documentPages[place >>> PAGE_BITS]!
      const first = place & PAGE_MASK
      const end = first + this.blockCounts[block - 1]!
      for (let i = first; i < end; i++) if (lengths[documents[i]!] === marker) total++
    }
    return total
  }

  get byteLength(): number {
    const perBlock = this.blockPlaces.byteLength * 3 + this.blockCounts.byteLength * 2
    const perTerm = this.firstBlocks.byteLength * 4 + this.shortest.byteLength
    return this.documentPages.length * PAGE_SIZE * 5 + perBlock + perTerm
  }

  /** Takes the blocks for `count` postings of a new term at once, one after another and without spare room. */
  private reserve(term: number, count: number): void {
    if (term >= this.termCounts.length) this.growTerms(term + 1)
    if (count > 0) this.reserved = count
  }

  private reserved = 0

  private addBlock(term: number, previous: number, wanted: number): number {
    let room = Math.min(wanted, BLOCK_SIZE)
    if (this.reserved > 0) {
      room = Math.min(this.reserved, BLOCK_SIZE)
      this.reserved -= room
    }
    if (PAGE_SIZE - (this.free & PAGE_MASK) < room) this.free = (this.free | PAGE_MASK) + 1
    if (this.free >>> PAGE_BITS >= this.documentPages.length) {
      this.documentPages.push(new Uint32Array(PAGE_SIZE))
      this.frequencyPages.push(new Uint8Array(PAGE_SIZE))
    }
    const block = this.blockCount++
    if (block >= this.blockPlaces.length) this.growBlocks(block + 1)
    this.blockPlaces[block] = this.free
    this.blockRooms[block] = room
    this.blockCounts[block] = 0
    this.blockNexts[block] = 0
    this.free += room
    if (previous < 0) this.firstBlocks[term] = block + 1
    else this.blockNexts[previous] = block + 1
    this.lastBlocks[term] = block + 1
    return block
  }

  private growBlocks(needed: number): void {
    this.blockPlaces = grownUint32(this.blockPlaces, needed)
    this.blockCounts = grownUint16(this.blockCounts, needed)
    this.blockLasts = grownUint32(this.blockLasts, needed)
    this.blockNexts = grownUint32(this.blockNexts, needed)
    this.blockRooms = grownUint16(this.blockRooms, needed)
  }

  private growTerms(needed: number): void {
    const before = this.shortest.length
    this.firstBlocks = grownUint32(this.firstBlocks, needed)
    this.lastBlocks = grownUint32(this.lastBlocks, needed)
    this.termCounts = grownUint32(this.termCounts, needed)
    this.highest = grownUint32(this.highest, needed)
    this.shortest = grownUint32(this.shortest, this.termCounts.length * BOUND_CLASSES)
    this.shortest.fill(0xffffffff, before)
  }
}
