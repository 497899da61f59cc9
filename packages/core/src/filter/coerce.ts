import { checkOneOf, show } from '../check.js'
import { RagError } from '../errors.js'
import { combine, isComparable, not } from './build.js'
import type { Filter, Scalar } from './filter.js'
import type { FilterLeaf } from './fold.js'
import { readPlaceholder } from './placeholder.js'

export type FieldType = 'string' | 'number' | 'boolean'

/** Type of each field's values; of its elements, for a field that holds lists. */
export type FieldTypes = { readonly [field: string]: FieldType }

/** Decimal numbers only: `Number` also reads blanks, hexadecimal and nothing at all. */
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** The value in the type, undefined when it has none there. */
function convert(value: Scalar, type: FieldType): Scalar | undefined {
  if (value === null || typeof value === type) return value
  if (type === 'string') return String(value)
  if (typeof value !== 'string') return undefined
  if (type === 'boolean') return value === 'true' ? true : value === 'false' ? false : undefined
  const number = decimal.test(value) ? Number(value) : Number.NaN
  return Number.isFinite(number) ? number : undefined
}

function reject(leaf: FilterLeaf, rule: string, value: Scalar): never {
  throw new RagError(
    'invalid-argument',
    `The value of \`${leaf.op}\` on field "${leaf.field}" must be ${rule}, got ${show(value)}.`,
    { details: { argument: 'filter', field: leaf.field } },
  )
}

function coerceValue(leaf: FilterLeaf, value: Scalar, type: FieldType): Scalar {
  if (readPlaceholder(value) !== undefined) return value
  return convert(value, type) ?? (value === null ? null : reject(leaf, `a ${type}`, value))
}

function coerceLeaf(leaf: FilterLeaf, types: FieldTypes): Filter {
  const { field } = leaf
  if (leaf.op === 'exists' || !Object.hasOwn(types, field)) return leaf
  const type = checkOneOf(`types.${field}`, types[field], ['string', 'number', 'boolean'])
  switch (leaf.op) {
    case 'in':
    case 'notIn': {
      const values = leaf.values.map((value) => coerceValue(leaf, value, type))
      return Object.freeze({ op: leaf.op, field, values: Object.freeze(values) })
    }
    case 'eq':
    case 'ne':
      return Object.freeze({ op: leaf.op, field, value: coerceValue(leaf, leaf.value, type) })
    case 'startsWith':
    case 'includes':
      return type === 'string'
        ? leaf
        : reject(leaf, `for a field of strings, not of type ${type}`, leaf.value)
    default: {
      const value = coerceValue(leaf, leaf.value, type)
      if (!isComparable(value)) reject(leaf, 'a string or a number', value)
      return Object.freeze({ op: leaf.op, field, value })
    }
  }
}

/**
 * Brings a filter's values to the types of the fields they are compared with, for values that arrive as text:
 * a query string, a form, a model's answer. Filters are strict, so `eq('age', '35')` never matches 35; given
 * `{ age: 'number' }` it becomes `eq('age', 35)`. Decimal numbers become numbers, `true` and `false` booleans,
 * numbers and booleans strings. Fields not listed, null, and placeholders stay as they are.
 * Throws `invalid-argument` for a value that is none of its type (`'old'` for a number), and for an operator
 * that does not work on the type (`startsWith` on numbers, `lt` on booleans).
 */
export function coerceFilter(filter: Filter, types: FieldTypes): Filter {
  switch (filter.op) {
    case 'and':
    case 'or':
      return combine(
        filter.op,
        filter.filters.map((part) => coerceFilter(part, types)),
      )
    case 'not':
      return not(coerceFilter(filter.filter, types))
    default:
      return coerceLeaf(filter, types)
  }
}
