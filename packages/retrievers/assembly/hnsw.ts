// The graph of Malkov and Yashunin (2018), all of it in one memory: walk, insertion, repair.
//
// `src/hnsw/twin-graph.ts` does the same in TypeScript, comparison by comparison: equal scores rank by ascending slot
// everywhere.

import { insertionWidth, layOutLinks } from './graph/links'
import { adoptBlocks, blocksFor, layOutNodes, reserveBlocks, reserveTable, slotsIn } from './graph/nodes'
import { layOutPool } from './graph/pool'
import { layOutQuery } from './graph/scoring'
import { layOutSet } from './graph/sets'
import { reserveVisits } from './graph/visits'
import { setEntry } from './graph/walk'
import { firstByte, memoryTop, startAt } from './memory'

export { insert, place, release, setLinks } from './graph/links'
export { blockArea, blockTotal, floatArea, kill, linkArea, linkCount } from './graph/nodes'
export { growPool, resultArea } from './graph/pool'
export { repair } from './graph/repair'
export { listArea, listRoom, queryArea, scoreList } from './graph/scoring'
export { listSet, setArea, wordsRead } from './graph/sets'
export { search, setEntry } from './graph/walk'

/** Lays the memory out; 0 when there is no room. `dimensions` is a multiple of 16, `links` is the paper's M. */
export function setup(euclidean: i32, dimensions: u32, codeKind: i32, links: u32, efConstruction: u32): i32 {
  startAt(firstByte)
  return layOut(euclidean, dimensions, codeKind, links, efConstruction)
}

/**
 * Makes this a reader of a graph that another instance built, in a copy of its memory. What searches write lies from
 * `base` on, of which everything is zero. `table` and `total` are the other's `blockArea` and `blockTotal`. 0 when there
 * is no room.
 */
export function attach(
  euclidean: i32,
  dimensions: u32,
  codeKind: i32,
  links: u32,
  base: usize,
  table: usize,
  total: u32,
  entrySlot: i32,
  layer: i32,
): i32 {
  startAt(base)
  if (!layOut(euclidean, dimensions, codeKind, links, 1)) return 0
  adoptBlocks(table, total)
  setEntry(entrySlot, layer)
  return reserve(slotsIn(total))
}

function layOut(euclidean: i32, dimensions: u32, codeKind: i32, links: u32, efConstruction: u32): i32 {
  layOutNodes(euclidean, dimensions, codeKind, links)
  const most = <usize>links * 2 * insertionWidth + 8
  return layOutQuery() && layOutSet() && layOutLinks(most, links, efConstruction) && layOutPool(most, efConstruction)
}

/** Bytes in use. */
export function usedBytes(): usize {
  return memoryTop()
}

/** Room for this many slots; 0 when the memory is full. */
export function reserve(slots: u32): i32 {
  const needed = blocksFor(slots)
  return reserveTable(needed) && reserveVisits(slotsIn(needed)) && reserveBlocks(needed)
}
