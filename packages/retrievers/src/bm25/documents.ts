import { grownInt32, grownUint8, grownUint32, sharedUint32 } from './grow.js'

/** Length entry of a deleted document: no text is as long. */
export const DELETED = 0xffffffff

/** Code of a length that has no code of its own, and of deleted documents. */
const UNCODED = 255

/**
 * The documents of an index. Each `add` gives the next document number, so postings are only ever appended;
 * an updated ordinal gets a new number and its old one is marked deleted.
 */
export class Documents {
  /** Numbers given out, deleted ones included. */
  count = 0
  /** Documents alive. */
  size = 0
  /** Sum of the lengths of those alive, an exact integer. */
  totalLength = 0
  /** Ordinal by number. */
  ordinals: Uint32Array = new Uint32Array(1 << 8)
  /** Whether greater numbers have greater ordinals: so it is until a document is replaced. */
  ascending = true
  private highest = -1
  /** Length in terms by number, DELETED when deleted. */
  lengths: Uint32Array = new Uint32Array(1 << 8)
  /**
   * Lengths once more, a byte each: postings are scored in an order that jumps about in them, and bytes stay in the
   * second-level cache where words do not. The first 255 lengths that occur have a code.
   */
  lengthCodes = new Uint8Array(1 << 8)
  /** Length by code, −1 where it is only in `lengths`. */
  readonly codedLengths = new Float64Array(UNCODED + 1).fill(-1)
  private readonly codes = new Map<number, number>()
  /** Number by ordinal, −1 for none. */
  private numbers = new Int32Array(1 << 8).fill(-1)

  numberOf(ordinal: number): number {
    return this.numbers[ordinal] ?? -1
  }

  /** @param ordinal one that is not in the index */
  add(ordinal: number, length: number): number {
    const number = this.count++
    this.ordinals = grownUint32(this.ordinals, this.count)
    this.lengths = grownUint32(this.lengths, this.count)
    this.ordinals[number] = ordinal
    this.lengths[number] = length
    this.encode(number, length)
    this.name(ordinal, number)
    this.size++
    this.totalLength += length
    return number
  }

  private encode(number: number, length: number): void {
    let code = this.codes.get(length)
    if (code === undefined && this.codes.size < UNCODED && length !== DELETED) {
      code = this.codes.size
      this.codes.set(length, code)
      this.codedLengths[code] = length
    }
    this.lengthCodes = grownUint8(this.lengthCodes, number + 1)
    this.lengthCodes[number] = code ?? UNCODED
  }

  private name(ordinal: number, number: number): void {
    if (ordinal < this.highest) this.ascending = false
    else this.highest = ordinal
    if (ordinal >= this.numbers.length) {
      const before = this.numbers.length
      this.numbers = grownInt32(this.numbers, ordinal + 1)
      this.numbers.fill(-1, before)
    }
    this.numbers[ordinal] = number
  }

  /** As `lengths` has it; the kernels of `score.ts` write it out. */
  lengthOf(number: number): number {
    const length = this.codedLengths[this.lengthCodes[number]!]!
    return length < 0 ? this.lengths[number]! : length
  }

  isDeleted(number: number): boolean {
    return this.lengthCodes[number] === UNCODED && this.lengths[number] === DELETED
  }

  /** Gives out the next number to a document that is deleted already. */
  addDeleted(): void {
    const number = this.count++
    this.ordinals = grownUint32(this.ordinals, this.count)
    this.lengths = grownUint32(this.lengths, this.count)
    this.ordinals[number] = 0
    this.lengths[number] = DELETED
    this.encode(number, DELETED)
  }

  /** Marks the ordinal's document deleted; returns its number, −1 when there was none. */
  delete(ordinal: number): number {
    const number = this.numberOf(ordinal)
    if (number < 0) return -1
    this.numbers[ordinal] = -1
    this.totalLength -= this.lengths[number]!
    this.lengths[number] = DELETED
    this.lengthCodes[number] = UNCODED
    this.size--
    return number
  }

  /** What searches read, in memory that threads share. */
  share(): SharedDocuments {
    const { count, size } = this
    return {
      size,
      ordinals: sharedUint32(this.ordinals.subarray(0, count)),
      lengths: sharedUint32(this.lengths.subarray(0, count)),
    }
  }

  /** What {@link share} gave, to be searched and nothing else. */
  static over({ size, ordinals, lengths }: SharedDocuments): Documents {
    const documents = new Documents()
    documents.count = lengths.length
    documents.size = size
    documents.ordinals = ordinals
    documents.lengths = lengths
    for (let number = 0; number < lengths.length; number++) {
      documents.encode(number, lengths[number]!)
      if (lengths[number] !== DELETED) documents.name(ordinals[number]!, number)
    }
    return documents
  }

  get averageLength(): number {
    return this.size === 0 ? 0 : this.totalLength / this.size
  }

  get byteLength(): number {
    const { ordinals, lengths, lengthCodes, numbers } = this
    return ordinals.byteLength + lengths.byteLength + lengthCodes.byteLength + numbers.byteLength
  }
}

/** The documents as threads see them. */
export interface SharedDocuments {
  readonly size: number
  readonly ordinals: Uint32Array
  readonly lengths: Uint32Array
}
