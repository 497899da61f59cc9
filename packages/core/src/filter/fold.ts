import type { Filter } from './filter.js'
import { readPlaceholder } from './placeholder.js'

/** A condition on one field: what a backend has to translate. */
export type FilterLeaf = Exclude<Filter, { readonly op: 'and' | 'or' } | { readonly op: 'not' }>

/** What to make of each part of a filter. */
export interface FilterAlgebra<T> {
  leaf(leaf: FilterLeaf): T
  /** An empty list means true. */
  and(parts: readonly T[]): T
  /** An empty list means false. */
  or(parts: readonly T[]): T
  not(part: T): T
}

/** Whether a value of the leaf is still a placeholder. */
export function isUnbound(leaf: FilterLeaf): boolean {
  if (leaf.op === 'exists') return false
  if ('values' in leaf) {
    for (const value of leaf.values) if (readPlaceholder(value) !== undefined) return true
    return false
  }
  return readPlaceholder(leaf.value) !== undefined
}

function fold<T>(filter: Filter, algebra: FilterAlgebra<T>, negated: boolean): T {
  switch (filter.op) {
    case 'and':
      return algebra.and(filter.filters.map((part) => fold(part, algebra, negated)))
    case 'or':
      return algebra.or(filter.filters.map((part) => fold(part, algebra, negated)))
    case 'not':
      return algebra.not(fold(filter.filter, algebra, !negated))
    default:
      if (isUnbound(filter)) return negated ? algebra.and([]) : algebra.or([])
      return algebra.leaf(filter)
  }
}

/**
 * Turns a filter into anything else, from the leaves up: a predicate, SQL, a query of a search engine. Every
 * evaluator and compiler goes through here, so a clause whose placeholder was never filled in means the same
 * everywhere: neither it nor its negation matches anything (it folds to false, and to true under an odd
 * number of `not`).
 * Recursive: filters of unknown origin go through `parseFilter` first, which bounds their depth.
 */
export function foldFilter<T>(filter: Filter, algebra: FilterAlgebra<T>): T {
  return fold(filter, algebra, false)
}

/** The fields a filter looks at, each once, in order of first appearance. */
export function filterFields(filter: Filter): readonly string[] {
  const fields = new Set<string>()
  collect(filter, fields)
  return [...fields]
}

function collect(filter: Filter, fields: Set<string>): void {
  if ('filters' in filter) for (const part of filter.filters) collect(part, fields)
  else if (filter.op === 'not') collect(filter.filter, fields)
  else fields.add(filter.field)
}
