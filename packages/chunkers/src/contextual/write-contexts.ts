import type { Cache, CallOptions, Document, LanguageModel, RetryPolicy, Tokenizer } from '@tesserae/core'
import { callLanguageModel, isRagError, ModelError, mapConcurrent, tell } from '@tesserae/core'
import { cleanContext, fitContext } from './clean-context.js'
import { MOST_FAILURES } from './model-checks.js'
import type { ContextJob, ContextPlan } from './plan.js'

export interface WriteOptions {
  /** The chunker's id, told to observers. */
  readonly id: string
  readonly model: LanguageModel
  readonly cache: Cache<string> | undefined
  readonly tokenizer: Tokenizer
  readonly maxContextTokens: number
  readonly concurrency: number
  readonly timeoutMs: number
  readonly retry: RetryPolicy | false | undefined
  readonly onFailure: 'plain' | 'throw'
}

/** One context per chunk of the plan, undefined where none was written. */
export async function writeContexts(
  plan: ContextPlan,
  options: WriteOptions,
  document: Document,
  call: CallOptions,
): Promise<readonly (string | undefined)[]> {
  const { cache, id, maxContextTokens, model, onFailure, retry, timeoutMs, tokenizer } = options
  const { observer, signal } = call
  const written = new Array<string | undefined>(plan.spans.length).fill(undefined)
  const counts = { calls: 0, known: 0, failures: 0, skipped: 0, inputTokens: 0, outputTokens: 0 }
  let failuresInARow = 0

  const keep = (job: ContextJob, context: string) => {
    for (const index of job.spans) written[index] = context
  }
  const ask = async (job: ContextJob, inner: AbortSignal | undefined): Promise<void> => {
    if (failuresInARow >= MOST_FAILURES) {
      counts.skipped++
      return
    }
    try {
      counts.calls++
      const answer = await callLanguageModel(model, job.request, {
        timeoutMs,
        retry,
        observer,
        signal: inner,
      })
      counts.inputTokens += answer.usage?.inputTokens ?? 0
      counts.outputTokens += answer.usage?.outputTokens ?? 0
      const isFiltered = answer.finishReason === 'filtered'
      const context = isFiltered ? '' : fitContext(tokenizer, cleanContext(answer.text), maxContextTokens)
      if (context === '') {
        const told = isFiltered ? 'its answer was filtered' : 'it answered with nothing or declined'
        throw new ModelError(`The language model "${model.id}" wrote no context: ${told}.`)
      }
      failuresInARow = 0
      keep(job, context)
      if (cache !== undefined) {
        const entries = [{ key: job.key, value: context, tags: [document.id] }]
        await carefully(id, call, () => cache.set(entries))
      }
    } catch (error) {
      inner?.throwIfAborted()
      if (onFailure === 'throw' || !isRagError(error)) throw error
      failuresInARow++
      counts.failures++
      const labels = { documentId: document.id, code: error.code }
      tell(observer, { type: 'contextual.failure', source: id, counts: { chunks: job.spans.length }, labels })
    }
  }

  for (const { jobs } of plan.windows) {
    signal?.throwIfAborted()
    const known = await readCache(cache, jobs, id, call)
    const missing: ContextJob[] = []
    for (const job of jobs) {
      const context = fitContext(tokenizer, cleanContext(known.get(job.key) ?? ''), maxContextTokens)
      if (context === '') missing.push(job)
      else {
        keep(job, context)
        counts.known++
      }
    }
    // The first call fills the provider's prompt cache; those beside it would all pay for the document.
    const [first, ...others] = missing
    if (first !== undefined) await ask(first, signal)
    const rest = mapConcurrent(others, (job, _, inner) => ask(job, inner), {
      concurrency: options.concurrency,
      ordered: false,
      signal,
    })
    for await (const _ of rest) {
      // What was written is in its place already.
    }
  }
  tell(observer, {
    type: 'contextual.document',
    source: id,
    counts: { chunks: plan.spans.length, ...counts },
    labels: { documentId: document.id },
  })
  return written
}

/** What the cache has for the jobs, by key. A cache that fails is told to the observer and passed over. */
export async function readCache(
  cache: Cache<string> | undefined,
  jobs: readonly ContextJob[],
  id: string,
  call: CallOptions,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  if (cache === undefined || jobs.length === 0) return found
  const keys = jobs.map((job) => job.key)
  const values = await carefully(id, call, () => cache.get(keys))
  call.signal?.throwIfAborted()
  for (const [place, key] of keys.entries()) {
    const value: unknown = values?.[place]
    if (typeof value === 'string' && value !== '') found.set(key, value)
  }
  return found
}

async function carefully<T>(id: string, call: CallOptions, fn: () => Promise<T>): Promise<T | undefined> {
  try {
    return await fn()
  } catch {
    call.signal?.throwIfAborted()
    tell(call.observer, { type: 'cache.failed', source: id })
    return undefined
  }
}
