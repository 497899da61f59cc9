import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bench, BenchContext } from '../harness/context.js'
import { median } from '../harness/timing.js'
import { type Corpus, linesOf, type QuerySet, querySets, zipfCorpus } from './corpus.js'
import { type Exact, exactScores, overlap, scoreError, type TermList } from './exact.js'
import { judgedSets } from './judged.js'
import { type Indexed, type Searched, Session } from './session.js'
import { type Command, luceneEngine, pythonEngine } from './toolchains.js'

const ours = 'tesserae'
const minisearch = 'minisearch'
const lance = 'lancedb FTS'
const fts5 = 'sqlite FTS5'
/** The fastest engines there are, in any language: we promise to be level with the best of them. */
const native = ['tantivy', 'lucene', 'bm25s numba']
/** Their time and memory grow out of reach of the larger corpora. */
const smallOnly = ['orama', 'flexsearch']

/** Queries that are scored by the formula as well. */
const CHECKED = 50

/** What a query of a peer must take at least, in queries of ours. */
const promised: { readonly [name in QuerySet]: { readonly [peer: string]: number } } = {
  '3 words': { [lance]: 15, [minisearch]: 30 },
  '8 words': { [lance]: 5, [minisearch]: 150 },
}

const engines: { readonly [name: string]: (context: BenchContext) => Promise<Command> } = {
  [ours]: async () => nodeEngine(ours),
  [minisearch]: (context) => peerEngine(context, minisearch),
  [lance]: (context) => peerEngine(context, lance, '@lancedb/lancedb'),
  [fts5]: () => pythonEngine('fts5'),
  tantivy: () => pythonEngine('tantivy'),
  lucene: () => luceneEngine(),
  'bm25s numba': () => pythonEngine('bm25s'),
  orama: (context) => peerEngine(context, 'orama', '@orama/orama'),
  flexsearch: (context) => peerEngine(context, 'flexsearch'),
}

function nodeEngine(name: string): Command {
  const worker = fileURLToPath(new URL('./worker.js', import.meta.url))
  return {
    command: process.execPath,
    args: ['--expose-gc', '--max-old-space-size=8000', worker, name],
    env: { LANCE_CPU_THREADS: '1', TOKIO_WORKER_THREADS: '1' },
  }
}

/** Installed before its process asks for it. */
async function peerEngine(context: BenchContext, name: string, packageName = name): Promise<Command> {
  await context.peer(packageName)
  return nodeEngine(name)
}

export const lexicalBench: Bench = {
  name: 'lexical',
  description: `BM25 in generated passages, beside engines in other languages; --only takes ${Object.keys(engines).join(', ')}`,
  options: {
    count: 'passages (100000 and 500000, with --quick 20000)',
    keep: 'yes: keep the generated corpora for the next run (they take 60 MB for 100,000 passages)',
  },
  async run(context) {
    const asked = context.options.get('count')
    const counts = asked === undefined ? (context.quick ? [20_000] : [100_000, 500_000]) : [Number(asked)]
    if (counts.some((count) => !Number.isInteger(count) || count < 1000))
      throw new Error('--count takes an integer of at least 1000.')
    for (const count of counts) {
      context.progress(`zipf-${count}: making the corpus`)
      const corpus = zipfCorpus(count)
      await runCorpus(context, corpus)
      if (context.options.get('keep') !== 'yes') rmSync(dirname(corpus.passages), { recursive: true })
    }
    await judgedSets(context)
    context.note(
      'Each engine has a process of its own; they take turns. Time of a query is processor time of the process, so that what else runs does not count, or elapsed time where that is less: lancedb works with several threads, though started with one, and is not charged for them. Median and quartiles of the rounds. p50 and p99 are elapsed times.',
    )
    context.note(
      'All engines take words as they are: no stop list, no stems. Parsing the query is counted, but for bm25s, which gets its queries tokenised and all at once. Reading the passages is not counted in the index time.',
    )
    context.note(
      'top-10 overlap: with all scores computed as the formula is written; minisearch is BM25+, FTS5 has another idf, lucene and tantivy keep lengths in a byte, flexsearch has no BM25.',
    )
  },
}

interface Running {
  readonly session: Session
  readonly indexed: Indexed
  /** Passes over the queries by set, in rounds. */
  readonly passes: Map<QuerySet, Searched[]>
}

async function runCorpus(context: BenchContext, corpus: Corpus): Promise<void> {
  const name = `${corpus.count.toLocaleString('en')} passages`
  const running = new Map<string, Running>()
  try {
    for (const [engine, prepare] of Object.entries(engines)) {
      if (smallOnly.includes(engine) && corpus.count > 20_000) continue
      await context.attempt(engine, name, async () => {
        const { command, args, env } = await prepare(context)
        const session = new Session(engine, command, args, env)
        try {
          context.progress(`${name}: ${engine} is indexing`)
          const indexed = await session.index(corpus.passages)
          running.set(engine, { session, indexed, passes: new Map() })
        } catch (error) {
          await session.close()
          throw error
        }
      })
    }
    for (const set of querySets) {
      const queries = corpus.queries[set]
      await searchInTurns(context, `${name}, ${set}`, running, set, queries)
      context.progress(`${name}, ${set}: checking`)
      const exact = exactScores(
        wordsOf(corpus.passages),
        [...wordsOf(queries, CHECKED)].map((query) => query.terms),
      )
      await check(context, `${name}, ${set}`, running, queries, exact)
      reportSpeed(context, `${name}, ${set}`, running, set)
    }
    reportIndex(context, name, running, corpus.count)
  } finally {
    for (const { session } of running.values()) await session.close()
  }
}

async function searchInTurns(
  context: BenchContext,
  name: string,
  running: ReadonlyMap<string, Running>,
  set: QuerySet,
  queries: string,
): Promise<void> {
  const budgetMs = context.quick ? 1000 : 3000
  for (const { session } of running.values()) {
    context.progress(`${name}: ${session.name} is warming up`)
    let spent = 0
    for (let pass = 0; pass < 20 && spent < budgetMs; pass++)
      spent += (await session.search(queries, budgetMs - spent)).wallMs
  }
  const order = [...running.values()]
  const rounds = context.quick ? 3 : 7
  for (let round = 0; round < rounds; round++) {
    context.progress(`${name}: round ${round + 1} of ${rounds}`)
    for (let i = 0; i < order.length; i++) {
      const { session, passes } = order[(i + round) % order.length]!
      passes.set(set, [...(passes.get(set) ?? []), await session.search(queries, budgetMs)])
    }
  }
}

async function check(
  context: BenchContext,
  name: string,
  running: ReadonlyMap<string, Running>,
  queries: string,
  exact: Exact,
): Promise<void> {
  for (const [engine, { session }] of running) {
    const { ids, scores } = await session.answers(queries, exact.best.length)
    context.row(engine, name, 'top-10 overlap', overlap(exact, ids))
    if (engine !== ours) continue
    context.ratio(`${engine}: overlap with exact BM25, ${name}`, overlap(exact, ids), 1)
    const error = scoreError(exact, ids, scores)
    context.ratio(`${engine}: a score error of 1e-6 over the worst one, ${name}`, 1e-6 / error, 1)
  }
}

function* wordsOf(path: string, count = Number.POSITIVE_INFINITY): Generator<TermList> {
  let left = count
  for (const lines of linesOf(path)) {
    for (const line of lines) {
      if (left-- <= 0) return
      const terms = line.split(' ')
      yield { terms, length: terms.length }
    }
  }
}

/** Milliseconds a query: processor time, or elapsed time where threads make that less. */
function perQuery({ cpuMs, wallMs, count }: Searched): number {
  return Math.min(cpuMs, wallMs) / count
}

/** The same for the first queries alone, which are what a slower engine got to. */
function perQueryOfFirst(pass: Searched, count: number): number {
  if (pass.micros === undefined || count >= pass.count) return perQuery(pass)
  const elapsed = pass.micros.slice(0, count).reduce((sum, micros) => sum + micros, 0) / 1000
  return (elapsed * Math.min(1, pass.cpuMs / pass.wallMs)) / count
}

function reportSpeed(
  context: BenchContext,
  name: string,
  running: ReadonlyMap<string, Running>,
  set: QuerySet,
): void {
  for (const [engine, { passes }] of running) {
    const done = passes.get(set)!
    context.row(engine, name, 'per query', median(done.map((pass) => perQuery(pass) * 1000)), 'µs')
    context.row(engine, name, 'queries', median(done.map((pass) => 1000 / perQuery(pass))).value, '1/s')
    context.row(engine, name, 'done', Math.min(...done.map(({ count }) => count)))
    const micros = done.flatMap((pass) => pass.micros ?? []).sort((a, b) => a - b)
    if (micros.length === 0) continue
    context.row(engine, name, 'p50', micros[Math.floor(micros.length * 0.5)]!, 'µs')
    context.row(engine, name, 'p99', micros[Math.floor(micros.length * 0.99)]!, 'µs')
  }
  const own = running.get(ours)?.passes.get(set)
  if (own === undefined) return
  const ratioTo = (peer: string): number | undefined => {
    const theirs = running.get(peer)?.passes.get(set)
    if (theirs === undefined) return undefined
    return median(theirs.map((pass, i) => perQuery(pass) / perQueryOfFirst(own[i]!, pass.count))).value
  }
  for (const [peer, target] of Object.entries(promised[set])) {
    const ratio = ratioTo(peer)
    if (ratio !== undefined) context.ratio(`speed over ${peer}, ${name}`, ratio, target)
  }
  const best = native
    .map((peer) => ({ peer, ratio: ratioTo(peer) }))
    .filter((one): one is { peer: string; ratio: number } => one.ratio !== undefined)
    .sort((a, b) => a.ratio - b.ratio)[0]
  if (best !== undefined)
    context.ratio(`speed over the best native engine (${best.peer}), ${name}`, best.ratio, 1)
}

function reportIndex(
  context: BenchContext,
  name: string,
  running: ReadonlyMap<string, Running>,
  count: number,
): void {
  for (const [engine, { session, indexed }] of running) {
    context.row(engine, name, 'index', indexed.wallMs / 1000, 's')
    context.row(engine, name, 'index, CPU time', indexed.cpuMs / 1000, 's')
    const memory = session.memory()
    if (memory === undefined) continue
    context.row(engine, name, 'memory of the process', memory.now, 'MB')
    context.row(engine, name, 'at its peak', memory.peak, 'MB')
  }
  const own = running.get(ours)
  if (own === undefined) return
  const sqlite = running.get(fts5)
  if (sqlite !== undefined) {
    const ratio = sqlite.indexed.cpuMs / own.indexed.cpuMs
    context.ratio(`index speed over ${fts5}, CPU time, ${name}`, ratio, 1)
  }
  const memory = own.session.memory()?.now
  if (memory === undefined) return
  const theirs = running.get(minisearch)?.session.memory()?.now
  if (theirs !== undefined) context.ratio(`memory of ${minisearch} over ours, ${name}`, theirs / memory, 4)
  if (count === 500_000) context.ratio(`400 MB over our memory, ${name}`, 400 / memory, 1)
}
