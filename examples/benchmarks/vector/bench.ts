import type { Bench } from '../harness/context.js'
import { median, takeTurns } from '../harness/timing.js'
import { clusteredVectors } from './dataset.js'
import { type Engine, type EngineName, engineNames, makeEngine } from './engines.js'

const dimensions = 384
const beams = [12, 16, 24, 32, 48, 64, 128]
const wantedRecall = 0.95

/** What each engine must reach of hnswlib-node: queries per second at equal recall, vectors built per second. */
const promised: { readonly [name in EngineName]?: { readonly query: number; readonly build?: number } } = {
  hnswIndex: { query: 1.3, build: 1 / 0.75 },
  'hnswIndex int8': { query: 1.8, build: 1 / 0.75 },
  'hnswIndex TypeScript': { query: 0.3 },
}

interface Measured {
  readonly recall: number
  readonly microseconds: number
}

export const vectorBench: Bench = {
  name: 'vector',
  description: 'graph search in clustered unit vectors of 384 numbers, beside hnswlib-node',
  options: { count: 'vectors (20000, with --quick 4000; the promised figures are for 100000)' },
  async run(context) {
    const count = Number(context.options.get('count') ?? (context.quick ? 4000 : 20_000))
    if (!Number.isInteger(count) || count < 100) throw new Error('--count takes an integer of at least 100.')
    const name = `${count.toLocaleString('en')} vectors`
    const { vectors, queries, truth } = clusteredVectors(count, dimensions, context.quick ? 100 : 500)
    const engines: Engine[] = []
    const builds = new Map<string, number>()
    for (const engineName of engineNames) {
      await context.attempt(engineName, name, async () => {
        const engine = await makeEngine(context, engineName, dimensions, count)
        context.progress(`Building ${engineName} ...`)
        const before = process.cpuUsage()
        for (const [ordinal, vector] of vectors.entries()) engine.add(vector, ordinal)
        const { user, system } = process.cpuUsage(before)
        engines.push(engine)
        builds.set(engineName, (user + system) / 1e6)
        context.row(engineName, name, 'build, CPU time', (user + system) / 1e6, 's')
      })
    }
    const curves = new Map<string, Measured[]>(engines.map((engine) => [engine.name, []]))
    for (const ef of beams) {
      const samples = await takeTurns(
        engines.map((engine) => ({
          subject: engine.name,
          work: () => {
            for (const query of queries) engine.search(query, ef)
          },
        })),
        context.quick ? 3 : 7,
      )
      for (const engine of engines) {
        const spread = median(samples.get(engine.name)!.map((ms) => (ms * 1000) / queries.length))
        let found = 0
        for (const [i, query] of queries.entries()) {
          const hits = engine.search(query, ef)
          for (let rank = 0; rank < hits.length; rank++) if (truth[i]!.has(hits[rank]!)) found++
        }
        const recall = found / queries.length / 10
        curves.get(engine.name)!.push({ recall, microseconds: spread.value })
        context.row(engine.name, `${name}, beam ${ef}`, 'recall@10', recall)
        context.row(engine.name, `${name}, beam ${ef}`, 'per query', spread, 'µs')
      }
    }
    const peer = 'hnswlib-node'
    const peerTime = timeAt(curves.get(peer))
    for (const engine of engines) {
      const target = promised[engine.name as EngineName]
      const time = timeAt(curves.get(engine.name))
      if (target === undefined || time === undefined || peerTime === undefined) continue
      context.ratio(
        `${engine.name}: queries of ${peer} at recall ${wantedRecall}`,
        peerTime / time,
        target.query,
      )
      if (target.build === undefined) continue
      const ratio = builds.get(peer)! / builds.get(engine.name)!
      context.ratio(`${engine.name}: build speed of ${peer}`, ratio, target.build)
    }
    context.note(
      'hnswlib-node is compiled here by its own binding.gyp; converting vectors to lists is counted.',
    )
  },
}

/** Microseconds at the wanted recall, between the two beams around it; `undefined` when it is never reached. */
function timeAt(curve: readonly Measured[] | undefined): number | undefined {
  const after = curve?.findIndex(({ recall }) => recall >= wantedRecall) ?? -1
  if (curve === undefined || after < 0) return undefined
  const high = curve[after]!
  const low = curve[after - 1]
  if (low === undefined) return high.microseconds
  const share = (wantedRecall - low.recall) / (high.recall - low.recall)
  return low.microseconds + share * (high.microseconds - low.microseconds)
}
