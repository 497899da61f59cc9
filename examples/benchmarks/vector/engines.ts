import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Bitset } from '@tesserae/core'
import { type HnswIndex, type HnswOptions, hnswIndex } from '@tesserae/retrievers'
import { type BenchContext, repositoryRoot } from '../harness/context.js'

/** A graph of the vectors, built with M = 16 and efConstruction = 200. */
export interface Engine {
  readonly name: string
  add(vector: Float32Array, ordinal: number): void
  search(query: Float32Array, ef: number, filter?: Bitset): ArrayLike<number>
  /** Ours alone. */
  readonly index?: HnswIndex | undefined
}

export const engineNames = [
  'hnswlib-node',
  'hnswIndex',
  'hnswIndex int8',
  'hnswIndex binary',
  'hnswIndex TypeScript',
] as const
export type EngineName = (typeof engineNames)[number]

const ours: { readonly [name: string]: Partial<HnswOptions> } = {
  hnswIndex: { backend: 'wasm' },
  'hnswIndex int8': { backend: 'wasm', quantization: 'int8' },
  'hnswIndex binary': { backend: 'wasm', quantization: 'binary' },
  'hnswIndex TypeScript': { backend: 'typescript' },
}

export async function makeEngine(
  context: BenchContext,
  name: EngineName,
  dimensions: number,
  count: number,
): Promise<Engine> {
  if (name === 'hnswlib-node') return hnswlib(context, dimensions, count)
  const index = hnswIndex({ dimensions, metric: 'dot', ...ours[name] })
  return {
    name,
    index,
    add: (vector, ordinal) => index.set(ordinal, vector),
    search: (query, efSearch, filter) => index.search(query, { limit: 10, efSearch, filter }).ordinals,
  }
}

interface Hnswlib {
  readonly HierarchicalNSW: new (
    space: 'ip',
    dimensions: number,
  ) => {
    initIndex(count: number, m: number, efConstruction: number, seed: number): void
    addPoint(point: number[], label: number): void
    setEf(ef: number): void
    searchKnn(
      query: number[],
      limit: number,
      allowed?: (label: number) => boolean,
    ): { readonly neighbors: number[] }
  }
}

/** Loaded, and compiled where that is needed, once. */
let library: Promise<Hnswlib> | undefined

/** The peer takes lists of numbers only: what converting costs belongs to using it. */
async function hnswlib(context: BenchContext, dimensions: number, count: number): Promise<Engine> {
  library ??= loadHnswlib(context)
  const { HierarchicalNSW } = await library
  const index = new HierarchicalNSW('ip', dimensions)
  index.initIndex(count, 16, 200, 100)
  return {
    name: 'hnswlib-node',
    add: (vector, ordinal) => index.addPoint(Array.from(vector), ordinal),
    search: (query, ef, filter) => {
      index.setEf(ef)
      const list = Array.from(query)
      const found =
        filter === undefined
          ? index.searchKnn(list, 10)
          : index.searchKnn(list, 10, (label) => filter.has(label))
      return found.neighbors
    },
  }
}

/** Peers are installed without running their scripts; this one has to be compiled, which takes a C++ compiler. */
async function loadHnswlib(context: BenchContext): Promise<Hnswlib> {
  try {
    return (await context.peer<{ readonly default: Hnswlib }>('hnswlib-node')).default
  } catch {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    const cwd = join(repositoryRoot, 'examples', 'benchmarks', 'peers')
    context.progress('Compiling hnswlib-node ...')
    await promisify(execFile)(npm, ['rebuild', 'hnswlib-node', '--ignore-scripts=false'], { cwd })
    // A failed import is remembered; a failed require is not.
    return createRequire(join(cwd, 'package.json'))('hnswlib-node') as Hnswlib
  }
}
