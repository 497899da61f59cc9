// Rows for the exact scan. A block holds 256 rows of floats, then their codes in 32 groups of eight rows; blocks
// follow each other from `firstBlock` on, so growing never moves a row. In a group the rows take turns every 16 bytes,
// so that one address leads to all eight; behind them stand eight scales, eight squared lengths
// and, of whole numbers, eight lengths of what comes behind the first half.

import { bitSums8, codeLength, codeSums8, mostOfRest, pairQuery } from './groups'
import { BIT_DOT, CODE_DOT, codeBytesOf, FLOAT_DISTANCE, FLOAT_DOT, score1, score4, tailBytes } from './rows'

const blockRows: u32 = 256
const pageBytes: u64 = 65536

let kind: i32 = 0
let rowCodeKind: i32 = 0
let floatBytes: usize = 0
let codeBytes: usize = 0
let codeRow: usize = 0
let blockBytes: usize = 0
let queries: usize = 0
let scores: usize = 0
let selected: usize = 0
let sums: usize = 0
let pairs: usize = 0
let headBytes: usize = 0
let firstBlock: usize = 0

const groupRows: u32 = 8
/** `select` stops with so many, or up to seven more. */
const selectedRows: u32 = 32

/**
 * Lays the memory out. `euclidean` 1 for distances; `dimensions` padded to a multiple of 16; `codeKind` 1 for int8 rows,
 * 2 for rows of bits beside the floats.
 */
export function setup(euclidean: i32, dimensions: u32, codeKind: i32, queryCount: u32): void {
  kind = euclidean ? FLOAT_DISTANCE : FLOAT_DOT
  rowCodeKind = kind + 2 * codeKind
  floatBytes = <usize>dimensions * 4
  codeBytes = codeBytesOf(codeKind, dimensions)
  // Below 128 dimensions looking at a half first would cost more than it spares.
  headBytes = codeKind == 1 && dimensions >= 128 ? (codeBytes >> 5) << 4 : codeBytes
  codeRow = codeKind ? codeBytes + tailBytes : 0
  blockBytes = <usize>blockRows * (floatBytes + codeRow)
  queries = 1024
  scores = queries + <usize>queryCount * (floatBytes + codeRow)
  layScratch()
  firstBlock = pairs + 2 * codeBytes + 64
}

function layScratch(): void {
  selected = scores + <usize>blockRows * 4
  sums = selected + 512
  pairs = sums + 64
}

/** Room for this many rows; 0 when the memory cannot grow so far. */
export function reserve(rows: u32): i32 {
  const blocks = <u64>((rows + blockRows - 1) / blockRows)
  const needed = (<u64>firstBlock + blocks * <u64>blockBytes + pageBytes - 1) / pageBytes
  const present = <u64>memory.size()
  if (needed <= present) return 1
  if (needed > 65536) return 0
  return memory.grow(<i32>(needed - present)) >= 0 ? 1 : 0
}

/** Address of the first row, for `attach`. */
export function rowArea(): usize {
  return firstBlock
}

/**
 * Makes this, once `setup` has told the shape, a reader of rows that another instance wrote, in a copy of its memory.
 * Queries and scores lie from `base` on. `rows` is the other's `rowArea`.
 */
export function attach(base: usize, rows: usize): void {
  scores = base + (scores - queries)
  queries = base
  layScratch()
  firstBlock = rows
}

/** Address of the floats of a row. */
export function floatArea(row: u32): usize {
  return floatsOf(row)
}

/** Where query number `query` is written: floats, then its codes, scale and squared length. */
export function queryFloats(query: u32): usize {
  return queries + <usize>query * (floatBytes + codeRow)
}

export function queryCodes(query: u32): usize {
  return queryFloats(query) + floatBytes
}

/** Where the scores of `scan` and `gather` lie: room for 256. */
export function scoreArea(): usize {
  return scores
}

// @ts-expect-error: decorator
@inline
function floatsOf(row: u32): usize {
  return firstBlock + <usize>(row >> 8) * blockBytes + <usize>(row & 255) * floatBytes
}

/** The codes of eight rows; `row` is a multiple of eight. */
// @ts-expect-error: decorator
@inline
function groupOf(row: u32): usize {
  return firstBlock + <usize>(row >> 8) * blockBytes + <usize>blockRows * floatBytes + <usize>(row & 255) * codeRow
}

/** Where in its group a row has its first 16 codes. */
// @ts-expect-error: decorator
@inline
function codesOf(row: u32): usize {
  return groupOf(row & ~7) + (<usize>(row & 7) << 4)
}

/** Where in its group a row has its scale. */
// @ts-expect-error: decorator
@inline
function tailOf(row: u32): usize {
  return groupOf(row & ~7) + codeBytes * groupRows + (<usize>(row & 7) << 2)
}

/** Copies query 0 into a row. */
export function write(row: u32): void {
  memory.copy(floatsOf(row), queryFloats(0), floatBytes)
  if (!codeRow) return
  const from = queryCodes(0)
  const to = codesOf(row)
  // Of whole numbers, those at even places are kept 128 higher: see `codeSums8`.
  const raised = i16x8.splat(rowCodeKind < BIT_DOT ? 0x80 : 0)
  for (let i: usize = 0; i < codeBytes; i += 16) v128.store(to + i * groupRows, v128.xor(raised, v128.load(from + i)))
  const tail = tailOf(row)
  store<f32>(tail, load<f32>(from + codeBytes))
  store<f32>(tail, load<f32>(from + codeBytes, 4), 32)
  if (headBytes < codeBytes) store<f32>(tail, codeLength(from + headBytes, codeBytes - headBytes), 64)
}

export function move(from: u32, to: u32): void {
  memory.copy(floatsOf(to), floatsOf(from), floatBytes)
  if (!codeRow) return
  const source = codesOf(from)
  const target = codesOf(to)
  const end = codeBytes * groupRows
  for (let i: usize = 0; i < end; i += 16 * groupRows) v128.store(target + i, v128.load(source + i))
  store<f32>(tailOf(to), load<f32>(tailOf(from)))
  store<f32>(tailOf(to), load<f32>(tailOf(from), 32), 32)
  store<f32>(tailOf(to), load<f32>(tailOf(from), 64), 64)
}

/** Scores of `count` rows from `start` on, all in one block, by floats. One row at a time: streaming likes that. */
export function scan(query: u32, start: u32, count: u32): void {
  const q = queryFloats(query)
  let row = floatsOf(start)
  for (let i: u32 = 0; i < count; i++, row += floatBytes) {
    store<f32>(scores + (<usize>i << 2), score1(kind, q, row, floatBytes))
  }
}

/** Four scores of their dot products; `tails` leads to four scales and, 32 bytes on, to four squared lengths. */
// @ts-expect-error: decorator
@inline
function scoresOf(dots: v128, scale: v128, length: v128, tails: usize, ofDistances: bool): v128 {
  const scaled = f32x4.mul(f32x4.mul(scale, v128.load(tails)), f32x4.convert_i32x4_s(dots))
  if (!ofDistances) return scaled
  return f32x4.sub(f32x4.add(scaled, scaled), f32x4.add(length, v128.load(tails, 32)))
}

/** Where `select` leaves how many it found, their rows (u32) from byte 16 on and their scores from byte 256 on. */
export function selectedArea(): usize {
  return selected
}

/**
 * Finds rows from `start`, a multiple of eight, to `end` whose score by codes is not below the threshold, and stops
 * when they are many enough to raise it. Returns the row to go on from.
 */
export function select(query: u32, start: u32, end: u32, threshold: f32): u32 {
  const codes = queryCodes(query)
  const bits = rowCodeKind >= BIT_DOT
  const ofDistances = rowCodeKind != CODE_DOT && rowCodeKind != BIT_DOT
  const restBytes = codeBytes - headBytes
  // The last call leaves the pairs of all behind.
  const headBias = bits ? 0 : pairQuery(codes, headBytes, pairs)
  const bias = restBytes ? pairQuery(codes, codeBytes, pairs) : headBias
  const restLength = f32x4.splat(restBytes ? codeLength(codes + headBytes, restBytes) : 0)
  const dimensions = i32x4.splat(<i32>load<f32>(codes + codeBytes, 8))
  const scale = f32x4.splat(load<f32>(codes + codeBytes))
  const length = f32x4.splat(load<f32>(codes + codeBytes, 4))
  const least = f32x4.splat(threshold)
  let found: u32 = 0
  let row = start
  while (row < end && found < selectedRows) {
    let group = groupOf(row)
    const blockEnd = min(end, (row | 255) + 1)
    for (; row < blockEnd && found < selectedRows; row += groupRows, group += codeRow * groupRows) {
      const tails = group + codeBytes * groupRows
      if (bits) bitSums8(codes, group, codeBytes, sums)
      else codeSums8(pairs, group, headBytes, headBias, sums)
      let low = v128.load(sums)
      let high = v128.load(sums, 16)
      if (bits) {
        low = i32x4.sub(dimensions, i32x4.shl(low, 1))
        high = i32x4.sub(dimensions, i32x4.shl(high, 1))
      } else if (restBytes) {
        // A score grows with its dot product, rounding included: none is left out that the whole would have found.
        const most = i32x4.add(low, mostOfRest(restLength, tails + 64))
        const mostHigh = i32x4.add(high, mostOfRest(restLength, tails + 80))
        const below = v128.and(
          f32x4.lt(scoresOf(most, scale, length, tails, ofDistances), least),
          f32x4.lt(scoresOf(mostHigh, scale, length, tails + 16, ofDistances), least),
        )
        if (i32x4.all_true(below)) continue
        codeSums8(pairs + 2 * headBytes, group + headBytes * groupRows, restBytes, bias - headBias, sums)
        low = i32x4.add(low, v128.load(sums))
        high = i32x4.add(high, v128.load(sums, 16))
      }
      const first = scoresOf(low, scale, length, tails, ofDistances)
      const second = scoresOf(high, scale, length, tails + 16, ofDistances)
      // What is not a number is found, too, so that it is noticed.
      let mask = (i32x4.bitmask(f32x4.lt(first, least)) | (i32x4.bitmask(f32x4.lt(second, least)) << 4)) ^ 255
      const rest = end - row
      if (rest < groupRows) mask &= (1 << rest) - 1
      if (!mask) continue
      v128.store(sums, first)
      v128.store(sums, second, 16)
      for (; mask; mask &= mask - 1) {
        const place = <u32>ctz(mask)
        const at = selected + (<usize>found << 2)
        found++
        store<u32>(at, row + place, 16)
        store<f32>(at, load<f32>(sums + (<usize>place << 2)), 256)
      }
    }
  }
  store<u32>(selected, found)
  return min(row, end)
}

/** Replaces the row numbers (u32) that lie in the score area by their scores by floats. */
export function gather(query: u32, count: u32): void {
  const q = queryFloats(query)
  let i: u32 = 0
  for (; i + 4 <= count; i += 4) {
    const at = scores + (<usize>i << 2)
    score4(
      kind,
      q,
      floatsOf(load<u32>(at)),
      floatsOf(load<u32>(at, 4)),
      floatsOf(load<u32>(at, 8)),
      floatsOf(load<u32>(at, 12)),
      floatBytes,
      at,
    )
  }
  for (; i < count; i++) {
    const at = scores + (<usize>i << 2)
    store<f32>(at, score1(kind, q, floatsOf(load<u32>(at)), floatBytes))
  }
}
