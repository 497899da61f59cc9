import { and, combine, eq, ne, not, or } from './build.js'
import type { Filter } from './filter.js'
import { type FilterLeaf, isUnbound } from './fold.js'

function isTrue(filter: Filter): boolean {
  return filter.op === 'and' && filter.filters.length === 0
}

function isFalse(filter: Filter): boolean {
  return filter.op === 'or' && filter.filters.length === 0
}

/** Parts of `and` in `and` and of `or` in `or` move up; what settles the result replaces it; one part stands alone. */
function simplifyList(op: 'and' | 'or', filters: readonly Filter[]): Filter {
  const parts: Filter[] = []
  for (const filter of filters) {
    const part = simplifyFilter(filter)
    if (op === 'and' ? isFalse(part) : isTrue(part)) return part
    if (part.op === op) for (const inner of part.filters) parts.push(inner)
    else parts.push(part)
  }
  if (parts.length === 1) return parts[0]!
  return combine(op, parts)
}

function simplifyLeaf(leaf: FilterLeaf): Filter {
  if ((leaf.op !== 'in' && leaf.op !== 'notIn') || leaf.values.length > 1 || isUnbound(leaf)) return leaf
  if (leaf.values.length === 0) return leaf.op === 'in' ? or() : and()
  return leaf.op === 'in' ? eq(leaf.field, leaf.values[0]!) : ne(leaf.field, leaf.values[0]!)
}

const opposite = { eq: 'ne', ne: 'eq', in: 'notIn', notIn: 'in' } as const

function simplifyNot(filter: Filter): Filter {
  const part = simplifyFilter(filter)
  if (part.op === 'not') return part.filter
  if (isTrue(part)) return or()
  if (isFalse(part)) return and()
  // An unbound clause and its negation both match nothing, so `not eq` is not `ne` before binding.
  if (part.op === 'eq' || part.op === 'ne')
    return isUnbound(part) ? not(part) : { ...part, op: opposite[part.op] }
  if (part.op === 'in' || part.op === 'notIn')
    return isUnbound(part) ? not(part) : { ...part, op: opposite[part.op] }
  return not(part)
}

/**
 * An equivalent filter with nothing to spare: nested `and`/`or` of the same kind are flattened, a list of one
 * is its only part (`in` of one value is `eq`), `not not` disappears, `not eq` is `ne`, `not in` is `notIn`,
 * and the constants `and []` and `or []` are folded away unless they are the whole result.
 */
export function simplifyFilter(filter: Filter): Filter {
  if ('filters' in filter) return simplifyList(filter.op, filter.filters)
  if (filter.op === 'not') return simplifyNot(filter.filter)
  return simplifyLeaf(filter)
}
