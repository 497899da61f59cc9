import type {
  Cache,
  CallOptions,
  Chunker,
  ChunkSpan,
  Document,
  LanguageModel,
  RetryPolicy,
  Tokenizer,
} from '@tesserae/core'
import { checkInteger, checkOneOf, invalid, pieceTokenizer } from '@tesserae/core'
import { makeChunker } from '../internal/make-chunker.js'
import { checkNames, chunkerId } from '../internal/options.js'
import { fitBefore } from './clean-context.js'
import { checkModel, checkTimeout } from './model-checks.js'
import type { ContextPlan } from './plan.js'
import { planContexts } from './plan.js'
import { defaultInstruction, PROMPT_VERSION } from './prompt.js'
import { readCache, writeContexts } from './write-contexts.js'

export interface ContextualChunkerOptions {
  /** Writes the contexts. */
  readonly model: LanguageModel
  /** Most tokens of a written context, with the line break behind it. @default 100 */
  readonly maxContextTokens?: number | undefined
  /**
   * Hard cap of a chunk with its context, in tokens of `tokenizer`. Give the inner chunker a cap that leaves
   * room: a context is cut short, a chunk never; one that alone is over this cap is refused. @default none
   */
  readonly maxTokens?: number | undefined
  /** What the model is asked for about a passage. @default one to three sentences that place it in the document */
  readonly prompt?: string | undefined
  /** Most tokens of document text in one prompt; longer documents are shown in windows. @default 8000 */
  readonly maxDocumentTokens?: number | undefined
  /** Most tokens the model may answer with; more for models that think aloud. @default `maxContextTokens` */
  readonly maxOutputTokens?: number | undefined
  /** Keeps what was written, tagged with the document's id. @default nothing is kept */
  readonly cache?: Cache<string> | undefined
  /** Calls running at once, for one document. @default 4 */
  readonly concurrency?: number | undefined
  /** A call that takes longer counts as failed; it may be tried again. @default 60_000 */
  readonly timeoutMs?: number | undefined
  /** Retries of a call whose error is marked `retryable`; `false` for none. @default the defaults of `retry` of core */
  readonly retry?: RetryPolicy | false | undefined
  /** What a failed call means: a chunk without written context, or a document that fails. @default 'plain' */
  readonly onFailure?: 'plain' | 'throw' | undefined
  /** What a token is. @default pieceTokenizer() */
  readonly tokenizer?: Tokenizer | undefined
}

/** What the contexts of one document take, in tokens of the chunker's tokenizer. */
export interface ContextualUse {
  readonly chunks: number
  /** Calls to make: one for each chunk, except those without room and those whose context is known. */
  readonly calls: number
  /** Chunks whose context is in the cache, or the same as that of another chunk. */
  readonly knownChunks: number
  /** Prompt text sent for the first time, once for each window of the document. */
  readonly prefixTokens: number
  /** The same text sent again with each further chunk: what a prompt cache saves. */
  readonly repeatedPrefixTokens: number
  /** Passages and instructions. */
  readonly passageTokens: number
  /** Most tokens of the answers. */
  readonly outputTokens: number
}

export interface ContextualChunker extends Chunker {
  /** What `split` would send and receive at most. Calls no model. */
  measure(document: Document, options?: CallOptions): Promise<ContextualUse>
}

const OPTIONS = [
  'model',
  'maxContextTokens',
  'maxTokens',
  'prompt',
  'maxDocumentTokens',
  'maxOutputTokens',
  'cache',
  'concurrency',
  'timeoutMs',
  'retry',
  'onFailure',
  'tokenizer',
]

/**
 * The chunks of `inner`, each with a `context` in which a language model says where it belongs ("Contextual
 * Retrieval", Anthropic, 2024). The text of a chunk is never the model's. The document stands first in the
 * prompt, the same for all chunks, and the first chunk is asked for before the others, so that a provider's
 * prompt cache is warm.
 *
 * An answer is untrusted: control and invisible characters are removed, it is cut to `maxContextTokens`, and an
 * empty or declining one counts as a failure. With `onFailure: 'plain'` a failure is told to the observer
 * (`contextual.failure`) and the chunk keeps the context `inner` gave it; after five failures in a row the rest
 * of the document is not asked for. A context of `inner` stays in front of the written one.
 */
export function contextualChunker(inner: Chunker, options: ContextualChunkerOptions): ContextualChunker {
  if (typeof inner?.split !== 'function') invalid('inner', 'a Chunker', inner)
  checkNames('contextualChunker', options, OPTIONS)
  const model = checkModel(options.model)
  const maxContextTokens = checkInteger('maxContextTokens', options.maxContextTokens ?? 100, 8)
  const maxTokens = options.maxTokens === undefined ? undefined : checkInteger('maxTokens', options.maxTokens)
  const maxDocumentTokens = checkInteger('maxDocumentTokens', options.maxDocumentTokens ?? 8000, 100)
  const maxOutputTokens = checkInteger('maxOutputTokens', options.maxOutputTokens ?? maxContextTokens)
  const instruction = options.prompt ?? defaultInstruction(maxContextTokens)
  if (typeof instruction !== 'string' || instruction.trim() === '') {
    invalid('prompt', 'a text that says what to write', instruction)
  }
  const concurrency = checkInteger('concurrency', options.concurrency ?? 4)
  const timeoutMs = checkTimeout(options.timeoutMs)
  const onFailure = checkOneOf('onFailure', options.onFailure ?? 'plain', ['plain', 'throw'])
  const tokenizer = options.tokenizer ?? pieceTokenizer()
  const { cache, retry } = options

  const id = chunkerId('contextual', {
    inner: inner.id,
    model: model.id,
    maxContextTokens,
    maxTokens,
    maxDocumentTokens,
    maxOutputTokens,
    prompt: options.prompt,
    version: PROMPT_VERSION,
    tokenizer: tokenizer.id,
  })
  const settings = { modelId: model.id, instruction, maxContextTokens, maxTokens, maxDocumentTokens }
  const planOf = async (document: Document, call: CallOptions): Promise<ContextPlan> => {
    const spans = await inner.split(document, call)
    return planContexts(document, spans, { ...settings, maxOutputTokens, tokenizer })
  }

  const chunker = makeChunker(id, async (document, call) => {
    const plan = await planOf(document, call)
    const written = await writeContexts(
      plan,
      { id, model, cache, tokenizer, maxContextTokens, concurrency, timeoutMs, retry, onFailure },
      document,
      call,
    )
    return plan.spans.map((span, index) => {
      const fit = (context: string, room: number) => {
        const text = document.text.slice(span.start, span.end)
        return fitBefore(tokenizer, context, text, room, maxTokens)
      }
      return withContext(span, written[index], plan.rooms[index]!, fit)
    })
  })

  return {
    ...chunker,
    async measure(document, call = {}) {
      call.signal?.throwIfAborted()
      const plan = await planOf(document, call)
      const counts = { calls: 0, prefixTokens: 0, repeatedPrefixTokens: 0, passageTokens: 0 }
      for (const { prefixTokens, jobs } of plan.windows) {
        call.signal?.throwIfAborted()
        const known = await readCache(cache, jobs, id, call)
        const missing = jobs.filter((job) => !known.has(job.key))
        if (missing.length === 0) continue
        counts.calls += missing.length
        counts.prefixTokens += prefixTokens
        counts.repeatedPrefixTokens += prefixTokens * (missing.length - 1)
        for (const job of missing) counts.passageTokens += job.passageTokens
      }
      const chunks = plan.spans.length
      const knownChunks = plan.rooms.filter((room) => room > 0).length - counts.calls
      return { chunks, knownChunks, ...counts, outputTokens: counts.calls * maxOutputTokens }
    },
  }
}

/** The written context behind the one `inner` gave, within the room that the chunk leaves. */
function withContext(
  span: ChunkSpan,
  written: string | undefined,
  room: number,
  fit: (context: string, room: number) => string,
): ChunkSpan {
  const parts = [span.context, written].filter((part) => part !== undefined && part !== '')
  const context = fit(parts.join('\n'), room)
  const { context: _, ...rest } = span
  return context === '' ? rest : { ...rest, context }
}
