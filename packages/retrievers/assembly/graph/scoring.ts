// Scores of slots against a row: by what walks compare, by floats, or by what links are chosen by.

import { allocate } from '../memory'
import { score1, score4 } from '../rows'
import { codeRow, floatBytes, floatKind, floatsOf, linkByFloats, walkBytes, walkKind, walkRow } from './nodes'
import { batch, batchScores } from './pool'

/** Slots that `scoreList` takes at once. */
export const listRoom: u32 = 2048

export let queryAt: usize = 0
export let listAt: usize = 0

export function layOutQuery(): i32 {
  queryAt = allocate(floatBytes + codeRow)
  listAt = allocate(<usize>listRoom * 4 + 16)
  return queryAt && listAt
}

/** Where the query is written: floats, then codes, scale and squared length. */
export function queryArea(): usize {
  return queryAt
}

/** Where slots are written for `scoreList`, and where it leaves their scores. */
export function listArea(): usize {
  return listAt
}

/** Scores of slots, four at a time; a rest of two or three is filled up with its last slot. `out` has room for it. */
export function scoreSlots(row: usize, slots: usize, count: u32, out: usize): void {
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
export function scoreFloats(row: usize, slots: usize, count: u32, out: usize): void {
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
// @ts-expect-error: decorator
@inline
export function linkRow(slot: u32): usize {
  return linkByFloats ? floatsOf(slot) : walkRow(slot)
}

export function scoreLinks(row: usize, count: u32): void {
  if (linkByFloats) scoreFloats(row, batch, count, batchScores)
  else scoreSlots(row, batch, count, batchScores)
}
