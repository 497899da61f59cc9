import { readdir, stat, writeFile } from 'node:fs/promises'
import { extname, join, relative, resolve } from 'node:path'
import { type DocumentRecord, documentRecord, type Loaded } from '@tesserae/core'
import { type DirectoryOptions, defaultFormats, directory } from '@tesserae/loaders'
import { parseArguments, type QuickstartArguments, usage } from './arguments.js'
import { type QuickstartHit, type QuickstartResult, quickstart } from './pipeline.js'
import { type Progress, ProgressBar } from './progress.js'
import { sampleFilters, sampleQuestions, writeSamplePdf } from './sample.js'

/**
 * Runs the quickstart. Standard output gets the answers, or one JSON object with `--json`; progress and messages
 * go to standard error. Resolves with the exit code: 0, 1 when nothing could be read, 2 for wrong arguments.
 */
export async function main(args: readonly string[], root: string): Promise<number> {
  let parsed: QuickstartArguments
  try {
    parsed = parseArguments(args)
    if (parsed.folder !== undefined) await checkFolder(parsed.folder)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    return 2
  }
  const { folder, json, limit, report } = parsed
  const questions = folder === undefined ? sampleQuestions : parsed.questions
  const sources = folder === undefined ? await sampleSources(root) : [{ folder, options: {} }]
  const bar = new ProgressBar(process.stderr)
  const totalDocuments = await countFiles(sources)
  let last: Progress = { documents: 0, chunks: 0, failures: 0, tokens: 0, total: totalDocuments }
  const records: DocumentRecord[] = []
  const result = await quickstart({
    source: load(sources),
    questions,
    limit,
    totalDocuments,
    onDocument: report === undefined ? undefined : (document) => records.push(documentRecord(document)),
    onProgress: (progress) => {
      last = progress
      bar.update(progress)
    },
  })
  bar.finish(last)
  if (report !== undefined) {
    const { report: totals } = result
    await writeFile(report, `${JSON.stringify({ ...totals, outcomes: records }, null, 2)}\n`)
  }
  const { report: _, ...shown } = result
  console.log(json ? JSON.stringify(shown) : format(result))
  return result.documents > 0 ? 0 : 1
}

async function checkFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined)
  if (!found?.isDirectory())
    throw new Error(`${resolve(folder)} is not a folder. Give the folder that holds your files.`)
}

interface Source {
  readonly folder: string
  readonly options: DirectoryOptions
}

/** The documentation inside the installed dependencies, and one guide of theirs laid out as a PDF. */
async function sampleSources(root: string): Promise<readonly Source[]> {
  const packages = join(root, 'node_modules', '.pnpm')
  const pdf = await writeSamplePdf(packages, join(root, '.tesserae', 'quickstart'))
  return [
    { folder: packages, options: { ...sampleFilters, hidden: true } },
    { folder: pdf, options: {} },
  ]
}

async function* load(sources: readonly Source[]): AsyncIterable<Loaded> {
  for (const { folder, options } of sources) yield* directory(folder, options).load()
}

/** About how many files there are to read, for the progress bar: names only, ignore rules left aside. */
async function countFiles(sources: readonly Source[]): Promise<number> {
  let count = 0
  for (const { folder, options } of sources) {
    const endings = options.include?.map((pattern) => extname(pattern))
    const known = new Set(endings ?? defaultFormats().flatMap((format) => format.extensions))
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && known.has(extname(entry.name).toLowerCase())) count++
    }
  }
  return count
}

function format({ documents, chunks, failures, seconds, answers }: QuickstartResult): string {
  const lines: string[] = []
  for (const { question, hits } of answers) {
    lines.push(`\n${question}`)
    if (hits.length === 0) lines.push('  nothing found')
    for (const [i, hit] of hits.entries()) {
      lines.push(
        `\n  [${i + 1}] ${place(hit)}   score ${hit.score.toFixed(3)} (${trace(hit)})`,
        `      ${excerpt(hit.text)}`,
      )
    }
  }
  lines.push('')
  if (failures.length > 0) {
    lines.push(`${failures.length} could not be read:`)
    for (const { message } of failures.slice(0, 5)) lines.push(`  ${message}`)
    if (failures.length > 5) lines.push(`  and ${failures.length - 5} more (all with --json)`)
  }
  const each = answers.length === 0 ? 0 : (seconds.query / answers.length) * 1000
  lines.push(
    `${documents} documents, ${chunks} chunks ingested in ${seconds.ingest.toFixed(1)} s; ` +
      `${answers.length} questions answered in ${(seconds.query * 1000).toFixed(0)} ms (${each.toFixed(1)} ms each)`,
  )
  return lines.join('\n')
}

function place(hit: QuickstartHit): string {
  const path = relative(process.cwd(), hit.uri)
  return hit.page === null ? `${path}:${hit.line ?? 1}` : `${path}, page ${hit.page}`
}

function trace(hit: QuickstartHit): string {
  return hit.trace
    .filter((stage) => stage.kind !== 'fused')
    .map((stage) => `${stage.stage} #${stage.rank}`)
    .join(', ')
}

function excerpt(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim()
  return flat.length <= 220 ? flat : `${flat.slice(0, 217)}...`
}
