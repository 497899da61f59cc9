import { describe, expect, it } from 'vitest'
import { isRagError } from '../errors.js'
import { type BindFilterOptions, bindFilter, type FilterValues } from './bind.js'
import { and, eq, exists, gt, has, includes, lte, ne, not, notOneOf, oneOf, or, startsWith } from './build.js'
import type { Filter } from './filter.js'
import { compileFilter, matchesFilter } from './matches.js'
import { placeholder, readPlaceholder } from './placeholder.js'

const a = eq('a', placeholder('a'))
const b = eq('b', 'B')
const c = eq('c', 'C')

describe('placeholder', () => {
  it('is told from every ordinary value', () => {
    expect(readPlaceholder(placeholder('age'))).toEqual({ name: 'age', required: false })
    expect(readPlaceholder(placeholder('age?!', { required: true }))).toEqual({
      name: 'age?!',
      required: true,
    })
    for (const value of [
      '',
      'age',
      '<UNKNOWN>',
      '{{age}}',
      '\0',
      '\0placeholder',
      '\0placeholder:x',
      null,
      5,
    ])
      expect(readPlaceholder(value)).toBeUndefined()
    expect(() => placeholder('')).toThrow('`name` must be a non-empty string')
  })

  it('survives JSON, so that a template can be stored', () => {
    expect(bindFilter(JSON.parse(JSON.stringify(a)), { a: 1 })).toEqual(eq('a', 1))
  })
})

describe('bindFilter with every value given', () => {
  const p = placeholder('v')
  it.each<[string, Filter, FilterValues[string], Filter]>([
    ['eq', eq('f', p), 'x', eq('f', 'x')],
    ['eq with null', eq('f', p), null, eq('f', null)],
    ['eq with a list', eq('f', p), ['x', 'y'], oneOf('f', ['x', 'y'])],
    ['eq with an empty list', eq('f', p), [], oneOf('f', [])],
    ['ne', ne('f', p), false, ne('f', false)],
    ['ne with a list', ne('f', p), [1, 2], notOneOf('f', [1, 2])],
    ['gt', gt('f', p), 18, gt('f', 18)],
    ['lte with a date', lte('f', p), '2024-01-31', lte('f', '2024-01-31')],
    ['in with one value', oneOf('f', [p]), 'x', oneOf('f', ['x'])],
    ['in with a list', oneOf('f', ['w', p, 'z']), ['x', 'y'], oneOf('f', ['w', 'x', 'y', 'z'])],
    ['notIn with a list', notOneOf('f', [p]), [1, 2], notOneOf('f', [1, 2])],
    ['has', has('f', p), 3, has('f', 3)],
    ['has with a list', has('f', p), ['x', 'y'], or(has('f', 'x'), has('f', 'y'))],
    ['startsWith', startsWith('f', p), 'x', startsWith('f', 'x')],
    ['startsWith with a list', startsWith('f', p), ['x'], or(startsWith('f', 'x'))],
    ['includes with a list', includes('f', p), [], or()],
    ['a clause without placeholder', exists('f'), 'x', exists('f')],
    ['a literal that only looks unknown', eq('f', 'unknown'), 'x', eq('f', 'unknown')],
  ])('%s', (_name, template, value, expected) => {
    expect(bindFilter(template, { v: value })).toEqual(expected)
  })

  it.each<[string, Filter, FilterValues[string]]>([
    ['gt with a list', gt('f', p), [1, 2]],
    ['gt with null', gt('f', p), null],
    ['lte with a boolean', lte('f', p), true],
    ['startsWith with a number', startsWith('f', p), 5],
    ['includes with mixed lists', includes('f', p), [5]],
    ['has with a boolean', has('f', p), true],
    ['eq with NaN', eq('f', p), Number.NaN],
    ['in with NaN', oneOf('f', [p]), [1, Number.NaN]],
  ])('refuses %s', (_name, template, value) => {
    for (const missing of ['error', 'drop', 'keep'] as const) {
      expect(() => bindFilter(template, { v: value }, { missing })).toThrow(
        /placeholder "v" in `\w+` on field "f"/,
      )
    }
  })

  it('shares a template between requests without mixing their values', () => {
    const template = and(a, not(oneOf('n', [placeholder('n')])))
    const before = JSON.stringify(template)
    const first = bindFilter(template, { a: 1, n: ['x'] })
    const second = bindFilter(template, { a: 2, n: 'y' })
    expect(first).toEqual(and(eq('a', 1), not(oneOf('n', ['x']))))
    expect(second).toEqual(and(eq('a', 2), not(oneOf('n', ['y']))))
    expect(JSON.stringify(template)).toBe(before)
  })

  it('never looks for placeholders in values: one smuggled in matches nothing', () => {
    const smuggled = bindFilter(a, { a: placeholder('secret'), secret: 's' })
    expect(matchesFilter(smuggled, { a: 's' })).toBe(false)
    expect(matchesFilter(smuggled, { a: placeholder('secret') })).toBe(false)
  })

  it('reads own values only', () => {
    expect(() => bindFilter(eq('f', placeholder('constructor')), {})).toThrow(
      'No value for placeholder "constructor"',
    )
  })
})

describe('bindFilter with a value missing', () => {
  it('throws by default and names placeholder, op and field', () => {
    expect(() => bindFilter(and(b, a), {})).toThrow('No value for placeholder "a" in `eq` on field "a"')
    expect(() => bindFilter(a, { a: undefined }, { missing: 'error' })).toThrow('placeholder "a"')
    try {
      bindFilter(a, {})
    } catch (error) {
      expect(isRagError(error, 'invalid-argument') && error.details).toEqual({ argument: 'a', field: 'a' })
    }
  })

  it.each<[string, Filter, Filter]>([
    ['the only clause: true', a, and()],
    ['a part of and', and(a, b), and(b)],
    ['all parts of and', and(a, a), and()],
    ['an and that was empty stays', and(and(), a), and(and())],
    ['a part of or: the or', or(a, b), and()],
    ['a part of or in and: the or', and(or(a, b), c), and(c)],
    ['a not', and(not(a), c), and(c)],
    ['a not around not', and(not(not(a)), c), and(c)],
    ['a part of and in or: from that and', or(and(a, b), c), or(and(b), c)],
    ['a part of and in not: from that and', not(and(a, b)), not(and(b))],
    ['all of an and in or: the or', and(or(and(a), b), c), and(c)],
    ['all of an and in not: the not', and(not(and(a)), c), and(c)],
    ['one of several list values: the clause', and(oneOf('f', ['x', placeholder('a')]), c), and(c)],
    ['an or that was empty stays', and(or(), a), and(or())],
  ])("'drop' removes %s", (_name, template, expected) => {
    expect(bindFilter(template, {}, { missing: 'drop' })).toEqual(expected)
  })

  it.each<[string, Filter]>([
    ['eq', a],
    ['ne', ne('a', placeholder('a'))],
    ['not eq', not(a)],
    ['not ne', not(ne('a', placeholder('a')))],
    ['notIn', notOneOf('a', ['x', placeholder('a')])],
    ['not in', not(oneOf('a', ['x', placeholder('a')]))],
    ['gt', gt('a', placeholder('a'))],
    ['and', and(b, a)],
    ['not or', not(or(c, a))],
    ['not not', not(not(a))],
  ])("'keep' leaves %s, and it matches nothing", (_name, template) => {
    const kept = bindFilter(template, {}, { missing: 'keep' })
    expect(kept).toEqual(template)
    for (const metadata of [{}, { a: 1, b: 'B' }, { a: 'x', b: 'B' }, { a: placeholder('a'), b: 'B' }]) {
      expect(matchesFilter(kept, metadata)).toBe(false)
      expect(compileFilter(kept)(metadata)).toBe(false)
    }
  })

  it("'keep' leaves the rest of an or alone, and the placeholder can be filled in later", () => {
    const kept = bindFilter(or(a, b), {}, { missing: 'keep' })
    expect(matchesFilter(kept, { b: 'B' })).toBe(true)
    expect(matchesFilter(bindFilter(kept, { a: 1 }), { a: 1 })).toBe(true)
  })

  it('never drops or keeps a required clause', () => {
    const secured = and(eq('tenant', placeholder('tenant', { required: true })), a)
    for (const missing of ['error', 'drop', 'keep'] as const) {
      expect(() => bindFilter(secured, { a: 1 }, { missing })).toThrow('required placeholder "tenant"')
    }
    expect(bindFilter(secured, { tenant: 't' }, { missing: 'drop' })).toEqual(and(eq('tenant', 't')))
    const list = oneOf('tenant', [placeholder('optional'), placeholder('tenant', { required: true })])
    expect(() => bindFilter(list, {}, { missing: 'drop' })).toThrow('required placeholder "tenant"')
  })

  it('checks its arguments', () => {
    const wrong: BindFilterOptions = JSON.parse('{"missing":"ignore"}')
    expect(() => bindFilter(a, {}, wrong)).toThrow('`missing` must be one of "error", "drop", "keep"')
    expect(() => bindFilter(a, JSON.parse('null'))).toThrow('`values` must be an object, got null')
  })
})
