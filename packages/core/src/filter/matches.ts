import type { Metadata, MetadataValue } from '../document.js'
import type { Filter, Scalar } from './filter.js'
import { type FilterAlgebra, type FilterLeaf, foldFilter } from './fold.js'

/** A field's value; undefined when it is missing. Inherited properties are not fields. */
function fieldOf(metadata: Metadata, field: string): MetadataValue | undefined {
  return Object.hasOwn(metadata, field) ? metadata[field] : undefined
}

/** Strict equality, so NaN equals nothing. */
function isOneOf(value: MetadataValue | undefined, values: readonly Scalar[]): boolean {
  for (const candidate of values) if (candidate === value) return true
  return false
}

function hasElement(value: MetadataValue | undefined, element: string | number): boolean {
  return Array.isArray(value) && isOneOf(element, value)
}

function compares(
  op: 'lt' | 'lte' | 'gt' | 'gte',
  value: MetadataValue | undefined,
  bound: string | number,
): boolean {
  if (typeof value === 'number' && typeof bound === 'number') {
    return op === 'lt'
      ? value < bound
      : op === 'lte'
        ? value <= bound
        : op === 'gt'
          ? value > bound
          : value >= bound
  }
  if (typeof value === 'string' && typeof bound === 'string') {
    return op === 'lt'
      ? value < bound
      : op === 'lte'
        ? value <= bound
        : op === 'gt'
          ? value > bound
          : value >= bound
  }
  return false
}

function leafMatches(leaf: FilterLeaf, metadata: Metadata): boolean {
  const value = fieldOf(metadata, leaf.field)
  switch (leaf.op) {
    case 'eq':
      return value === leaf.value
    case 'ne':
      return value !== leaf.value
    case 'in':
      return isOneOf(value, leaf.values)
    case 'notIn':
      return !isOneOf(value, leaf.values)
    case 'startsWith':
      return typeof value === 'string' && value.startsWith(leaf.value)
    case 'includes':
      return typeof value === 'string' && value.includes(leaf.value)
    case 'has':
      return hasElement(value, leaf.value)
    case 'exists':
      return value !== undefined
    default:
      return compares(leaf.op, value, leaf.value)
  }
}

const conjunction = (parts: readonly boolean[]): boolean => !parts.includes(false)
const disjunction = (parts: readonly boolean[]): boolean => parts.includes(true)
const negation = (part: boolean): boolean => !part

/**
 * The reference evaluator: what a filter means, in every store (see {@link Filter}). It looks at every clause;
 * to test many chunks with one filter, compile it.
 */
export function matchesFilter(filter: Filter, metadata: Metadata): boolean {
  return foldFilter(filter, {
    leaf: (leaf) => leafMatches(leaf, metadata),
    and: conjunction,
    or: disjunction,
    not: negation,
  })
}

/** A compiled filter. */
export type MetadataPredicate = (metadata: Metadata) => boolean

/** Up to here a list is searched one by one; a longer one becomes a set. */
const longList = 8

function membership(values: readonly Scalar[]): (value: MetadataValue | undefined) => boolean {
  if (values.length <= longList) return (value) => isOneOf(value, values)
  // A set finds NaN and strict equality does not.
  const set = new Set<MetadataValue | undefined>(values.filter((value) => !Number.isNaN(value)))
  return (value) => set.has(value)
}

function predicateOf(leaf: FilterLeaf): MetadataPredicate {
  const { field } = leaf
  switch (leaf.op) {
    case 'eq': {
      const { value } = leaf
      return (metadata) => fieldOf(metadata, field) === value
    }
    case 'ne': {
      const { value } = leaf
      return (metadata) => fieldOf(metadata, field) !== value
    }
    case 'in': {
      const isMember = membership(leaf.values)
      return (metadata) => isMember(fieldOf(metadata, field))
    }
    case 'notIn': {
      const isMember = membership(leaf.values)
      return (metadata) => !isMember(fieldOf(metadata, field))
    }
    default:
      return (metadata) => leafMatches(leaf, metadata)
  }
}

const predicates: FilterAlgebra<MetadataPredicate> = {
  leaf: predicateOf,
  and(parts) {
    if (parts.length === 1) return parts[0]!
    return (metadata) => {
      for (const part of parts) if (!part(metadata)) return false
      return true
    }
  },
  or(parts) {
    if (parts.length === 1) return parts[0]!
    return (metadata) => {
      for (const part of parts) if (part(metadata)) return true
      return false
    }
  },
  not: (part) => (metadata) => !part(metadata),
}

/** The same answer as {@link matchesFilter} for every metadata, prepared once: lists become sets, clauses stop early. */
export function compileFilter(filter: Filter): MetadataPredicate {
  return foldFilter(filter, predicates)
}
