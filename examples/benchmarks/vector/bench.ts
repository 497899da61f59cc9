import type { Bench, BenchContext } from '../harness/context.js'
import { measureChanges } from './changes.js'
import { clusteredVectors } from './dataset.js'
import type { EngineName } from './engines.js'
import { measureExact } from './exact.js'
import { measureFilters } from './filters.js'
import { buildEngines, compareGraphs, type Promised } from './graphs.js'
import { measureLarge } from './large.js'
import { measureMany } from './many.js'
import { measureSameness } from './same.js'
import { measureSnapshots } from './snapshots.js'

const dimensions = 384
const parts = [
  'graph',
  'filters',
  'twin',
  'wide',
  'changes',
  'exact',
  'same',
  'many',
  'snapshots',
  'large',
] as const
type Part = (typeof parts)[number]

const promised: { readonly [name in EngineName]?: Promised } = {
  hnswIndex: { at95: 1.3, at99: 1.2, build: 1 / 0.75 },
  'hnswIndex int8': { at95: 1.8, at99: 1.6, build: 1 / 0.75 },
}

export const vectorBench: Bench = {
  name: 'vector',
  description: 'graphs and exact scans of clustered unit vectors, beside hnswlib-node and sqlite-vec',
  options: {
    count:
      'vectors of 384 numbers (100000, with --quick 4000); twin, wide, changes, many, snapshots take a fifth of them',
    'twin-count': 'vectors for the part twin, which is slow to build (a fifth of --count)',
    parts: `which of ${parts.join(', ')}, separated by commas (all but large, which takes 1,000,000 x 128)`,
  },
  async run(context) {
    const count = countOption(context, 'count', context.quick ? 4000 : 100_000)
    const wanted = wantedParts(context)
    const fewer = Math.max(1000, Math.round(count / 5))
    const queries = context.quick ? 100 : 500
    if (wanted.has('exact')) await measureExact(context, clusteredVectors(fewer, dimensions, queries))
    if (wanted.has('graph') || wanted.has('filters') || wanted.has('exact') || wanted.has('same')) {
      const set = clusteredVectors(count, dimensions, queries)
      if (wanted.has('exact')) await measureExact(context, set)
      if (wanted.has('same')) measureSameness(context, set)
      if (wanted.has('graph') || wanted.has('filters')) {
        const names = ['hnswlib-node', 'hnswIndex', 'hnswIndex int8', 'hnswIndex binary'] as const
        const engines = await buildEngines(context, set, names, promised)
        if (wanted.has('graph')) compareGraphs(context, set, engines, promised)
        if (wanted.has('filters')) measureFilters(context, set, engines)
      }
    }
    if (wanted.has('twin')) {
      const set = clusteredVectors(countOption(context, 'twin-count', fewer), dimensions, queries)
      const twin = { 'hnswIndex TypeScript': { at95: 0.3 } }
      const engines = await buildEngines(context, set, ['hnswlib-node', 'hnswIndex TypeScript'], twin)
      compareGraphs(context, set, engines, twin)
    }
    if (wanted.has('wide')) {
      const set = clusteredVectors(fewer, 1024, queries)
      const names = ['hnswlib-node', 'hnswIndex', 'hnswIndex int8', 'hnswIndex binary'] as const
      const engines = await buildEngines(context, set, names, promised)
      compareGraphs(context, set, engines, promised)
    }
    if (wanted.has('changes')) measureChanges(context, fewer, dimensions)
    if (wanted.has('many') || wanted.has('snapshots')) {
      const set = clusteredVectors(fewer, dimensions, queries)
      if (wanted.has('many')) await measureMany(context, set)
      if (wanted.has('snapshots')) await measureSnapshots(context, set)
    }
    if (wanted.has('large')) await measureLarge(context, context.quick ? 20_000 : 1_000_000)
    context.note(
      'Times are processor time of this process, its subjects in turns. The name of a case has its number of vectors.',
    )
    context.note(
      'hnswlib-node is compiled here by its own binding.gyp; converting vectors to lists is counted.',
    )
  },
}

function countOption(context: BenchContext, name: string, otherwise: number): number {
  const count = Number(context.options.get(name) ?? otherwise)
  if (!Number.isInteger(count) || count < 1000)
    throw new Error(`--${name} takes an integer of at least 1000.`)
  return count
}

function wantedParts(context: BenchContext): ReadonlySet<Part> {
  const given = context.options.get('parts')
  if (given === undefined) return new Set(parts.filter((part) => part !== 'large'))
  const wanted = new Set<Part>()
  for (const name of given.split(',')) {
    const part = parts.find((known) => known === name.trim())
    if (part === undefined) throw new Error(`--parts takes ${parts.join(', ')}, got ${name}.`)
    wanted.add(part)
  }
  return wanted
}
