import { describe, expect, it } from 'vitest'
import { isRagError } from '../errors.js'
import { type ParseFilterOptions, parseFilter } from './parse.js'
import { placeholder } from './placeholder.js'

function failure(value: unknown, options?: ParseFilterOptions): { message: string; path: unknown } {
  try {
    parseFilter(value, options)
  } catch (error) {
    if (isRagError(error, 'invalid-argument')) return { message: error.message, path: error.details.path }
    throw error
  }
  throw new Error('was accepted')
}

function nested(depth: number): unknown {
  let filter: unknown = { op: 'exists', field: 'f' }
  for (let level = 0; level < depth; level++) filter = { op: 'not', filter }
  return filter
}

describe('parseFilter', () => {
  it('returns a frozen copy that shares nothing with what was given', () => {
    const values = [1, 'a']
    const given = {
      op: 'and',
      filters: [
        { op: 'in', field: 'f', values },
        { op: 'exists', field: 'g' },
      ],
    }
    const filter = parseFilter(given)
    values.push('b')
    expect(filter).toEqual({
      op: 'and',
      filters: [
        { op: 'in', field: 'f', values: [1, 'a'] },
        { op: 'exists', field: 'g' },
      ],
    })
    expect(Object.isFrozen(filter)).toBe(true)
    expect('filters' in filter && filter.filters.every(Object.isFrozen)).toBe(true)
  })

  it.each([
    ['null', null, 'filter'],
    ['a string', 'eq', 'filter'],
    ['a list', [], 'filter'],
    ['no op', {}, 'filter.op'],
    ['an unknown op', { op: 'regex', field: 'f', value: '.*' }, 'filter.op'],
    ['an inherited op', { op: 'constructor', field: 'f' }, 'filter.op'],
    ['an op that is not a string', { op: ['eq'], field: 'f', value: 1 }, 'filter.op'],
    ['an unknown key', { op: 'eq', field: 'f', value: 1, boost: 2 }, 'filter'],
    ['a key of another op', { op: 'exists', field: 'f', value: 1 }, 'filter'],
    ['no field', { op: 'eq', value: 1 }, 'filter.field'],
    ['an empty field', { op: 'eq', field: '', value: 1 }, 'filter.field'],
    ['the prototype as field', { op: 'eq', field: '__proto__', value: 1 }, 'filter.field'],
    ['no value', { op: 'eq', field: 'f' }, 'filter.value'],
    ['a value that is a list', { op: 'eq', field: 'f', value: ['a'] }, 'filter.value'],
    ['a value that is an object', { op: 'ne', field: 'f', value: { $gt: '' } }, 'filter.value'],
    ['NaN', { op: 'eq', field: 'f', value: Number.NaN }, 'filter.value'],
    ['a comparison with null', { op: 'lt', field: 'f', value: null }, 'filter.value'],
    ['a comparison with a boolean', { op: 'gte', field: 'f', value: true }, 'filter.value'],
    ['a prefix that is a number', { op: 'startsWith', field: 'f', value: 1 }, 'filter.value'],
    ['an element that is a boolean', { op: 'has', field: 'f', value: true }, 'filter.value'],
    ['values that are no list', { op: 'in', field: 'f', values: 'abc' }, 'filter.values'],
    ['a list in values', { op: 'notIn', field: 'f', values: ['a', []] }, 'filter.values[1]'],
    ['a hole in values', { op: 'in', field: 'f', values: Array(2) }, 'filter.values[0]'],
    ['filters that are no list', { op: 'and', filters: {} }, 'filter.filters'],
    ['no inner filter', { op: 'not' }, 'filter.filter'],
    [
      'something wrong deep inside',
      {
        op: 'and',
        filters: [
          { op: 'or', filters: [] },
          { op: 'not', filter: { op: 'lt', field: 'f' } },
        ],
      },
      'filter.filters[1].filter.value',
    ],
  ])('refuses %s and says where', (_name, value, path) => {
    expect(failure(value).path).toBe(path)
    expect(failure(value).message).toContain(`\`${path}\``)
  })

  it('refuses keys that would reach a prototype', () => {
    expect(failure(JSON.parse('{"op":"exists","field":"f","__proto__":{"x":1}}')).message).toContain(
      '__proto__',
    )
    expect(failure(JSON.parse('{"op":"exists","field":"f","constructor":{}}')).message).toContain(
      'constructor',
    )
    expect(failure(Object.create({ op: 'exists', field: 'f' })).message).toContain('a plain object')
    expect(Reflect.has({}, 'x')).toBe(false)
  })

  it('refuses instances of classes', () => {
    class Clause {
      op = 'exists'
      field = 'f'
    }
    expect(failure(new Clause()).message).toContain('a plain object')
    expect(failure(new Map([['op', 'exists']])).message).toContain('a plain object')
  })

  it('reads an accessor once: what was checked is what is returned', () => {
    let reads = 0
    const shifty = {
      op: 'eq',
      field: 'f',
      get value() {
        reads++
        return reads === 1 ? 'checked' : { changed: true }
      },
    }
    expect(parseFilter(shifty)).toEqual({ op: 'eq', field: 'f', value: 'checked' })
    expect(reads).toBe(1)
  })

  it('bounds the depth, also of circular input', () => {
    expect(parseFilter(nested(32))).toEqual(nested(32))
    expect(failure(nested(33)).message).toContain('nested at most 32 levels deep')
    expect(failure(nested(3), { maxDepth: 2 }).path).toBe('filter.filter.filter.filter')
    expect(parseFilter({ op: 'exists', field: 'f' }, { maxDepth: 0 })).toEqual({ op: 'exists', field: 'f' })
    const circular: { op: string; filter?: unknown } = { op: 'not' }
    circular.filter = circular
    expect(failure(circular).message).toContain('levels deep')
  })

  it('bounds the size, also of input that shares its parts', () => {
    const clause = { op: 'in', field: 'f', values: ['a', 'b', 'c'] }
    expect(parseFilter(clause, { maxSize: 4 })).toEqual(clause)
    expect(failure(clause, { maxSize: 3 }).message).toContain('at most 3 clauses and values')
    expect(failure({ op: 'in', field: 'f', values: Array(20_000).fill(1) }).path).toBe('filter.values')
    // 8^12 clauses, were they all visited.
    let bomb: unknown = { op: 'exists', field: 'f' }
    for (let level = 0; level < 12; level++) bomb = { op: 'or', filters: Array(8).fill(bomb) }
    expect(failure(bomb).message).toContain('at most 10000 clauses and values')
  })

  it('takes templates only when asked to', () => {
    const template = { op: 'eq', field: 'tenant', value: placeholder('tenant') }
    expect(failure(template).message).toContain('placeholders: true')
    expect(failure({ op: 'in', field: 'f', values: [placeholder('x')] }).path).toBe('filter.values[0]')
    expect(parseFilter(template, { placeholders: true })).toEqual(template)
  })

  it('checks its options', () => {
    expect(() => parseFilter({ op: 'and', filters: [] }, { maxDepth: -1 })).toThrow('`maxDepth`')
    expect(() => parseFilter({ op: 'and', filters: [] }, { maxSize: 0 })).toThrow('`maxSize`')
  })
})
