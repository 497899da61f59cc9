import type { Bitset } from '@tesserae/core'
import { flatIndex } from '@tesserae/retrievers'

export interface VectorSet {
  readonly name: string
  readonly dimensions: number
  readonly vectors: readonly Float32Array[]
  readonly queries: readonly Float32Array[]
  /** Of each query, the ordinals of its true nearest ten. */
  readonly truth: readonly ReadonlySet<number>[]
}

/**
 * Unit vectors in clusters of uneven size, about 264 in each: every cluster spreads widely along 48 of its axes and
 * a little along all. The queries are drawn like the vectors and are none of them.
 */
export function clusteredVectors(count: number, dimensions: number, queryCount: number): VectorSet {
  const random = generator(12_345)
  const normal = () => {
    let sum = -6
    for (let i = 0; i < 12; i++) sum += random()
    return sum
  }
  const clusters = Array.from({ length: Math.max(1, Math.round(count / 264)) }, () => ({
    center: Float32Array.from({ length: dimensions }, normal),
    axes: Int32Array.from({ length: 48 }, () => Math.floor(random() * dimensions)),
    weight: 0.2 + 5 * random() ** 3,
  }))
  const total = clusters.reduce((sum, { weight }) => sum + weight, 0)
  const draw = (): Float32Array => {
    let rest = random() * total
    const cluster =
      clusters.find(({ weight }) => {
        rest -= weight
        return rest <= 0
      }) ?? clusters[0]!
    const vector = cluster.center.map((value) => value + 0.25 * normal())
    for (const axis of cluster.axes) vector[axis]! += 1.5 * normal()
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
    return vector.map((value) => value / length)
  }
  const vectors = Array.from({ length: count }, draw)
  const queries = Array.from({ length: queryCount }, draw)
  const name = `${count.toLocaleString('en')} x ${dimensions}`
  return { name, dimensions, vectors, queries, truth: nearest(vectors, queries) }
}

/** Of each query, the true nearest ten. */
export function nearest(
  vectors: readonly Float32Array[],
  queries: readonly Float32Array[],
  filter?: Bitset,
): readonly ReadonlySet<number>[] {
  const exact = flatIndex({ dimensions: vectors[0]!.length, metric: 'dot' })
  for (const [ordinal, vector] of vectors.entries()) exact.set(ordinal, vector)
  return exact.searchBatch(queries, { limit: 10, filter }).map((hits) => new Set(hits.ordinals))
}

/** Share of the true nearest that a search finds. */
export function recallOf(
  queries: readonly Float32Array[],
  truth: readonly ReadonlySet<number>[],
  search: (query: Float32Array) => ArrayLike<number>,
): number {
  let found = 0
  let wanted = 0
  for (const [i, query] of queries.entries()) {
    const hits = search(query)
    wanted += truth[i]!.size
    for (let rank = 0; rank < hits.length; rank++) if (truth[i]!.has(hits[rank]!)) found++
  }
  return found / wanted
}

/** A linear congruential generator: numbers in [0, 1), the same on every machine. */
export function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return (state >>> 0) / 2 ** 32
  }
}
