import { Bitset } from '@tesserae/core'
import { flatIndex } from '@tesserae/retrievers'
import type { BenchContext } from '../harness/context.js'
import { generator, recallOf, type VectorSet } from './dataset.js'
import type { Engine } from './engines.js'
import { inTurns, scaled } from './turns.js'

const shares = [0.5, 0.1, 0.01, 0.001]
const kinds = ['any', 'the nearest', 'the farthest'] as const

/** Rounds where times are only told, and where they are compared: there they go on until all code is compiled. */
const alone = 2
const besidePeer = 10

/** Recall behind filters that are unrelated to the query, in favour of it, and against it; and speed beside the peer's. */
export function measureFilters(context: BenchContext, set: VectorSet, engines: readonly Engine[]): void {
  const count = set.vectors.length
  const queries = set.queries.slice(0, context.quick ? 10 : 40)
  const exact = flatIndex({ dimensions: set.dimensions, metric: 'dot' })
  for (const [ordinal, vector] of set.vectors.entries()) exact.set(ordinal, vector)
  const sorted = queries.map((query) => exact.search(query, { limit: count }).ordinals)
  const random = generator(77)
  context.progress(`Filtering ${set.name} ...`)
  for (const share of shares) {
    const size = Math.max(10, Math.round(count * share))
    for (const kind of kinds) {
      const filters = sorted.map((ordinals) => {
        if (kind === 'the nearest') return bitsetOf(ordinals.subarray(0, size))
        if (kind === 'the farthest') return bitsetOf(ordinals.subarray(count - size))
        const filter = new Bitset(count)
        for (let left = size; left > 0; ) {
          const ordinal = Math.floor(random() * count)
          if (filter.has(ordinal)) continue
          filter.add(ordinal)
          left--
        }
        return filter
      })
      const truth = queries.map(
        (query, i) => new Set(exact.search(query, { limit: 10, filter: filters[i] }).ordinals),
      )
      const name = `${set.name}, ${share * 100} % pass: ${kind}`
      const turns = engines.filter(({ index }) => index !== undefined || (kind === 'any' && share === 0.01))
      const times = inTurns(
        turns.map((engine) => ({
          name: engine.name,
          work: () => {
            for (const [i, query] of queries.entries()) engine.search(query, 64, filters[i])
          },
        })),
        turns.some(({ index }) => index === undefined) ? besidePeer : alone,
      )
      for (const engine of turns) {
        let at = 0
        const recall = recallOf(queries, truth, (query) => engine.search(query, 64, filters[at++]))
        context.row(engine.name, name, 'recall@10', recall)
        context.row(engine.name, name, 'per query', scaled(times.get(engine.name)!, 1 / queries.length), 'µs')
        if (engine.name === 'hnswIndex' || engine.name === 'hnswIndex int8')
          context.ratio(`${engine.name}, ${name}: recall`, recall, 0.95)
      }
      const peer = times.get('hnswlib-node')
      const our = times.get('hnswIndex')
      if (peer && our)
        context.ratio(`hnswIndex, ${name}: queries of hnswlib-node`, peer.value / our.value, 50)
    }
  }
}

function bitsetOf(ordinals: Uint32Array): Bitset {
  const set = new Bitset()
  for (const ordinal of ordinals) set.add(ordinal)
  return set
}
