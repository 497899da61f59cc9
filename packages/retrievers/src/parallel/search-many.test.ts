import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { Bitset, type RagEvent, type TopHits } from '@tesserae/core'
import { type Random, seededRandom } from '@tesserae/core/testing'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as source from '../index.js'

type Retrievers = typeof source

const from = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const folders: string[] = []

/** The package as a bundler makes it, with the program of the threads beside it, or without, or with other code around it. */
async function bundled(worker?: string): Promise<Retrievers> {
  const folder = mkdtempSync(join(tmpdir(), 'tesserae-'))
  folders.push(folder)
  await build({
    entryPoints: [
      { in: from('../index.ts'), out: 'index' },
      { in: from('./worker.ts'), out: 'thread' },
    ],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    alias: { '@tesserae/core': from('../../../core/src/index.ts') },
    logLevel: 'error',
  })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  if (worker !== undefined) writeFileSync(join(folder, 'worker.js'), worker)
  return (await import(/* @vite-ignore */ pathToFileURL(join(folder, 'index.js')).href)) as Retrievers
}

const program = `import './thread.js'\n`
/** The thread's third message is its last. */
const mortal = `${program}
import { parentPort } from 'node:worker_threads'
let messages = 0
parentPort.on('message', () => { if (++messages === 3) process.exit(1) })
`

let built: Retrievers
/** Without a program for threads. */
let lame: Retrievers
/** With threads that die soon. */
let dying: Retrievers

beforeAll(async () => {
  built = await bundled(program)
  lame = await bundled()
  dying = await bundled(mortal)
})
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

const dimensions = 24
const vectorOf = (random: Random) => Float32Array.from({ length: dimensions }, () => random.normal())
const words = Array.from({ length: 300 }, (_, i) => `word${i}`)
const textOf = (random: Random, length: number) =>
  Array.from({ length }, () => words[Math.floor(random() ** 2 * words.length)]).join(' ')

interface Case {
  readonly index: {
    searchMany(queries: readonly never[], options: source.SearchManyOptions): Promise<readonly TopHits[]>
    search(query: never, options: { readonly limit: number; readonly filter?: Bitset }): TopHits
    delete(ordinal: number): boolean
  }
  readonly queries: readonly never[]
}

const kinds: { readonly [name: string]: (from: Retrievers, count?: number, asked?: number) => Case } = {}
for (const [metric, quantization] of [
  ['cosine', 'none'],
  ['dot', 'int8'],
  ['euclidean', 'binary'],
  ['euclidean', 'none'],
] as const) {
  const filled = (index: source.HnswIndex | source.FlatIndex, count: number, asked: number): Case => {
    const random = seededRandom(3)
    for (let ordinal = 0; ordinal < count; ordinal++) index.set(ordinal, vectorOf(random))
    for (let i = 0; i < count / 5; i++) index.delete(random.integer(0, count))
    return { index, queries: Array.from({ length: asked }, () => vectorOf(random)) as readonly never[] }
  }
  kinds[`hnswIndex, ${metric}, ${quantization}`] = ({ hnswIndex }, count = 700, asked = 150) =>
    filled(hnswIndex({ dimensions, metric, quantization, connectivity: 6, efConstruction: 30 }), count, asked)
  kinds[`flatIndex, ${metric}, ${quantization}`] = ({ flatIndex }, count = 700, asked = 150) =>
    filled(flatIndex({ dimensions, metric, quantization }), count, asked)
}
const texts = (index: source.Bm25Index, count: number, asked: number): Case => {
  const random = seededRandom(4)
  for (let ordinal = 0; ordinal < count; ordinal++) index.set(ordinal, textOf(random, 30))
  for (let i = 0; i < count / 5; i++) index.delete(random.integer(0, count))
  index.set(1, 'word7 '.repeat(90))
  return { index, queries: Array.from({ length: asked }, () => textOf(random, 5)) as readonly never[] }
}
kinds.bm25Index = ({ bm25Index }, count = 700, asked = 150) => texts(bm25Index(), count, asked)
kinds['bm25Index, with operators'] = ({ bm25Index }, count = 700, asked = 150) => {
  const { index, queries } = texts(bm25Index({ syntax: 'operators' }), count, asked)
  const operators = (query: string, i: number) =>
    i % 3 === 0 ? `"${query.split(' ').slice(0, 2).join(' ')}"` : i % 3 === 1 ? `+${query} -word3` : query
  return { index, queries: (queries as readonly string[]).map(operators) as readonly never[] }
}
kinds['hnswIndex, several memories'] = ({ hnswIndex }) => {
  const index = hnswIndex({ dimensions, connectivity: 4, efConstruction: 20, shardBytes: 2 ** 17 })
  const random = seededRandom(5)
  for (let ordinal = 0; ordinal < 2500; ordinal++) index.set(ordinal, vectorOf(random))
  return { index, queries: Array.from({ length: 40 }, () => vectorOf(random)) as readonly never[] }
}

const filter = new Bitset()
for (let ordinal = 0; ordinal < 700; ordinal += 3) filter.add(ordinal)

describe('searchMany gives what search gives one by one', () => {
  for (const [name, make] of Object.entries(kinds))
    it(name, async () => {
      const { index, queries } = make(built)
      for (const options of [{ limit: 7 }, { limit: 3, filter }]) {
        const expected = queries.map((query) => index.search(query, options))
        for (const threads of [1, 2, 3]) {
          const events: RagEvent[] = []
          const observer = (event: RagEvent) => events.push(event)
          expect(await index.searchMany(queries, { ...options, threads, observer })).toEqual(expected)
          const [event, ...others] = events
          expect(others).toEqual([])
          const { elsewhere } = event?.counts ?? {}
          if (threads === 1) expect(elsewhere).toBe(0)
          // Phrases are looked up here, with the queries sent along with them.
          else if (!name.includes('operators')) expect(elsewhere).toBe(queries.length)
        }
      }
      // The copy is made anew after a change.
      index.delete(index.search(queries[0]!, { limit: 1 }).ordinals[0]!)
      const expected = queries.map((query) => index.search(query, { limit: 5 }))
      expect(await index.searchMany(queries, { limit: 5, threads: 2 })).toEqual(expected)
    })

  it('without threads on the TypeScript backend', async () => {
    const index = built.flatIndex({ dimensions, backend: 'typescript' })
    const random = seededRandom(6)
    for (let ordinal = 0; ordinal < 50; ordinal++) index.set(ordinal, vectorOf(random))
    const queries = Array.from({ length: 70 }, () => vectorOf(random))
    expect(await index.searchMany(queries, { limit: 3, threads: 4 })).toEqual(
      queries.map((query) => index.search(query, { limit: 3 })),
    )
  })

  it('for no query, an empty index, and more threads than queries', async () => {
    for (const index of [built.flatIndex({ dimensions }), built.hnswIndex({ dimensions })]) {
      expect(await index.searchMany([], { limit: 3, threads: 2 })).toEqual([])
      const queries = [vectorOf(seededRandom(1)), vectorOf(seededRandom(2))]
      const nothing = { ordinals: new Uint32Array(0), scores: new Float32Array(0) }
      expect(await index.searchMany(queries, { limit: 3, threads: 8 })).toEqual([nothing, nothing])
    }
    expect(await built.bm25Index().searchMany(['a', 'b'], { limit: 3, threads: 2 })).toHaveLength(2)
  })

  it('when several calls run at once', async () => {
    const { index, queries } = kinds['hnswIndex, cosine, none']!(built)
    const calls = [1, 2, 3, 4].map((limit) => index.searchMany(queries, { limit, threads: 1 + (limit % 3) }))
    for (const [i, hits] of (await Promise.all(calls)).entries())
      expect(hits).toEqual(queries.map((query) => index.search(query, { limit: i + 1 })))
  })
})

describe('searchMany', () => {
  it('rejects with the reason of its signal, at once and in the middle, and works again', async () => {
    for (const threads of [1, 2]) {
      const { index, queries } = kinds['flatIndex, cosine, none']!(built, 3000, 3000)
      const reason = new Error('enough')
      await expect(
        index.searchMany(queries, { limit: 3, threads, signal: AbortSignal.abort(reason) }),
      ).rejects.toBe(reason)
      const controller = new AbortController()
      const onProgress = () => controller.abort(reason)
      await expect(
        index.searchMany(queries, { limit: 3, threads, signal: controller.signal, onProgress }),
      ).rejects.toBe(reason)
      const few = queries.slice(0, 50)
      expect(await index.searchMany(few, { limit: 3, threads })).toEqual(
        few.map((query) => index.search(query, { limit: 3 })),
      )
    }
  })

  it('tells its progress, up to the end', async () => {
    for (const threads of [1, 3]) {
      const { index, queries } = kinds['hnswIndex, dot, int8']!(built)
      const told: number[] = []
      await index.searchMany(queries, {
        limit: 3,
        threads,
        onProgress: (done, total) => {
          expect(total).toBe(queries.length)
          told.push(done)
        },
      })
      expect(told.length).toBeGreaterThan(2)
      expect(told).toEqual(told.toSorted((a, b) => a - b))
      expect(told.at(-1)).toBe(queries.length)
    }
  })

  it('lets the event loop run while it searches on this thread', async () => {
    const { index, queries } = kinds['flatIndex, cosine, none']!(built, 3000, 2000)
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    await index.searchMany(queries, { limit: 3, threads: 1 })
    clearInterval(timer)
    expect(turns).toBeGreaterThan(1)
  })

  it('rejects when the index is changed meanwhile', async () => {
    for (const threads of [1, 2]) {
      const { index, queries } = kinds['flatIndex, cosine, none']!(built, 3000, 3000)
      const search = index.searchMany(queries, { limit: 3, threads })
      await new Promise((resolve) => setTimeout(resolve, 5))
      index.delete(7)
      await expect(search).rejects.toMatchObject({ code: 'invalid-argument' })
    }
  })

  it('does itself what a thread fails at, and tells it', async () => {
    for (const name of ['flatIndex, dot, int8', 'hnswIndex, cosine, none', 'bm25Index']) {
      const { index, queries } = kinds[name]!(lame)
      const events: RagEvent[] = []
      const options = { limit: 3, threads: 2, observer: (event: RagEvent) => events.push(event) }
      expect(await index.searchMany(queries, options)).toEqual(
        queries.map((query) => index.search(query, { limit: 3 })),
      )
      expect(events.length).toBeGreaterThan(0)
      expect(events[0]).toMatchObject({ type: 'search.thread-failed', labels: { reason: /worker\.js/ } })
    }
  })

  it('goes on when threads die in the middle, and with new ones in the next call', async () => {
    const { index, queries } = kinds['hnswIndex, cosine, none']!(dying, 700, 400)
    const expected = queries.map((query) => index.search(query, { limit: 3 }))
    for (let call = 0; call < 3; call++) {
      const events: RagEvent[] = []
      const options = { limit: 3, threads: 2, observer: (event: RagEvent) => events.push(event) }
      expect(await index.searchMany(queries, options)).toEqual(expected)
      expect(events.filter(({ type }) => type === 'search.thread-failed').length).toBeGreaterThan(0)
      const { elsewhere = 0 } = events.at(-1)?.counts ?? {}
      expect(elsewhere).toBeGreaterThan(0)
      expect(elsewhere).toBeLessThan(queries.length)
    }
  })

  it('lets the process end while its threads are idle', async () => {
    const script = `
      const { flatIndex } = await import(${JSON.stringify(folders[0])} + '/index.js')
      const index = flatIndex({ dimensions: 2 })
      for (let i = 0; i < 100; i++) index.set(i, Float32Array.of(i, 1))
      const queries = Array.from({ length: 100 }, (_, i) => Float32Array.of(1, i))
      const hits = await index.searchMany(queries, { limit: 1, threads: 2 })
      process.stdout.write(String(hits.length))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      // Threads are given up after five seconds; a start takes less than the rest.
      timeout: 20_000,
    })
    expect(stdout).toBe('100')
  })

  it('refuses what search refuses, before it begins', async () => {
    const index = built.hnswIndex({ dimensions })
    const good = vectorOf(seededRandom(1))
    const code = async (run: Promise<unknown>) =>
      run.then(
        () => 'nothing',
        (error: { readonly code?: string }) => error.code,
      )
    expect(await code(index.searchMany([good, good.subarray(1)], { limit: 3 }))).toBe('invalid-vector')
    expect(await code(index.searchMany([good], { limit: 0 }))).toBe('invalid-argument')
    expect(await code(index.searchMany([good], { limit: 3, threads: 0 }))).toBe('invalid-argument')
    expect(await code(index.searchMany([good], { limit: 3, efSearch: 0 }))).toBe('invalid-argument')
  })

  it('runs from the sources too, on this thread when there is no program for others', async () => {
    const { index, queries } = kinds['hnswIndex, cosine, none']!(source)
    expect(await index.searchMany(queries, { limit: 3, threads: 2 })).toEqual(
      queries.map((query) => index.search(query, { limit: 3 })),
    )
  })
})
