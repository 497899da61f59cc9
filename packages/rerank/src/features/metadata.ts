import {
  type Chunk,
  checkNumber,
  compileFilter,
  type Filter,
  type Hit,
  invalid,
  type MetadataValue,
} from '@tesserae/core'
import type { Feature } from './feature.js'

export interface FreshnessFeatureOptions {
  /** After so much time a hit counts half. There is no default: news and contracts age differently. */
  readonly halfLifeMs: number
  /** Metadata field with the date: a number of milliseconds since 1970, or a text that `Date.parse` reads. @default 'modified' */
  readonly field?: string | undefined
  /** What a hit without a date counts, 0 to 1. @default 0 */
  readonly missing?: number | undefined
  /** The clock, in milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined
  /** @default 'freshness' */
  readonly name?: string | undefined
}

/** 2^(−age / half-life): 1 for what is new or dated in the future, 1/2 after a half-life, 1/4 after two. */
export function freshnessFeature(options: FreshnessFeatureOptions): Feature {
  const { field = 'modified', now = Date.now, name = 'freshness' } = options
  const halfLifeMs = checkNumber('halfLifeMs', options.halfLifeMs, Number.MIN_VALUE)
  const missing = checkNumber('missing', options.missing ?? 0, 0, 1)
  return {
    name,
    values(_query, hits) {
      const today = checkNumber('now()', now())
      return Float64Array.from(hits, ({ chunk }) => {
        const date = dateOf(chunk.metadata[field])
        return date === undefined ? missing : 2 ** (-Math.max(0, today - date) / halfLifeMs)
      })
    },
  }
}

function dateOf(value: MetadataValue | undefined): number | undefined {
  const date = typeof value === 'string' ? Date.parse(value) : value
  return typeof date === 'number' && Number.isFinite(date) ? date : undefined
}

export interface AuthorityFeatureOptions {
  /** Metadata field with the source. A list counts by its best. */
  readonly field: string
  /** What each source counts, 0 to 1. */
  readonly values: { readonly [source: string]: number }
  /** What every other source counts, 0 to 1. @default 0 */
  readonly otherwise?: number | undefined
  /** @default 'authority' */
  readonly name?: string | undefined
}

/** How far a source is trusted: `{ policy: 1, wiki: 0.6, chat: 0.1 }`. */
export function authorityFeature(options: AuthorityFeatureOptions): Feature {
  const { field, name = 'authority' } = options
  if (typeof field !== 'string' || field === '') invalid('field', 'the name of a metadata field', field)
  const otherwise = checkNumber('otherwise', options.otherwise ?? 0, 0, 1)
  const table = new Map(Object.entries(options.values ?? {}))
  if (table.size === 0) invalid('values', 'a table with at least one source', options.values)
  for (const [source, value] of table) checkNumber(`values[${JSON.stringify(source)}]`, value, 0, 1)
  const worth = (value: MetadataValue | undefined): number => {
    if (!Array.isArray(value)) return table.get(String(value)) ?? otherwise
    return value.reduce<number>((best, one) => Math.max(best, worth(one)), value.length === 0 ? otherwise : 0)
  }
  return {
    name,
    values: (_query, hits) => Float64Array.from(hits, ({ chunk }) => worth(chunk.metadata[field])),
  }
}

export interface PopularityFeatureOptions {
  /** Metadata field with a count: views, links, citations. */
  readonly field: string
  /** The count that gives 1/2. */
  readonly pivot: number
  /** @default 'popularity' */
  readonly name?: string | undefined
}

/**
 * count / (count + pivot): grows fast at first and never reaches 1, so that no count wins by itself (Craswell et al.,
 * "Relevance weighting for query independent evidence", SIGIR 2005). What is missing or below zero counts 0.
 */
export function popularityFeature(options: PopularityFeatureOptions): Feature {
  const { field, name = 'popularity' } = options
  if (typeof field !== 'string' || field === '') invalid('field', 'the name of a metadata field', field)
  const pivot = checkNumber('pivot', options.pivot, Number.MIN_VALUE)
  return {
    name,
    values: (_query, hits) =>
      Float64Array.from(hits, ({ chunk }) => {
        const count = chunk.metadata[field]
        if (typeof count !== 'number' || !(count > 0)) return 0
        return count === Number.POSITIVE_INFINITY ? 1 : count / (count + pivot)
      }),
  }
}

export interface FilterFeatureOptions {
  readonly name: string
  readonly filter: Filter
}

/** 1 for hits whose metadata match a filter, 0 for others: a preference where a filter would be a demand. */
export function filterFeature({ name, filter }: FilterFeatureOptions): Feature {
  const matches = compileFilter(filter)
  return { name, values: (_query, hits) => hits.map(({ chunk }) => (matches(chunk.metadata) ? 1 : 0)) }
}

export interface ChunkFeatureOptions {
  readonly name: string
  /** A finite number for a chunk. */
  readonly of: (chunk: Chunk, query: string) => number
}

/** Any number that a chunk has of its own: its length, its place in the document, a quality that was stored. */
export function chunkFeature({ name, of }: ChunkFeatureOptions): Feature {
  return { name, values: (query: string, hits: readonly Hit[]) => hits.map(({ chunk }) => of(chunk, query)) }
}
