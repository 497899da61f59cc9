import { type FlatIndex, type FlatIndexOptions, flatIndex } from '@tesserae/retrievers'
import type { BenchContext } from '../harness/context.js'
import { recallOf, type VectorSet } from './dataset.js'
import { inTurns, processorTime, scaled } from './turns.js'

interface Subject {
  readonly name: string
  /** Bytes that a query reads of each vector. */
  readonly bytes: number
  search(query: Float32Array): ArrayLike<number>
}

/** Exact scans beside sqlite-vec, and how much of the memory's bandwidth they use. */
export async function measureExact(context: BenchContext, set: VectorSet): Promise<void> {
  const { dimensions, vectors } = set
  const name = `${set.name}, exact scan`
  const subjects: Subject[] = []
  const settings: readonly [string, number, Partial<FlatIndexOptions>][] = [
    ['flatIndex', 4 * dimensions, {}],
    ['flatIndex int8', dimensions + 16, { quantization: 'int8' }],
    ['flatIndex binary, 20 x', dimensions / 8 + 16, { quantization: 'binary' }],
    ['flatIndex binary, 100 x', dimensions / 8 + 16, { quantization: 'binary', oversampling: 100 }],
  ]
  const metric = 'dot'
  for (const [subject, bytes, options] of settings) {
    await context.attempt(subject, name, async () => {
      const index: FlatIndex = flatIndex({ dimensions, metric, ...options })
      for (const [ordinal, vector] of vectors.entries()) index.set(ordinal, vector)
      subjects.push({ name: subject, bytes, search: (query) => index.search(query, { limit: 10 }).ordinals })
      context.row(
        subject,
        name,
        'memory per vector',
        Math.round(index.estimateMemory() / vectors.length),
        'B',
      )
    })
  }
  await context.attempt('sqlite-vec', name, async () => {
    subjects.push(await sqliteVec(context, set))
  })
  context.progress(`Scanning ${set.name} ...`)
  const queries = set.queries.slice(0, context.quick ? 10 : 30)
  const times = inTurns(
    subjects.map((subject) => ({
      name: subject.name,
      work: () => {
        for (const query of queries) subject.search(query)
      },
    })),
    context.quick ? 2 : 5,
  )
  const bandwidth = readBandwidth(context.quick ? 2 ** 27 : 2 ** 29)
  context.row('memory', name, 'read', bandwidth, 'GB/s')
  for (const subject of subjects) {
    const spread = scaled(times.get(subject.name)!, 1 / queries.length)
    const recall = recallOf(set.queries.slice(0, 100), set.truth, subject.search)
    const rate = (subject.bytes * vectors.length) / spread.value / 1000
    context.row(subject.name, name, 'recall@10', recall)
    context.row(subject.name, name, 'per query', spread, 'µs')
    context.row(subject.name, name, 'read', rate, 'GB/s')
    context.row(subject.name, name, 'share of bandwidth', rate / bandwidth)
    if (subject.name === 'flatIndex' || subject.name === 'flatIndex int8')
      context.ratio(`${subject.name}, ${name}: recall`, recall, 0.999)
  }
  context.note(
    'flatIndex int8 leaves rows that cannot be among the best after half of their codes; its read rate counts all.',
  )
  const peer = times.get('sqlite-vec')
  for (const [subject, target] of [
    ['flatIndex', 3],
    ['flatIndex int8', 15],
  ] as const) {
    const time = times.get(subject)
    if (peer && time)
      context.ratio(`${subject}, ${name}: queries of sqlite-vec`, peer.value / time.value, target)
  }
}

interface Statement {
  run(...values: unknown[]): void
  all(values: readonly unknown[]): readonly { readonly rowid: number }[]
}
interface Database {
  loadExtension(path: string): void
  exec(sql: string): void
  prepare(sql: string): Statement
}

/** A SQLite with sqlite-vec in it, in memory. Unit vectors: the nearest by distance are the nearest by dot product. */
async function sqliteVec(context: BenchContext, { dimensions, vectors }: VectorSet): Promise<Subject> {
  const { default: Sqlite } = await context.peer<{ readonly default: new (path: string) => Database }>(
    'libsql',
  )
  const extension = await context.peer<{ getLoadablePath(): string }>('sqlite-vec')
  const database = new Sqlite(':memory:')
  database.loadExtension(extension.getLoadablePath())
  database.exec(`create virtual table vectors using vec0(embedding float[${dimensions}])`)
  const insert = database.prepare('insert into vectors (rowid, embedding) values (?, ?)')
  database.exec('begin')
  for (const [ordinal, vector] of vectors.entries()) insert.run(BigInt(ordinal), bytesOf(vector))
  database.exec('commit')
  const select = database.prepare('select rowid from vectors where embedding match ? and k = 10')
  return {
    name: 'sqlite-vec',
    bytes: 4 * dimensions,
    search: (query) => select.all([bytesOf(query)]).map(({ rowid }) => rowid),
  }
}

function bytesOf(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
}

/** Gigabytes that one thread reads from memory in a second: a search for a byte that is not there, in native code. */
function readBandwidth(bytes: number): number {
  const buffer = Buffer.alloc(bytes, 1)
  let best = 0
  for (let round = 0; round < 4; round++) {
    const started = processorTime()
    if (buffer.indexOf(2) >= 0) throw new Error('The byte is not there.')
    best = Math.max(best, bytes / (processorTime() - started) / 1000)
  }
  return best
}
