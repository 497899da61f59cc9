import { describe, expect, it } from 'vitest'
import type { Explanation } from '../lexical-index.js'
import { checkExplanation, explanationNodes } from './explanation.js'

const node = (value: number, description: string, ...details: Explanation[]): Explanation => ({
  value,
  description,
  details,
})

describe('checkExplanation', () => {
  const x = node(3, 'x, a number')
  const longer = node(4, 'x of y')

  it('accepts what its formula makes of the details', () => {
    for (const tree of [
      node(7, 'both = sum', x, longer),
      node(7, 'sum over two numbers', x, longer),
      node(4, '"a: b = c": largest', x, longer),
      node(12, '"leg" = x × x of y', x, longer),
      node(-1, 'difference: x − x of y', x, longer),
      node(0.75, 'share = x / x of y', x, longer),
      node(81, 'power = x ^ x of y', x, longer),
      node(5, 'length = √(x × x + x of y · x of y)', x, longer),
      node(Math.log(4), 'log = ln(1 + x)', x),
      node(1, 'scaled = (x - 1) / (2 - 1), cut to 0 and 1', x),
      node(-3, 'turned = -x', x),
      node(3, 'same: x, its weight inside', x),
      node(1e-7, 'small = 1e-7 × x / 3', x),
      node(28, 'side by side = (x + x of y) x of y', x, longer),
      node(3, 'kept: unchanged', x),
      node(2, 'hits = count', x, longer),
      node(2.5 * 3 + 4, 'f, sum of weight × times', node(3, 'times in "title" × 2.5'), node(4, 'times × 1')),
      node(2 ** -20, 'idf = ln(x / x), at least 2⁻²⁰', x),
      node(3.5 * 2, 'tf = (c + 2) x of y / 2, c = x / (1 + 1)', x, longer),
      node(2, 'a number that was used'),
    ])
      expect(() => checkExplanation(tree), tree.description).not.toThrow()
  })

  it('throws at any depth where another number stands, or nothing is stated', () => {
    for (const [tree, why] of [
      [node(8, 'both = sum', x, longer), 'make 7'],
      [node(7 + 1e-7, 'both = sum', x, longer), 'make 7'],
      [node(3, 'same = x', node(3, 'x = sum', node(1, 'one'), node(1, 'other'))), 'make 2'],
      [node(3, 'placed by the retriever', x), 'states no formula'],
      [node(3, 'unknown = z', x), 'none of its details'],
      [node(3, 'open = (x', x), 'left open'],
      [node(3, 'end = x)', x), 'ends in'],
      [node(3, 'words = x and more', x), 'none of its details'],
      [node(3, 'kept: unchanged', x, longer), 'several details'],
      [node(Number.NaN, 'none'), 'no finite number'],
      [node(3, ' '), 'no description'],
    ] as const)
      expect(() => checkExplanation(tree), tree.description).toThrow(why)
  })

  it('takes a tolerance', () => {
    expect(() => checkExplanation(node(7.01, 'both = sum', x, longer), 0.01)).not.toThrow()
  })
})

it('explanationNodes are the tree, top first', () => {
  const tree = node(3, 'a = b', node(3, 'b = c', node(3, 'c')))
  expect(explanationNodes(tree).map(({ description }) => description)).toEqual(['a = b', 'b = c', 'c'])
})
