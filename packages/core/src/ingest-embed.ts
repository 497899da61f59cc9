import { batchTokens, type EmbedTextsOptions, embedBatch, oversizeError } from './embed-texts.js'
import type { Embedder } from './embedder.js'

export interface EmbedQueueOptions extends Omit<EmbedTextsOptions, 'tokensOf' | 'signal'> {
  readonly tokensOf: (text: string) => number
  readonly concurrency: number
  /** How long a batch that is not full waits for more texts. */
  readonly maxBatchDelayMs: number
  readonly signal: AbortSignal
  readonly onCall: () => void
  readonly onTime: (milliseconds: number) => void
}

export interface Embedded {
  /** One vector per text, in order. */
  readonly vectors: readonly Float32Array[]
  readonly tokens: number
}

export interface EmbedQueue {
  /** Resolves when every text has its vector; rejects as soon as one cannot have it. */
  add(texts: readonly string[]): Promise<Embedded>
  /**
   * Whether more texts can come before some of those waiting are done. When not, a batch that is not full is
   * sent as soon as nothing else is running: waiting for more would be waiting for oneself.
   */
  setBlocked(blocked: boolean): void
  /** No more texts will come: what is left is sent at once. */
  end(): void
  /** Resolves when no call is running. */
  idle(): Promise<void>
}

interface Job {
  readonly vectors: Float32Array[]
  left: number
  failed: boolean
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

interface Item {
  readonly job: Job
  readonly place: number
  readonly text: string
  readonly tokens: number
}

/**
 * Batches texts of many documents into full calls. First in, first out; a batch that fails takes down only
 * the documents with a text in it, whose other texts are then no longer sent.
 */
export function embedQueue(embedder: Embedder, options: EmbedQueueOptions): EmbedQueue {
  const { signal, concurrency, tokensOf, maxBatchDelayMs } = options
  const maxItems = embedder.maxBatchSize
  const maxTokens = batchTokens(embedder, options.limiter) ?? Number.POSITIVE_INFINITY
  let waiting: Item[] = []
  /** First item of `waiting` not taken yet; the front is dropped now and then. */
  let head = 0
  let active = 0
  const calls = new Set<Promise<void>>()
  let blocked = false
  let ended = false
  let patience: ReturnType<typeof setTimeout> | undefined
  let impatient = false

  /** The next batch and whether it is as full as it can get. Texts of documents that failed are skipped. */
  const nextBatch = (): { items: Item[]; tokens: number; next: number; full: boolean } => {
    const items: Item[] = []
    let tokens = 0
    let next = head
    for (; next < waiting.length; next++) {
      const item = waiting[next]!
      if (item.job.failed) continue
      if (items.length === maxItems || (items.length > 0 && tokens + item.tokens > maxTokens)) break
      items.push(item)
      tokens += item.tokens
    }
    return { items, tokens, next, full: next < waiting.length || items.length === maxItems }
  }

  const pump = () => {
    while (active < concurrency && head < waiting.length && !signal.aborted) {
      const batch = nextBatch()
      const now = batch.full || ended || impatient || (blocked && active === 0)
      if (batch.items.length > 0 && !now) break
      head = batch.next
      if (head === waiting.length || (head > 4096 && head * 2 > waiting.length)) {
        waiting = waiting.slice(head)
        head = 0
      }
      if (batch.items.length > 0) send(batch.items, batch.tokens)
    }
    clearTimeout(patience)
    impatient = false
    if (head < waiting.length && active < concurrency && !signal.aborted) {
      patience = setTimeout(() => {
        impatient = true
        pump()
      }, maxBatchDelayMs)
    }
  }

  const send = (items: readonly Item[], tokens: number) => {
    active += 1
    const started = performance.now()
    const call = embedBatch({
      embedder,
      texts: items.map((item) => item.text),
      tokens,
      options,
      onCall: options.onCall,
    })
    const settled = call.then(
      (vectors) => {
        for (const [row, { job, place }] of items.entries()) {
          // A copy of its own: one slow document must not keep its neighbours' vectors alive.
          job.vectors[place] = vectors.slice(row * embedder.dimensions, (row + 1) * embedder.dimensions)
          job.left -= 1
          if (job.left === 0) job.resolve()
        }
      },
      (error: unknown) => {
        for (const { job } of items) fail(job, error)
      },
    )
    const done = settled.then(() => {
      active -= 1
      calls.delete(done)
      options.onTime(performance.now() - started)
      pump()
    })
    calls.add(done)
  }

  const fail = (job: Job, error: unknown) => {
    job.failed = true
    job.reject(error)
  }

  signal.addEventListener(
    'abort',
    () => {
      clearTimeout(patience)
      // Whoever is in a running batch hears of it when the call has stopped.
      for (let place = head; place < waiting.length; place++) fail(waiting[place]!.job, signal.reason)
      waiting = []
      head = 0
    },
    { once: true },
  )

  return {
    async add(texts) {
      signal.throwIfAborted()
      const counted = texts.map((text) => ({ text, tokens: tokensOf(text) }))
      let total = 0
      for (const { tokens } of counted) {
        const tooLong = oversizeError(embedder, tokens)
        if (tooLong !== undefined) throw tooLong
        total += tokens
      }
      const vectors = new Array<Float32Array>(texts.length)
      if (texts.length > 0) {
        await new Promise<void>((resolve, reject) => {
          const job: Job = { vectors, left: texts.length, failed: false, resolve, reject }
          for (const [place, item] of counted.entries()) waiting.push({ job, place, ...item })
          pump()
        })
      }
      return { vectors, tokens: total }
    },
    setBlocked(value) {
      blocked = value
      if (value) pump()
    },
    end() {
      ended = true
      pump()
    },
    async idle() {
      while (calls.size > 0) await Promise.all(calls)
    },
  }
}
