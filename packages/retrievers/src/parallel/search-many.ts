import {
  type CallOptions,
  checkInteger,
  type IndexSearchOptions,
  invalid,
  orAbort,
  RagError,
  type TopHits,
  tell,
} from '@tesserae/core'
import { type IndexImage, type PackedHits, type Task, unpackHits } from './messages.js'
import { canShareMemory, defaultThreads, startThread, type Thread } from './threads.js'

export interface SearchManyOptions extends IndexSearchOptions, CallOptions {
  /**
   * Threads that search. 1 searches on this one, in slices between which the event loop runs; so does any number where
   * memory cannot be shared. @default the cores there are, at most 8, and one for every 32 queries
   */
  readonly threads?: number | undefined
  /** Told how many queries are answered, from time to time and at the end. @default none */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** An index whose queries can be answered elsewhere. */
export interface ManyTarget<Q> {
  /** Source of its events. */
  readonly name: string
  /** Counts changes. */
  version(): number
  /** Answers here, one query after the other. */
  answer(queries: readonly Q[]): readonly TopHits[]
  /** A copy in shared memory for this many threads; `undefined` when there can be none. */
  image(threads: number): IndexImage | undefined
  /** The queries for a thread; `undefined` when only this one can answer them. */
  task(queries: readonly Q[]): Task | undefined
}

/** Most queries sent to a thread at once. */
const batchQueries = 64
/** Queries that make another thread worth its copy, when the number of threads is not said. */
const queriesPerThread = 32
/** Most queries answered here without a look at the clock. */
const sliceQueries = 16
/** Milliseconds of work between two pauses. */
const sliceMs = 10
/** Milliseconds after the last call at which threads and copy are given up. */
const idleMs = 5000
const mostThreads = 64

/**
 * Answers many queries of one index. Threads are started when a call first needs them, share one copy of the index, and
 * end five seconds after the last call; they do not keep the process alive. The copy is made anew after a change.
 */
export class ManySearcher {
  private threads: Thread[] = []
  private image: { readonly version: number; readonly threads: number } | undefined
  private calls = 0
  private idle: ReturnType<typeof setTimeout> | undefined

  /** Hits for each query in their order, each what `search` gives. Rejects when the index is changed meanwhile. */
  async search<Q>(
    target: ManyTarget<Q>,
    queries: readonly Q[],
    options: SearchManyOptions,
  ): Promise<readonly TopHits[]> {
    const { signal, onProgress } = options
    if (onProgress !== undefined && typeof onProgress !== 'function')
      invalid('onProgress', 'a function', onProgress)
    const wanted =
      options.threads === undefined
        ? Math.min(defaultThreads(), Math.ceil(queries.length / queriesPerThread))
        : checkInteger('threads', options.threads, 1, mostThreads)
    signal?.throwIfAborted()
    const started = performance.now()
    const run = new Run(target, queries, options)
    const threads = Math.min(wanted, queries.length)
    if (threads > 1 && canShareMemory()) await this.elsewhere(run, threads)
    const elsewhere = run.done
    await run.answerRest()
    tell(options.observer, {
      type: 'search.many',
      source: target.name,
      milliseconds: performance.now() - started,
      counts: { queries: queries.length, elsewhere },
    })
    return run.finish()
  }

  /** As much as threads can answer. */
  private async elsewhere<Q>(run: Run<Q>, count: number): Promise<void> {
    clearTimeout(this.idle)
    this.calls++
    try {
      const threads = await run.orAborted(this.open(run, count))
      await run.orAborted(Promise.all(threads.map((thread) => run.feed(thread, count))))
    } finally {
      if (--this.calls === 0) {
        this.idle = setTimeout(() => this.close(), idleMs)
        if (typeof this.idle === 'object') this.idle.unref()
      }
    }
  }

  /** Threads that have the index as it is now; fewer when some fail. */
  private async open<Q>({ target, failed }: Run<Q>, count: number): Promise<readonly Thread[]> {
    const version = target.version()
    this.threads = this.threads.filter((thread) => !thread.failed)
    const known = this.image
    if (known?.version !== version || known.threads < count || this.threads.length < count) {
      this.image = undefined
      const image = target.image(count)
      if (image === undefined) return []
      while (this.threads.length < count) this.threads.push(startThread())
      this.image = { version, threads: count }
      // Messages are answered in order, so what is asked next is asked of this image.
      for (const [thread, { ask }] of this.threads.slice(0, count).entries())
        ask({ type: 'open', image, thread }).catch(failed)
    }
    return this.threads.slice(0, count)
  }

  private close(): void {
    for (const thread of this.threads) thread.stop()
    this.threads = []
    this.image = undefined
  }
}

/** One call. */
class Run<Q> {
  readonly target: ManyTarget<Q>
  private readonly queries: readonly Q[]
  private readonly options: SearchManyOptions
  private readonly version: number
  private readonly hits: (TopHits | undefined)[]
  /** Queries answered. */
  done = 0
  /** Queries before this were given to a thread, or answered. */
  private next = 0
  private over = false

  constructor(target: ManyTarget<Q>, queries: readonly Q[], options: SearchManyOptions) {
    this.target = target
    this.queries = queries
    this.options = options
    this.version = target.version()
    this.hits = new Array<TopHits | undefined>(queries.length)
  }

  /** Gives a thread queries until there are no more. What it fails at is left for later. */
  async feed(thread: Thread, threads: number): Promise<void> {
    const size = Math.max(1, Math.min(batchQueries, Math.ceil(this.queries.length / (threads * 4))))
    while (this.next < this.queries.length && !this.over && !thread.failed) {
      const start = this.next
      this.next = Math.min(start + size, this.queries.length)
      const task = this.target.task(this.queries.slice(start, this.next))
      if (task === undefined) continue
      try {
        const answer = (await thread.ask({ type: 'search', task })) as PackedHits
        if (this.over) return
        this.checkUnchanged()
        this.keep(start, unpackHits(answer))
      } catch (error) {
        if (error instanceof RagError) throw error
        this.failed(error)
      }
    }
  }

  /** Answers here what no thread has. */
  async answerRest(): Promise<void> {
    const { signal } = this.options
    let began = performance.now()
    let slice = 1
    for (let start = 0; start < this.queries.length; start++) {
      if (this.hits[start] !== undefined) continue
      const most = Math.min(this.queries.length, start + slice)
      let end = start + 1
      while (end < most && this.hits[end] === undefined) end++
      this.keep(start, this.target.answer(this.queries.slice(start, end)))
      const took = performance.now() - began
      if (took * 4 < sliceMs) slice = Math.min(sliceQueries, slice * 2)
      if (took < sliceMs) continue
      if (slice === end - start) slice = Math.max(1, slice >>> 1)
      await new Promise((resolve) => setTimeout(resolve, 0))
      signal?.throwIfAborted()
      this.checkUnchanged()
      began = performance.now()
    }
  }

  finish(): readonly TopHits[] {
    this.over = true
    return this.hits as TopHits[]
  }

  /** Waits for work, or for the signal, whichever is first. */
  async orAborted<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.options
    try {
      return await orAbort(work, signal)
    } catch (error) {
      this.over = true
      work.catch(() => undefined)
      throw error
    }
  }

  readonly failed = (error: unknown): void => {
    if (this.over) return
    tell(this.options.observer, {
      type: 'search.thread-failed',
      source: this.target.name,
      labels: { reason: error instanceof Error ? error.message : String(error) },
    })
  }

  private keep(start: number, hits: readonly TopHits[]): void {
    for (let i = 0; i < hits.length; i++) this.hits[start + i] = hits[i]
    this.done += hits.length
    this.options.onProgress?.(this.done, this.queries.length)
  }

  private checkUnchanged(): void {
    if (this.target.version() === this.version) return
    throw new RagError(
      'invalid-argument',
      'The index was changed while `searchMany` was searching it, so its answers do not belong together. Wait for it before the next change.',
    )
  }
}
