/** Shared by the tables without cuts: most documents have several such tables. */
const NO_OFFSETS = new Uint32Array(0)
const NO_RANKS = new Uint8Array(0)
const SMALLEST = 256

/**
 * Places where a chunk may end, in ascending order, as flat columns. A cut is a gap, not a point: the chunk
 * before it ends at `ends[i]`, the next one starts at `starts[i]`, and only blanks lie between. `ranks[i]`
 * says how good the place is; higher is better, 0 never occurs.
 */
export class CutTable {
  ends = NO_OFFSETS
  starts = NO_OFFSETS
  ranks = NO_RANKS
  size = 0

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
