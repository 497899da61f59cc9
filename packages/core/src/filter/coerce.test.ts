import { describe, expect, it } from 'vitest'
import { isRagError } from '../errors.js'
import { and, eq, exists, gt, has, includes, lt, ne, not, notOneOf, oneOf, or, startsWith } from './build.js'
import { coerceFilter, type FieldTypes } from './coerce.js'
import type { Filter } from './filter.js'
import { matchesFilter } from './matches.js'
import { placeholder } from './placeholder.js'

const types: FieldTypes = { age: 'number', open: 'boolean', zip: 'string' }

describe('coerceFilter', () => {
  it('is needed: without it values of another type never match', () => {
    const asked = and(eq('age', '35'), eq('open', 'true'), eq('zip', 8001))
    const metadata = { age: 35, open: true, zip: '8001' }
    expect(matchesFilter(asked, metadata)).toBe(false)
    expect(matchesFilter(coerceFilter(asked, types), metadata)).toBe(true)
  })

  it.each<[string, Filter, Filter]>([
    ['numbers', eq('age', '35'), eq('age', 35)],
    [
      'signs, fractions and exponents',
      oneOf('age', ['-1', '+2.50', '.5', '1e3', '7.']),
      oneOf('age', [-1, 2.5, 0.5, 1000, 7]),
    ],
    ['booleans', ne('open', 'false'), ne('open', false)],
    ['strings', oneOf('zip', [8001, true, 'x']), oneOf('zip', ['8001', 'true', 'x'])],
    ['comparisons', gt('age', '18'), gt('age', 18)],
    ['elements of lists', has('age', '3'), has('age', 3)],
    ['null, which every type has', eq('age', null), eq('age', null)],
    ['fields not listed', eq('other', '35'), eq('other', '35')],
    ['placeholders', eq('age', placeholder('age')), eq('age', placeholder('age'))],
    ['clauses without value', exists('age'), exists('age')],
    ['text operators on strings', startsWith('zip', '80'), startsWith('zip', '80')],
    ['every level', or(not(and(notOneOf('age', ['1'])))), or(not(and(notOneOf('age', [1]))))],
  ])('converts or leaves %s', (_name, filter, expected) => {
    expect(coerceFilter(filter, types)).toEqual(expected)
  })

  it.each<[string, Filter]>([
    ['a word for a number', eq('age', 'old')],
    ['an empty string for a number', eq('age', '')],
    ['blanks around a number', eq('age', ' 35')],
    ['hexadecimal', eq('age', '0x10')],
    ['a number too large', eq('age', '1e999')],
    ['a boolean for a number', eq('age', true)],
    ['one wrong value in a list', oneOf('age', ['1', 'two'])],
    ['a number for a boolean', eq('open', 1)],
    ['another word for true', eq('open', 'yes')],
    ['a comparison of booleans', lt('open', 'true')],
    ['a boolean element', has('open', 'true')],
    ['a prefix of a number', startsWith('age', '3')],
    ['a part of a boolean', includes('open', 'tr')],
  ])('refuses %s', (_name, filter) => {
    let caught: unknown
    try {
      coerceFilter(filter, types)
    } catch (error) {
      caught = error
    }
    expect(isRagError(caught, 'invalid-argument') && caught.details.argument).toBe('filter')
    expect((caught as Error).message).toMatch(/on field "(age|open)" must be/)
  })

  it('uses own entries of the types only, and checks them', () => {
    expect(coerceFilter(eq('constructor', '1'), {})).toEqual(eq('constructor', '1'))
    const wrong: FieldTypes = JSON.parse('{"age":"integer"}')
    expect(() => coerceFilter(eq('age', '1'), wrong)).toThrow('`types.age` must be one of')
  })
})
