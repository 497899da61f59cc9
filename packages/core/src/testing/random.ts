import { checkInteger, invalid } from '../check.js'

/**
 * A seeded source of numbers. Called, it gives the next number in [0, 1), so it stands wherever
 * `Math.random` does. The same seed gives the same sequence on every platform: only 32-bit integer
 * arithmetic and correctly rounded operations are used.
 */
export interface Random {
  (): number
  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number
  /** True with the given probability. @default 0.5 */
  chance(probability?: number): boolean
  /** One of the items, each as likely as the others. */
  pick<T>(items: readonly T[]): T
  /** The items in another order; the argument is left as it is. */
  shuffle<T>(items: readonly T[]): T[]
  /** About normally distributed, mean 0, variance 1 (Irwin–Hall: twelve uniform numbers minus six). */
  normal(): number
}

/**
 * sfc32, the small fast counter generator of Chris Doty-Humphrey's PractRand: three words of state and a
 * counter. The state is filled by four splitmix32 steps and the first 12 outputs are thrown away, so
 * neighbouring seeds give unrelated sequences.
 *
 * @param seed any safe integer; the default of every suite is 1
 */
export function seededRandom(seed: number): Random {
  checkInteger('seed', seed, Number.MIN_SAFE_INTEGER)
  let mix = (seed ^ Math.floor(seed / 0x100000000)) | 0
  const nextState = (): number => {
    mix = (mix + 0x9e3779b9) | 0
    let word = mix ^ (mix >>> 16)
    word = Math.imul(word, 0x21f0aaad)
    word ^= word >>> 15
    word = Math.imul(word, 0x735a2d97)
    return word ^ (word >>> 15)
  }
  let a = nextState()
  let b = nextState()
  let c = nextState()
  let counter = nextState()
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + sum) | 0
    return (sum >>> 0) / 0x100000000
  }
  for (let round = 0; round < 12; round += 1) next()
  return Object.assign(next, {
    integer: (min: number, max: number): number => min + Math.floor(next() * (max - min + 1)),
    chance: (probability = 0.5): boolean => next() < probability,
    pick<T>(items: readonly T[]): T {
      if (items.length === 0) invalid('items', 'a list with at least one item', items)
      return items[Math.floor(next() * items.length)] as T
    },
    shuffle<T>(items: readonly T[]): T[] {
      const shuffled = items.slice()
      for (let last = shuffled.length - 1; last > 0; last -= 1) {
        const other = Math.floor(next() * (last + 1))
        const moved = shuffled[last] as T
        shuffled[last] = shuffled[other] as T
        shuffled[other] = moved
      }
      return shuffled
    },
    normal(): number {
      let sum = -6
      for (let draw = 0; draw < 12; draw += 1) sum += next()
      return sum
    },
  })
}
