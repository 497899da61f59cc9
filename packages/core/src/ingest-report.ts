import type { Metadata } from './document.js'
import type { RagError, RagErrorCode } from './errors.js'
import type { IngestStage, StageFailure } from './ingest-plan.js'

export interface IngestFailure {
  /** Address of the document, or its id when it has none. */
  readonly uri: string
  /** Absent when it failed before there was a document. */
  readonly documentId?: string | undefined
  readonly code: RagErrorCode
  readonly message: string
  readonly stage: IngestStage
}

/**
 * How one document fared. `written`: chunks were written, or stale ones deleted. `unchanged`: the store had
 * it already. `empty`: it has no chunk; stale ones are gone. `removed`: the source no longer has it.
 */
export interface IngestedDocument<M extends Metadata = Metadata> {
  readonly status: 'written' | 'unchanged' | 'empty' | 'failed' | 'removed'
  readonly documentId?: string | undefined
  readonly uri?: string | undefined
  readonly metadata?: M | undefined
  /** Chunks the document has now. */
  readonly chunks: number
  readonly written: number
  /** Of those written: embedded in this run. */
  readonly embedded: number
  /** Of those written: with the vector that the store had. */
  readonly reused: number
  readonly unchanged: number
  readonly deleted: number
  /** Tokens embedded. */
  readonly tokens: number
  readonly stage?: IngestStage | undefined
  readonly error?: RagError | undefined
  /** From being loaded to being acknowledged. */
  readonly milliseconds: number
}

export interface IngestProgress {
  /** Documents finished, failed ones included. */
  readonly documents: number
  /** Chunks of the documents finished. */
  readonly chunks: number
  readonly failures: number
  readonly embedded: number
  /** Chunks that the store had already. */
  readonly skipped: number
  readonly deleted: number
  /** Tokens embedded. */
  readonly tokens: number
  /** Calls to the embedder, retries included. */
  readonly embedCalls: number
  /** Since the run began. */
  readonly milliseconds: number
  /** Time spent in each part so far, summed over what ran at once. */
  readonly stages: StageTimes
  /** Documents expected, when `totalDocuments` said so. */
  readonly total?: number | undefined
  /**
   * Milliseconds until the end at the speed of the last part of the run; absent until that can be told, and
   * without `totalDocuments`. What is removed at the end is not counted in.
   */
  readonly remainingMs?: number | undefined
  /** Address or id of the document finished last. */
  readonly current?: string | undefined
}

export interface StageTimes {
  /** Waiting for the source. */
  readonly load: number
  readonly split: number
  readonly embed: number
  readonly store: number
}

/**
 * What became of documents that the source no longer has. `kept-no-documents`, `kept-load-failures`: nothing
 * was removed because the source gave no document, or could not load some. `failed`: the store could not be
 * listed.
 */
export type RemovalOutcome = 'off' | 'done' | 'kept-no-documents' | 'kept-load-failures' | 'failed'

export interface IngestReport {
  readonly documents: {
    /** Documents that the source gave. */
    readonly loaded: number
    readonly written: number
    readonly unchanged: number
    readonly empty: number
    /** Documents and addresses that failed, at any stage. */
    readonly failed: number
    readonly removed: number
  }
  readonly chunks: {
    /** Chunks of the documents that did not fail. */
    readonly total: number
    readonly written: number
    readonly unchanged: number
    readonly embedded: number
    /** Written with a vector that the store already had. */
    readonly reused: number
    /** Deleted because their document changed or is gone. */
    readonly deleted: number
    /** Spans without a visible character; never indexed. */
    readonly blank: number
  }
  /** Tokens embedded, by `tokensOf`. */
  readonly tokens: number
  /** Calls to the embedder, retries included. */
  readonly embedCalls: number
  readonly removal: RemovalOutcome
  readonly failures: readonly IngestFailure[]
  /** Time spent in each part, summed over what ran at once, so parts may add up to more than `total`. */
  readonly milliseconds: StageTimes & { readonly total: number }
}

/** The counts of a document for which nothing was done. */
export const nothingDone = {
  chunks: 0,
  written: 0,
  embedded: 0,
  reused: 0,
  unchanged: 0,
  deleted: 0,
  tokens: 0,
} as const

export interface TallyOptions<M extends Metadata> {
  readonly onDocument?: ((document: IngestedDocument<M>) => void) | undefined
  readonly onProgress?: ((progress: IngestProgress) => void) | undefined
  readonly progressIntervalMs: number
  readonly totalDocuments?: number | undefined
  readonly now: () => number
}

/** Running totals of a run. Of each document only its failure, if any, is kept. */
export class IngestTally<M extends Metadata> {
  readonly options: TallyOptions<M>
  readonly started: number
  readonly milliseconds = { load: 0, split: 0, embed: 0, store: 0 }
  readonly failures: IngestFailure[] = []
  readonly documents = { loaded: 0, written: 0, unchanged: 0, empty: 0, failed: 0, removed: 0 }
  readonly chunks = { total: 0, written: 0, unchanged: 0, embedded: 0, reused: 0, deleted: 0, blank: 0 }
  tokens = 0
  embedCalls = 0
  private lastProgress = Number.NEGATIVE_INFINITY
  private current: string | undefined
  private readonly pace: Pace

  constructor(options: TallyOptions<M>) {
    this.options = options
    this.started = options.now()
    this.pace = new Pace(this.started)
  }

  /** Counts a document that is finished and tells about it. */
  finish(document: IngestedDocument<M>, blank = 0): void {
    this.documents[document.status] += 1
    this.current = document.uri ?? document.documentId
    if (document.status !== 'failed' && document.status !== 'removed') {
      this.chunks.total += document.chunks
      this.chunks.unchanged += document.unchanged
      this.chunks.blank += blank
    }
    this.chunks.written += document.written
    this.chunks.embedded += document.embedded
    this.chunks.reused += document.reused
    this.chunks.deleted += document.deleted
    this.tokens += document.tokens
    this.options.onDocument?.(document)
    this.progress(false)
  }

  fail(failure: StageFailure, document: FailedDocument<M>): void {
    const { stage, error } = failure
    this.failures.push(failureRecord(stage, error, document))
    this.finish({ ...nothingDone, ...document, status: 'failed', stage, error })
  }

  /** Tells how far the run is, at most once per interval unless `force`. */
  progress(force: boolean): void {
    const { onProgress, progressIntervalMs, totalDocuments: total, now } = this.options
    if (onProgress === undefined) return
    const time = now()
    if (!force && time - this.lastProgress < progressIntervalMs) return
    this.lastProgress = time
    const { written, unchanged, empty, failed } = this.documents
    const documents = written + unchanged + empty + failed
    const remainingMs = total === undefined ? undefined : this.pace.remaining(time, documents, total)
    onProgress({
      documents,
      chunks: this.chunks.total,
      failures: this.failures.length,
      embedded: this.chunks.embedded,
      skipped: this.chunks.unchanged,
      deleted: this.chunks.deleted,
      tokens: this.tokens,
      embedCalls: this.embedCalls,
      milliseconds: time - this.started,
      stages: { ...this.milliseconds },
      ...(total !== undefined && { total }),
      ...(remainingMs !== undefined && { remainingMs }),
      current: this.current,
    })
  }

  report(removal: RemovalOutcome): IngestReport {
    return {
      documents: { ...this.documents },
      chunks: { ...this.chunks },
      tokens: this.tokens,
      embedCalls: this.embedCalls,
      removal,
      failures: this.failures,
      milliseconds: { ...this.milliseconds, total: this.options.now() - this.started },
    }
  }
}

/**
 * Speed of the last part of a run: of at least half of it, so that one slow document does not swing the estimate
 * and a change of speed (unchanged documents first, new ones after) is followed.
 */
class Pace {
  /** The past: times and documents finished by then, about evenly spread over the run. */
  private times: number[]
  private counts: number[] = [0]
  private spacing = 1

  constructor(started: number) {
    this.times = [started]
  }

  remaining(time: number, documents: number, total: number): number | undefined {
    const started = this.times[0]!
    if (time - this.times.at(-1)! >= this.spacing) {
      this.times.push(time)
      this.counts.push(documents)
      if (this.times.length === 64) {
        this.times = this.times.filter((_, place) => place % 2 === 0)
        this.counts = this.counts.filter((_, place) => place % 2 === 0)
        this.spacing = (time - started) / 32
      }
    }
    let from = 0
    while (from + 1 < this.times.length && this.times[from + 1]! <= (started + time) / 2) from += 1
    const finished = documents - this.counts[from]!
    if (documents >= total) return 0
    return finished <= 0 ? undefined : ((time - this.times[from]!) / finished) * (total - documents)
  }
}

export function failureRecord(
  stage: IngestStage,
  error: RagError,
  document: { readonly documentId?: string | undefined; readonly uri?: string | undefined },
): IngestFailure {
  return {
    uri: document.uri ?? document.documentId ?? '',
    ...(document.documentId !== undefined && { documentId: document.documentId }),
    code: error.code,
    message: error.message,
    stage,
  }
}

/** A document's outcome as plain JSON: what `onDocument` is told, with the failure's code and message in words. */
export type DocumentRecord<M extends Metadata = Metadata> = Omit<IngestedDocument<M>, 'error'> & {
  readonly code?: RagErrorCode | undefined
  readonly message?: string | undefined
}

/** One line of a report: `JSON.stringify(documentRecord(document))`. Errors themselves have no JSON. */
export function documentRecord<M extends Metadata>(document: IngestedDocument<M>): DocumentRecord<M> {
  const { error, ...record } = document
  return error === undefined ? record : { ...record, code: error.code, message: error.message }
}

export type FailedDocument<M extends Metadata> = Pick<
  IngestedDocument<M>,
  'documentId' | 'uri' | 'metadata' | 'milliseconds'
>
