// What is in a set of ordinals.

import { allocate } from '../memory'
import { listAt, listRoom } from './scoring'

/** Words of a set that are read at once. */
export const setRoom: u32 = 2048

let setAt: usize = 0
let readWords: u32 = 0

export function layOutSet(): i32 {
  setAt = allocate(<usize>setRoom * 4)
  return setAt != 0
}

/** Where words of 32 ordinals each are written for `listSet`. */
export function setArea(): usize {
  return setAt
}

/** Words that the last `listSet` read. */
export function wordsRead(): u32 {
  return readWords
}

/**
 * Writes the ordinals in a set to the list area, ascending, until it might be too short. The set lies in its area, padded to
 * an even number of words, of which the first begins with ordinal `first`. Returns how many there are.
 */
export function listSet(words: u32, first: u32): u32 {
  const end = setAt + ((<usize>words + 1) >> 1 << 3)
  const full = listAt + (<usize>(listRoom - 64) << 2)
  let from = setAt
  let to = listAt
  for (; from < end && to <= full; from += 8, first += 64) {
    let bits = load<u64>(from)
    // In a sparse set nobody foresees how many a word has, but hardly any has three: two are written anyway.
    let next = to + (<usize>popcnt(bits) << 2)
    store<u32>(to, first + <u32>ctz(bits))
    bits &= bits - 1
    store<u32>(to, first + <u32>ctz(bits), 4)
    bits &= bits - 1
    for (to += 8; to < next; to += 4) {
      store<u32>(to, first + <u32>ctz(bits))
      bits &= bits - 1
    }
    to = next
  }
  readWords = <u32>((from - setAt) >> 2)
  return <u32>((to - listAt) >> 2)
}
