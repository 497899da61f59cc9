// Where nodes lie: blocks of 256, each with their links on layer 0, then their floats, then their codes (int8 or bits).
// Blocks and upper lists are allocated as they are needed and never moved.

import { allocate, ensure } from '../memory'
import { codeBytesOf, FLOAT_DISTANCE, FLOAT_DOT, tailBytes } from '../rows'

// A node: number of links (u16), top layer (u8), alive (u8), address of upper lists (u32), links (u32 …).
const headBytes: usize = 8
// An upper list: number of links (u32), links (u32 …).
const countBytes: usize = 4
const blockShift: u32 = 8
const blockMask: u32 = 255
const blockRows: usize = 256

export let floatKind: i32 = 0
export let walkKind: i32 = 0
export let floatBytes: usize = 0
export let codeRow: usize = 0
export let walkBytes: usize = 0
let walkRowBytes: usize = 0
let walkOffset: usize = 0
/** Bits lead a walk but are too coarse to choose links by. */
export let linkByFloats: bool = false
export let linkKind: i32 = 0
export let linkBytes: usize = 0
let nodeBytes: usize = 0
export let upperBytes: usize = 0
let blockBytes: usize = 0
let connectivity: u32 = 0

let blocks: usize = 0
let blockRoom: u32 = 0
let blockCount: u32 = 0

/** `dimensions` is a multiple of 16, `links` is the paper's M. */
export function layOutNodes(euclidean: i32, dimensions: u32, codeKind: i32, links: u32): void {
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
  nodeBytes = (headBytes + <usize>links * 8 + 15) & ~15
  upperBytes = countBytes + <usize>links * 4
  walkOffset = blockRows * (nodeBytes + (codeKind ? floatBytes : 0))
  blockBytes = blockRows * (nodeBytes + floatBytes + codeRow)
}

/** Takes over the blocks that another instance made. */
export function adoptBlocks(table: usize, total: u32): void {
  blocks = table
  blockRoom = total
  blockCount = total
}

/** Where the table of blocks lies, for `attach`. */
export function blockArea(): usize {
  return blocks
}

/** Blocks in the table. */
export function blockTotal(): u32 {
  return blockCount
}

export function blocksFor(slots: u32): u32 {
  return (slots + blockMask) >> blockShift
}

export function slotsIn(count: u32): u32 {
  return count << blockShift
}

/** Room for so many blocks in their table; 0 when the memory is full. */
export function reserveTable(needed: u32): i32 {
  if (needed <= blockRoom) return 1
  const room = max<u32>(needed, blockRoom * 2 + 16)
  const table = allocate(<usize>room * 4)
  if (!table) return 0
  memory.copy(table, blocks, <usize>blockCount * 4)
  blocks = table
  blockRoom = room
  return 1
}

/** So many blocks; 0 when the memory is full. */
export function reserveBlocks(needed: u32): i32 {
  if (blockCount < needed && !ensure(<u64>(needed - blockCount) * (<u64>blockBytes + 16))) return 0
  for (; blockCount < needed; blockCount++) {
    const block = allocate(blockBytes)
    if (!block) return 0
    store<u32>(blocks + (<usize>blockCount << 2), <u32>block)
  }
  return 1
}

// @ts-expect-error: decorator
@inline
export function blockOf(slot: u32): usize {
  return <usize>load<u32>(blocks + (<usize>(slot >> blockShift) << 2))
}

// @ts-expect-error: decorator
@inline
export function nodeOf(slot: u32): usize {
  return blockOf(slot) + <usize>(slot & blockMask) * nodeBytes
}

// @ts-expect-error: decorator
@inline
export function floatsOf(slot: u32): usize {
  return blockOf(slot) + blockRows * nodeBytes + <usize>(slot & blockMask) * floatBytes
}

/** What a walk compares: codes when there are any, otherwise floats. */
// @ts-expect-error: decorator
@inline
export function walkRow(slot: u32): usize {
  return blockOf(slot) + walkOffset + <usize>(slot & blockMask) * walkRowBytes
}

// @ts-expect-error: decorator
@inline
export function isAlive(slot: u32): bool {
  return load<u8>(nodeOf(slot), 3) != 0
}

/** Address of the first link of a list. */
// @ts-expect-error: decorator
@inline
export function linksOf(node: usize, layer: i32): usize {
  return layer == 0
    ? node + headBytes
    : <usize>load<u32>(node, 4) + <usize>(layer - 1) * upperBytes + countBytes
}

// @ts-expect-error: decorator
@inline
export function countOf(node: usize, layer: i32): u32 {
  return layer == 0 ? <u32>load<u16>(node) : load<u32>(linksOf(node, layer) - countBytes)
}

// @ts-expect-error: decorator
@inline
export function setCount(node: usize, layer: i32, count: u32): void {
  if (layer == 0) store<u16>(node, <u16>count)
  else store<u32>(linksOf(node, layer) - countBytes, count)
}

// @ts-expect-error: decorator
@inline
export function mostLinks(layer: i32): u32 {
  return layer == 0 ? connectivity * 2 : connectivity
}

export function writeLinks(node: usize, layer: i32, slots: usize, count: u32): void {
  setCount(node, layer, count)
  const links = linksOf(node, layer)
  for (let i: usize = 0; i < <usize>count << 2; i += 4) store<u32>(links + i, load<u32>(slots + i))
}

/** Address of the floats of a slot. */
export function floatArea(slot: u32): usize {
  return floatsOf(slot)
}

/** Address of a list of links, and how many there are. */
export function linkArea(slot: u32, layer: i32): usize {
  return linksOf(nodeOf(slot), layer)
}

export function linkCount(slot: u32, layer: i32): u32 {
  return countOf(nodeOf(slot), layer)
}

/** A dead node is walked through, but neither returned nor linked to. */
export function kill(slot: u32): void {
  store<u8>(nodeOf(slot), 0, 3)
}
