import { existsSync, readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadPeer } from './peers.js'
import type { Ratio, Report, Row, Skipped } from './report.js'
import type { Spread } from './timing.js'

export interface Bench {
  readonly name: string
  readonly description: string
  /** Options of its own, each with a value: what they mean, by name without the dashes. @default none */
  readonly options?: { readonly [name: string]: string } | undefined
  run(context: BenchContext): Promise<void>
}

export interface BenchFlags {
  /** Fewer cases and rounds: does it run at all, about how does it look. */
  readonly quick: boolean
  /** Subjects to run; all when empty. */
  readonly only: readonly string[]
  /** The benchmark's own options by name, as given. @default none */
  readonly options?: ReadonlyMap<string, string> | undefined
}

export const repositoryRoot = findRoot()

function findRoot(): string {
  let folder = fileURLToPath(new URL('.', import.meta.url))
  while (!existsSync(resolve(folder, 'pnpm-workspace.yaml'))) {
    const parent = resolve(folder, '..')
    if (parent === folder) throw new Error('The benchmarks run inside a clone of the repository.')
    folder = parent
  }
  return folder
}

/** The folder of test data beside the repository, or the one that TESSERAE_SHARED names; undefined when absent. */
export function sharedFolder(): string | undefined {
  const folder = process.env.TESSERAE_SHARED ?? resolve(repositoryRoot, '..', 'shared')
  return existsSync(folder) ? folder : undefined
}

/** Collects what one benchmark measures and what it could not. */
export class BenchContext {
  readonly #rows: Row[] = []
  readonly #ratios: Ratio[] = []
  readonly #skipped: Skipped[] = []
  readonly #notes: string[] = []
  readonly quick: boolean
  readonly options: ReadonlyMap<string, string>
  readonly #only: readonly string[]

  constructor(flags: BenchFlags) {
    this.quick = flags.quick
    this.options = flags.options ?? new Map()
    this.#only = flags.only
  }

  wants(subject: string): boolean {
    return this.#only.length === 0 || this.#only.includes(subject)
  }

  row(subject: string, name: string, metric: string, spread: Spread | number, unit = ''): void {
    const { value, low, high } =
      typeof spread === 'number' ? { value: spread, low: spread, high: spread } : spread
    this.#rows.push({ subject, case: name, metric, value, low, high, unit })
  }

  ratio(name: string, value: number, target: number): void {
    this.#ratios.push({ name, value, target, met: value >= target })
  }

  skip(subject: string, name: string, reason: string): void {
    this.#skipped.push({ subject, case: name, reason })
  }

  note(text: string): void {
    this.#notes.push(text)
  }

  /** Tells how far the run is, on standard error. */
  progress(text: string): void {
    process.stderr.write(`${text}\n`)
  }

  /** Loads a package from the peers' own folder; installs that folder first when needed. */
  peer<T>(name: string): Promise<T> {
    return loadPeer<T>(name)
  }

  /** Runs a subject; when it fails, the failure is reported and the others go on. */
  async attempt(subject: string, name: string, work: () => Promise<void>): Promise<void> {
    if (!this.wants(subject)) return
    try {
      await work()
    } catch (error) {
      this.skip(subject, name, error instanceof Error ? error.message : String(error))
    }
  }

  report(bench: string): Report {
    return {
      bench,
      machine: machine(),
      rows: this.#rows,
      ratios: this.#ratios,
      skipped: this.#skipped,
      notes: this.#notes,
    }
  }
}

function machine(): Report['machine'] {
  const cores = cpus()
  const { version } = JSON.parse(
    readFileSync(resolve(repositoryRoot, 'packages/core/package.json'), 'utf8'),
  ) as {
    version: string
  }
  return {
    tesserae: version,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  }
}
