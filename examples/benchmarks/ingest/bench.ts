import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Bench, BenchContext } from '../harness/context.js'
import { type SystemName, systemNames } from './systems.js'
import type { IngestFigures } from './worker.js'

const worker = fileURLToPath(new URL('./worker.js', import.meta.url))
const ours: readonly SystemName[] = ['memoryStore', 'sqliteStore']

export const ingestBench: Bench = {
  name: 'ingest',
  description:
    'first run, second run and changes of 1 %, into memory and a file, beside LangChain and LanceDB',
  options: { count: 'chunks of 110 words and 384 numbers (100000, with --quick 10000)' },
  async run(context) {
    const count = Number(context.options.get('count') ?? (context.quick ? 10_000 : 100_000))
    if (!Number.isInteger(count) || count < 4000)
      throw new Error('--count takes an integer of at least 4000.')
    for (const name of systemNames) {
      await context.attempt(name, 'ingest', async () => {
        context.progress(`${name}: ${count} chunks ...`)
        const figures = await inProcess(name, count)
        tellFigures(context, name, count, figures)
        if (!ours.includes(name)) return
        const quarter = await inProcess(name, Math.round(count / 4))
        context.row(name, 'memory', 'at a quarter', quarter.peak - quarter.base, 'MB over the empty process')
        context.row(name, 'memory', 'at all', figures.peak - figures.base, 'MB over the empty process')
        promise(context, name, count, figures)
      })
    }
    context.note(
      'Seconds are processor time, user and system, without making the corpus. Each system has a process of its own.',
    )
    context.note(
      'The model is a hash of words (about 40 µs a chunk). With a real one first runs take longer, the others do not.',
    )
    context.note(
      "LangChain's index() writes to plain maps here: no database, no search index. LanceDB keeps no manifest: a second run writes everything again.",
    )
  },
}

async function inProcess(name: SystemName, count: number): Promise<IngestFigures> {
  const { stdout } = await promisify(execFile)(process.execPath, [worker, name, String(count)])
  return JSON.parse(stdout) as IngestFigures
}

function tellFigures(context: BenchContext, name: SystemName, count: number, figures: IngestFigures): void {
  const { full, again, change, changedOnly, written, bytes, open, peak } = figures
  const row = (metric: string, value: number, unit: string) =>
    context.row(name, 'ingest', metric, value, unit)
  row('first run', count / full, 'chunks/s')
  row('second run', count / again, 'chunks/s')
  row('second run wrote', written[1]!, 'chunks')
  row('1 % changed', change, 's')
  row('1 % wrote', written[2]!, 'chunks')
  if (changedOnly !== undefined) row('only the changed', changedOnly, 's')
  row('peak', peak, 'MB')
  if (bytes > 0) row('disk', bytes / 1e6, 'MB')
  if (open !== undefined) row('open', open, 's')
}

function promise(context: BenchContext, name: SystemName, count: number, figures: IngestFigures): void {
  const { full, again, change, changedOnly } = figures
  context.ratio(`${name}: second run, of 50,000 chunks/s`, count / again / 50_000, 1)
  context.ratio(`${name}: 3 % of a first run, over a run with 1 % changed`, (full * 0.03) / change, 1)
  if (changedOnly !== undefined) {
    context.ratio(
      `${name}: 3 % of a first run, over the changed documents alone`,
      (full * 0.03) / changedOnly,
      1,
    )
  }
}
