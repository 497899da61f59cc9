// The best that a walk has found, and the slots that it has just come upon.

import { allocate } from '../memory'
import { keyOf } from './keys'

/** Slots to be scored, and their scores. */
export let batch: usize = 0
export let batchScores: usize = 0
/** Keys of a batch, best first. */
export let backKeys: usize = 0
export let pool: usize = 0
let poolRoom: u32 = 0
export let poolSize: u32 = 0

/** `most` slots are in a batch at once; 0 when the memory is full. */
export function layOutPool(most: usize, entries: u32): i32 {
  batch = allocate(most * 4)
  batchScores = allocate(most * 4)
  backKeys = allocate(most * 8)
  return backKeys && growPool(entries)
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

export function resultArea(): usize {
  return pool
}

/** Leaves one entry in the pool, not expanded. */
// @ts-expect-error: decorator
@inline
export function beginPool(key: u64): void {
  poolSize = 1
  store<u64>(pool, key & ~1)
}

export function emptyPool(): void {
  poolSize = 0
}

/** Sorts one more key into `backKeys`, best first. */
// @ts-expect-error: decorator
@inline
export function sortIn(key: u64, count: u32): void {
  let at = backKeys + (<usize>count << 3)
  for (; at > backKeys && load<u64>(at - 8) < key; at -= 8) store<u64>(at, load<u64>(at - 8))
  store<u64>(at, key)
}

/**
 * Merges the `count` scored slots of the batch into the pool of at most `ef`, best first, in one pass from its end.
 * The place of the best new one, or `ef` when none is among the best.
 */
export function offerBatch(count: u32, ef: u32): u32 {
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
