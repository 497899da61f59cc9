import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { Bitset, type IndexSearchOptions, type RagEvent, type TopHits } from '@tesserae/core'
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

/** An index and queries for it, told by their number. */
interface Case {
  one(query: number, options: IndexSearchOptions): TopHits
  /** The first `asked` queries. */
  many(asked: number, options: source.SearchManyOptions): Promise<readonly TopHits[]>
  remove(ordinal: number): void
}

type Searched<Q> = {
  search(query: Q, options: IndexSearchOptions): TopHits
  searchMany(queries: readonly Q[], options: source.SearchManyOptions): Promise<readonly TopHits[]>
  delete(ordinal: number): boolean
}

function caseOf<Q>(index: Searched<Q>, query: () => Q): Case {
  const queries = Array.from({ length: mostAsked }, query)
  return {
    one: (number, options) => index.search(queries[number]!, options),
    many: (asked, options) => index.searchMany(queries.slice(0, asked), options),
    remove: (ordinal) => void index.delete(ordinal),
  }
}

const mostAsked = 3000
const asked = 150
const entries = 700

function vectors(index: source.HnswIndex | source.FlatIndex, count: number): Case {
  const random = seededRandom(3)
  for (let ordinal = 0; ordinal < count; ordinal++) index.set(ordinal, vectorOf(random))
  for (let i = 0; i < count / 5; i++) index.delete(random.integer(0, count))
  return caseOf<Float32Array>(index, () => vectorOf(random))
}

function texts(index: source.Bm25Index, queryOf: (words: string, number: number) => string): Case {
  const random = seededRandom(4)
  for (let ordinal = 0; ordinal < entries; ordinal++) index.set(ordinal, textOf(random, 30))
  for (let i = 0; i < entries / 5; i++) index.delete(random.integer(0, entries))
  index.set(1, 'word7 '.repeat(90))
  let number = 0
  return caseOf<string>(index, () => queryOf(textOf(random, 5), number++))
}

/** Every third query a phrase, every third with conditions. */
const withOperators = (words: string, number: number) =>
  number % 3 === 0
    ? `"${words.split(' ').slice(0, 2).join(' ')}"`
    : number % 3 === 1
      ? `+${words} -word3`
      : words

const shape = { dimensions, connectivity: 6, efConstruction: 30 }

const flat = ({ flatIndex }: Retrievers, count = entries) => vectors(flatIndex({ dimensions }), count)
const hnsw = ({ hnswIndex }: Retrievers) => vectors(hnswIndex(shape), entries)
const bm25 = ({ bm25Index }: Retrievers) => texts(bm25Index(), (words) => words)

const kinds: { readonly [name: string]: (from: Retrievers) => Case } = {
  'flatIndex, cosine': flat,
  'flatIndex, dot, int8': ({ flatIndex }) =>
    vectors(flatIndex({ dimensions, metric: 'dot', quantization: 'int8' }), entries),
  'flatIndex, euclidean, binary': ({ flatIndex }) =>
    vectors(flatIndex({ dimensions, metric: 'euclidean', quantization: 'binary' }), entries),
  'flatIndex, several memories': ({ flatIndex }) =>
    vectors(flatIndex({ dimensions, shardBytes: 2 ** 17 }), 2500),
  'hnswIndex, cosine': hnsw,
  'hnswIndex, dot, int8': ({ hnswIndex }) =>
    vectors(hnswIndex({ ...shape, metric: 'dot', quantization: 'int8' }), entries),
  'hnswIndex, euclidean, binary': ({ hnswIndex }) =>
    vectors(hnswIndex({ ...shape, metric: 'euclidean', quantization: 'binary' }), entries),
  'hnswIndex, several memories': ({ hnswIndex }) =>
    vectors(hnswIndex({ ...shape, shardBytes: 2 ** 17 }), 2500),
  bm25Index: bm25,
  'bm25Index, with operators': ({ bm25Index }) => texts(bm25Index({ syntax: 'operators' }), withOperators),
}

const allOne = (index: Case, count: number, options: IndexSearchOptions) =>
  Array.from({ length: count }, (_, query) => index.one(query, options))

const filter = new Bitset()
for (let ordinal = 0; ordinal < entries; ordinal += 3) filter.add(ordinal)

describe('searchMany gives what search gives one by one', () => {
  for (const [name, make] of Object.entries(kinds))
    it(name, async () => {
      const index = make(built)
      for (const options of [{ limit: 7 }, { limit: 3, filter }]) {
        const expected = allOne(index, asked, options)
        for (const threads of [1, 2, 3]) {
          const events: RagEvent[] = []
          const observer = (event: RagEvent) => events.push(event)
          expect(await index.many(asked, { ...options, threads, observer })).toEqual(expected)
          const [event, ...others] = events
          expect(others).toEqual([])
          const { elsewhere } = event?.counts ?? {}
          if (threads === 1) expect(elsewhere).toBe(0)
          // Phrases are looked up here, with the queries sent along with them.
          else if (!name.includes('operators')) expect(elsewhere).toBe(asked)
        }
      }
      // The copy is made anew after a change.
      index.remove(index.one(0, { limit: 1 }).ordinals[0]!)
      const expected = allOne(index, asked, { limit: 5 })
      expect(await index.many(asked, { limit: 5, threads: 2 })).toEqual(expected)
    })

  it('without threads on the TypeScript backend', async () => {
    for (const backend of [
      built.flatIndex({ dimensions, backend: 'typescript' }),
      built.hnswIndex({ ...shape, backend: 'typescript' }),
    ]) {
      const index = vectors(backend, 50)
      expect(await index.many(70, { limit: 3, threads: 4 })).toEqual(allOne(index, 70, { limit: 3 }))
    }
  })

  it('for no query, an empty index, and more threads than queries', async () => {
    const nothing = { ordinals: new Uint32Array(0), scores: new Float32Array(0) }
    for (const index of [
      vectors(built.flatIndex({ dimensions }), 0),
      vectors(built.hnswIndex({ dimensions }), 0),
    ]) {
      expect(await index.many(0, { limit: 3, threads: 2 })).toEqual([])
      expect(await index.many(2, { limit: 3, threads: 8 })).toEqual([nothing, nothing])
    }
    expect(await built.bm25Index().searchMany(['a', 'b'], { limit: 3, threads: 2 })).toEqual([
      nothing,
      nothing,
    ])
  })

  it('when several calls run at once', async () => {
    const index = hnsw(built)
    const calls = [1, 2, 3, 4].map((limit) => index.many(asked, { limit, threads: 1 + (limit % 3) }))
    for (const [i, hits] of (await Promise.all(calls)).entries())
      expect(hits).toEqual(allOne(index, asked, { limit: i + 1 }))
  })
})

describe('searchMany', () => {
  it('rejects with the reason of its signal, at once and in the middle, and works again', async () => {
    for (const threads of [1, 2]) {
      const index = flat(built, 3000)
      const reason = new Error('enough')
      const aborted = index.many(3000, { limit: 3, threads, signal: AbortSignal.abort(reason) })
      await expect(aborted).rejects.toBe(reason)
      const controller = new AbortController()
      const onProgress = () => controller.abort(reason)
      const stopped = index.many(3000, { limit: 3, threads, signal: controller.signal, onProgress })
      await expect(stopped).rejects.toBe(reason)
      expect(await index.many(50, { limit: 3, threads })).toEqual(allOne(index, 50, { limit: 3 }))
    }
  })

  it('tells its progress, up to the end', async () => {
    for (const threads of [1, 3]) {
      const index = hnsw(built)
      const told: number[] = []
      const onProgress = (done: number, total: number) => {
        expect(total).toBe(asked)
        told.push(done)
      }
      await index.many(asked, { limit: 3, threads, onProgress })
      expect(told.length).toBeGreaterThan(2)
      expect(told).toEqual(told.toSorted((a, b) => a - b))
      expect(told.at(-1)).toBe(asked)
    }
  })

  it('lets the event loop run while it searches on this thread', async () => {
    const index = flat(built, 3000)
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    await index.many(2000, { limit: 3, threads: 1 })
    clearInterval(timer)
    expect(turns).toBeGreaterThan(1)
  })

  it('rejects when the index is changed meanwhile', async () => {
    for (const threads of [1, 2]) {
      const index = flat(built, 3000)
      const search = index.many(3000, { limit: 3, threads })
      await new Promise((resolve) => setTimeout(resolve, 5))
      index.remove(7)
      await expect(search).rejects.toMatchObject({ code: 'invalid-argument' })
    }
  })

  it('does itself what a thread fails at, and tells it', async () => {
    for (const make of [flat, hnsw, bm25]) {
      const index = make(lame)
      const events: RagEvent[] = []
      const observer = (event: RagEvent) => events.push(event)
      expect(await index.many(asked, { limit: 3, threads: 2, observer })).toEqual(
        allOne(index, asked, { limit: 3 }),
      )
      expect(events[0]).toMatchObject({ type: 'search.thread-failed' })
      expect(events[0]?.labels?.reason).toContain('worker.js')
      expect(events.at(-1)?.counts).toEqual({ queries: asked, elsewhere: 0 })
    }
  })

  it('goes on when threads die in the middle, and with new ones in the next call', async () => {
    const index = hnsw(dying)
    const expected = allOne(index, 400, { limit: 3 })
    for (let call = 0; call < 3; call++) {
      const events: RagEvent[] = []
      const observer = (event: RagEvent) => events.push(event)
      expect(await index.many(400, { limit: 3, threads: 2, observer })).toEqual(expected)
      expect(events.filter(({ type }) => type === 'search.thread-failed').length).toBeGreaterThan(0)
      const { elsewhere = 0 } = events.at(-1)?.counts ?? {}
      expect(elsewhere).toBeGreaterThan(0)
      expect(elsewhere).toBeLessThan(400)
    }
  })

  it('lets the process end while its threads are idle', async () => {
    const script = `
      const { flatIndex } = await import(${JSON.stringify(pathToFileURL(join(folders[0]!, 'index.js')).href)})
      const index = flatIndex({ dimensions: 2 })
      for (let i = 0; i < 100; i++) index.set(i, Float32Array.of(i, 1))
      const queries = Array.from({ length: 100 }, (_, i) => Float32Array.of(1, i))
      let elsewhere
      const observer = ({ counts }) => { elsewhere = counts.elsewhere }
      await index.searchMany(queries, { limit: 1, threads: 2, observer })
      const held = process.getActiveResourcesInfo().filter((name) => /Port|Worker|Timeout/.test(name))
      process.stdout.write(elsewhere + ' elsewhere, held by ' + held.length)`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
    expect(stdout).toBe('100 elsewhere, held by 0')
  })

  it('refuses what search refuses, before it begins', async () => {
    const index = built.hnswIndex({ dimensions })
    const good = vectorOf(seededRandom(1))
    const code = (run: Promise<unknown>) =>
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
    const index = hnsw(source)
    expect(await index.many(asked, { limit: 3, threads: 2 })).toEqual(allOne(index, asked, { limit: 3 }))
  })
})
