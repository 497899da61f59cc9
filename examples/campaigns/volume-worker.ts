import { pathToFileURL } from 'node:url'
import { recursiveChunker } from '@tesserae/chunkers'
import { type Entry, ingest, type Store } from '@tesserae/core'
import { directory } from '@tesserae/loaders'

export interface VolumeReport {
  readonly documents: number
  readonly chunks: number
  readonly failures: number
  readonly seconds: number
  readonly peakResidentMegabytes: number
}

/** Takes chunks and forgets them: whatever memory is used is that of the pipeline. */
function streamingSink(): Store & { readonly written: number } {
  let written = 0
  return {
    name: 'sink',
    get written() {
      return written
    },
    async upsert(entries: readonly Entry[]) {
      written += entries.length
    },
    async get(ids) {
      return ids.map(() => undefined)
    },
    async delete() {},
    async *list() {},
  }
}

/** Ingests a folder and says how much memory that took. */
export async function ingestFolder(folder: string): Promise<VolumeReport> {
  const started = performance.now()
  const store = streamingSink()
  const report = await ingest(directory(folder).load(), {
    chunker: recursiveChunker({ maxTokens: 400 }),
    store,
  })
  return {
    documents: report.documents.written,
    chunks: store.written,
    failures: report.failures.length,
    seconds: (performance.now() - started) / 1000,
    peakResidentMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  ingestFolder(process.argv[2]!).then(
    (report) => console.log(JSON.stringify(report)),
    (error: unknown) => {
      console.error(error)
      process.exitCode = 1
    },
  )
}
