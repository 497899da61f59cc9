/**
 * The best entries of a walk, best first, equal scores by ascending slot. What the WebAssembly graph keeps as
 * 64-bit keys lies here in three arrays.
 */
export class Pool {
  size = 0
  slots = new Uint32Array(16)
  scores = new Float32Array(16)
  expanded = new Uint8Array(16)

  reserve(entries: number): void {
    if (entries <= this.slots.length) return
    const room = Math.max(entries, this.slots.length * 2)
    const { slots, scores, expanded } = this
    this.slots = new Uint32Array(room)
    this.scores = new Float32Array(room)
    this.expanded = new Uint8Array(room)
    this.slots.set(slots)
    this.scores.set(scores)
    this.expanded.set(expanded)
  }

  /** Puts an entry in its place among at most `most`; its place, or `most` when it is not among the best. */
  offer(score: number, slot: number, most: number): number {
    const { slots, scores, expanded } = this
    let high = this.size
    if (high === most) {
      const worst = scores[most - 1]!
      if (score < worst || (score === worst && slot > slots[most - 1]!)) return most
      high--
    } else this.size++
    const last = high
    let low = 0
    while (low < high) {
      const middle = (low + high) >>> 1
      const held = scores[middle]!
      if (held > score || (held === score && slots[middle]! < slot)) low = middle + 1
      else high = middle
    }
    for (let at = last; at > low; at--) {
      slots[at] = slots[at - 1]!
      scores[at] = scores[at - 1]!
      expanded[at] = expanded[at - 1]!
    }
    slots[low] = slot
    scores[low] = score
    expanded[low] = 0
    return low
  }
}
