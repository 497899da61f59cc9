// Searching: Malkov and Yashunin 2018, algorithms 2 and 5.

import { score1 } from '../rows'
import { keyOf, slotOf } from './keys'
import { codeRow, countOf, floatBytes, isAlive, linksOf, nodeOf, walkBytes, walkKind, walkRow } from './nodes'
import { batch, batchScores, beginPool, offerBatch, pool, poolSize } from './pool'
import { queryAt, scoreSlots } from './scoring'
import { newVisit, visit } from './visits'

export let entry: i32 = -1
export let topLayer: i32 = 0
/** Sum of what was asked for ahead, so that nothing leaves the asking out. */
let touched: u32 = 0

/** Where walks start; -1 for nowhere. */
export function setEntry(slot: i32, layer: i32): void {
  entry = slot
  topLayer = layer
}

/**
 * Algorithm 2: from the best entry of the pool to the `ef` nearest that can be reached on one layer. Always the best
 * `width` entries that were not expanded yet are expanded together; done when none is left.
 */
export function walk(row: usize, ef: u32, layer: i32, width: i32): void {
  beginPool(load<u64>(pool))
  newVisit()
  visit(slotOf(load<u64>(pool)))
  let next: u32 = 0
  while (next < poolSize) {
    let found = batch
    for (let left = width; left > 0 && next < poolSize; next++) {
      const at = pool + (<usize>next << 3)
      const key = load<u64>(at)
      if (key & 1) continue
      store<u64>(at, key | 1)
      left--
      const node = nodeOf(slotOf(key))
      const links = linksOf(node, layer)
      const end = links + (<usize>countOf(node, layer) << 2)
      for (let link = links; link < end; link += 4) {
        const slot = load<u32>(link)
        if (!visit(slot)) continue
        store<u32>(found, slot)
        // Asks for the row already: its page and first line are on their way when it is scored.
        touched += load<u8>(walkRow(slot))
        found += 4
      }
    }
    const count = <u32>((found - batch) >> 2)
    if (count == 0) continue
    scoreSlots(row, batch, count, batchScores)
    next = min(next, offerBatch(count, ef))
  }
}

/** Leaves the nearest entry of layer `layer` + 1 as the only one of the pool. */
export function descend(row: usize, layer: i32): void {
  beginPool(keyOf(score1(walkKind, row, walkRow(entry), walkBytes), entry))
  for (let above = topLayer; above > layer; above--) walk(row, 1, above, 1)
}

/**
 * The `ef` nearest of the query that a walk finds; `growPool(ef)` comes before. Returns how many there are; they
 * lie in `resultArea()`, best first: slot, or slot + 2^31 for a dead node.
 */
export function search(ef: u32): u32 {
  if (entry < 0) return 0
  const row = codeRow ? queryAt + floatBytes : queryAt
  descend(row, 0)
  walk(row, ef, 0, 1)
  // Keys become slots in place: the slot of entry i goes where the first half of key i / 2 was.
  for (let i: u32 = 0; i < poolSize; i++) {
    const slot = slotOf(load<u64>(pool + (<usize>i << 3)))
    store<u32>(pool + (<usize>i << 2), isAlive(slot) ? slot : slot | 0x80000000)
  }
  return poolSize
}
