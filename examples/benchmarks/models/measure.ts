import { type Embedder, tell } from '@tesserae/core'
import { staticEmbedder } from '@tesserae/models/static'
import { transformersEmbedder } from '@tesserae/models/transformers'

/** What one process is asked to measure. */
export interface Task {
  readonly subject: SubjectName
  readonly model: string
  readonly cases: { readonly [name: string]: readonly string[] }
  readonly rounds: number
  /** Embeddings of a soak instead of the cases; 0 for none. */
  readonly soak: number
}

export interface Figures {
  readonly loadMs: number
  readonly firstCallMs: number
  /** Highest resident memory of the process, in MB. */
  readonly peakMb: number
  readonly cases: {
    readonly [name: string]: {
      /** Chunks per second of computing, all threads together; one figure a round. */
      readonly perCpuSecond: readonly number[]
      /** Chunks per second of the clock; one figure a round. */
      readonly perSecond: readonly number[]
    }
  }
  /** Memory in MB as the soak goes on. */
  readonly soak: readonly {
    readonly embeddings: number
    readonly heapMb: number
    readonly residentMb: number
  }[]
}

export const subjectNames = [
  'static',
  'native fp32',
  'native int8',
  'native int8, 8 at once',
  'native int8, worker',
  'WebAssembly fp32',
  'WebAssembly int8',
] as const
export type SubjectName = (typeof subjectNames)[number]

/** A round embeds its texts again until it has taken this long: short rounds measure the clock. */
const leastMs = 500

/** One thread each, so that figures can be compared. */
function load(subject: SubjectName, model: string): Promise<Embedder> {
  if (subject === 'static') return staticEmbedder()
  return transformersEmbedder({
    path: model,
    threads: 1,
    oversize: 'truncate',
    dataType: subject.includes('int8') ? 'q8' : 'fp32',
    backend: subject.startsWith('native') ? 'native' : 'wasm',
    worker: subject.endsWith('worker'),
    ...(subject.endsWith('8 at once') && { textsPerRun: 8 }),
  })
}

export async function measure({ subject, model, cases, rounds, soak }: Task): Promise<Figures> {
  const started = performance.now()
  const embedder = await load(subject, model)
  const loaded = performance.now()
  await embedder.embed(['What is measured here?'], { role: 'document' })
  const firstCallMs = performance.now() - loaded
  const figures: { [name: string]: { perCpuSecond: number[]; perSecond: number[] } } = {}
  for (const [name, texts] of Object.entries(cases)) {
    const figure = { perCpuSecond: [] as number[], perSecond: [] as number[] }
    for (let round = 0; round < rounds; round++) {
      const before = process.cpuUsage()
      const start = performance.now()
      let embedded = 0
      do {
        for (let first = 0; first < texts.length; first += embedder.maxBatchSize)
          await embedder.embed(texts.slice(first, first + embedder.maxBatchSize), { role: 'document' })
        embedded += texts.length
      } while (performance.now() - start < leastMs)
      const seconds = (performance.now() - start) / 1000
      const { user, system } = process.cpuUsage(before)
      figure.perCpuSecond.push(embedded / ((user + system) / 1e6))
      figure.perSecond.push(embedded / seconds)
    }
    figures[name] = figure
  }
  const steps = soak > 0 ? await runSoak(embedder, Object.values(cases)[0] ?? [], soak) : []
  return {
    loadMs: loaded - started,
    firstCallMs,
    peakMb: process.resourceUsage().maxRSS / 1024,
    cases: figures,
    soak: steps,
  }
}

/** Embeds the texts again and again, and looks at the memory twenty times on the way, after a collection. */
async function runSoak(
  embedder: Embedder,
  texts: readonly string[],
  embeddings: number,
): Promise<Figures['soak']> {
  const steps: { embeddings: number; heapMb: number; residentMb: number }[] = []
  const each = Math.ceil(embeddings / 20)
  let done = 0
  let next = each
  while (done < embeddings) {
    const batch = texts.slice(0, Math.min(embedder.maxBatchSize, embeddings - done))
    await embedder.embed(batch, { role: 'document' })
    done += batch.length
    if (done < next && done < embeddings) continue
    next += each
    globalThis.gc?.()
    const { heapUsed, rss } = process.memoryUsage()
    const step = { embeddings: done, heapMb: heapUsed / 2 ** 20, residentMb: rss / 2 ** 20 }
    steps.push(step)
    tell((event) => process.stderr.write(`${JSON.stringify(event.counts)}\n`), {
      type: 'soak.step',
      source: embedder.id,
      counts: { embeddings: done, heapMb: Math.round(step.heapMb), residentMb: Math.round(step.residentMb) },
    })
  }
  return steps
}
