import { describe, expect, it } from 'vitest'
import { parseBoundaries } from './parse-boundaries.js'

describe('parseBoundaries', () => {
  it.each([
    ['{"begins": [1, 4, 9]}', [1, 4, 9]],
    ['[1,4,9]', [1, 4, 9]],
    ['```json\n{\n  "begins": [\n    1,\n    4\n  ]\n}\n```', [1, 4]],
    ['Sure! The passages begin at [2, 5]. Anything else?', [2, 5]],
    ['{"begins": ["1", "4"]}', [1, 4]],
    ['[1, 4,]', [1, 4]],
    ['[]', []],
    ['{"begins": []}', []],
    ['First I thought [1, 2, 3], but it is [1, 7].', [1, 7]],
    ['<think>[1, 2]</think>[3]', [3]],
    ['Pieces [a] and [b] belong together: [5]', [5]],
  ])('reads %j', (answer, expected) => {
    expect(parseBoundaries(answer, 1, 10)).toEqual(expected)
  })

  it.each([
    ['', 'nothing'],
    ['I am sorry, I cannot do that.', 'a refusal'],
    ['1, 4, 9', 'no array'],
    ['[4, 1]', 'descending'],
    ['[4, 4]', 'a repeat'],
    ['[0, 4]', 'below the range'],
    ['[1, 11]', 'above the range'],
    ['[1.5]', 'a fraction'],
    ['[-1, 3]', 'negative'],
    ['[1, null]', 'null'],
    ['[1, 4', 'cut off'],
    ['[99999999999999999999]', 'huge'],
    ['<think>[1, 2]', 'only thought'],
  ])('refuses %j: %s', (answer) => {
    expect(parseBoundaries(answer, 1, 10)).toBeUndefined()
  })

  it('reads a long answer in linear time', () => {
    expect(parseBoundaries('['.repeat(1_000_000), 1, 10)).toBeUndefined()
    expect(parseBoundaries(`[${'1,'.repeat(500_000)}`, 1, 10)).toBeUndefined()
    expect(parseBoundaries('<think>'.repeat(100_000), 1, 10)).toBeUndefined()
  })
})
