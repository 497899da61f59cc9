import { isRagError, ModelError } from '@tesserae/core'
import type { FallbackReason } from './expansion.js'

/** What a model can do wrong without failing. */
type Misbehaviour = Extract<FallbackReason, 'refused' | 'empty' | 'unreadable'>

const told: { readonly [reason in Misbehaviour]: string } = {
  refused: 'refused to answer',
  empty: 'gave an empty answer',
  unreadable: 'gave an answer that is not what it was asked for',
}

/** An answer that nothing can be made of. */
export function misbehaved(reason: Misbehaviour, modelId: string): ModelError {
  return new ModelError(`The language model "${modelId}" ${told[reason]}.`, { details: { reason } })
}

export function fallbackReason(error: unknown): FallbackReason {
  const reason = isRagError(error, 'model-failed') ? error.details.reason : undefined
  return typeof reason === 'string' && Object.hasOwn(told, reason) ? (reason as Misbehaviour) : 'failed'
}
