import type { OffsetMap } from './document.js'
import { RagError } from './errors.js'

/*
 * How an OffsetMap is read. Entry `i` pairs an offset of the edited text with one of the original; both never
 * decrease, and the last entry pairs the two ends. Between two entries lies a run: of equal length in both
 * texts it stands for the original character for character, otherwise as a whole. An insertion has no
 * original and a deletion no text, so entries may share an offset or an origin.
 *
 *     original   a b c d e f g h      offsets  0 3 3 5 6
 *     edited     a b c     X h        origins  0 3 5 7 8      d e deleted, f g replaced by X: 3 3 4 5
 */

/** Collects runs from left to right. */
export class OffsetMapBuilder {
  private readonly offsets: number[] = [0]
  private readonly origins: number[] = [0]

  /** Appends the run that ends at these two places. Empty runs vanish; kept runs in a row become one. */
  add(offset: number, origin: number): void {
    const { offsets, origins } = this
    const last = offsets.length - 1
    const length = offset - offsets[last]!
    if (length === 0 && origin === origins[last]) return
    const isKept = length === origin - origins[last]!
    if (isKept && last > 0 && offsets[last]! - offsets[last - 1]! === origins[last]! - origins[last - 1]!) {
      offsets[last] = offset
      origins[last] = origin
    } else {
      offsets.push(offset)
      origins.push(origin)
    }
  }

  build(): OffsetMap {
    return { offsets: Uint32Array.from(this.offsets), origins: Uint32Array.from(this.origins) }
  }
}

/**
 * The map with its last entry at the end of the edited text: a map that stops earlier kept the rest, one
 * without entries kept everything.
 */
export function closeOffsetMap(map: OffsetMap, textLength: number): OffsetMap {
  const last = map.offsets.length - 1
  if (last < 0) return { offsets: Uint32Array.of(0, textLength), origins: Uint32Array.of(0, textLength) }
  const end = map.offsets[last]!
  if (end === textLength) return map
  if (end > textLength)
    throw new RagError(
      'invalid-argument',
      `An offset map must end inside its text, got ${end} for a text of ${textLength}. Compose maps in the order the edits were made.`,
    )
  const offsets = new Uint32Array(last + 2)
  const origins = new Uint32Array(last + 2)
  offsets.set(map.offsets)
  origins.set(map.origins)
  offsets[last + 1] = textLength
  origins[last + 1] = map.origins[last]! + textLength - end
  return { offsets, origins }
}

/** Where a place of one text lies in the other: one place, or between `low` and `high`. */
export interface Projection {
  readonly low: number
  readonly high: number
  /** `between` runs, inside a `kept` run (`low` equals `high`), or inside a `replaced` one. */
  readonly at: 'between' | 'kept' | 'replaced'
}

/** Number of entries below `value`. */
function lowerBound(ascending: Uint32Array, value: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Takes `place` of the text that `keys` measures to the text that `values` measures; the map must be closed. */
export function project(keys: Uint32Array, values: Uint32Array, place: number): Projection {
  const at = lowerBound(keys, place)
  if (keys[at] === place) {
    const past = lowerBound(keys, place + 1)
    return { low: values[at]!, high: values[past - 1]!, at: 'between' }
  }
  const low = values[at - 1]!
  const high = values[at]!
  if (high - low !== keys[at]! - keys[at - 1]!) return { low, high, at: 'replaced' }
  const exact = low + place - keys[at - 1]!
  return { low: exact, high: exact, at: 'kept' }
}

/** {@link project} for places that ascend: each entry is passed once, and nothing is allocated. */
class Walker {
  low = 0
  high = 0
  /** Whether both texts can be divided here: not inside a replacement, whose two sides belong together. */
  isDivisible = true
  /** The next place with an entry. */
  upcoming = 0
  private entry = 0
  private readonly keys: Uint32Array
  private readonly values: Uint32Array

  constructor(keys: Uint32Array, values: Uint32Array) {
    this.keys = keys
    this.values = values
  }

  moveTo(place: number): void {
    const { keys, values } = this
    let entry = this.entry
    while (keys[entry]! < place) entry++
    this.low = values[entry]!
    if (keys[entry] === place) {
      while (keys[entry + 1] === place) entry++
      this.high = values[entry]!
      this.isDivisible = true
      this.upcoming = keys[entry + 1] ?? place
    } else {
      const from = values[entry - 1]!
      const isKept = values[entry]! - from === keys[entry]! - keys[entry - 1]!
      this.low = isKept ? from + place - keys[entry - 1]! : from
      this.high = isKept ? this.low : values[entry]!
      this.isDivisible = this.low === this.high
      this.upcoming = keys[entry]!
    }
    this.entry = entry
  }
}

/**
 * The way back through two edits: `first` leads from the middle text to the original, `second` from the last
 * text to the middle one; the result leads from the last text to the original. Where a run of one is cut by
 * the other inside a replacement, both become one run, so nothing is mapped to less than its origin.
 * Throws `invalid-argument` when `first` belongs to a longer text than `second` starts from.
 */
export function composeOffsetMaps(first: OffsetMap, second: OffsetMap): OffsetMap {
  const length = second.origins.at(-1) ?? 0
  const back = closeOffsetMap(first, length)
  const origin = new Walker(back.offsets, back.origins)
  const offset = new Walker(second.origins, second.offsets)
  const builder = new OffsetMapBuilder()
  for (let place = 0; ; place = Math.min(origin.upcoming, offset.upcoming)) {
    origin.moveTo(place)
    offset.moveTo(place)
    if (origin.isDivisible && offset.isDivisible) {
      builder.add(offset.low, origin.low)
      // What the second edit inserted here comes before what the first one deleted here.
      builder.add(offset.high, origin.low)
      builder.add(offset.high, origin.high)
    }
    if (place >= length) return builder.build()
  }
}
