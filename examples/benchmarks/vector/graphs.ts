import type { BenchContext } from '../harness/context.js'
import { recallOf, type VectorSet } from './dataset.js'
import { type Engine, type EngineName, makeEngine } from './engines.js'
import { inTurns, processorTime, scaled } from './turns.js'

const beams = [12, 16, 20, 24, 32, 40, 48, 64, 96, 128]
/** Vectors that an engine inserts before the next has its turn. */
const slice = 250
const peer: EngineName = 'hnswlib-node'

/** What an engine must reach of hnswlib-node. */
export interface Promised {
  readonly at95: number
  readonly at99?: number | undefined
  readonly build?: number | undefined
}

/** Builds all engines of a set in turns and reports what each took. */
export async function buildEngines(
  context: BenchContext,
  set: VectorSet,
  names: readonly EngineName[],
  promised: { readonly [name in EngineName]?: Promised },
): Promise<Engine[]> {
  const engines: Engine[] = []
  for (const name of names) {
    await context.attempt(name, set.name, async () => {
      engines.push(await makeEngine(context, name, set.dimensions, set.vectors.length))
    })
  }
  const times = new Map<string, number>(engines.map(({ name }) => [name, 0]))
  context.progress(`Building graphs of ${set.name} ...`)
  for (let first = 0; first < set.vectors.length; first += slice) {
    const end = Math.min(first + slice, set.vectors.length)
    for (const engine of engines) {
      const started = processorTime()
      for (let ordinal = first; ordinal < end; ordinal++) engine.add(set.vectors[ordinal]!, ordinal)
      times.set(engine.name, times.get(engine.name)! + processorTime() - started)
    }
  }
  for (const { name, index } of engines) {
    context.row(name, `${set.name}, building`, 'processor time', times.get(name)! / 1e6, 's')
    if (index) {
      const bytes = index.estimateMemory() / set.vectors.length
      context.row(name, `${set.name}, building`, 'memory per vector', Math.round(bytes), 'B')
    }
    const target = promised[name as EngineName]?.build
    const peerTime = times.get(peer)
    if (target === undefined || peerTime === undefined) continue
    context.ratio(`${name}, ${set.name}: build speed of ${peer}`, peerTime / times.get(name)!, target)
  }
  return engines
}

interface Measured {
  readonly recall: number
  readonly micros: number
}

/** Speed and recall by beam, in turns, and speed at equal recall. */
export function compareGraphs(
  context: BenchContext,
  set: VectorSet,
  engines: readonly Engine[],
  promised: { readonly [name in EngineName]?: Promised },
): void {
  const curves = new Map<string, Measured[]>(engines.map(({ name }) => [name, []]))
  context.progress(`Searching graphs of ${set.name} ...`)
  for (const ef of beams) {
    const times = inTurns(
      engines.map((engine) => ({
        name: engine.name,
        work: () => {
          for (const query of set.queries) engine.search(query, ef)
        },
      })),
      context.quick ? 2 : 5,
    )
    for (const engine of engines) {
      const spread = scaled(times.get(engine.name)!, 1 / set.queries.length)
      const recall = recallOf(set.queries, set.truth, (query) => engine.search(query, ef))
      curves.get(engine.name)!.push({ recall, micros: spread.value })
      context.row(engine.name, `${set.name}, beam ${ef}`, 'recall@10', recall)
      context.row(engine.name, `${set.name}, beam ${ef}`, 'per query', spread, 'µs')
    }
  }
  for (const [wanted, key] of [
    [0.95, 'at95'],
    [0.99, 'at99'],
  ] as const) {
    const peerTime = timeAt(curves.get(peer), wanted)
    for (const { name } of engines) {
      const time = timeAt(curves.get(name), wanted)
      if (time === undefined) {
        context.note(`${name} does not reach recall ${wanted} on ${set.name} with these beams.`)
        continue
      }
      context.row(name, `${set.name}, at recall ${wanted}`, 'queries', 1e6 / time, '/s')
      const target = promised[name as EngineName]?.[key]
      if (target === undefined || peerTime === undefined) continue
      context.ratio(`${name}, ${set.name}: queries of ${peer} at recall ${wanted}`, peerTime / time, target)
    }
  }
}

/** Microseconds at the wanted recall, between the two beams around it; `undefined` when it is never reached. */
function timeAt(curve: readonly Measured[] | undefined, wanted: number): number | undefined {
  const after = curve?.findIndex(({ recall }) => recall >= wanted) ?? -1
  if (curve === undefined || after < 0) return undefined
  const high = curve[after]!
  const low = curve[after - 1]
  if (low === undefined) return high.micros
  const share = (wanted - low.recall) / (high.recall - low.recall)
  return low.micros + share * (high.micros - low.micros)
}
