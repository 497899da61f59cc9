import { FrequencyRows } from './frequency-rows.js'
import { grownUint32, sharedUint32 } from './grow.js'
import * as layout from './posting-layout.js'
import { PostingSpace } from './posting-space.js'

// What is imported is read anew at each use, what is a constant of this module alone is part of the code.
const { BLOCK, BLOCK_END, BLOCK_LAST, BLOCK_NEXT, BLOCK_START, blockRecord } = layout
const { FREQUENCY_BITS, LARGE, PAGE_BITS, PAGE_MASK, PAGE_SIZE } = layout

/** A term's only block, when it is full, is moved to room for at least this many times its postings. */
const LEAST_GROWTH = 1.5
/** Room of the blocks that follow one too large to move: a quarter of what the term has, within these. */
const LEAST_ADDED = 1008
const MOST_ADDED = 1 << 14
/** What ten bits hold: the room of a larger block is given out in parts. */
const MOST_ROOM = 1023

/**
 * A term record is eight words, half a cache line: first block + 1, last block, number of postings, next free
 * place of the last block, a counter lent to whoever counts a document's terms, and three words of half-words:
 * room left in the last block (10 bits) with the highest frequency (6 bits), and the bounds (below).
 */
const TERM = 8
const FIRST = 0
const TAIL_BLOCK = 1
const COUNT = 2
const TAIL_PLACE = 3
const PENDING = 4
const ROOM_HALF = 10
const ONE_ROOM = 1 << FREQUENCY_BITS
const SHORTEST_HALF = 11

/** Frequencies 1, 2, 3, 4–7, 8 and more each keep the shortest document: for upper bounds. */
const BOUND_CLASSES = 5
const classBottoms = [1, 2, 3, 4, 8]
const classTops = [1, 2, 3, 7]
/** A half-word's end: longer documents count as this long, which only loosens a bound. */
const LONGEST = 0xffff

function boundClass(frequency: number): number {
  return frequency < 4 ? frequency - 1 : frequency < 8 ? 3 : 4
}

/**
 * Postings of all terms in typed arrays: per term a chain of blocks, ascending by document number along the chain.
 *
 * A full block moves to larger room, so that all but the frequent terms have one block: each one entered costs a search
 * some misses of the cache. Frequent terms get more blocks, larger ones the more they have, and nothing is copied any
 * more. What is touched together lies together: adding a posting costs the term's record and the posting's line.
 */
export class Postings {
  readonly largeFrequencies = new Map<number, number>()
  /** Made from the postings when searches ask for them. */
  readonly rows = new FrequencyRows()
  /** Keeps the reads of `warm` from being optimised away. */
  warmth = 0
  private readonly space = new PostingSpace()
  readonly pages = this.space.pages
  /** Postings that the term being copied still needs blocks for. */
  private reserved = 0
  /** Where the room of a term's last block ends, by term record, where that is beyond what the record says. */
  private readonly reaches = new Map<number, number>()
  private terms: Uint32Array = new Uint32Array(TERM << 9)
  private termHalves = new Uint16Array(this.terms.buffer)
  private termCount = 0

  get blocks(): Uint32Array {
    return this.space.blocks
  }

  /** Postings of the term, those of deleted documents included. */
  count(term: number): number {
    return term < this.termCount ? this.terms[term * TERM + COUNT]! : 0
  }

  /** Reads the records of the terms among these codes, so that they are at hand: see `StringTable.warm`. */
  warm(codes: Int32Array, count: number): void {
    const { terms, termCount } = this
    let sum = 0
    for (let i = 0; i < count; i++) {
      const term = codes[i]!
      if (term >= 0 && term < termCount) sum += terms[term * TERM]!
    }
    this.warmth = sum
  }

  /** Adds to the term's counter and returns what it was. */
  countUp(term: number, amount: number): number {
    if (term >= this.termCount) this.addTerms(term + 1)
    const place = term * TERM + PENDING
    const before = this.terms[place]!
    this.terms[place] = before + amount
    return before
  }

  /** Sets the term's counter to zero. */
  resetCount(term: number): void {
    this.terms[term * TERM + PENDING] = 0
  }

  /**
   * Appends a posting with the term's counter as its frequency, and sets the counter to zero.
   *
   * @param document above every document already in the term's chain
   * @param length of the document, in terms
   */
  append(term: number, document: number, length: number): void {
    const record = term * TERM
    const halves = record * 2
    const { termHalves } = this
    if (termHalves[halves + ROOM_HALF]! < ONE_ROOM) this.addRoom(record)
    const { terms } = this
    const frequency = terms[record + PENDING]!
    const field = Math.min(frequency, LARGE)
    const place = terms[record + TAIL_PLACE]!
    this.pages[place >>> PAGE_BITS]![place & PAGE_MASK] = (document << FREQUENCY_BITS) | field
    if (field === LARGE) this.largeFrequencies.set(place, frequency)
    terms[record + TAIL_PLACE] = place + 1
    terms[record + COUNT]!++
    terms[record + PENDING] = 0
    const room = termHalves[halves + ROOM_HALF]! - ONE_ROOM
    termHalves[halves + ROOM_HALF] = (room & LARGE) < field ? (room & ~LARGE) | field : room
    const bound = halves + SHORTEST_HALF + boundClass(frequency)
    if (length < termHalves[bound]!) termHalves[bound] = length
  }

  /**
   * At least the most that one posting of the term counts: the greatest saturation
   * f / (f + constant + perLength · dl) over its frequency classes, each with the highest frequency it can have
   * and its shortest document.
   */
  highestSaturation(term: number, constant: number, perLength: number): number {
    let bound = 0
    for (let i = 0; i < BOUND_CLASSES; i++)
      bound = Math.max(bound, this.classSaturation(term, i, constant, perLength))
    return bound
  }

  /** The lowest frequency with which a posting of the term may count as much as `wanted`, 63 when none may. */
  lowestFrequency(term: number, wanted: number, constant: number, perLength: number): number {
    for (let i = 0; i < BOUND_CLASSES; i++) {
      if (this.classSaturation(term, i, constant, perLength) >= wanted) return classBottoms[i]!
    }
    return LARGE
  }

  private classSaturation(term: number, i: number, constant: number, perLength: number): number {
    const halves = term * TERM * 2
    const highest = this.termHalves[halves + ROOM_HALF]! & LARGE
    const top = classTops[i] ?? highest
    // How much the highest frequency is, the field does not say.
    if (top === LARGE) return 1
    const frequency = Math.min(top, highest)
    return frequency / (frequency + constant + perLength * this.termHalves[halves + SHORTEST_HALF + i]!)
  }

  /**
   * First block + 1 of the term, 0 for none, with the chain made ready to be read: the end of its last block
   * is only kept in the term's record while postings are added.
   */
  chain(term: number): number {
    if (this.count(term) === 0) return 0
    const { terms, blocks } = this
    const record = term * TERM
    const tail = terms[record + TAIL_BLOCK]! * BLOCK
    const end = terms[record + TAIL_PLACE]!
    if (blocks[tail + BLOCK_END] !== end) {
      blocks[tail + BLOCK_END] = end
      blocks[tail + BLOCK_LAST] = this.documentAt(end - 1)
    }
    return terms[record + FIRST]!
  }

  /** Frequency of the term in the document, 0 when it is not there. */
  frequency(term: number, document: number): number {
    const { blocks } = this
    let block = this.chain(term)
    while (block !== 0 && blocks[blockRecord(block) + BLOCK_LAST]! < document)
      block = blocks[blockRecord(block) + BLOCK_NEXT]!
    if (block === 0) return 0
    let low = blocks[blockRecord(block) + BLOCK_START]!
    let high = blocks[blockRecord(block) + BLOCK_END]! - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.documentAt(middle) < document) low = middle + 1
      else high = middle
    }
    return this.documentAt(low) === document ? this.frequencyAt(low) : 0
  }

  /** The term's postings, those of deleted documents included, ascending by document number. */
  read(term: number): { readonly documents: Uint32Array; readonly frequencies: Uint32Array } {
    const documents = new Uint32Array(this.count(term))
    const frequencies = new Uint32Array(documents.length)
    this.readTerm(term, documents, frequencies)
    return { documents, frequencies }
  }

  /** Copies the term's postings into two columns, each with room for `count(term)`. */
  readTerm(term: number, documents: Uint32Array, frequencies: Uint32Array): void {
    const { blocks } = this
    let row = 0
    for (let block = this.chain(term); block !== 0; block = blocks[blockRecord(block) + BLOCK_NEXT]!) {
      const place = blocks[blockRecord(block) + BLOCK_START]!
      const page = this.pages[place >>> PAGE_BITS]!
      const first = place & PAGE_MASK
      const end = first + blocks[blockRecord(block) + BLOCK_END]! - place
      for (let i = first; i < end; i++) {
        const field = page[i]! & LARGE
        documents[row] = page[i]! >>> FREQUENCY_BITS
        frequencies[row++] = field === LARGE ? this.largeFrequencies.get(place + i - first)! : field
      }
    }
  }

  /** The next `count` postings, all of this new term, will lie without spare room. */
  reserve(term: number, count: number): void {
    if (term >= this.termCount) this.addTerms(term + 1)
    this.reserved = count
  }

  /** How many of the term's postings belong to documents whose entry in `lengths` is `marker`. */
  countMarked(term: number, lengths: Uint32Array, marker: number): number {
    const { blocks } = this
    let total = 0
    for (let block = this.chain(term); block !== 0; block = blocks[blockRecord(block) + BLOCK_NEXT]!) {
      const end = blocks[blockRecord(block) + BLOCK_END]!
      for (let place = blocks[blockRecord(block) + BLOCK_START]!; place < end; place++) {
        if (lengths[this.documentAt(place)] === marker) total++
      }
    }
    return total
  }

  /**
   * Appends the term's postings to another, new instance, without those of dropped documents and without
   * spare room.
   *
   * @param newNumbers new number + 1 by document, 0 for a dropped one
   * @param kept postings that remain
   */
  copyTerm(
    term: number,
    target: Postings,
    targetTerm: number,
    newNumbers: Uint32Array,
    lengths: Uint32Array,
    kept: number,
  ): void {
    const { blocks } = this
    if (targetTerm >= target.termCount) target.addTerms(targetTerm + 1)
    target.reserved = kept
    for (let block = this.chain(term); block !== 0; block = blocks[blockRecord(block) + BLOCK_NEXT]!) {
      const end = blocks[blockRecord(block) + BLOCK_END]!
      for (let place = blocks[blockRecord(block) + BLOCK_START]!; place < end; place++) {
        const document = this.documentAt(place)
        if (newNumbers[document] === 0) continue
        target.terms[targetTerm * TERM + PENDING] = this.frequencyAt(place)
        target.append(targetTerm, newNumbers[document]! - 1, lengths[document]!)
      }
    }
  }

  /** What searches read, in memory that threads share. */
  share(): SharedPostings {
    return {
      pages: this.pages.map(sharedUint32),
      largeFrequencies: this.largeFrequencies,
      blocks: sharedUint32(this.blocks.subarray(0, this.space.blockCount * BLOCK)),
      terms: sharedUint32(this.terms.subarray(0, this.termCount * TERM)),
    }
  }

  /** What {@link share} gave, to be searched and nothing else. */
  static over({ pages, largeFrequencies, blocks, terms }: SharedPostings): Postings {
    const postings = new Postings()
    postings.pages.push(...pages)
    for (const [place, frequency] of largeFrequencies) postings.largeFrequencies.set(place, frequency)
    postings.space.blocks = blocks
    postings.terms = terms
    postings.termCount = terms.length / TERM
    return postings
  }

  get byteLength(): number {
    return (
      this.pages.length * PAGE_SIZE * 4 +
      this.blocks.byteLength +
      this.terms.byteLength +
      this.rows.byteLength
    )
  }

  private documentAt(place: number): number {
    return this.pages[place >>> PAGE_BITS]![place & PAGE_MASK]! >>> FREQUENCY_BITS
  }

  private frequencyAt(place: number): number {
    const frequency = this.pages[place >>> PAGE_BITS]![place & PAGE_MASK]! & LARGE
    return frequency === LARGE ? this.largeFrequencies.get(place)! : frequency
  }

  /** Makes room for the term's next posting: more of its last block, a larger one in its place, or one more. */
  private addRoom(record: number): void {
    const { terms, space } = this
    const count = terms[record + COUNT]!
    const end = terms[record + TAIL_PLACE]!
    const reach = this.reaches.get(record)
    if (reach !== undefined && reach > end) this.setRoom(record, reach - end)
    else if (this.reserved > 0) {
      const room = space.roomAtOnce(this.reserved, Math.min(this.reserved, LEAST_ADDED))
      this.reserved -= room
      this.addBlock(record, room)
    } else {
      const isAlone = count === 0 || terms[record + FIRST] === terms[record + TAIL_BLOCK]! + 1
      const room = isAlone ? space.roomFor(count * LEAST_GROWTH) : 0
      if (room > 0) this.moveTo(record, room)
      else {
        const wanted = Math.max(LEAST_ADDED, Math.min(count >>> 2, MOST_ADDED))
        this.addBlock(record, space.roomAtOnce(wanted, LEAST_ADDED))
      }
    }
  }

  /** Puts a larger block in the place of the term's only one, if it has one, and moves its postings there. */
  private moveTo(record: number, room: number): void {
    const { terms, space, pages, largeFrequencies } = this
    const count = terms[record + COUNT]!
    const block = space.take(room)
    const { blocks } = space
    const target = blocks[block * BLOCK + BLOCK_START]!
    if (count > 0) {
      const left = terms[record + TAIL_BLOCK]!
      const source = blocks[left * BLOCK + BLOCK_START]!
      const from = pages[source >>> PAGE_BITS]!
      const to = pages[target >>> PAGE_BITS]!
      for (let i = 0; i < count; i++) {
        const posting = from[(source & PAGE_MASK) + i]!
        to[(target & PAGE_MASK) + i] = posting
        if ((posting & LARGE) !== LARGE) continue
        largeFrequencies.set(target + i, largeFrequencies.get(source + i)!)
        largeFrequencies.delete(source + i)
      }
      space.giveBack(left, count)
    }
    terms[record + FIRST] = block + 1
    this.enter(record, block, target + count, room - count)
  }

  /** Closes the term's last block, if it has one, and links one more. */
  private addBlock(record: number, room: number): void {
    const { terms, space } = this
    const block = space.take(room)
    const { blocks } = space
    if (terms[record + COUNT] === 0) terms[record + FIRST] = block + 1
    else {
      const tail = terms[record + TAIL_BLOCK]! * BLOCK
      const end = terms[record + TAIL_PLACE]!
      blocks[tail + BLOCK_END] = end
      blocks[tail + BLOCK_LAST] = this.documentAt(end - 1)
      blocks[tail + BLOCK_NEXT] = block + 1
    }
    this.enter(record, block, blocks[block * BLOCK + BLOCK_START]!, room)
  }

  private enter(record: number, block: number, place: number, room: number): void {
    this.terms[record + TAIL_BLOCK] = block
    this.terms[record + TAIL_PLACE] = place
    if (room > MOST_ROOM) this.reaches.set(record, place + room)
    else this.reaches.delete(record)
    this.setRoom(record, room)
  }

  private setRoom(record: number, room: number): void {
    this.termHalves[record * 2 + ROOM_HALF]! |= Math.min(room, MOST_ROOM) << FREQUENCY_BITS
  }

  private addTerms(needed: number): void {
    this.terms = grownUint32(this.terms, needed * TERM)
    this.termHalves = new Uint16Array(this.terms.buffer)
    for (; this.termCount < needed; this.termCount++) {
      const shortest = this.termCount * TERM * 2 + SHORTEST_HALF
      this.termHalves.fill(LONGEST, shortest, shortest + BOUND_CLASSES)
    }
  }
}

/** The postings as threads see them. */
export interface SharedPostings {
  readonly pages: readonly Uint32Array[]
  readonly largeFrequencies: ReadonlyMap<number, number>
  readonly blocks: Uint32Array
  readonly terms: Uint32Array
}
