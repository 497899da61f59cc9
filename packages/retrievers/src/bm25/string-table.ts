import { grownUint16, grownUint32 } from './grow.js'

/**
 * Dense ids for strings, kept outside the JavaScript heap: the code units of all strings one after another,
 * and an open-addressing hash table of ids over them. Looks strings up by their place in a longer text,
 * without cutting them out.
 */
export class StringTable {
  size = 0
  private units = new Uint16Array(1 << 12)
  /** String `id` is units[offsets[id] … offsets[id + 1]). */
  private offsets = new Uint32Array(1 << 9)
  private hashes = new Uint32Array(1 << 9)
  /** Id + 1, 0 for empty; a power of two, at most half full. */
  private slots = new Uint32Array(1 << 10)

  /** Id of text[start … end), or −1. */
  find(text: string, start: number, end: number): number {
    const slot = this.slotOf(text, start, end, hashOf(text, start, end))
    return this.slots[slot]! - 1
  }

  /** Id of text[start … end), given one if it has none: the next integer. */
  intern(text: string, start: number, end: number): number {
    const hash = hashOf(text, start, end)
    const slot = this.slotOf(text, start, end, hash)
    const known = this.slots[slot]!
    return known !== 0 ? known - 1 : this.add(text, start, end, hash, slot)
  }

  text(id: number): string {
    let text = ''
    for (let i = this.offsets[id]!; i < this.offsets[id + 1]!; i++)
      text += String.fromCharCode(this.units[i]!)
    return text
  }

  clear(): void {
    this.size = 0
    this.offsets[0] = 0
    this.slots.fill(0)
  }

  get byteLength(): number {
    return this.units.byteLength + this.offsets.byteLength + this.hashes.byteLength + this.slots.byteLength
  }

  /** The slot that holds the string, or the empty one where it belongs. Linear probing. */
  private slotOf(text: string, start: number, end: number, hash: number): number {
    const { slots, hashes, offsets, units } = this
    const mask = slots.length - 1
    const length = end - start
    let slot = hash & mask
    for (;;) {
      const id = slots[slot]! - 1
      if (id < 0) return slot
      if (hashes[id] === hash) {
        const offset = offsets[id]!
        if (offsets[id + 1]! - offset === length) {
          let i = 0
          while (i < length && units[offset + i] === text.charCodeAt(start + i)) i++
          if (i === length) return slot
        }
      }
      slot = (slot + 1) & mask
    }
  }

  private add(text: string, start: number, end: number, hash: number, slot: number): number {
    const id = this.size++
    const offset = this.offsets[id]!
    const length = end - start
    this.units = grownUint16(this.units, offset + length)
    this.offsets = grownUint32(this.offsets, id + 2)
    this.hashes = grownUint32(this.hashes, id + 1)
    for (let i = 0; i < length; i++) this.units[offset + i] = text.charCodeAt(start + i)
    this.offsets[id + 1] = offset + length
    this.hashes[id] = hash
    if (this.size * 2 > this.slots.length) this.rehash()
    else this.slots[slot] = id + 1
    return id
  }

  private rehash(): void {
    const slots = new Uint32Array(this.slots.length * 2)
    const mask = slots.length - 1
    for (let id = 0; id < this.size; id++) {
      let slot = this.hashes[id]! & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = id + 1
    }
    this.slots = slots
  }
}

/** FNV-1a over code units, with the final mix of MurmurHash3 so that the low bits are usable as a slot. */
function hashOf(text: string, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  return hash >>> 0
}
