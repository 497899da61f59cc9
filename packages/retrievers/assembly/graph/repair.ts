// Leading links past the dead: Singh and others 2021, FreshDiskANN.

import { countOf, isAlive, linksOf, mostLinks, nodeOf, writeLinks } from './nodes'
import { batch, emptyPool, offerBatch, pool, poolSize } from './pool'
import { chosen, construction, linkBack, select } from './links'
import { linkRow, scoreLinks } from './scoring'
import { newVisit, visit } from './visits'

/** Puts the live ones of a list that were not seen yet into the pool. */
function offerLive(row: usize, node: usize, layer: i32): void {
  const links = linksOf(node, layer)
  const end = links + (<usize>countOf(node, layer) << 2)
  let found = batch
  for (let link = links; link < end; link += 4) {
    const slot = load<u32>(link)
    if (!isAlive(slot) || !visit(slot)) continue
    store<u32>(found, slot)
    found += 4
  }
  const count = <u32>((found - batch) >> 2)
  scoreLinks(row, count)
  offerBatch(count, construction)
}

function isLinked(from: u32, to: u32, layer: i32): bool {
  const node = nodeOf(from)
  const links = linksOf(node, layer)
  const end = links + (<usize>countOf(node, layer) << 2)
  for (let link = links; link < end; link += 4) if (load<u32>(link) == to) return true
  return false
}

/**
 * Takes the dead out of the lists of a node: it is linked anew to the best of its living neighbours and those
 * of its dead ones (Singh and others 2021, FreshDiskANN, algorithm 4), and they to it, so that it stays reachable. A
 * dead node only gets new links: nobody is led to it.
 */
export function repair(slot: u32): void {
  const node = nodeOf(slot)
  const row = linkRow(slot)
  for (let layer: i32 = load<u8>(node, 2); layer >= 0; layer--) {
    const links = linksOf(node, layer)
    const end = links + (<usize>countOf(node, layer) << 2)
    let dead = 0
    for (let link = links; link < end; link += 4) if (!isAlive(load<u32>(link))) dead++
    if (dead == 0) continue
    newVisit()
    visit(slot)
    emptyPool()
    offerLive(row, node, layer)
    for (let link = links; link < end; link += 4) {
      const neighbor = load<u32>(link)
      if (!isAlive(neighbor)) offerLive(row, nodeOf(neighbor), layer)
    }
    const count = select(pool, poolSize, mostLinks(layer), chosen)
    writeLinks(node, layer, chosen, count)
    for (let i: u32 = 0; i < count; i++) {
      const neighbor = load<u32>(chosen + (<usize>i << 2))
      if (isAlive(slot) && !isLinked(neighbor, slot, layer)) linkBack(neighbor, slot, layer)
    }
  }
}
