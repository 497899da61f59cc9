import { describe, expect, it } from 'vitest'
import { and, eq, exists, lt, ne, not, notOneOf, oneOf, or } from './build.js'
import type { Filter } from './filter.js'
import { filterFields } from './fold.js'
import { placeholder } from './placeholder.js'
import { simplifyFilter } from './simplify.js'

const a = eq('a', 1)
const b = exists('b')
const c = lt('c', 5)

describe('simplifyFilter', () => {
  it.each<[string, Filter, Filter]>([
    ['a list of one', and(a), a],
    ['lists of one in each other', or(and(or(b))), b],
    ['and in and', and(a, and(b, and(c))), and(a, b, c)],
    ['or in or', or(or(a, b), c), or(a, b, c)],
    ['or in and stays', and(a, or(b, c)), and(a, or(b, c))],
    ['not not', not(not(b)), b],
    ['not not not', not(not(not(b))), not(b)],
    ['not eq and not ne', and(not(eq('a', 1)), not(ne('b', 2))), and(ne('a', 1), eq('b', 2))],
    ['not in', not(oneOf('a', [1, 2])), notOneOf('a', [1, 2])],
    ['not lt stays: it also holds where the field is missing', not(c), not(c)],
    ['in of one value', oneOf('a', [1]), eq('a', 1)],
    ['notIn of one value', notOneOf('a', [1]), ne('a', 1)],
    ['in of no value', oneOf('a', []), or()],
    ['notIn of no value', notOneOf('a', []), and()],
    ['true in and', and(a, and()), a],
    ['false in and', and(a, or(), b), or()],
    ['false in or', or(a, or()), a],
    ['true in or', or(a, and(), b), and()],
    ['not true', not(and()), or()],
    ['not false', not(or()), and()],
    ['only constants', and(or(and(), or()), not(or())), and()],
    [
      'a list of one placeholder, which may become many',
      oneOf('a', [placeholder('x')]),
      oneOf('a', [placeholder('x')]),
    ],
    [
      'a negated placeholder, which matches nothing',
      not(eq('a', placeholder('x'))),
      not(eq('a', placeholder('x'))),
    ],
  ])('%s', (_name, filter, expected) => {
    expect(simplifyFilter(filter)).toEqual(expected)
  })
})

describe('filterFields', () => {
  it('lists each field once, in order of first appearance', () => {
    expect(filterFields(or(not(c), and(a, c), b, oneOf('a', [])))).toEqual(['c', 'a', 'b'])
    expect(filterFields(and())).toEqual([])
  })
})
