// Inserting: Malkov and Yashunin 2018, algorithms 1 and 4.

import { allocate } from '../memory'
import { score1 } from '../rows'
import { keyOf, scoreOf, slotOf } from './keys'
import {
  codeRow,
  countOf,
  floatBytes,
  floatKind,
  floatsOf,
  isAlive,
  kill,
  linkByFloats,
  linkBytes,
  linkKind,
  linksOf,
  mostLinks,
  nodeOf,
  setCount,
  upperBytes,
  walkRow,
  writeLinks,
} from './nodes'
import { backKeys, batch, batchScores, pool, poolSize, sortIn } from './pool'
import { linkRow, listAt, queryAt, scoreLinks } from './scoring'
import { descend, entry, setEntry, topLayer, walk } from './walk'

const maxLayers: i32 = 32
/**
 * Entries that a walk for an insertion expands together: its beam is so wide that hardly one of them is expanded in
 * vain, and scoring their links at once lets more of the memory's answers overlap.
 */
export const insertionWidth: i32 = 4

export let chosen: usize = 0
let chosenBack: usize = 0
let freeUpper: usize = 0
let connectivity: u32 = 0
export let construction: u32 = 0

/** `most` slots are chosen of at once; 0 when the memory is full. */
export function layOutLinks(most: usize, links: u32, efConstruction: u32): i32 {
  connectivity = links
  construction = efConstruction
  chosen = allocate(most * 4)
  chosenBack = allocate(most * 4)
  freeUpper = allocate(<usize>maxLayers * 4)
  return chosenBack && freeUpper
}

/** Scores the pool anew by what links are chosen by, best first. */
function rankByLinks(row: usize): void {
  for (let i: u32 = 0; i < poolSize; i++) {
    const slot = slotOf(load<u64>(pool + (<usize>i << 3)))
    const key = keyOf(score1(floatKind, row, floatsOf(slot), floatBytes), slot)
    let at = pool + (<usize>i << 3)
    for (; at > pool && load<u64>(at - 8) < key; at -= 8) store<u64>(at, load<u64>(at - 8))
    store<u64>(at, key)
  }
}

/**
 * Algorithm 4: of sorted candidates, those that are nearer to the base than to any candidate kept before. Dead
 * ones are left out.
 */
export function select(keys: usize, count: u32, most: u32, kept: usize): u32 {
  let size: u32 = 0
  for (let i: u32 = 0; i < count && size < most; i++) {
    const key = load<u64>(keys + (<usize>i << 3))
    const slot = slotOf(key)
    if (!isAlive(slot)) continue
    const score = scoreOf(key)
    const row = linkRow(slot)
    let diverse = true
    for (let i: u32 = 0; i < size && diverse; i++) {
      diverse = score1(linkKind, row, linkRow(load<u32>(kept + (<usize>i << 2))), linkBytes) <= score
    }
    if (!diverse) continue
    store<u32>(kept + (<usize>size << 2), slot)
    size++
  }
  return size
}

/** Links `from` to `to`; a full list is selected anew. */
export function linkBack(from: u32, to: u32, layer: i32): void {
  const node = nodeOf(from)
  const links = linksOf(node, layer)
  const count = countOf(node, layer)
  const most = mostLinks(layer)
  if (count < most) {
    store<u32>(links + (<usize>count << 2), to)
    setCount(node, layer, count + 1)
    return
  }
  for (let i: usize = 0; i < <usize>count << 2; i += 4) store<u32>(batch + i, load<u32>(links + i))
  store<u32>(batch + (<usize>count << 2), to)
  scoreLinks(linkRow(from), count + 1)
  for (let i: u32 = 0; i <= count; i++) {
    const at = <usize>i << 2
    sortIn(keyOf(load<f32>(batchScores + at), load<u32>(batch + at)), i)
  }
  writeLinks(node, layer, chosenBack, select(backKeys, count + 1, most, chosenBack))
}

/** Upper lists for layers 1 … `layers`, from the free ones if possible; 0 when the memory is full. */
function takeUpper(layers: i32): usize {
  const head = freeUpper + (<usize>layers << 2)
  let upper = <usize>load<u32>(head)
  if (upper) store<u32>(head, load<u32>(upper))
  else upper = allocate(<usize>layers * upperBytes)
  if (upper) memory.fill(upper, 0, <usize>layers * upperBytes)
  return upper
}

/** The query becomes the vector of a free slot, alive and without links; 0 when the memory is full. */
export function place(slot: u32, layers: i32): i32 {
  let upper: usize = 0
  if (layers > 0) {
    upper = takeUpper(layers)
    if (!upper) return 0
  }
  const node = nodeOf(slot)
  store<u16>(node, 0)
  store<u8>(node, <u8>layers, 2)
  store<u8>(node, 1, 3)
  store<u32>(node, <u32>upper, 4)
  memory.copy(floatsOf(slot), queryAt, floatBytes)
  if (codeRow) memory.copy(walkRow(slot), queryAt + floatBytes, codeRow)
  return 1
}

/** The first `count` slots of the list area become the links of a slot on one layer. */
export function setLinks(slot: u32, layer: i32, count: u32): void {
  writeLinks(nodeOf(slot), layer, listAt, count)
}

/**
 * Algorithm 1: the query becomes the vector of a free slot and is linked. 1 when it is; 0 when the memory is full
 * and nothing changed; 2 when everything around it is dead: then the new node is dead as well.
 */
export function insert(slot: u32, layers: i32): i32 {
  if (!place(slot, layers)) return 0
  const node = nodeOf(slot)
  if (entry < 0) {
    setEntry(slot, layers)
    return 1
  }
  const row = walkRow(slot)
  descend(row, layers)
  for (let layer = min(layers, topLayer); layer >= 0; layer--) {
    walk(row, construction, layer, insertionWidth)
    const nearest = load<u64>(pool)
    if (linkByFloats) rankByLinks(floatsOf(slot))
    const count = select(pool, poolSize, connectivity, chosen)
    // The next walk goes on by the scores of walks.
    store<u64>(pool, nearest)
    if (count == 0 && layer == 0) {
      kill(slot)
      return 2
    }
    writeLinks(node, layer, chosen, count)
    for (let i: u32 = 0; i < count; i++) linkBack(load<u32>(chosen + (<usize>i << 2)), slot, layer)
  }
  if (layers > topLayer) {
    setEntry(slot, layers)
  }
  return 1
}

/** Gives the upper lists of a slot back. No node may link to it any more. */
export function release(slot: u32): void {
  const node = nodeOf(slot)
  const layers = load<u8>(node, 2)
  if (layers == 0) return
  const head = freeUpper + (<usize>layers << 2)
  const upper = load<u32>(node, 4)
  store<u32>(upper, load<u32>(head))
  store<u32>(head, upper)
  store<u8>(node, 0, 2)
}
