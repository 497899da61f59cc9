import { checkOneOf, invalid, show } from '../check.js'
import type { MetadataValue } from '../document.js'
import { RagError } from '../errors.js'
import {
  and,
  combine,
  comparableRule,
  eq,
  has,
  isComparable,
  isScalar,
  ne,
  not,
  notOneOf,
  oneOf,
  scalarRule,
} from './build.js'
import type { Filter, Scalar } from './filter.js'
import { type FilterLeaf, isUnbound } from './fold.js'
import { readPlaceholder } from './placeholder.js'

/** What to put in place of each placeholder. A value that is undefined is missing; null is a value. */
export type FilterValues = { readonly [name: string]: MetadataValue | undefined }

export interface BindFilterOptions {
  /**
   * What becomes of a clause whose value is not given:
   * `error` throws, `drop` leaves the clause out, `keep` leaves it unfilled, so that it matches nothing.
   * @default 'error'
   */
  readonly missing?: 'error' | 'drop' | 'keep' | undefined
}

type Policy = 'error' | 'drop' | 'keep'
/** A clause that was left out. */
const dropped = undefined

function valueFor(name: string, values: FilterValues): MetadataValue | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined
}

/** Names of the placeholders in a leaf that no value is given for. */
function missingNames(leaf: FilterLeaf, values: FilterValues): { name: string; required: boolean }[] {
  if (leaf.op === 'exists') return []
  const slots: readonly Scalar[] = 'values' in leaf ? leaf.values : [leaf.value]
  return slots
    .map(readPlaceholder)
    .filter((found) => found !== undefined)
    .filter(({ name }) => valueFor(name, values) === undefined)
}

function mistyped(leaf: FilterLeaf, name: string, rule: string, value: unknown): never {
  throw new RagError(
    'invalid-argument',
    `The value for placeholder "${name}" in \`${leaf.op}\` on field "${leaf.field}" must be ${rule}, got ${show(value)}.`,
    { details: { argument: name, field: leaf.field } },
  )
}

function bindValue(
  leaf: Exclude<FilterLeaf, { readonly op: 'exists' | 'in' | 'notIn' }>,
  values: FilterValues,
): Filter {
  const slot = readPlaceholder(leaf.value)
  if (slot === undefined) return leaf
  const { op, field } = leaf
  const value = valueFor(slot.name, values)
  const isList = Array.isArray(value)
  const items: readonly unknown[] = isList ? value : [value]
  switch (op) {
    case 'eq':
    case 'ne': {
      if (!items.every(isScalar)) mistyped(leaf, slot.name, scalarRule, value)
      if (op === 'eq') return isList ? oneOf(field, items) : eq(field, items[0]!)
      return isList ? notOneOf(field, items) : ne(field, items[0]!)
    }
    case 'startsWith':
    case 'includes': {
      if (!items.every((item) => typeof item === 'string'))
        mistyped(leaf, slot.name, 'a string or strings', value)
      const parts = items.map((item) => Object.freeze({ op, field, value: item }))
      return isList ? combine('or', parts) : parts[0]!
    }
    case 'has': {
      if (!items.every(isComparable)) mistyped(leaf, slot.name, comparableRule, value)
      const parts = items.map((item) => has(field, item))
      return isList ? combine('or', parts) : parts[0]!
    }
    default:
      if (!isComparable(value)) mistyped(leaf, slot.name, comparableRule, value)
      return Object.freeze({ op, field, value })
  }
}

function bindList(leaf: Extract<FilterLeaf, { readonly op: 'in' | 'notIn' }>, values: FilterValues): Filter {
  if (!isUnbound(leaf)) return leaf
  const bound = leaf.values.flatMap((value): readonly Scalar[] => {
    const slot = readPlaceholder(value)
    if (slot === undefined) return [value]
    const given = valueFor(slot.name, values)
    const items: readonly unknown[] = Array.isArray(given) ? given : [given]
    return items.every(isScalar) ? items : mistyped(leaf, slot.name, scalarRule, given)
  })
  return leaf.op === 'in' ? oneOf(leaf.field, bound) : notOneOf(leaf.field, bound)
}

function bindLeaf(leaf: FilterLeaf, values: FilterValues, policy: Policy): Filter | undefined {
  const missing = missingNames(leaf, values)
  const refused = policy === 'error' ? missing[0] : missing.find(({ required }) => required)
  if (refused !== undefined)
    throw new RagError(
      'invalid-argument',
      `No value for ${refused.required ? 'required ' : ''}placeholder "${refused.name}" in \`${leaf.op}\` on field "${leaf.field}". Pass it in \`values\`${refused.required ? '' : ", or choose `missing: 'drop'` or `'keep'`"}.`,
      { details: { argument: refused.name, field: leaf.field } },
    )
  if (missing.length > 0) return policy === 'drop' ? dropped : leaf
  if (leaf.op === 'exists') return leaf
  return 'values' in leaf ? bindList(leaf, values) : bindValue(leaf, values)
}

function bind(filter: Filter, values: FilterValues, policy: Policy): Filter | undefined {
  switch (filter.op) {
    case 'and': {
      const parts = filter.filters.map((part) => bind(part, values, policy))
      const kept = parts.filter((part) => part !== dropped)
      return kept.length === 0 && parts.length > 0 ? dropped : combine('and', kept)
    }
    case 'or': {
      const parts = filter.filters.map((part) => bind(part, values, policy))
      const kept = parts.filter((part) => part !== dropped)
      return kept.length < parts.length ? dropped : combine('or', kept)
    }
    case 'not': {
      const part = bind(filter.filter, values, policy)
      return part === dropped ? dropped : not(part)
    }
    default:
      return bindLeaf(filter, values, policy)
  }
}

/**
 * Fills a template's placeholders. The template is never changed and may be shared by concurrent requests;
 * values are filled in once and not looked through for placeholders again.
 *
 * A list value turns `eq` into `in` and `ne` into `notIn`, is spliced into the list of `in` and `notIn`
 * (where a single value becomes a list of one), and turns `has`, `startsWith` and `includes` into an `or`
 * of one clause per element; for `lt`, `lte`, `gt` and `gte` it is an error. An empty list therefore matches
 * nothing, and excludes nothing under `ne` and `notIn`.
 *
 * `missing: 'drop'` removes the whole clause from the nearest enclosing `and`. Inside `or` or `not` the `or`
 * or `not` goes with it, since an `or` without one branch would be narrower and a `not` of nothing would be
 * false; an `and` that loses all its parts goes too. When everything goes, the result is `and []`: true.
 * A clause made with `placeholder(name, { required: true })` is never dropped or kept: a missing value throws
 * `invalid-argument` under every policy. So does a value of a type the clause cannot hold.
 */
export function bindFilter(template: Filter, values: FilterValues, options: BindFilterOptions = {}): Filter {
  const policy = checkOneOf('missing', options.missing ?? 'error', ['error', 'drop', 'keep'])
  if (typeof values !== 'object' || values === null) invalid('values', 'an object', values)
  return bind(template, values, policy) ?? and()
}
