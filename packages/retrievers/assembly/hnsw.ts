// The graph of Malkov and Yashunin (2018), all of it in one memory: walk, insertion, repair.
//
// A block holds 256 nodes: their links on layer 0, then their floats, then their codes (int8 or bits). Blocks, visited marks
// and upper links are allocated as they are needed and never moved. `src/hnsw/twin-graph.ts` does the same
// in TypeScript, comparison by comparison: equal scores rank by ascending slot everywhere.

import { allocate, ensure, firstByte, memoryTop, startAt } from './memory'
import { codeBytesOf, FLOAT_DISTANCE, FLOAT_DOT, score1, score4, tailBytes } from './rows'

// A node: number of links (u16), top layer (u8), alive (u8), address of upper lists (u32), links (u32 …).
const headBytes: usize = 8
// An upper list: number of links (u32), links (u32 …).
const countBytes: usize = 4
const blockShift: u32 = 8
const blockMask: u32 = 255
const blockRows: usize = 256
const maxLayers: i32 = 32

let floatKind: i32 = 0
let walkKind: i32 = 0
let floatBytes: usize = 0
let codeRow: usize = 0
let walkBytes: usize = 0
let walkRowBytes: usize = 0
let walkOffset: usize = 0
/** Bits lead a walk but are too coarse to choose links by. */
let linkByFloats: bool = false
let linkKind: i32 = 0
let linkBytes: usize = 0
let nodeBytes: usize = 0
let upperBytes: usize = 0
let blockBytes: usize = 0
let connectivity: u32 = 0
let construction: u32 = 0

let queryAt: usize = 0
let listAt: usize = 0
let batch: usize = 0
let batchScores: usize = 0
let chosen: usize = 0
let chosenBack: usize = 0
let backKeys: usize = 0
let freeUpper: usize = 0

let blocks: usize = 0
let blockRoom: u32 = 0
let blockCount: u32 = 0
let visited: usize = 0
let visitedRoom: u32 = 0
let epoch: u32 = 0

let pool: usize = 0
let poolRoom: u32 = 0
let poolSize: u32 = 0

let entry: i32 = -1
let topLayer: i32 = 0

/**
 * Entries that a walk for an insertion expands together: its beam is so wide that hardly one of them is expanded in
 * vain, and scoring their links at once lets more of the memory's answers overlap.
 */
const insertionWidth: i32 = 4
/** Sum of what was asked for ahead, so that nothing leaves the asking out. */
let touched: u32 = 0

/** Slots that `scoreList` takes at once. */
export const listRoom: u32 = 1024

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
  blocks = table
  blockRoom = total
  blockCount = total
  setEntry(entrySlot, layer)
  return reserve(total << blockShift)
}

/** Where the table of blocks lies, for `attach`. */
export function blockArea(): usize {
  return blocks
}

/** Blocks in the table. */
export function blockTotal(): u32 {
  return blockCount
}

function layOut(euclidean: i32, dimensions: u32, codeKind: i32, links: u32, efConstruction: u32): i32 {
  floatKind = euclidean ? FLOAT_DISTANCE : FLOAT_DOT
  walkKind = floatKind + 2 * codeKind
  floatBytes = <usize>dimensions * 4
  walkBytes = codeKind ? codeBytesOf(codeKind, dimensions) : floatBytes
  codeRow = codeKind ? walkBytes + tailBytes : 0
  walkRowBytes = codeKind ? codeRow : floatBytes
  linkByFloats = codeKind == 2
  linkKind = linkByFloats ? floatKind : walkKind
  linkBytes = linkByFloats ? floatBytes : walkBytes
  connectivity = links
  construction = efConstruction
  nodeBytes = (headBytes + <usize>links * 8 + 15) & ~15
  upperBytes = countBytes + <usize>links * 4
  walkOffset = blockRows * (nodeBytes + (codeKind ? floatBytes : 0))
  blockBytes = blockRows * (nodeBytes + floatBytes + codeRow)
  const most = <usize>links * 2 * insertionWidth + 8
  queryAt = allocate(floatBytes + codeRow)
  listAt = allocate(<usize>listRoom * 4 + 16)
  batch = allocate(most * 4)
  batchScores = allocate(most * 4)
  chosen = allocate(most * 4)
  chosenBack = allocate(most * 4)
  backKeys = allocate(most * 8)
  freeUpper = allocate(<usize>maxLayers * 4)
  return queryAt && freeUpper && growPool(efConstruction)
}

/** Where the query is written: floats, then codes, scale and squared length. */
export function queryArea(): usize {
  return queryAt
}

/** Where slots are written for `scoreList`, and where it leaves their scores. */
export function listArea(): usize {
  return listAt
}

/** Bytes in use. */
export function usedBytes(): usize {
  return memoryTop()
}

/** Room for this many slots; 0 when the memory is full. */
export function reserve(slots: u32): i32 {
  const needed = (slots + blockMask) >> blockShift
  if (needed > blockRoom) {
    const room = max<u32>(needed, blockRoom * 2 + 16)
    const table = allocate(<usize>room * 4)
    if (!table) return 0
    memory.copy(table, blocks, <usize>blockCount * 4)
    blocks = table
    blockRoom = room
  }
  const marks = needed << blockShift
  if (marks > visitedRoom) {
    const room = max<u32>(marks, visitedRoom * 2)
    const marksAt = allocate(<usize>room * 2)
    if (!marksAt) return 0
    memory.fill(marksAt, 0, <usize>room * 2)
    visited = marksAt
    visitedRoom = room
    epoch = 0
  }
  if (blockCount < needed && !ensure(<u64>(needed - blockCount) * (<u64>blockBytes + 16))) return 0
  for (; blockCount < needed; blockCount++) {
    const block = allocate(blockBytes)
    if (!block) return 0
    store<u32>(blocks + (<usize>blockCount << 2), <u32>block)
  }
  return 1
}

/** Room for this many entries in the pool of a walk. */
export function growPool(entries: u32): i32 {
  if (entries <= poolRoom) return 1
  const room = max<u32>(entries, poolRoom * 2)
  const at = allocate(<usize>room * 8)
  if (!at) return 0
  pool = at
  poolRoom = room
  return 1
}

// @ts-ignore: decorator
@inline
function blockOf(slot: u32): usize {
  return <usize>load<u32>(blocks + (<usize>(slot >> blockShift) << 2))
}

// @ts-ignore: decorator
@inline
function nodeOf(slot: u32): usize {
  return blockOf(slot) + <usize>(slot & blockMask) * nodeBytes
}

// @ts-ignore: decorator
@inline
function floatsOf(slot: u32): usize {
  return blockOf(slot) + blockRows * nodeBytes + <usize>(slot & blockMask) * floatBytes
}

/** What a walk compares: codes when there are any, otherwise floats. */
// @ts-ignore: decorator
@inline
function walkRow(slot: u32): usize {
  return blockOf(slot) + walkOffset + <usize>(slot & blockMask) * walkRowBytes
}

// @ts-ignore: decorator
@inline
function isAlive(slot: u32): bool {
  return load<u8>(nodeOf(slot), 3) != 0
}

/** Address of the first link of a list. */
// @ts-ignore: decorator
@inline
function linksOf(node: usize, layer: i32): usize {
  return layer == 0
    ? node + headBytes
    : <usize>load<u32>(node, 4) + <usize>(layer - 1) * upperBytes + countBytes
}

// @ts-ignore: decorator
@inline
function countOf(node: usize, layer: i32): u32 {
  return layer == 0 ? <u32>load<u16>(node) : load<u32>(linksOf(node, layer) - countBytes)
}

// @ts-ignore: decorator
@inline
function setCount(node: usize, layer: i32, count: u32): void {
  if (layer == 0) store<u16>(node, <u16>count)
  else store<u32>(linksOf(node, layer) - countBytes, count)
}

// @ts-ignore: decorator
@inline
function mostLinks(layer: i32): u32 {
  return layer == 0 ? connectivity * 2 : connectivity
}

// A key sorts like its hit: score first, then ascending slot; the lowest bit says that it was expanded.

// @ts-ignore: decorator
@inline
function keyOf(score: f32, slot: u32): u64 {
  const bits = reinterpret<u32>(score)
  const ordered = bits ^ (<u32>(<i32>bits >> 31) | 0x80000000)
  return ((<u64>ordered) << 32) | ((<u64>(0x7fffffff - slot)) << 1)
}

// @ts-ignore: decorator
@inline
function slotOf(key: u64): u32 {
  return 0x7fffffff - ((<u32>key) >> 1)
}

// @ts-ignore: decorator
@inline
function scoreOf(key: u64): f32 {
  const ordered = <u32>(key >> 32)
  return reinterpret<f32>(ordered & 0x80000000 ? ordered ^ 0x80000000 : ~ordered)
}

/** Scores of slots, four at a time; a rest of two or three is filled up with its last slot. `out` has room for it. */
function scoreSlots(row: usize, slots: usize, count: u32, out: usize): void {
  const end = slots + (<usize>count << 2)
  for (; slots < end; slots += 16, out += 16) {
    const a = walkRow(load<u32>(slots))
    if (slots + 4 == end) {
      store<f32>(out, score1(walkKind, row, a, walkBytes))
      return
    }
    const b = walkRow(load<u32>(slots, 4))
    const c = slots + 8 < end ? walkRow(load<u32>(slots, 8)) : b
    const d = slots + 12 < end ? walkRow(load<u32>(slots, 12)) : c
    score4(walkKind, row, a, b, c, d, walkBytes, out)
  }
}

/** Scores of slots by floats; `out` may be where the slots are. */
function scoreFloats(row: usize, slots: usize, count: u32, out: usize): void {
  const end = slots + (<usize>count << 2)
  for (; slots + 16 <= end; slots += 16, out += 16) {
    score4(
      floatKind,
      row,
      floatsOf(load<u32>(slots)),
      floatsOf(load<u32>(slots, 4)),
      floatsOf(load<u32>(slots, 8)),
      floatsOf(load<u32>(slots, 12)),
      floatBytes,
      out,
    )
  }
  for (; slots < end; slots += 4, out += 4) {
    store<f32>(out, score1(floatKind, row, floatsOf(load<u32>(slots)), floatBytes))
  }
}

/** Replaces the first `count` slots of the list area by their scores by floats against the query. */
export function scoreList(count: u32): void {
  scoreFloats(queryAt, listAt, count, listAt)
}

/** What links are chosen by: the row of a slot, and scores of slots against it. */
// @ts-ignore: decorator
@inline
function linkRow(slot: u32): usize {
  return linkByFloats ? floatsOf(slot) : walkRow(slot)
}

function scoreLinks(row: usize, count: u32): void {
  if (linkByFloats) scoreFloats(row, batch, count, batchScores)
  else scoreSlots(row, batch, count, batchScores)
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

/** Forgets all visits. The marks are 16 bits: after 65,535 walks they are wiped. */
function newVisit(): void {
  epoch++
  if (epoch < 65536) return
  memory.fill(visited, 0, <usize>visitedRoom * 2)
  epoch = 1
}

/** True the first time. */
// @ts-ignore: decorator
@inline
function visit(slot: u32): bool {
  const mark = visited + (<usize>slot << 1)
  if (<u32>load<u16>(mark) == epoch) return false
  store<u16>(mark, <u16>epoch)
  return true
}

/** Sorts one more key into `backKeys`, best first. */
// @ts-ignore: decorator
@inline
function sortIn(key: u64, count: u32): void {
  let at = backKeys + (<usize>count << 3)
  for (; at > backKeys && load<u64>(at - 8) < key; at -= 8) store<u64>(at, load<u64>(at - 8))
  store<u64>(at, key)
}

/**
 * Merges the `count` scored slots of the batch into the pool of at most `ef`, best first, in one pass from its end.
 * The place of the best new one, or `ef` when none is among the best.
 */
function offerBatch(count: u32, ef: u32): u32 {
  const full = poolSize == ef
  const worst = full ? load<u64>(pool + (<usize>(ef - 1) << 3)) : 0
  let fresh: u32 = 0
  for (let i: usize = 0; i < <usize>count << 2; i += 4) {
    const key = keyOf(load<f32>(batchScores + i), load<u32>(batch + i))
    if (key > worst) sortIn(key, fresh++)
  }
  if (fresh == 0) return ef
  let held = pool + (<usize>poolSize << 3)
  let added = backKeys + (<usize>fresh << 3)
  let total = poolSize + fresh
  for (; total > ef; total--) {
    if (held > pool && load<u64>(held - 8) < load<u64>(added - 8)) held -= 8
    else added -= 8
  }
  poolSize = total
  let to = pool + (<usize>total << 3)
  while (added > backKeys) {
    const key = load<u64>(added - 8)
    for (; held > pool && load<u64>(held - 8) < key; held -= 8) {
      to -= 8
      store<u64>(to, load<u64>(held - 8))
    }
    to -= 8
    store<u64>(to, key)
    added -= 8
  }
  return <u32>((to - pool) >> 3)
}

/**
 * Algorithm 2: from the best entry of the pool to the `ef` nearest that can be reached on one layer. Always the best
 * `width` entries that were not expanded yet are expanded together; done when none is left.
 */
function walk(row: usize, ef: u32, layer: i32, width: i32): void {
  poolSize = 1
  store<u64>(pool, load<u64>(pool) & ~1)
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
function descend(row: usize, layer: i32): void {
  poolSize = 1
  store<u64>(pool, keyOf(score1(walkKind, row, walkRow(entry), walkBytes), entry))
  for (let above = topLayer; above > layer; above--) walk(row, 1, above, 1)
}

/**
 * Algorithm 4: of sorted candidates, those that are nearer to the base than to any candidate kept before. Dead
 * ones are left out.
 */
function select(keys: usize, count: u32, most: u32, kept: usize): u32 {
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

function writeLinks(node: usize, layer: i32, slots: usize, count: u32): void {
  setCount(node, layer, count)
  const links = linksOf(node, layer)
  for (let i: usize = 0; i < <usize>count << 2; i += 4) store<u32>(links + i, load<u32>(slots + i))
}

/** Links `from` to `to`; a full list is selected anew. */
function linkBack(from: u32, to: u32, layer: i32): void {
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

/** Address of the floats of a slot. */
export function floatArea(slot: u32): usize {
  return floatsOf(slot)
}

/**
 * Algorithm 1: the query becomes the vector of a free slot and is linked. 1 when it is; 0 when the memory is full
 * and nothing changed; 2 when everything around it is dead: then the new node is dead as well.
 */
export function insert(slot: u32, layers: i32): i32 {
  if (!place(slot, layers)) return 0
  const node = nodeOf(slot)
  if (entry < 0) {
    entry = slot
    topLayer = layers
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
    entry = slot
    topLayer = layers
  }
  return 1
}

/** A dead node is walked through, but neither returned nor linked to. */
export function kill(slot: u32): void {
  store<u8>(nodeOf(slot), 0, 3)
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

/** Where walks start; -1 for nowhere. */
export function setEntry(slot: i32, layer: i32): void {
  entry = slot
  topLayer = layer
}

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
    poolSize = 0
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

export function resultArea(): usize {
  return pool
}

/** Address of a list of links, and how many there are. */
export function linkArea(slot: u32, layer: i32): usize {
  return linksOf(nodeOf(slot), layer)
}

export function linkCount(slot: u32, layer: i32): u32 {
  return countOf(nodeOf(slot), layer)
}
