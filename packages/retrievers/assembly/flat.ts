// Rows for the exact scan. A block holds 256 rows of floats, then their 256 rows of codes; blocks follow each
// other from `firstBlock` on, so growing never moves a row.

import { codeBytesOf, FLOAT_DISTANCE, FLOAT_DOT, score1, score4, tailBytes } from './rows'

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
let firstBlock: usize = 0

/**
 * Lays the memory out. `euclidean` 1 for distances; `dimensions` padded to a multiple of 16; `codeKind` 1 for int8 rows,
 * 2 for rows of bits beside the floats.
 */
export function setup(euclidean: i32, dimensions: u32, codeKind: i32, queryCount: u32): void {
  kind = euclidean ? FLOAT_DISTANCE : FLOAT_DOT
  rowCodeKind = kind + 2 * codeKind
  floatBytes = <usize>dimensions * 4
  codeBytes = codeBytesOf(codeKind, dimensions)
  codeRow = codeKind ? codeBytes + tailBytes : 0
  blockBytes = <usize>blockRows * (floatBytes + codeRow)
  queries = 1024
  scores = queries + <usize>queryCount * (floatBytes + codeRow)
  firstBlock = scores + <usize>blockRows * 4 + 64
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

// @ts-expect-error: decorator
@inline
function codesOf(row: u32): usize {
  return firstBlock + <usize>(row >> 8) * blockBytes + <usize>blockRows * floatBytes + <usize>(row & 255) * codeRow
}

/** Copies query 0 into a row. */
export function write(row: u32): void {
  memory.copy(floatsOf(row), queryFloats(0), floatBytes)
  if (codeRow) memory.copy(codesOf(row), queryCodes(0), codeRow)
}

export function move(from: u32, to: u32): void {
  memory.copy(floatsOf(to), floatsOf(from), floatBytes)
  if (codeRow) memory.copy(codesOf(to), codesOf(from), codeRow)
}

/** Scores of `count` rows from `start` on, all in one block, by floats. One row at a time: streaming likes that. */
export function scan(query: u32, start: u32, count: u32): void {
  const q = queryFloats(query)
  let row = floatsOf(start)
  for (let i: u32 = 0; i < count; i++, row += floatBytes) {
    store<f32>(scores + (<usize>i << 2), score1(kind, q, row, floatBytes))
  }
}

/** Scores of `count` rows from `start` on, all in one block, by codes. */
export function scanCodes(query: u32, start: u32, count: u32): void {
  const q = queryCodes(query)
  let row = codesOf(start)
  let i: u32 = 0
  for (; i + 4 <= count; i += 4, row += codeRow * 4) {
    const out = scores + (<usize>i << 2)
    score4(rowCodeKind, q, row, row + codeRow, row + codeRow * 2, row + codeRow * 3, codeBytes, out)
  }
  for (; i < count; i++, row += codeRow) {
    store<f32>(scores + (<usize>i << 2), score1(rowCodeKind, q, row, codeBytes))
  }
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
