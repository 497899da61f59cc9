import { flatIndex } from '@tesserae/retrievers'

export interface VectorSet {
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
  const exact = flatIndex({ dimensions, metric: 'dot' })
  for (const [ordinal, vector] of vectors.entries()) exact.set(ordinal, vector)
  const truth = exact.searchBatch(queries, { limit: 10 }).map((hits) => new Set(hits.ordinals))
  return { vectors, queries, truth }
}

/** A linear congruential generator: numbers in [0, 1), the same on every machine. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return (state >>> 0) / 2 ** 32
  }
}
