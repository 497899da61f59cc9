import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface, type Interface } from 'node:readline'

/** What indexing took, reading the passages not counted. */
export interface Indexed {
  readonly wallMs: number
  readonly cpuMs: number
}

export interface Searched {
  /** Queries done: all, or as many as the budget of time allowed. */
  readonly count: number
  readonly wallMs: number
  readonly cpuMs: number
  /** Microseconds of each query; absent where queries are only answered together. */
  readonly micros?: readonly number[]
}

/** Of each query, its hits, best first. */
export interface Answers {
  readonly ids: readonly (readonly number[])[]
  readonly scores: readonly (readonly number[])[]
}

/**
 * An engine in a fresh process, which waits while others have their turn. Commands are lines of words divided by
 * tabs (`index`, `search`, `answers`, each with a file and a number), replies one line of JSON each.
 */
export class Session {
  readonly name: string
  readonly #process: ChildProcessWithoutNullStreams
  readonly #lines: Interface
  readonly #replies: AsyncIterator<string>
  #complaints = ''

  constructor(
    name: string,
    command: string,
    args: readonly string[],
    env: { readonly [name: string]: string },
  ) {
    this.name = name
    this.#process = spawn(command, [...args], { env: { ...process.env, ...env } })
    this.#process.stderr.on('data', (data: Buffer) => {
      this.#complaints = (this.#complaints + data.toString()).slice(-2000)
    })
    this.#process.on('error', (error) => {
      this.#complaints += error.message
    })
    this.#process.stdin.on('error', () => {})
    this.#lines = createInterface({ input: this.#process.stdout })
    this.#replies = this.#lines[Symbol.asyncIterator]()
  }

  index(passages: string): Promise<Indexed> {
    return this.#ask<Indexed>('index', passages, 0)
  }

  search(queries: string, budgetMs: number): Promise<Searched> {
    return this.#ask<Searched>('search', queries, budgetMs)
  }

  answers(queries: string, count: number): Promise<Answers> {
    return this.#ask<Answers>('answers', queries, count)
  }

  /** Resident memory of the process in megabytes; undefined where the system does not tell. */
  memory(): { readonly now: number; readonly peak: number } | undefined {
    const path = `/proc/${this.#process.pid}/status`
    if (!existsSync(path)) return undefined
    const status = readFileSync(path, 'utf8')
    const read = (field: string) => (Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) * 1024) / 1e6
    return { now: read('VmRSS'), peak: read('VmHWM') }
  }

  async close(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) resolve()
      else this.#process.once('close', () => resolve())
    })
    this.#process.stdin.end()
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 5000)
    await ended
    clearTimeout(timer)
    this.#lines.close()
  }

  async #ask<Reply extends object>(command: string, path: string, number: number): Promise<Reply> {
    this.#process.stdin.write(`${command}\t${path}\t${number}\n`)
    const { value, done } = await this.#replies.next()
    if (done) throw new Error(`its process ended: ${this.#complaints.trim().split('\n').pop() ?? ''}`)
    const reply = JSON.parse(value) as Reply | { readonly error: string }
    if ('error' in reply) throw new Error(reply.error)
    return reply
  }
}
