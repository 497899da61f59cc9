import { invalid } from '../check.js'
import type { Filter, Scalar } from './filter.js'

/** Text for a rule that is checked both when a filter is built and when it is parsed. */
export const fieldRule = 'a non-empty string other than "__proto__"'
export const scalarRule = 'a string, a finite number, a boolean or null'
export const comparableRule = 'a string or a finite number'

export function isField(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value !== '__proto__'
}

/** NaN and the infinities are refused: JSON turns them into null, and the filter into another one. */
export function isComparable(value: unknown): value is string | number {
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))
}

export function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === 'boolean' || isComparable(value)
}

function field(value: string): string {
  return isField(value) ? value : invalid('field', fieldRule, value)
}

function scalar(value: Scalar): Scalar {
  return isScalar(value) ? value : invalid('value', scalarRule, value, 'Use `oneOf` for a list.')
}

function comparable(value: string | number): string | number {
  return isComparable(value) ? value : invalid('value', comparableRule, value)
}

function text(value: string): string {
  return typeof value === 'string' ? value : invalid('value', 'a string', value)
}

function scalars(values: readonly Scalar[]): readonly Scalar[] {
  if (!Array.isArray(values)) invalid('values', 'an array', values)
  return Object.freeze(values.map(scalar))
}

function filterList(filters: readonly Filter[]): readonly Filter[] {
  for (const filter of filters)
    if (typeof filter !== 'object' || filter === null) invalid('filters', 'filters', filter)
  return Object.freeze([...filters])
}

/** The field holds exactly this value. */
export function eq(name: string, value: Scalar): Filter {
  return Object.freeze({ op: 'eq', field: field(name), value: scalar(value) })
}

/** `not eq`: also true where the field is missing or holds a list. */
export function ne(name: string, value: Scalar): Filter {
  return Object.freeze({ op: 'ne', field: field(name), value: scalar(value) })
}

/** The field holds a smaller value of the same type. */
export function lt(name: string, value: string | number): Filter {
  return Object.freeze({ op: 'lt', field: field(name), value: comparable(value) })
}

/** The field holds a smaller or equal value of the same type. */
export function lte(name: string, value: string | number): Filter {
  return Object.freeze({ op: 'lte', field: field(name), value: comparable(value) })
}

/** The field holds a greater value of the same type. */
export function gt(name: string, value: string | number): Filter {
  return Object.freeze({ op: 'gt', field: field(name), value: comparable(value) })
}

/** The field holds a greater or equal value of the same type. */
export function gte(name: string, value: string | number): Filter {
  return Object.freeze({ op: 'gte', field: field(name), value: comparable(value) })
}

/** Op `in`: the field holds one of these values. */
export function oneOf(name: string, values: readonly Scalar[]): Filter {
  return Object.freeze({ op: 'in', field: field(name), values: scalars(values) })
}

/** Op `notIn`: `not oneOf`, so also true where the field is missing or holds a list. */
export function notOneOf(name: string, values: readonly Scalar[]): Filter {
  return Object.freeze({ op: 'notIn', field: field(name), values: scalars(values) })
}

/** The field holds a string that begins with this one, case and all. */
export function startsWith(name: string, value: string): Filter {
  return Object.freeze({ op: 'startsWith', field: field(name), value: text(value) })
}

/** The field holds a string with this one in it, case and all. */
export function includes(name: string, value: string): Filter {
  return Object.freeze({ op: 'includes', field: field(name), value: text(value) })
}

/** The field holds a list with this element. */
export function has(name: string, value: string | number): Filter {
  return Object.freeze({ op: 'has', field: field(name), value: comparable(value) })
}

/** The field is there, whatever it holds: null and an empty list count. */
export function exists(name: string): Filter {
  return Object.freeze({ op: 'exists', field: field(name) })
}

/** `and` or `or` of a list that may be too long to spread into a call. */
export function combine(op: 'and' | 'or', filters: readonly Filter[]): Filter {
  return Object.freeze({ op, filters: filterList(filters) })
}

/** All hold. `and()` is true. */
export function and(...filters: readonly Filter[]): Filter {
  return combine('and', filters)
}

/** At least one holds. `or()` is false. */
export function or(...filters: readonly Filter[]): Filter {
  return combine('or', filters)
}

/** The filter does not hold. */
export function not(filter: Filter): Filter {
  return Object.freeze({ op: 'not', filter: filterList([filter])[0]! })
}
