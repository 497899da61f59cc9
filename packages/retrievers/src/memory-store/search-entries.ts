import {
  type Bitset,
  type CallOptions,
  checkInteger,
  type Filter,
  type IndexSearchOptions,
  type LexicalIndex,
  type SearchRequest,
  type TopHits,
  tell,
  type VectorIndex,
} from '@tesserae/core'
import { intersect } from './bits.js'
import type { Columns } from './columns.js'
import type { ExactScan } from './memory-store.js'
import { planSearch, type SearchPlan } from './plan.js'
import { bestByScoreThenId, type OrdinalHit } from './ties.js'

/** What a store knows of its chunks besides the indexes. */
export interface SearchTable {
  /** Name of the store, for the observer. */
  readonly name: string
  readonly columns: Columns
  /** Ordinals that have a chunk. */
  readonly live: Bitset
  readonly idOf: (ordinal: number) => string
}

/** One way to search: by vector or by text. */
export interface EntrySearch {
  readonly kind: 'vector' | 'text'
  /** Ordinals in the index. */
  readonly entries: Bitset
  readonly run: (plan: SearchPlan, options: IndexSearchOptions) => TopHits
  readonly canScan: boolean
}

export function vectorSearch(vectors: VectorIndex, entries: Bitset, vector: Float32Array): EntrySearch {
  return {
    kind: 'vector',
    entries,
    canScan: hasScan(vectors),
    run: (plan, search) =>
      plan === 'scan' && hasScan(vectors) ? vectors.scan(vector, search) : vectors.search(vector, search),
  }
}

export function textSearch(lexical: LexicalIndex, entries: Bitset, query: string): EntrySearch {
  return { kind: 'text', entries, canScan: false, run: (_, search) => lexical.search(query, search) }
}

/** Filters, plans and searches: if `limit` entries match, `limit` come back, equal scores in order of id. */
export function searchEntries(
  table: SearchTable,
  request: SearchRequest,
  options: CallOptions,
  search: EntrySearch,
): readonly OrdinalHit[] {
  options.signal?.throwIfAborted()
  const limit = checkInteger('limit', request.limit)
  const started = performance.now()
  const total = search.entries.count()
  const survivors = survivorsOf(table, request.filter, search.entries)
  const candidates = survivors?.count() ?? total
  const plan = planSearch({ candidates, total, limit, canScan: search.canScan })
  const hits = plan === 'nothing' ? [] : runPlan(table, search, plan, limit, candidates, survivors)
  tell(options.observer, {
    type: 'store.search',
    source: table.name,
    milliseconds: performance.now() - started,
    counts: { entries: total, candidates, hits: hits.length },
    labels: { by: search.kind, plan },
  })
  return hits
}

function runPlan(
  { idOf }: SearchTable,
  search: EntrySearch,
  plan: SearchPlan,
  limit: number,
  candidates: number,
  survivors: Bitset | undefined,
): readonly OrdinalHit[] {
  const filter = plan === 'everything' ? undefined : survivors
  const searchBy = (by: SearchPlan) => (ask: number) => search.run(by, { limit: ask, filter })
  const best = bestByScoreThenId(searchBy(plan), limit, candidates, idOf)
  // A walk can miss what it cannot reach; a scan cannot.
  if (!search.canScan || best.length >= Math.min(limit, candidates)) return best
  return bestByScoreThenId(searchBy('scan'), limit, candidates, idOf)
}

/** Entries that pass the filter; `undefined` stands for all of them. */
function survivorsOf(table: SearchTable, filter: Filter | undefined, entries: Bitset): Bitset | undefined {
  if (filter === undefined) return undefined
  const matching = table.columns.matching(filter, table.live)
  return entries === table.live ? matching : intersect(matching, entries)
}

/** Whether an index is an approximate one, which can also scan exactly. */
export function hasScan(index: VectorIndex): index is VectorIndex & ExactScan {
  return 'scan' in index && typeof index.scan === 'function'
}
