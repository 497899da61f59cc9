// Which slots a walk has seen.

import { allocate } from '../memory'

let visited: usize = 0
let visitedRoom: u32 = 0
let epoch: u32 = 0

/** Room for marks of so many slots; 0 when the memory is full. */
export function reserveVisits(marks: u32): i32 {
  if (marks <= visitedRoom) return 1
  const room = max<u32>(marks, visitedRoom * 2)
  const marksAt = allocate(<usize>room * 2)
  if (!marksAt) return 0
  memory.fill(marksAt, 0, <usize>room * 2)
  visited = marksAt
  visitedRoom = room
  epoch = 0
  return 1
}

/** Forgets all visits. The marks are 16 bits: after 65,535 walks they are wiped. */
export function newVisit(): void {
  epoch++
  if (epoch < 65536) return
  memory.fill(visited, 0, <usize>visitedRoom * 2)
  epoch = 1
}

/** True the first time. */
// @ts-expect-error: decorator
@inline
export function visit(slot: u32): bool {
  const mark = visited + (<usize>slot << 1)
  if (<u32>load<u16>(mark) == epoch) return false
  store<u16>(mark, <u16>epoch)
  return true
}
