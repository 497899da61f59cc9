import type { RateLimiter } from './async/limiter.js'
import type { RetryPolicy } from './async/retry.js'
import { checkInteger, invalid } from './check.js'
import type { Chunk } from './chunk.js'
import type { Chunker } from './chunker.js'
import type { Metadata } from './document.js'
import { embedTexts } from './embed-texts.js'
import type { Embedder } from './embedder.js'
import type { RagError } from './errors.js'
import { revisionOf, sharedPart } from './ingest-plan.js'
import type { CallOptions } from './observer.js'
import type { ChunkRef, Entry, Store } from './store.js'
import { embeddingText } from './to-chunks.js'

export interface ReembedOptions<M extends Metadata = Metadata> extends CallOptions {
  /** The store in use. It is only read. */
  readonly from: Store<M>
  /** The store built beside it: empty, or begun by an earlier run, which is then continued. */
  readonly to: Store<M>
  /** The model to change to. */
  readonly embedder: Embedder
  /** The chunker, or its id, that made the chunks: part of their revisions, so that the next `ingest` finds them unchanged. */
  readonly chunker: Pick<Chunker, 'id'>
  /** Puts the new store into use. Called once, when `to` holds exactly what `from` holds. */
  readonly swap: () => Promise<void> | void
  /** Chunks read, embedded and written at once. @default 512 */
  readonly maxWriteChunks?: number | undefined
  /** Calls to the embedder at once. @default 2 */
  readonly embedConcurrency?: number | undefined
  /** Passes over `from`, which others may be writing to: each does what changed during the one before. @default 8 */
  readonly maxPasses?: number | undefined
  readonly tokensOf?: ((text: string) => number) | undefined
  /** Retries of calls to the embedder; `false` for none. @default the defaults of `retry` */
  readonly retry?: RetryPolicy | false | undefined
  readonly limiter?: RateLimiter | undefined
  /** Told after each write. */
  readonly onProgress?: ((progress: ReembedProgress) => void) | undefined
}

export interface ReembedProgress {
  readonly pass: number
  readonly embedded: number
  /** Chunks that `to` had already. */
  readonly unchanged: number
  readonly tokens: number
}

export interface ReembedReport {
  /** Whether `swap` was called: not when a chunk could not be embedded, or `from` never came to rest. */
  readonly swapped: boolean
  /** Chunks in `to` at the end. */
  readonly chunks: number
  readonly embedded: number
  readonly unchanged: number
  /** Chunks deleted from `to`, because `from` no longer has them. */
  readonly deleted: number
  readonly tokens: number
  readonly embedCalls: number
  readonly passes: number
  /** Chunks without a vector after the last pass. */
  readonly failures: readonly { readonly chunkId: string; readonly error: RagError }[]
}

/**
 * Changes the embedding model: builds a second store beside the first from the chunks that are there, without
 * loading or splitting anything again, and swaps when the second is complete. Until then searches go to the first.
 * When it dies or fails, nothing was swapped, and running it again continues.
 *
 * Writes to `from` while it runs are caught up, pass by pass, until a pass finds nothing to do. Hold writes back
 * while `swap` runs, or run `ingest` on the new store after it. Queries must be embedded by the new model from the
 * swap on: swap the retriever together with the store (`swappableRetriever`).
 */
export async function reembed<M extends Metadata = Metadata>(
  options: ReembedOptions<M>,
): Promise<ReembedReport> {
  const { from, to, embedder, chunker, swap, signal, observer, onProgress } = options
  if (from === to)
    invalid('to', 'another store than `from`', to, 'Build the new vectors beside the old ones.')
  if (typeof swap !== 'function') invalid('swap', 'a function that puts the new store into use', swap)
  if (typeof chunker?.id !== 'string') invalid('chunker', 'a Chunker or an object with its id', chunker)
  const maxWriteChunks = checkInteger('maxWriteChunks', options.maxWriteChunks ?? 512)
  const maxPasses = checkInteger('maxPasses', options.maxPasses ?? 8)
  const call = { signal, observer }
  /** Revisions in `to`, and those of `from` that they were made from. */
  const written = new Map<string, string>()
  const madeFrom = new Map<string, string>()
  let failures: { chunkId: string; error: RagError }[] = []
  let [embedded, unchanged, deleted, tokens, embedCalls] = [0, 0, 0, 0, 0]
  let pass = 0
  let again = false

  /** The entries for these chunks of `from` that `to` does not have; failures are kept. */
  const build = async (refs: readonly ChunkRef[]): Promise<Entry<M>[]> => {
    const chunks = await from.get(
      refs.map(({ id }) => id),
      call,
    )
    const missing: { readonly chunk: Chunk<M>; readonly revision: string; readonly source: string }[] = []
    for (const [place, chunk] of chunks.entries()) {
      if (chunk === undefined) {
        // Deleted since it was listed; what `to` has of it goes in the next pass.
        if (written.has(refs[place]!.id)) again = true
        continue
      }
      const revision = revisionOf(chunk, sharedPart(chunk, chunker.id, embedder), embedder)
      const source = refs[place]!.revision
      if (written.get(chunk.id) === revision) {
        if (pass === 1) unchanged += 1
        madeFrom.set(chunk.id, source)
      } else missing.push({ chunk, revision, source })
    }
    const result = await embedTexts(
      embedder,
      missing.map(({ chunk }) => embeddingText(chunk)),
      {
        ...call,
        role: 'document',
        concurrency: options.embedConcurrency,
        tokensOf: options.tokensOf,
        retry: options.retry,
        limiter: options.limiter,
      },
    )
    tokens += result.tokens
    embedCalls += result.calls
    return missing.flatMap(({ chunk, revision, source }, place) => {
      const outcome = result.results[place]!
      if (outcome.type === 'failure') {
        failures.push({ chunkId: chunk.id, error: outcome.error })
        return []
      }
      madeFrom.set(chunk.id, source)
      return [{ chunk, revision, vector: outcome.vector }]
    })
  }

  /** One pass; true when it changed something. */
  const runPass = async (): Promise<boolean> => {
    let changed = false
    again = false
    failures = []
    const gone = new Set(written.keys())
    const work = async (refs: readonly ChunkRef[]) => {
      const entries = await build(refs)
      if (entries.length === 0) return
      await to.upsert(entries, call)
      for (const { chunk, revision } of entries) written.set(chunk.id, revision)
      embedded += entries.length
      changed = true
      onProgress?.({ pass, embedded, unchanged, tokens })
    }
    let group: ChunkRef[] = []
    for await (const ref of from.list(call)) {
      signal?.throwIfAborted()
      gone.delete(ref.id)
      if (madeFrom.get(ref.id) === ref.revision) continue
      group.push(ref)
      if (group.length < maxWriteChunks) continue
      await work(group)
      group = []
    }
    await work(group)
    const stale = [...gone]
    for (let at = 0; at < stale.length; at += maxWriteChunks) {
      const ids = stale.slice(at, at + maxWriteChunks)
      await to.delete(ids, call)
      for (const id of ids) {
        written.delete(id)
        madeFrom.delete(id)
      }
      deleted += ids.length
      changed = true
    }
    return changed || again
  }

  signal?.throwIfAborted()
  for await (const { id, revision } of to.list(call)) written.set(id, revision)
  let settled = false
  while (!settled && pass < maxPasses) {
    pass += 1
    settled = !(await runPass())
  }
  signal?.throwIfAborted()
  const swapped = settled && failures.length === 0
  if (swapped) await swap()
  const passes = pass
  return {
    swapped,
    chunks: written.size,
    embedded,
    unchanged,
    deleted,
    tokens,
    embedCalls,
    passes,
    failures,
  }
}
