/** Shared by the tables without cuts: most documents have several such tables. */
const NO_OFFSETS = new Uint32Array(0)
const NO_RANKS = new Uint8Array(0)
const SMALLEST = 256

/**
 * Places where a chunk may end. A cut is a gap, not a point: the chunk before it ends where the gap's blanks begin,
 * the next one starts behind them, and that start names the cut. Without `trim` the chunk before it keeps the blanks.
 */
export interface Cuts {
  /** True when the text has no cut at all. */
  readonly isEmpty: boolean
  /** The best-ranked cut where a chunk ends in (floor, limit], the last of equals: its start, or -1. */
  best(floor: number, limit: number, trim: boolean): number
  /** The first cut that starts at `from` or behind, where a chunk ends by `limit`: its start, or -1. */
  first(from: number, limit: number, trim: boolean): number
}

/**
 * Cuts in ascending order, as flat columns: a chunk ends at `ends[i]`, the next one starts at `starts[i]`, and all
 * between, blanks only, is the gap. `ranks[i]` says how good the place is; higher is better, 0 never occurs.
 */
export class CutTable implements Cuts {
  ends = NO_OFFSETS
  starts = NO_OFFSETS
  ranks = NO_RANKS
  size = 0

  get isEmpty(): boolean {
    return this.size === 0
  }

  best(floor: number, limit: number, trim: boolean): number {
    const index = this.bestIndex(floor, limit, trim)
    return index < 0 ? -1 : this.starts[index]!
  }

  first(from: number, limit: number, trim: boolean): number {
    const index = this.firstStartingAt(from)
    if (index === this.size) return -1
    const end = trim ? this.ends[index]! : this.starts[index]!
    return end <= limit ? this.starts[index]! : -1
  }

  /** Index of what `best` finds, or -1. */
  bestIndex(floor: number, limit: number, trim: boolean): number {
    const ends = trim ? this.ends : this.starts
    let best = -1
    let bestRank = 0
    for (let i = firstAbove(ends, this.size, limit) - 1; i >= 0 && ends[i]! > floor; i--) {
      if (this.ranks[i]! > bestRank) {
        best = i
        bestRank = this.ranks[i]!
      }
    }
    return best
  }

  /** Takes all cuts out. */
  clear(): void {
    this.size = 0
  }

  /** Appends a cut; its `start` must not lie before the last one's. Of two cuts with one start the better rank stays. */
  push(end: number, start: number, rank: number): void {
    const last = this.size - 1
    if (last >= 0 && this.starts[last] === start) {
      if (rank > this.ranks[last]!) this.ranks[last] = rank
      return
    }
    if (this.size === this.ends.length) this.#grow()
    this.ends[this.size] = end
    this.starts[this.size] = start
    this.ranks[this.size] = rank
    this.size++
  }

  /** Index of the first cut whose `start` is at least `offset`; `size` when there is none. */
  firstStartingAt(offset: number): number {
    let low = 0
    let high = this.size
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.starts[middle]! < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  #grow(): void {
    const capacity = Math.max(SMALLEST, this.ends.length * 2)
    const ends = new Uint32Array(capacity)
    const starts = new Uint32Array(capacity)
    const ranks = new Uint8Array(capacity)
    ends.set(this.ends)
    starts.set(this.starts)
    ranks.set(this.ranks)
    this.ends = ends
    this.starts = starts
    this.ranks = ranks
  }
}

/** Index of the first of `size` ascending offsets that is above `limit`; `size` when there is none. */
function firstAbove(offsets: Uint32Array, size: number, limit: number): number {
  let low = 0
  let high = size
  while (low < high) {
    const middle = (low + high) >>> 1
    if (offsets[middle]! <= limit) low = middle + 1
    else high = middle
  }
  return low
}

/** Both tables in one, in order. */
export function mergeCuts(a: CutTable, b: CutTable): CutTable {
  if (b.size === 0) return a
  if (a.size === 0) return b
  const merged = new CutTable()
  let i = 0
  let j = 0
  while (i < a.size || j < b.size) {
    const takeFirst = j === b.size || (i < a.size && a.starts[i]! <= b.starts[j]!)
    if (takeFirst) {
      merged.push(a.ends[i]!, a.starts[i]!, a.ranks[i]!)
      i++
    } else {
      merged.push(b.ends[j]!, b.starts[j]!, b.ranks[j]!)
      j++
    }
  }
  return merged
}
