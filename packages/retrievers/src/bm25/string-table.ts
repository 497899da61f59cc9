import { grownUint16, grownUint32 } from './grow.js'

/** A record is four words: hash, id + 1 (0 for empty), place in the pool, value. */
const RECORD = 4
export const ID = 1
const PLACE = 2
export const VALUE = 3

/**
 * Dense ids for strings, and one value for each, kept outside the JavaScript heap: an open-addressing hash
 * table whose records hold all that a look-up needs side by side, and the code units of all strings one after
 * another, each after its length. Looks strings up by their place in a longer text, without cutting them out.
 */
export class StringTable {
  size = 0
  /** Records, at most half of them in use. Read at what `locate` returns plus ID or VALUE. */
  records = new Uint32Array(RECORD << 10)
  /** Read at a place: see `places`. */
  units = new Uint16Array(1 << 12)
  private unitsEnd = 0
  /** By id: place of the string in `units`, where its length (two units, low first) comes before its code units. */
  places = new Uint32Array(1 << 9)

  /** Id of text[start … end), or −1. */
  find(text: string, start: number, end: number): number {
    return this.records[this.recordOf(text, start, end, hashUnits(text, start, end)) + ID]! - 1
  }

  /** Value of text[start … end), 0 if it has none. */
  valueFor(text: string, start: number, end: number): number {
    return this.records[this.recordOf(text, start, end, hashUnits(text, start, end)) + VALUE]!
  }

  /** Id of text[start … end), given one if it has none: the next integer. */
  intern(text: string, start: number, end: number): number {
    // In two steps: adding a string may replace the records.
    const record = this.locate(text, start, end, hashUnits(text, start, end))
    return this.records[record + ID]! - 1
  }

  /**
   * Where the record of text[start … end) starts, made with value 0 if there is none. Valid until the next new
   * string.
   */
  locate(text: string, start: number, end: number, hash: number): number {
    const record = this.recordOf(text, start, end, hash)
    return this.records[record + ID] !== 0 ? record : this.add(text, start, end, hash, record)
  }

  /**
   * Reads where the strings of these hashes begin to be looked for, so that the memory is at hand when they
   * are: loads that do not wait for each other cost a fraction of loads that do. The sum has no meaning.
   */
  warm(hashes: Uint32Array, count: number): number {
    const { records, units } = this
    const mask = records.length - 1
    let sum = 0
    for (let i = 0; i < count; i++) sum += records[(hashes[i]! * RECORD) & mask]!
    for (let i = 0; i < count; i++) sum += units[records[((hashes[i]! * RECORD) & mask) + PLACE]!]!
    return sum
  }

  text(id: number): string {
    const place = this.places[id]!
    const end = place + 2 + this.units[place]! + this.units[place + 1]! * 0x10000
    let text = ''
    for (let i = place + 2; i < end; i++) text += String.fromCharCode(this.units[i]!)
    return text
  }

  /** Negative when string `a` comes before string `b` in the order of code units. */
  compare(a: number, b: number): number {
    const { units, places } = this
    const placeA = places[a]!
    const placeB = places[b]!
    const lengthA = units[placeA]! + units[placeA + 1]! * 0x10000
    const lengthB = units[placeB]! + units[placeB + 1]! * 0x10000
    const shared = Math.min(lengthA, lengthB)
    for (let i = 2; i < shared + 2; i++) {
      const difference = units[placeA + i]! - units[placeB + i]!
      if (difference !== 0) return difference
    }
    return lengthA - lengthB
  }

  /** Compares the first `length` code units of a string with those of a text; 0 when it begins so. */
  compareText(id: number, text: string, length: number): number {
    const { units } = this
    const place = this.places[id]!
    const own = units[place]! + units[place + 1]! * 0x10000
    for (let i = 0; i < length; i++) {
      if (i === own) return -1
      const difference = units[place + 2 + i]! - text.charCodeAt(i)
      if (difference !== 0) return difference
    }
    return 0
  }

  /** Whether both strings have at least `length` code units and begin with the same ones. */
  sharesPrefix(a: number, b: number, length: number): boolean {
    const { units, places } = this
    const placeA = places[a]!
    const placeB = places[b]!
    if (units[placeA]! + units[placeA + 1]! * 0x10000 < length) return false
    if (units[placeB]! + units[placeB + 1]! * 0x10000 < length) return false
    for (let i = 2; i < length + 2; i++) if (units[placeA + i] !== units[placeB + i]) return false
    return true
  }

  clear(): void {
    this.size = 0
    this.unitsEnd = 0
    this.records.fill(0)
  }

  get byteLength(): number {
    return this.units.byteLength + this.places.byteLength + this.records.byteLength
  }

  /** The string's record, or the empty one where it belongs. Linear probing. */
  private recordOf(text: string, start: number, end: number, hash: number): number {
    const { records, units } = this
    const mask = records.length - 1
    const length = end - start
    let record = (hash * RECORD) & mask
    for (;;) {
      const id = records[record + ID]! - 1
      if (id < 0) return record
      if (records[record] === hash) {
        const place = records[record + PLACE]!
        if (units[place] === (length & 0xffff) && units[place + 1] === length >>> 16) {
          let i = 0
          while (i < length && units[place + 2 + i] === text.charCodeAt(start + i)) i++
          if (i === length) return record
        }
      }
      record = (record + RECORD) & mask
    }
  }

  private add(text: string, start: number, end: number, hash: number, vacant: number): number {
    const id = this.size++
    const place = this.unitsEnd
    const length = end - start
    this.unitsEnd += length + 2
    this.units = grownUint16(this.units, this.unitsEnd)
    this.places = grownUint32(this.places, id + 1)
    this.units[place] = length & 0xffff
    this.units[place + 1] = length >>> 16
    for (let i = 0; i < length; i++) this.units[place + 2 + i] = text.charCodeAt(start + i)
    this.places[id] = place
    let record = vacant
    if (this.size * 2 * RECORD > this.records.length) {
      this.rehash()
      record = this.recordOf(text, start, end, hash)
    }
    this.records[record] = hash
    this.records[record + ID] = id + 1
    this.records[record + PLACE] = place
    this.records[record + VALUE] = 0
    return record
  }

  private rehash(): void {
    const before = this.records
    const records = new Uint32Array(before.length * 2)
    const mask = records.length - 1
    for (let from = 0; from < before.length; from += RECORD) {
      if (before[from + ID] === 0) continue
      let to = (before[from]! * RECORD) & mask
      while (records[to + ID] !== 0) to = (to + RECORD) & mask
      for (let word = 0; word < RECORD; word++) records[to + word] = before[from + word]!
    }
    this.records = records
  }
}

/** FNV-1a over code units, mixed at the end so that the low bits are usable as a slot. */
export function hashUnits(text: string, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  return hash >>> 0
}
