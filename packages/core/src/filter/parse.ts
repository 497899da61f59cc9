import { checkInteger, show } from '../check.js'
import { RagError } from '../errors.js'
import { comparableRule, fieldRule, isComparable, isField, isScalar, scalarRule } from './build.js'
import type { Filter, Scalar } from './filter.js'
import { readPlaceholder } from './placeholder.js'

export interface ParseFilterOptions {
  /** Levels of `and`, `or` and `not` around a clause. @default 32 */
  readonly maxDepth?: number | undefined
  /** Clauses and list values together. @default 10000 */
  readonly maxSize?: number | undefined
  /** Accept a template: values made by `placeholder`. @default false */
  readonly placeholders?: boolean | undefined
}

interface Bounds {
  readonly maxDepth: number
  readonly maxSize: number
  readonly placeholders: boolean
  size: number
}

const keysOf: { readonly [op: string]: readonly string[] } = {
  eq: ['field', 'value'],
  ne: ['field', 'value'],
  lt: ['field', 'value'],
  lte: ['field', 'value'],
  gt: ['field', 'value'],
  gte: ['field', 'value'],
  in: ['field', 'values'],
  notIn: ['field', 'values'],
  startsWith: ['field', 'value'],
  includes: ['field', 'value'],
  has: ['field', 'value'],
  exists: ['field'],
  and: ['filters'],
  or: ['filters'],
  not: ['filter'],
}
const ops = Object.keys(keysOf)

function reject(path: string, rule: string, value: unknown): never {
  throw new RagError('invalid-argument', `\`${path}\` must be ${rule}, got ${show(value)}.`, {
    details: { argument: 'filter', path },
  })
}

/** Own enumerable fields of a plain object, each read once; nothing inherited is ever seen. */
function readObject(path: string, value: unknown): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    reject(path, 'a filter object', value)
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) reject(path, 'a plain object', value)
  return new Map(Object.entries(value))
}

function parseValue<T extends Scalar>(
  path: string,
  value: unknown,
  isValid: (value: unknown) => value is T,
  rule: string,
  bounds: Bounds,
): T {
  if (!isValid(value)) reject(path, rule, value)
  if (!bounds.placeholders && readPlaceholder(value) !== undefined)
    reject(path, 'a value and not a placeholder (allow them with `placeholders: true`)', value)
  return value
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function parseList<T>(
  path: string,
  value: unknown,
  bounds: Bounds,
  parseItem: (path: string, item: unknown) => T,
): readonly T[] {
  if (!Array.isArray(value)) reject(path, 'an array', value)
  if (value.length > bounds.maxSize) reject(path, `of at most ${bounds.maxSize} clauses and values`, value)
  return Object.freeze(Array.from(value, (item: unknown, index) => parseItem(`${path}[${index}]`, item)))
}

function parse(path: string, value: unknown, depth: number, bounds: Bounds): Filter {
  if (depth > bounds.maxDepth) reject(path, `nested at most ${bounds.maxDepth} levels deep`, value)
  spend(path, bounds)
  const fields = readObject(path, value)
  const op = fields.get('op')
  const keys = typeof op === 'string' && Object.hasOwn(keysOf, op) ? keysOf[op] : undefined
  if (keys === undefined) reject(`${path}.op`, `one of ${ops.join(', ')}`, op)
  for (const key of fields.keys()) {
    if (key === 'op' || keys.includes(key)) continue
    reject(path, `an object of only op, ${keys.join(' and ')}, without ${show(key)}`, value)
  }

  const kind = op as Filter['op']
  if (kind === 'and' || kind === 'or') {
    const filters = parseList(`${path}.filters`, fields.get('filters'), bounds, (at, item) =>
      parse(at, item, depth + 1, bounds),
    )
    return Object.freeze({ op: kind, filters })
  }
  if (kind === 'not')
    return Object.freeze({
      op: kind,
      filter: parse(`${path}.filter`, fields.get('filter'), depth + 1, bounds),
    })

  const field = fields.get('field')
  if (!isField(field)) reject(`${path}.field`, fieldRule, field)
  const at = `${path}.value`
  const raw = fields.get('value')
  switch (kind) {
    case 'exists':
      return Object.freeze({ op: kind, field })
    case 'in':
    case 'notIn': {
      const values = parseList(`${path}.values`, fields.get('values'), bounds, (itemPath, item) => {
        spend(itemPath, bounds)
        return parseValue(itemPath, item, isScalar, scalarRule, bounds)
      })
      return Object.freeze({ op: kind, field, values })
    }
    case 'eq':
    case 'ne':
      return Object.freeze({ op: kind, field, value: parseValue(at, raw, isScalar, scalarRule, bounds) })
    case 'startsWith':
    case 'includes':
      return Object.freeze({ op: kind, field, value: parseValue(at, raw, isText, 'a string', bounds) })
    default:
      return Object.freeze({
        op: kind,
        field,
        value: parseValue(at, raw, isComparable, comparableRule, bounds),
      })
  }
}

function spend(path: string, bounds: Bounds): void {
  if (++bounds.size > bounds.maxSize)
    throw new RagError(
      'invalid-argument',
      `A filter must hold at most ${bounds.maxSize} clauses and values, and \`${path}\` is one more. Send a shorter list or raise \`maxSize\`.`,
      { details: { argument: 'filter', path } },
    )
}

/**
 * Checks a filter of unknown origin (a request body, a model's answer) and returns a frozen copy made only of
 * known parts. Throws `invalid-argument` with the path of what is wrong, such as `filter.filters[2].value`:
 * an unknown op or key, a missing or mistyped value, a field named `__proto__`, an object that is not plain,
 * a placeholder, or more depth or size than allowed.
 */
export function parseFilter(value: unknown, options: ParseFilterOptions = {}): Filter {
  return parse('filter', value, 0, {
    maxDepth: checkInteger('maxDepth', options.maxDepth ?? 32, 0, 1000),
    maxSize: checkInteger('maxSize', options.maxSize ?? 10_000),
    placeholders: options.placeholders ?? false,
    size: 0,
  })
}
