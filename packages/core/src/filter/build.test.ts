import { describe, expect, it } from 'vitest'
import * as build from './build.js'
import type { Filter } from './filter.js'

const built: readonly (readonly [Filter, unknown])[] = [
  [build.eq('f', null), { op: 'eq', field: 'f', value: null }],
  [build.ne('f', false), { op: 'ne', field: 'f', value: false }],
  [build.lt('f', 1), { op: 'lt', field: 'f', value: 1 }],
  [build.lte('f', 'a'), { op: 'lte', field: 'f', value: 'a' }],
  [build.gt('f', 0), { op: 'gt', field: 'f', value: 0 }],
  [build.gte('f', ''), { op: 'gte', field: 'f', value: '' }],
  [build.oneOf('f', [1, 'a']), { op: 'in', field: 'f', values: [1, 'a'] }],
  [build.notOneOf('f', []), { op: 'notIn', field: 'f', values: [] }],
  [build.startsWith('f', 'a'), { op: 'startsWith', field: 'f', value: 'a' }],
  [build.includes('f', 'a'), { op: 'includes', field: 'f', value: 'a' }],
  [build.has('f', 3), { op: 'has', field: 'f', value: 3 }],
  [build.exists('f'), { op: 'exists', field: 'f' }],
  [build.and(), { op: 'and', filters: [] }],
  [build.or(build.exists('f')), { op: 'or', filters: [{ op: 'exists', field: 'f' }] }],
  [build.not(build.exists('f')), { op: 'not', filter: { op: 'exists', field: 'f' } }],
]

describe('builders', () => {
  it.each(built)('make plain data: %j', (filter, expected) => {
    expect(filter).toEqual(expected)
    expect(Object.isFrozen(filter)).toBe(true)
    expect(JSON.parse(JSON.stringify(filter))).toEqual(expected)
  })

  it('copy lists, so that changing them later changes no filter', () => {
    const values = ['a']
    const parts = [build.exists('f')]
    const list = build.oneOf('f', values)
    const all = build.and(...parts)
    values.push('b')
    parts.push(build.exists('g'))
    expect(list).toEqual({ op: 'in', field: 'f', values: ['a'] })
    expect(all).toEqual({ op: 'and', filters: [{ op: 'exists', field: 'f' }] })
    expect('values' in list && Object.isFrozen(list.values)).toBe(true)
    expect('filters' in all && Object.isFrozen(all.filters)).toBe(true)
  })

  it('refuse what could not be stored or sent', () => {
    expect(() => build.eq('', 1)).toThrow('`field` must be a non-empty string other than "__proto__", got ""')
    expect(() => build.eq('__proto__', 1)).toThrow('`field`')
    expect(() => build.eq('f', Number.NaN)).toThrow(
      '`value` must be a string, a finite number, a boolean or null, got NaN',
    )
    expect(() => build.gt('f', Number.POSITIVE_INFINITY)).toThrow('a string or a finite number')
    expect(() => build.oneOf('f', [1, Number.NaN])).toThrow('got NaN')
  })

  it('refuse wrong types from untyped callers', () => {
    const untyped: { readonly [name: string]: (...values: unknown[]) => unknown } = Object.create(build)
    expect(() => untyped.eq!('f', ['a'])).toThrow('Use `oneOf` for a list')
    expect(() => untyped.lt!('f', true)).toThrow('a string or a finite number')
    expect(() => untyped.startsWith!('f', 1)).toThrow('`value` must be a string, got 1')
    expect(() => untyped.oneOf!('f', 'a')).toThrow('`values` must be an array')
    expect(() => untyped.and!(undefined)).toThrow('`filters` must be filters, got undefined')
    expect(() => untyped.not!()).toThrow('`filters`')
  })
})
