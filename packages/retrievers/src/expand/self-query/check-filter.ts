import {
  coerceFilter,
  type Filter,
  has,
  isRagError,
  not,
  or,
  parseFilter,
  type Scalar,
  simplifyFilter,
} from '@tesserae/core'
import type { MetadataField, MetadataSchema } from './metadata-schema.js'

export interface CheckedFilter {
  /** Undefined when nothing is left. */
  readonly filter: Filter | undefined
  /** Clauses that were left out. */
  readonly dropped: number
}

type Leaf = Exclude<Filter, { readonly op: 'and' | 'or' } | { readonly op: 'not' }>

const bounds = { maxDepth: 4, maxSize: 100 }
const mostClauses = 32

/**
 * What can be kept of a filter that a model wrote: clauses on fields of the schema, with values of their types and, where
 * they are listed, of their values. Reads filters as core writes them, lists of them, and `{ field: value }`. A clause
 * that cannot be kept goes, with the whole `or` or `not` around it, since without it those would mean something else.
 */
export function checkFilter(value: unknown, schema: MetadataSchema): CheckedFilter {
  const kept: Filter[] = []
  let dropped = 0
  const parts = partsOf(value)
  for (const part of parts.slice(0, mostClauses)) {
    const checked = checkPart(part, schema)
    dropped += checked.dropped
    if (checked.filter !== undefined) kept.push(checked.filter)
  }
  dropped += Math.max(0, parts.length - mostClauses)
  if (kept.length === 0) return { filter: undefined, dropped }
  const filter = simplifyFilter({ op: 'and', filters: kept })
  // A filter that says nothing is none.
  return { filter: filter.op === 'and' && filter.filters.length === 0 ? undefined : filter, dropped }
}

/** Top-level clauses one by one, so that one that cannot be read takes no other with it. */
function partsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (typeof value !== 'object' || value === null) return []
  if (!Object.hasOwn(value, 'op')) {
    return Object.entries(value).map(([field, held]) =>
      Array.isArray(held) ? { op: 'in', field, values: held } : { op: 'eq', field, value: held },
    )
  }
  const { op, filters } = value as { readonly op: unknown; readonly filters?: unknown }
  return op === 'and' && Array.isArray(filters) ? filters : [value]
}

function checkPart(part: unknown, schema: MetadataSchema): CheckedFilter {
  try {
    return check(parseFilter(part, bounds), schema)
  } catch (error) {
    if (!isRagError(error)) throw error
    return { filter: undefined, dropped: 1 }
  }
}

function check(filter: Filter, schema: MetadataSchema): CheckedFilter {
  if (filter.op === 'not') {
    const { filter: inner, dropped } = check(filter.filter, schema)
    return { filter: inner === undefined || dropped > 0 ? undefined : not(inner), dropped }
  }
  if (!('filters' in filter)) {
    const leaf = checkLeaf(filter, schema)
    return { filter: leaf, dropped: leaf === undefined ? 1 : 0 }
  }
  const parts = filter.filters.map((part) => check(part, schema))
  const dropped = parts.reduce((sum, part) => sum + part.dropped, 0)
  const kept = parts.map((part) => part.filter).filter((part) => part !== undefined)
  if (kept.length === 0 || (filter.op === 'or' && dropped > 0)) return { filter: undefined, dropped }
  return { filter: { op: filter.op, filters: kept }, dropped }
}

function checkLeaf(leaf: Leaf, schema: MetadataSchema): Filter | undefined {
  const field = Object.hasOwn(schema, leaf.field) ? schema[leaf.field] : undefined
  if (field === undefined) return undefined
  if (leaf.op === 'exists') return leaf
  return field.list ? checkOnList(leaf, field) : checkOnValue(leaf, field)
}

/** On a list, "is" means "has": that is what people mean, and nothing else can be true. */
function checkOnList(
  leaf: Exclude<Leaf, { readonly op: 'exists' }>,
  field: MetadataField,
): Filter | undefined {
  const negated = leaf.op === 'ne' || leaf.op === 'notIn'
  if (!negated && leaf.op !== 'eq' && leaf.op !== 'in' && leaf.op !== 'has') return undefined
  const values = 'values' in leaf ? leaf.values : [leaf.value]
  const held = values
    .map((value) => valueIn(value, field))
    .filter((value) => typeof value === 'string' || typeof value === 'number')
  if (held.length === 0 || (negated && held.length < values.length)) return undefined
  const any = or(...held.map((value) => has(leaf.field, value)))
  return negated ? not(any) : any
}

function checkOnValue(
  leaf: Exclude<Leaf, { readonly op: 'exists' }>,
  field: MetadataField,
): Filter | undefined {
  switch (leaf.op) {
    case 'in':
    case 'notIn': {
      const values = leaf.values.map((value) => valueIn(value, field)).filter((value) => value !== undefined)
      if (values.length === 0 || (leaf.op === 'notIn' && values.length < leaf.values.length)) return undefined
      return { op: leaf.op, field: leaf.field, values }
    }
    case 'eq':
    case 'ne':
    case 'has': {
      const value = valueIn(leaf.value, field)
      if (value === undefined) return undefined
      return { op: leaf.op === 'has' ? 'eq' : leaf.op, field: leaf.field, value }
    }
    default:
      return coerceFilter(leaf, { [leaf.field]: field.type })
  }
}

/** The value as the field holds it; undefined for one it cannot hold. */
function valueIn(value: Scalar, { type, values }: MetadataField): Scalar | undefined {
  if (value === null) return undefined
  const coerced = coerceFilter({ op: 'eq', field: 'value', value }, { value: type })
  const own = coerced.op === 'eq' ? coerced.value : undefined
  if (values === undefined || own === undefined) return own
  const key = String(own).normalize('NFKC').trim().toLowerCase()
  return (
    values.find((listed) => listed === own) ?? values.find((listed) => String(listed).toLowerCase() === key)
  )
}
