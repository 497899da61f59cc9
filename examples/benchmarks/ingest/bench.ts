import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Bench, BenchContext } from '../harness/context.js'
import { type ModelName, modelNames } from './model.js'
import { type SystemName, systemNames } from './systems.js'
import type { IngestFigures } from './worker.js'

const worker = fileURLToPath(new URL('./worker.js', import.meta.url))
const ours: readonly SystemName[] = ['memoryStore', 'sqliteStore']

export const ingestBench: Bench = {
  name: 'ingest',
  description:
    'first run, second run and changes of 1 %, into memory and a file, beside LangChain, LlamaIndex.TS and LanceDB',
  options: {
    count: 'chunks of 110 words (100000, with --quick 10000)',
    model: 'static: the model in the box; hash: 384 numbers for next to nothing (static)',
  },
  async run(context) {
    const count = Number(context.options.get('count') ?? (context.quick ? 10_000 : 100_000))
    if (!Number.isInteger(count) || count < 4000)
      throw new Error('--count takes an integer of at least 4000.')
    const model = modelNames.find((name) => name === (context.options.get('model') ?? 'static'))
    if (model === undefined) throw new Error(`--model takes ${modelNames.join(' or ')}.`)
    for (const name of systemNames) {
      await context.attempt(name, 'ingest', async () => {
        context.progress(`${name}: ${count} chunks ...`)
        const figures = await inProcess(name, count, model)
        tellFigures(context, name, count, figures)
        if (!ours.includes(name)) return
        const quarter = await inProcess(name, Math.round(count / 4), model)
        tellMemory(context, name, Math.round(count / 4), quarter)
        tellMemory(context, name, count, figures)
        promise(context, name, count, figures)
        // Below that, what collecting garbage leaves weighs more than the index.
        if (count >= 100_000) promiseMemory(context, name, quarter, figures)
      })
    }
    context.note(
      'Seconds are processor time, user and system, without making the corpus. Each system has a process of its own.',
    )
    context.note(
      `All embed with the same model in the same process (${model}). A slower one makes first runs longer, and not the others.`,
    )
    context.note(
      "LangChain's index() and the LlamaIndex.TS pipeline (its document store, its cache, upserts) write to plain maps here: no database, no search index; the pipeline does not look for documents that are gone. LanceDB keeps no manifest: a second run writes everything again.",
    )
    context.note(
      'The peak is what the process held at most in the first run, the index what the run left in use: heap, buffers and WebAssembly memory. Beyond: the peak without the empty process, its model and the index.',
    )
  },
}

async function inProcess(name: SystemName, count: number, model: ModelName): Promise<IngestFigures> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    worker,
    name,
    String(count),
    model,
  ])
  return JSON.parse(stdout) as IngestFigures
}

function tellFigures(context: BenchContext, name: SystemName, count: number, figures: IngestFigures): void {
  const { full, again, change, changedOnly, written, bytes, open, memory } = figures
  const row = (metric: string, value: number, unit: string) =>
    context.row(name, 'ingest', metric, value, unit)
  row('first run', count / full, 'chunks/s')
  row('second run', count / again, 'chunks/s')
  row('second run wrote', written[1]!, 'chunks')
  row('1 % changed', change, 's')
  row('of a first run', (100 * change) / full, '%')
  row('1 % wrote', written[2]!, 'chunks')
  if (changedOnly !== undefined) {
    row('only the changed', changedOnly, 's')
    row('that is', (100 * changedOnly) / full, '% of a first run')
  }
  row('peak', memory.peak, 'MB')
  if (bytes > 0) row('disk', bytes / 1e6, 'MB')
  if (open !== undefined) row('open', open, 's')
}

function tellMemory(
  context: BenchContext,
  name: SystemName,
  count: number,
  { memory: { empty, peak, index } }: IngestFigures,
): void {
  const row = (metric: string, value: number) =>
    context.row(`${name}, ${count} chunks`, 'memory of a first run', metric, value, 'MB')
  row('empty', empty)
  row('peak', peak)
  row('the index', index)
  row('beyond', peak - empty - index)
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

/**
 * Four times as many chunks: the index grows, and nothing else may, but for garbage, of which V8 lets a share of what
 * lives gather before it collects.
 */
function promiseMemory(context: BenchContext, name: SystemName, small: IngestFigures, large: IngestFigures) {
  const grown = ({ empty, peak, index }: IngestFigures['memory']) => ({ index, run: peak - empty })
  const [before, after] = [grown(small.memory), grown(large.memory)]
  context.ratio(
    `${name}: growth of the index, over growth of the peak`,
    (after.index - before.index) / (after.run - before.run),
    0.85,
  )
}
