import { flatIndex, hnswIndex } from '@tesserae/retrievers'
import type { BenchContext } from '../harness/context.js'
import { median } from '../harness/timing.js'
import type { VectorSet } from './dataset.js'
import { areSame } from './many.js'
import { processorTime } from './turns.js'

type Index = ReturnType<typeof hnswIndex> | ReturnType<typeof flatIndex>

/** What saving and loading an index take beside building it anew, and whether what was loaded answers alike. */
export async function measureSnapshots(context: BenchContext, set: VectorSet): Promise<void> {
  const { dimensions } = set
  const metric = 'dot'
  const makers: { readonly [name: string]: () => Index } = {
    hnswIndex: () => hnswIndex({ dimensions, metric }),
    'hnswIndex int8': () => hnswIndex({ dimensions, metric, quantization: 'int8' }),
    flatIndex: () => flatIndex({ dimensions, metric }),
    'flatIndex int8': () => flatIndex({ dimensions, metric, quantization: 'int8' }),
  }
  for (const [subject, make] of Object.entries(makers)) {
    await context.attempt(subject, set.name, async () => measureOne(context, set, subject, make))
  }
}

function measureOne(context: BenchContext, set: VectorSet, subject: string, make: () => Index): void {
  const { vectors, queries } = set
  const name = `${set.name}, snapshot`
  context.progress(`Building, saving and loading ${subject} of ${set.name} ...`)
  const built = make()
  const building = secondsOf(() => {
    for (const [ordinal, vector] of vectors.entries()) built.set(ordinal, vector)
  })
  const rounds = context.quick ? 2 : 5
  let bytes = built.save()
  const saving = timesOf(rounds, () => {
    bytes = built.save()
  })
  let loaded = make()
  const loading = timesOf(rounds, () => {
    loaded = make()
    loaded.load(bytes)
  })
  context.row(subject, name, 'build', building, 's')
  context.row(subject, name, 'save', median(saving), 's')
  context.row(subject, name, 'load', median(loading), 's')
  context.row(subject, name, 'size', bytes.length / 1e6, 'MB')
  context.row(subject, name, 'size per vector', bytes.length / vectors.length, 'B')
  context.row(subject, name, 'load, of build', median(loading).value / building)
  const limit = 10
  const answers = (index: Index) => queries.map((query) => index.search(query, { limit }))
  const same = areSame(answers(loaded), answers(built)) ? 1 : 0
  context.ratio(`${subject}, ${name}: the answers of what was saved`, same, 1)
}

function timesOf(rounds: number, work: () => void): readonly number[] {
  return Array.from({ length: rounds }, () => secondsOf(work))
}

/** Seconds of processor time. */
function secondsOf(work: () => void): number {
  const started = processorTime()
  work()
  return (processorTime() - started) / 1e6
}
