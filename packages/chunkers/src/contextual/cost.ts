import type { CallOptions, Document } from '@tesserae/core'
import { checkNumber } from '@tesserae/core'
import { checkNames } from '../internal/options.js'
import type { ContextualChunker, ContextualUse } from './contextual.js'

/** Prices of a model for a million tokens, in any currency. */
export interface TokenPrices {
  readonly inputPricePerMillion: number
  readonly outputPricePerMillion: number
  /** Prompt text read from the provider's cache. @default `inputPricePerMillion`: no prompt cache */
  readonly cachedInputPricePerMillion?: number | undefined
  /** Prompt text written to the provider's cache. @default `inputPricePerMillion` */
  readonly cacheWritePricePerMillion?: number | undefined
}

export interface ContextualCost extends ContextualUse {
  readonly documents: number
  /** All tokens sent. */
  readonly inputTokens: number
  /** In the currency of the prices; an upper bound as far as answers are shorter than they may be. */
  readonly cost: number
}

const PRICES = [
  'inputPricePerMillion',
  'outputPricePerMillion',
  'cachedInputPricePerMillion',
  'cacheWritePricePerMillion',
]

/**
 * What contexts for these documents would take and cost, without calling the model: the documents are split
 * by the inner chunker, the prompts are made and counted, and the chunker's cache is asked. Counts are those of
 * the chunker's tokenizer; pass it the model's own for an exact bill. Retries are not in it.
 */
export async function estimateContextualCost(
  documents: Document | Iterable<Document> | AsyncIterable<Document>,
  chunker: ContextualChunker,
  prices: TokenPrices,
  options: CallOptions = {},
): Promise<ContextualCost> {
  checkNames('estimateContextualCost', prices, PRICES)
  const input = checkNumber('inputPricePerMillion', prices.inputPricePerMillion, 0)
  const output = checkNumber('outputPricePerMillion', prices.outputPricePerMillion, 0)
  const read = checkNumber('cachedInputPricePerMillion', prices.cachedInputPricePerMillion ?? input, 0)
  const write = checkNumber('cacheWritePricePerMillion', prices.cacheWritePricePerMillion ?? input, 0)
  const total = {
    documents: 0,
    chunks: 0,
    calls: 0,
    knownChunks: 0,
    prefixTokens: 0,
    repeatedPrefixTokens: 0,
    passageTokens: 0,
    outputTokens: 0,
  }
  for await (const document of 'text' in documents ? [documents] : documents) {
    options.signal?.throwIfAborted()
    const use = await chunker.measure(document, options)
    total.documents++
    total.chunks += use.chunks
    total.calls += use.calls
    total.knownChunks += use.knownChunks
    total.prefixTokens += use.prefixTokens
    total.repeatedPrefixTokens += use.repeatedPrefixTokens
    total.passageTokens += use.passageTokens
    total.outputTokens += use.outputTokens
  }
  const { prefixTokens, repeatedPrefixTokens, passageTokens, outputTokens } = total
  const cost =
    (prefixTokens * write + repeatedPrefixTokens * read + passageTokens * input + outputTokens * output) / 1e6
  return { ...total, inputTokens: prefixTokens + repeatedPrefixTokens + passageTokens, cost }
}
