import { describe, expect, it } from 'vitest'
import type { Metadata, MetadataValue } from '../document.js'
import { and, eq, exists, gt, has, lt, ne, not, notOneOf, oneOf, or } from './build.js'
import type { Filter } from './filter.js'
import { compileFilter, matchesFilter } from './matches.js'

/** Every kind of value a field can hold. */
const fieldValues: { readonly [label: string]: MetadataValue | undefined } = {
  null: null,
  true: true,
  false: false,
  zero: 0,
  five: 5,
  nine: 9,
  nan: Number.NaN,
  empty: '',
  abc: 'abc',
  abd: 'abd',
  five$: '5',
  list: ['abc', 'x'],
  numbers: [5, Number.NaN],
  emptyList: [],
}
const labels = ['missing', ...Object.keys(fieldValues)]
const everything = labels.join(' ')

function allBut(excluded: string): string {
  return labels.filter((label) => !excluded.split(' ').includes(label)).join(' ')
}

/** Which field values a clause matches. Builders refuse NaN, so those clauses are written out. */
const table: readonly (readonly [Filter, string])[] = [
  [eq('f', null), 'null'],
  [eq('f', true), 'true'],
  [eq('f', false), 'false'],
  [eq('f', 0), 'zero'],
  [eq('f', -0), 'zero'],
  [eq('f', 5), 'five'],
  [{ op: 'eq', field: 'f', value: Number.NaN }, ''],
  [eq('f', ''), 'empty'],
  [eq('f', 'abc'), 'abc'],
  [eq('f', '5'), 'five$'],
  [ne('f', null), allBut('null')],
  [ne('f', true), allBut('true')],
  [ne('f', 5), allBut('five')],
  [{ op: 'ne', field: 'f', value: Number.NaN }, everything],
  [ne('f', 'abc'), allBut('abc')],
  [lt('f', 9), 'zero five'],
  [{ op: 'lte', field: 'f', value: 5 }, 'zero five'],
  [gt('f', 0), 'five nine'],
  [{ op: 'gte', field: 'f', value: 5 }, 'five nine'],
  [lt('f', 'abd'), 'empty abc five$'],
  [{ op: 'lte', field: 'f', value: 'abc' }, 'empty abc five$'],
  [gt('f', 'abc'), 'abd'],
  [{ op: 'gte', field: 'f', value: 'abc' }, 'abc abd'],
  [{ op: 'gte', field: 'f', value: '' }, 'empty abc abd five$'],
  [{ op: 'lt', field: 'f', value: Number.NaN }, ''],
  [{ op: 'gte', field: 'f', value: Number.NaN }, ''],
  [{ op: 'lt', field: 'f', value: Number.POSITIVE_INFINITY }, 'zero five nine'],
  [oneOf('f', []), ''],
  [oneOf('f', ['abc', 5, null]), 'null five abc'],
  [oneOf('f', [true, '5']), 'true five$'],
  [{ op: 'in', field: 'f', values: [Number.NaN, 0] }, 'zero'],
  [notOneOf('f', []), everything],
  [notOneOf('f', ['abc', 5, null]), allBut('null five abc')],
  [{ op: 'notIn', field: 'f', values: [Number.NaN] }, everything],
  [{ op: 'startsWith', field: 'f', value: 'ab' }, 'abc abd'],
  [{ op: 'startsWith', field: 'f', value: '' }, 'empty abc abd five$'],
  [{ op: 'startsWith', field: 'f', value: 'Ab' }, ''],
  [{ op: 'includes', field: 'f', value: 'b' }, 'abc abd'],
  [{ op: 'includes', field: 'f', value: '' }, 'empty abc abd five$'],
  [{ op: 'includes', field: 'f', value: 'x' }, ''],
  [has('f', 'abc'), 'list'],
  [has('f', 5), 'numbers'],
  [has('f', '5'), ''],
  [{ op: 'has', field: 'f', value: Number.NaN }, ''],
  [exists('f'), allBut('missing')],
  [not(exists('f')), 'missing'],
  [not(eq('f', 5)), allBut('five')],
  [not(lt('f', 9)), allBut('zero five')],
  [not(has('f', 5)), allBut('numbers')],
  [and(), everything],
  [or(), ''],
  [not(and()), ''],
  [and(gt('f', 0), lt('f', 9)), 'five'],
  [or(eq('f', null), has('f', 'x')), 'null list'],
]

describe.each([
  ['matchesFilter', matchesFilter],
  ['compileFilter', (filter: Filter, metadata: Metadata) => compileFilter(filter)(metadata)],
])('%s', (_name, matches) => {
  it.each(table.map(([filter, expected]) => [JSON.stringify(filter), filter, expected] as const))(
    '%s',
    (_json, filter, expected) => {
      const matching = labels.filter((label) => {
        const value = fieldValues[label]
        return matches(filter, value === undefined ? { other: 'abc' } : { f: value, other: 'abc' })
      })
      expect(matching.join(' ')).toBe(expected)
    },
  )

  it('sees own properties only', () => {
    for (const field of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(matches({ op: 'exists', field }, {})).toBe(false)
      expect(matches({ op: 'ne', field, value: 'x' }, {})).toBe(true)
    }
    const own: Metadata = JSON.parse('{"__proto__":"x","constructor":"y"}')
    expect(matches({ op: 'eq', field: '__proto__', value: 'x' }, own)).toBe(true)
    expect(matches(eq('constructor', 'y'), own)).toBe(true)
    const inherited: Metadata = Object.create({ f: 5 })
    expect(matches(eq('f', 5), inherited)).toBe(false)
    const bare: Metadata = Object.assign(Object.create(null), { f: 5 })
    expect(matches(eq('f', 5), bare)).toBe(true)
  })

  it('counts a field that is undefined as missing', () => {
    const metadata: Metadata = Object.create({}, { f: { value: undefined, enumerable: true } })
    expect(matches(exists('f'), metadata)).toBe(false)
    expect(matches(ne('f', 5), metadata)).toBe(true)
  })

  it('compares strings by UTF-16 code unit', () => {
    // U+FF5E sorts after U+1F600 by code unit and before it by code point.
    expect(matches(lt('f', '\uff5e'), { f: '😀' })).toBe(true)
    expect(matches(lt('f', '2024-10-01'), { f: '2024-09-30' })).toBe(true)
    expect(matches(lt('f', 'a'), { f: 'Z' })).toBe(true)
  })

  it('finds a value in a list too long to search one by one', () => {
    const values = [...Array.from({ length: 50 }, (_, index) => index), 'abc', null, Number.NaN]
    const long: Filter = { op: 'in', field: 'f', values }
    expect([0, -0, 49, 'abc', null].every((f) => matches(long, { f }))).toBe(true)
    expect([50, '0', false, '', Number.NaN].some((f) => matches(long, { f }))).toBe(false)
    expect(matches(long, {})).toBe(false)
    expect(matches({ op: 'notIn', field: 'f', values }, { f: Number.NaN })).toBe(true)
    expect(matches({ op: 'notIn', field: 'f', values }, {})).toBe(true)
  })
})
