import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Loaded } from '@tesserae/core'
import { documentOf, isInOnePercent, source } from './corpus.js'
import { emptyFolder, makeSystem, type SystemName } from './systems.js'

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
  /** Megabytes at most, and what the process held before the first chunk. */
  readonly peak: number
  readonly base: number
}

const seconds = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
const peakMegabytes = () => process.resourceUsage().maxRSS / 1024

/** Takes one system through a first run, a second one, and changes; in a process of its own, for its memory. */
export async function measure(name: SystemName, chunks: number): Promise<IngestFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'ingest-'))
  try {
    const system = await makeSystem(name, folder)
    const timed = async (work: () => Promise<number>): Promise<{ cpu: number; written: number }> => {
      const started = seconds()
      const written = await work()
      return { cpu: seconds() - started, written }
    }
    const making = await timed(async () => {
      let count = 0
      for (const _ of source(chunks)) count++
      return count
    })
    const base = peakMegabytes()
    const full = await timed(() => system.run(source(chunks)))
    const peak = peakMegabytes()
    const again = await timed(() => system.run(source(chunks)))
    const change = await timed(() => system.run(source(chunks, isInOnePercent)))
    // The first edition again, of the documents that have the second.
    const few: Loaded[] = []
    for (let number = 0; number < chunks / 20; number++) {
      if (isInOnePercent(number)) few.push(...firstEdition(number))
    }
    const changedOnly = system.changed && (await timed(() => system.changed!(few)))
    await system.close()
    const bytes = system.bytes()
    const started = performance.now()
    if (bytes > 0) await system.open?.()
    const open = bytes > 0 && system.open ? (performance.now() - started) / 1000 : undefined
    if (open !== undefined) await system.close()
    return {
      full: full.cpu - making.cpu,
      again: again.cpu - making.cpu,
      change: change.cpu - making.cpu,
      changedOnly: changedOnly?.cpu,
      written: [full.written, again.written, change.written, changedOnly?.written ?? 0],
      bytes,
      open,
      peak,
      base,
    }
  } finally {
    emptyFolder(folder)
  }
}

function firstEdition(number: number): Loaded[] {
  return [{ type: 'document', document: documentOf(number, 0) }]
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  measure(process.argv[2] as SystemName, Number(process.argv[3])).then(
    (figures) => console.log(JSON.stringify(figures)),
    (error: unknown) => {
      console.error(error)
      process.exitCode = 1
    },
  )
}
