import { availableParallelism } from 'node:os'
import type { TopHits } from '@tesserae/core'
import { flatIndex, type HnswIndex, hnswIndex } from '@tesserae/retrievers'
import type { BenchContext } from '../harness/context.js'
import { median } from '../harness/timing.js'
import type { VectorSet } from './dataset.js'

/** An index to search in threads. */
interface Subject {
  readonly name: string
  search(query: Float32Array): TopHits
  searchMany: (queries: readonly Float32Array[], threads: number) => Promise<readonly TopHits[]>
}

/**
 * `searchMany` with one thread, with two, and with as many as there are cores: queries in a second of elapsed time, in
 * turns, and whether each answer is that of `search`. Starting the threads and copying the index for them is told apart.
 */
export async function measureMany(context: BenchContext, set: VectorSet): Promise<void> {
  const threadCounts = [...new Set([1, 2, Math.max(2, Math.min(8, availableParallelism()))])]
  const queries = repeated(set.queries, context.quick ? 200 : 2000)
  for (const subject of subjectsOf(set)) {
    await context.attempt(subject.name, set.name, async () => {
      context.progress(`Searching ${set.name} with ${subject.name} in threads ...`)
      const expected = queries.map(subject.search)
      const name = `${set.name}, many`
      const samples = new Map<number, number[]>(threadCounts.map((threads) => [threads, []]))
      let same = 1
      for (const threads of threadCounts) {
        const started = performance.now()
        const found = await subject.searchMany(queries.slice(0, threads), threads)
        if (threads > 1)
          context.row(subject.name, `${name}, ${threads} threads`, 'start', performance.now() - started, 'ms')
        if (!areSame(found, expected.slice(0, threads))) same = 0
      }
      const rounds = context.quick ? 2 : 5
      for (let round = 0; round <= rounds; round++) {
        for (let i = 0; i < threadCounts.length; i++) {
          const threads = threadCounts[(i + round) % threadCounts.length]!
          const started = performance.now()
          const found = await subject.searchMany(queries, threads)
          const seconds = (performance.now() - started) / 1000
          if (round > 0) samples.get(threads)!.push(queries.length / seconds)
          if (!areSame(found, expected)) same = 0
        }
      }
      const one = median(samples.get(1)!).value
      for (const [threads, rates] of samples) {
        const label = `${name}, ${threads === 1 ? '1 thread' : `${threads} threads`}`
        const rate = median(rates)
        context.row(subject.name, label, 'queries', rate, '/s')
        context.row(subject.name, label, 'speed-up', rate.value / one)
      }
      context.ratio(`${subject.name}, ${name}: the answers of search`, same, 1)
    })
  }
  context.note(
    `searchMany is timed by the clock, with ${availableParallelism()} cores: what else runs takes its share of the speed-up.`,
  )
}

function subjectsOf({ dimensions, vectors }: VectorSet): readonly Subject[] {
  const metric = 'dot'
  const graph: HnswIndex = hnswIndex({ dimensions, metric, quantization: 'int8' })
  const flat = flatIndex({ dimensions, metric, quantization: 'int8' })
  for (const [ordinal, vector] of vectors.entries()) {
    graph.set(ordinal, vector)
    flat.set(ordinal, vector)
  }
  const limit = 10
  return [
    {
      name: 'hnswIndex int8',
      search: (query) => graph.search(query, { limit }),
      searchMany: (queries, threads) => graph.searchMany(queries, { limit, threads }),
    },
    {
      name: 'flatIndex int8',
      search: (query) => flat.search(query, { limit }),
      searchMany: (queries, threads) => flat.searchMany(queries, { limit, threads }),
    },
  ]
}

function repeated(queries: readonly Float32Array[], count: number): readonly Float32Array[] {
  return Array.from({ length: count }, (_, i) => queries[i % queries.length]!)
}

/** Whether the same ordinals have the same scores, in the same order. */
export function areSame(found: readonly TopHits[], expected: readonly TopHits[]): boolean {
  return (
    found.length === expected.length &&
    found.every(({ ordinals, scores }, i) => {
      const { ordinals: wantedOrdinals, scores: wantedScores } = expected[i]!
      return (
        ordinals.length === wantedOrdinals.length &&
        ordinals.every((ordinal, rank) => ordinal === wantedOrdinals[rank]) &&
        scores.every((score, rank) => score === wantedScores[rank])
      )
    })
  )
}
