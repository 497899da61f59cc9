import { wholeChunker } from '@tesserae/chunkers'
import { ingest } from '@tesserae/core'
import { staticEmbedder } from '@tesserae/models/static'
import { hnswIndex, memoryStore } from '@tesserae/retrievers'
import { type Bench, type BenchContext, sharedFolder } from '../harness/context.js'
import { passages, realTexts } from './corpus.js'
import { pipelineOver, stageNames } from './stages.js'

/** Milliseconds that a question may take, from its words to the context. */
const budget = 50

export const pipelineBench: Bench = {
  name: 'pipeline',
  description: 'time of a question from its words to the context, stage by stage, without remote models',
  options: {
    count: 'passages (100000, with --quick 5000)',
    queries: 'questions (1500, with --quick 200)',
  },
  async run(context) {
    const count = whole(context, 'count', context.quick ? 5000 : 100_000)
    const wanted = whole(context, 'queries', context.quick ? 200 : 1500)
    const shared = sharedFolder()
    const texts = shared === undefined ? undefined : await realTexts(shared)
    if (texts === undefined) {
      context.skip('all', 'all', 'no folder of judged sets: put it beside the clone or set TESSERAE_SHARED')
      return
    }
    context.progress(`storing ${count} passages ...`)
    const embedder = await staticEmbedder()
    const store = memoryStore({
      dimensions: embedder.dimensions,
      vectorIndex: (dimensions) => hnswIndex({ dimensions, capacity: count }),
    })
    await ingest(passages(texts, count), { chunker: wholeChunker(), embedder, store })
    const pipeline = pipelineOver(store, embedder)
    const step = texts.questions.length / Math.min(wanted, texts.questions.length)
    const questions = Array.from(
      { length: Math.floor(texts.questions.length / step) },
      (_, place) => texts.questions[Math.floor(place * step)]!,
    )
    const warm = questions.slice(0, Math.ceil(questions.length / 5))
    const clock = new Clock()

    context.progress(`asking ${questions.length} questions ...`)
    for (const question of warm) await pipeline.whole(question)
    for (const question of questions) await clock.take('whole', () => pipeline.whole(question))
    for (const question of warm) await pipeline.staged(question, async (_, work) => void (await work()))
    for (const question of questions)
      await pipeline.staged(question, async (stage, work) => void (await clock.take(stage, work)))

    const name = `${count} passages, ${questions.length} questions`
    for (const stage of [...stageNames, 'whole'] as const) report(context, name, stage, clock)
    const p99 = percentile(clock.processor('whole'), 0.99)
    context.ratio(`budget of ${budget} ms over the 99th percentile of processor time`, budget / p99, 1)
    context.note(
      'Passages of five real sentences each. Text search and HNSW for 100 hits each, default fusion, late interaction over 50, the best 10 in a context of 2,000 tokens; static embedder, one thread.',
    )
    context.note(
      'Processor time counts all threads of the process, the collector of garbage too; the clock also counts what other programs on the machine took. Stages are timed one after the other, in a second pass; their percentiles do not add up.',
    )
  },
}

function whole(context: BenchContext, name: string, usual: number): number {
  const value = Number(context.options.get(name) ?? usual)
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} takes a whole number of at least 1.`)
  return value
}

/** Milliseconds by the clock and of the processor, by what took them. */
class Clock {
  readonly #walls = new Map<string, number[]>()
  readonly #processors = new Map<string, number[]>()

  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = process.cpuUsage()
    const started = performance.now()
    const result = await work()
    const wall = performance.now() - started
    const { user, system } = process.cpuUsage(before)
    add(this.#walls, name, wall)
    add(this.#processors, name, (user + system) / 1000)
    return result
  }

  wall(name: string): readonly number[] {
    return this.#walls.get(name) ?? []
  }

  processor(name: string): readonly number[] {
    return this.#processors.get(name) ?? []
  }
}

function add(lists: Map<string, number[]>, name: string, value: number): void {
  const list = lists.get(name)
  if (list) list.push(value)
  else lists.set(name, [value])
}

/** The value that this share of the samples does not exceed. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  if (value === undefined) throw new Error('A percentile needs at least one sample.')
  return value
}

function report(context: BenchContext, name: string, stage: string, clock: Clock): void {
  const processor = clock.processor(stage)
  const p99 = percentile(processor, 0.99)
  context.row(stage, name, 'p50', percentile(processor, 0.5), 'ms')
  context.row(stage, name, 'p99', p99, 'ms')
  context.row(stage, name, 'p99 of the budget', (100 * p99) / budget, '%')
  context.row(stage, name, 'p50 by the clock', percentile(clock.wall(stage), 0.5), 'ms')
  context.row(stage, name, 'p99 by the clock', percentile(clock.wall(stage), 0.99), 'ms')
}
