import { checkInteger, invalid } from '../check.js'

export interface BatchOptions<T> {
  /** Items in a batch, at most. */
  readonly maxItems: number
  /** Tokens in a batch, at most. Needs `tokensOf`. @default no limit */
  readonly maxTokens?: number | undefined
  /** Tokens of one item. */
  readonly tokensOf?: ((item: T) => number) | undefined
}

/**
 * Cuts a sequence into batches in order, each as long as both limits allow. An item that alone is over
 * `maxTokens` becomes a batch of its own, so that the caller can refuse it without losing its neighbours.
 */
export function* batchBy<T>(items: Iterable<T>, options: BatchOptions<T>): Generator<T[], void, undefined> {
  const maxItems = checkInteger('maxItems', options.maxItems)
  const { tokensOf } = options
  const maxTokens =
    options.maxTokens === undefined ? Number.POSITIVE_INFINITY : checkInteger('maxTokens', options.maxTokens)
  if (options.maxTokens !== undefined && tokensOf === undefined) {
    invalid('tokensOf', 'a function when `maxTokens` is given', tokensOf)
  }
  let batch: T[] = []
  let tokens = 0
  for (const item of items) {
    const cost = tokensOf === undefined ? 0 : tokensOf(item)
    if (batch.length > 0 && (batch.length >= maxItems || tokens + cost > maxTokens)) {
      yield batch
      batch = []
      tokens = 0
    }
    batch.push(item)
    tokens += cost
  }
  if (batch.length > 0) yield batch
}
