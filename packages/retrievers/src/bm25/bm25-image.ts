import { Bitset, type TopHits } from '@tesserae/core'
import { Documents, type SharedDocuments } from './documents.js'
import { Postings, type SharedPostings } from './postings.js'
import type { TermQuery } from './run-query.js'
import { Searcher } from './search.js'

/** An index as threads see it: queries come to them as terms, so they need no dictionary and no analyzer. */
export interface Bm25Image {
  readonly postings: SharedPostings
  readonly documents: SharedDocuments
}

/** Queries for one thread. */
export interface Bm25Task {
  readonly kind: 'terms'
  readonly limit: number
  readonly queries: readonly SentQuery[]
}

/** A query with the words of its filter in the place of the bitset. */
export type SentQuery = Omit<TermQuery, 'filter'> & { readonly filter: Uint32Array | undefined }

export function openBm25(image: Bm25Image): (task: Bm25Task) => TopHits[] {
  const postings = Postings.over(image.postings)
  const documents = Documents.over(image.documents)
  const searcher = new Searcher()
  return ({ queries, limit }) =>
    queries.map((query) => {
      const filter = query.filter === undefined ? undefined : bitsetOver(query.filter)
      return searcher.search({ ...query, filter, postings, documents, limit })
    })
}

/** A bitset of these words. */
export function bitsetOver(words: Uint32Array): Bitset {
  const bitset = new Bitset()
  bitset.words = words
  return bitset
}
