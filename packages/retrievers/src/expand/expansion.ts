import type { ExplainableRetriever, Filter, Hit, Metadata, RetrieveOptions } from '@tesserae/core'
import type { Fusion } from '../fusion/fusion.js'

/** A query that a stage made from the caller's. */
export interface QueryVariant {
  /** Names it among the queries of one call, such as `sub-question-2`. */
  readonly label: string
  readonly text: string
  /** Its say in the fusion, beside the original's. @default 1 */
  readonly weight?: number | undefined
  /** Narrows this query alone, beside the caller's filter. @default none */
  readonly filter?: Filter | undefined
}

/** What a stage makes of a query. */
export interface ExpansionPlan {
  /** Queries beside the original one; none when the original says it all. */
  readonly variants: readonly QueryVariant[]
  /** Narrows every query of the call, the original too, beside the caller's filter. @default none */
  readonly filter?: Filter | undefined
  /** How the user wants the answer to look: nothing to search for, but something to tell whoever writes it. @default none */
  readonly instructions?: string | undefined
}

/** A query that was searched with. */
export interface AskedQuery {
  /** `original`, or the variant's label. Traces name it: a hit's stage `rewrite/original` says which query found it. */
  readonly label: string
  readonly text: string
}

/**
 * Why a stage did not do its part: its time was over, the model failed, refused, said nothing or nothing that could be
 * read, or its queries could not be searched or found nothing.
 */
export type FallbackReason = 'timeout' | 'failed' | 'refused' | 'empty' | 'unreadable' | 'search' | 'no-hits'

/** Hits, and what was asked to find them: what a prompt for the answer can show. */
export interface ExpandedHits<M extends Metadata = Metadata> {
  readonly hits: readonly Hit<M>[]
  /** The queries whose hits these are. */
  readonly queries: readonly AskedQuery[]
  /** The filter that the stage added, which the hits pass. */
  readonly filter?: Filter | undefined
  readonly instructions?: string | undefined
  /** Set when these are the hits of the plain query, or of some of the queries only. */
  readonly fallback?: FallbackReason | undefined
}

/** A retriever that asks more than it was asked, and can tell what. Explaining asks again, its model too. */
export interface ExpandingRetriever<M extends Metadata = Metadata> extends ExplainableRetriever<M> {
  /** What `retrieve` gives, with the queries behind it. */
  retrieveExpanded(query: string, options?: RetrieveOptions): Promise<ExpandedHits<M>>
}

export interface ExpansionOptions {
  /** Stage name in traces. @default the stage's own */
  readonly name?: string | undefined
  /** How the hits of the queries become one list. @default reciprocalRankFusion() */
  readonly fusion?: Fusion | undefined
  /** The say of the original query; each query made from it has 1. With 0 it is searched only to fall back to. @default 1 */
  readonly originalWeight?: number | undefined
  /** Hits asked of each query, or `limit` if that is more. @default 50 */
  readonly candidates?: number | undefined
  /**
   * The time the stage may take, in milliseconds: for making the queries and for searching with them. What is not
   * there by then is left out. The original query has all the time of the caller's signal. @default 3000
   */
  readonly timeoutMs?: number | undefined
}
