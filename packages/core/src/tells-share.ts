import { checkNumber } from './check.js'

/** A retriever that knows what its hits are worth beside those of a text search. */
export interface TellsShare {
  /** 0 to 1 for a query; undefined when nothing is known. */
  vectorShare(query: string): number | undefined
}

/**
 * What a retriever says its hits are worth for a query; undefined when it says nothing. A retriever around one whose hits
 * keep their scores hands it on: `vectorShare: (query) => shareOf(inner, query)`.
 */
export function shareOf(retriever: object, query: string): number | undefined {
  if (!('vectorShare' in retriever) || typeof retriever.vectorShare !== 'function') return undefined
  const share: unknown = retriever.vectorShare(query)
  return share === undefined ? undefined : checkNumber('vectorShare of a leg', share, 0, 1)
}
