import type { ChunkSpan, Document, GenerateRequest, Tokenizer } from '@tesserae/core'
import { RagError, safeCutAfter } from '@tesserae/core'
import { rulerOf } from '../internal/ruler.js'
import { spanTokens } from '../structural/fit.js'
import { promptKey, promptPrefix, promptRequest, promptWindows } from './prompt.js'

/** One call to make, for all chunks of a window that have the same text. */
export interface ContextJob {
  readonly key: string
  readonly request: GenerateRequest
  readonly spans: number[]
  /** Tokens of the prompt behind the part that all jobs of the window share. */
  readonly passageTokens: number
}

export interface ContextPlan {
  readonly spans: readonly ChunkSpan[]
  /** Tokens that the context of each chunk may have, with the line break behind it; Infinity without a cap. */
  readonly rooms: readonly number[]
  readonly windows: readonly { readonly prefixTokens: number; readonly jobs: readonly ContextJob[] }[]
}

export interface ContextPlanOptions {
  readonly modelId: string
  readonly instruction: string
  readonly maxContextTokens: number
  readonly maxTokens: number | undefined
  readonly maxDocumentTokens: number
  readonly maxOutputTokens: number
  readonly tokenizer: Tokenizer
}

/** Everything that can be known before the first call: the prompts, their sizes, and the room of each chunk. */
export function planContexts(
  document: Document,
  spans: readonly ChunkSpan[],
  options: ContextPlanOptions,
): ContextPlan {
  const { text } = document
  const { tokenizer, instruction, maxContextTokens, maxOutputTokens, maxTokens } = options
  const ruler = rulerOf(tokenizer, text)
  const rooms = spans.map(({ start, end }) => {
    if (maxTokens === undefined) return Number.POSITIVE_INFINITY
    const tokens = spanTokens(ruler, start, end)
    // A single character of many tokens cannot be made smaller.
    if (tokens > maxTokens && safeCutAfter(text, start + 1) < end) refuse(document, tokens, maxTokens)
    return Math.max(0, maxTokens - tokens)
  })
  const limits = [instruction, maxContextTokens, maxOutputTokens, tokenizer.id]
  const tokensOf = (part: string) => tokenizer.ends(part).length
  const windows = promptWindows(document, spans, ruler, options.maxDocumentTokens).map((window) => {
    const prefix = promptPrefix(document, window)
    const jobs = new Map<string, ContextJob>()
    for (let index = window.first; index < window.last; index++) {
      if (rooms[index]! <= 0) continue
      const { start, end } = spans[index]!
      const passage = text.slice(start, end)
      const key = promptKey(options.modelId, prefix, passage, limits)
      const known = jobs.get(key)
      if (known !== undefined) {
        known.spans.push(index)
        continue
      }
      const request = promptRequest(prefix, passage, instruction, maxOutputTokens)
      const passageTokens = tokensOf(request.messages[2]?.content ?? '')
      jobs.set(key, { key, request, spans: [index], passageTokens })
    }
    return { prefixTokens: tokensOf(prefix.system) + tokensOf(prefix.document), jobs: [...jobs.values()] }
  })
  return { spans, rooms, windows }
}

function refuse(document: Document, tokens: number, maxTokens: number): never {
  throw new RagError(
    'invalid-argument',
    `A chunk of document ${JSON.stringify(document.id)} has ${tokens} tokens, over \`maxTokens\` (${maxTokens}) of contextualChunker without any context. ` +
      'Give the inner chunker a smaller cap, counted with the same tokenizer.',
    { details: { argument: 'maxTokens', documentId: document.id, tokens, maxTokens } },
  )
}
