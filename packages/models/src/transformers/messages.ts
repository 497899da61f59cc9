import { type ErrorDetails, isRagError, RagError, type RagErrorCode } from '@tesserae/core'
import type { CrossEncoderSettings } from './cross-encoder-options.js'
import type { EmbedderFacts } from './embed-engine.js'
import type { EmbedderSettings } from './embedder-options.js'
import type { CrossEncoderFacts } from './score-engine.js'

// What crosses between the threads. Plain values only.

export type Job =
  | { readonly kind: 'embedder'; readonly settings: EmbedderSettings }
  | { readonly kind: 'crossEncoder'; readonly settings: CrossEncoderSettings }

export type Facts = EmbedderFacts | CrossEncoderFacts

export type Request =
  | {
      readonly call: 'embed' | 'embedTokens'
      readonly id: number
      readonly texts: readonly string[]
      readonly role: 'query' | 'document'
    }
  | {
      readonly call: 'score'
      readonly id: number
      readonly query: string
      readonly passages: readonly string[]
    }
  | { readonly call: 'countTokens'; readonly id: number; readonly texts: readonly string[] }
  | { readonly call: 'dispose'; readonly id: number }
  | { readonly call: 'abort'; readonly id: number }

export interface PlainError {
  readonly message: string
  readonly code: RagErrorCode | undefined
  readonly details: ErrorDetails
  /** What caused it, as text: an error object of a library may not survive the way. */
  readonly cause: string | undefined
}

export type Reply =
  | { readonly type: 'ready'; readonly facts: Facts }
  | { readonly type: 'refused'; readonly error: PlainError }
  | { readonly type: 'value'; readonly id: number; readonly value: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: PlainError }

export function plainError(error: unknown): PlainError {
  const rag = isRagError(error)
  const cause = rag ? error.cause : undefined
  return {
    message: error instanceof Error ? error.message : String(error),
    code: rag ? error.code : undefined,
    details: rag ? error.details : {},
    cause: cause === undefined ? undefined : cause instanceof Error ? cause.message : String(cause),
  }
}

export function errorOf({ message, code, details, cause }: PlainError): Error {
  const options = { details, ...(cause !== undefined && { cause: new Error(cause) }) }
  return code === undefined ? new Error(message) : new RagError(code, message, options)
}
