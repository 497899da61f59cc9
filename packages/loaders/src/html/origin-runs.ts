import type { OffsetMap } from '@tesserae/core'

/**
 * Runs of a text and the places of the source they stand for, collected from left to right; the reading is that
 * of core's `OffsetMap`: a run as long as its source is a copy of it, any other stands for it as a whole.
 */
export class OriginRuns {
  /** Entry `i` pairs `offsets[i]` of the text with `origins[i]` of the source. */
  readonly offsets: number[]
  readonly origins: number[]

  constructor(origin: number) {
    this.offsets = [0]
    this.origins = [origin]
  }

  get length(): number {
    return this.offsets.at(-1)!
  }

  /** Where the source of the next run begins. */
  get origin(): number {
    return this.origins.at(-1)!
  }

  /** Appends a run of `length` characters from the next `sourceLength` of the source. Copies in a row become one. */
  add(length: number, sourceLength: number): void {
    if (length === 0 && sourceLength === 0) return
    const { offsets, origins } = this
    const last = offsets.length - 1
    const offset = offsets[last]! + length
    const origin = origins[last]! + sourceLength
    const isCopy = length === sourceLength
    if (isCopy && last > 0 && offsets[last]! - offsets[last - 1]! === origins[last]! - origins[last - 1]!) {
      offsets[last] = offset
      origins[last] = origin
    } else {
      offsets.push(offset)
      origins.push(origin)
    }
  }

  /**
   * Appends a run that came from `start` to `end` of the source, what lies before it left out. A source behind
   * the last one would turn the map back: such a run is an insertion.
   */
  addFrom(length: number, start: number, end: number): void {
    if (start < this.origin || end < start) this.add(length, 0)
    else {
      this.add(0, start - this.origin)
      this.add(length, end - start)
    }
  }

  /** The map, its last entry at the two ends. */
  close(sourceLength: number): OffsetMap {
    this.add(0, sourceLength - this.origin)
    return { offsets: Uint32Array.from(this.offsets), origins: Uint32Array.from(this.origins) }
  }
}
