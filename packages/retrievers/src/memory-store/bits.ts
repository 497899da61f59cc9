import { Bitset } from '@tesserae/core'

/** `a` becomes its intersection with `b`. */
export function intersect(a: Bitset, b: Bitset): Bitset {
  const words = a.words
  const others = b.words
  const shared = Math.min(words.length, others.length)
  for (let i = 0; i < shared; i++) words[i]! &= others[i]!
  words.fill(0, shared)
  return a
}

/** The union, in a new set. */
export function union(a: Bitset, b: Bitset): Bitset {
  const [long, short] = a.words.length >= b.words.length ? [a.words, b.words] : [b.words, a.words]
  const result = copy(long)
  for (let i = 0; i < short.length; i++) result.words[i]! |= short[i]!
  return result
}

/** What `all` has and `a` has not, in a new set. */
export function without(all: Bitset, a: Bitset): Bitset {
  const result = copy(all.words)
  const shared = Math.min(result.words.length, a.words.length)
  for (let i = 0; i < shared; i++) result.words[i]! &= ~a.words[i]!
  return result
}

export function copy(words: Uint32Array): Bitset {
  const result = new Bitset()
  result.words = words.slice()
  return result
}
