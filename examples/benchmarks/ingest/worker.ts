import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Loaded } from '@tesserae/core'
import { documentOf, isInOnePercent, source } from './corpus.js'
import { type ModelName, makeModel } from './model.js'
import { emptyFolder } from './system.js'
import { makeSystem, type SystemName } from './systems.js'

export interface IngestFigures {
  /** Seconds of processor time, without making the corpus. */
  readonly full: number
  readonly again: number
  readonly change: number
  /** Only the changed documents given; undefined for what cannot do that. */
  readonly changedOnly: number | undefined
  /** Chunks written by each. */
  readonly written: readonly number[]
  readonly bytes: number
  /** Seconds by the clock; undefined for what is in memory. */
  readonly open: number | undefined
  readonly memory: MemoryFigures
}

/** Megabytes that the process holds. */
export interface MemoryFigures {
  /** Before the first chunk, with the model loaded. */
  readonly empty: number
  /** At most in the first run. */
  readonly peak: number
  /** What the first run left once garbage was collected: heap, buffers and WebAssembly memory more than before it. */
  readonly index: number
}

const seconds = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Takes one system through a first run, a second one, and changes; in a process of its own, for its memory. */
export async function measure(name: SystemName, chunks: number, model: ModelName): Promise<IngestFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'ingest-'))
  try {
    const embedder = await makeModel(model)
    await embedder.embed(['warm'], { role: 'document' })
    const system = await makeSystem(name, folder, embedder)
    /** Spent on making the corpus so far. */
    let making = 0
    function* watched(documents: Iterator<Loaded>): Generator<Loaded> {
      for (;;) {
        const started = seconds()
        const next = documents.next()
        making += seconds() - started
        if (next.done === true) return
        yield next.value
      }
    }
    const timed = async (work: () => Promise<number>) => {
      const started = seconds() - making
      const written = await work()
      return { cpu: seconds() - making - started, written }
    }
    for (const _ of source(chunks / 100));
    const before = await liveMegabytes()
    const empty = process.memoryUsage().rss / 2 ** 20
    const full = await timed(() => system.run(watched(source(chunks))))
    const peak = process.resourceUsage().maxRSS / 1024
    const index = (await liveMegabytes()) - before
    // What is made on the way is not collected at the cost of runs that do little.
    const same = [...source(chunks)]
    const again = await timed(() => system.run(same))
    const edited = same.map((loaded, number) => (isInOnePercent(number) ? editionOf(number, 1) : loaded))
    const change = await timed(() => system.run(edited))
    // The first edition again, of the documents that have the second.
    const few = same.filter((_, number) => isInOnePercent(number))
    const changedOnly = system.changed && (await timed(() => system.changed!(few)))
    await system.close()
    const bytes = system.bytes()
    const started = performance.now()
    if (bytes > 0) await system.open?.()
    const open = bytes > 0 && system.open ? (performance.now() - started) / 1000 : undefined
    if (open !== undefined) await system.close()
    return {
      full: full.cpu,
      again: again.cpu,
      change: change.cpu,
      changedOnly: changedOnly?.cpu,
      written: [full.written, again.written, change.written, changedOnly?.written ?? 0],
      bytes,
      open,
      memory: { empty, peak, index },
    }
  } finally {
    emptyFolder(folder)
  }
}

function editionOf(number: number, edition: number): Loaded {
  return { type: 'document', document: documentOf(number, edition) }
}

/** What is in use, which needs `--expose-gc`. WebAssembly memory counts as external. */
async function liveMegabytes(): Promise<number> {
  const collect = globalThis.gc
  if (collect === undefined) throw new Error('Run it with --expose-gc.')
  for (let i = 0; i < 4; i++) {
    collect()
    // Buffers are given back a turn later.
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 2 ** 20
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [, , name, chunks, model] = process.argv
  measure(name as SystemName, Number(chunks), model as ModelName).then(
    (figures) => console.log(JSON.stringify(figures)),
    (error: unknown) => {
      console.error(error)
      process.exitCode = 1
    },
  )
}
