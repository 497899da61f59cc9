import type { LanguageModel } from '@tesserae/core'
import { checkInteger, invalid } from '@tesserae/core'

const DEFAULT_TIMEOUT_MS = 60_000
/** After this many failures in a row the model is taken to be down, for the document at hand. */
export const MOST_FAILURES = 5

export function checkModel(model: LanguageModel | undefined): LanguageModel {
  if (typeof model?.generate !== 'function') invalid('model', 'a LanguageModel', model)
  return model
}

export function checkTimeout(timeoutMs: number | undefined): number {
  // Timers count in 32 bits.
  return checkInteger('timeoutMs', timeoutMs ?? DEFAULT_TIMEOUT_MS, 1, 2 ** 31 - 1)
}
