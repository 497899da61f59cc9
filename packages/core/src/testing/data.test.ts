import { describe, expect, it } from 'vitest'
import type { Filter } from '../filter/filter.js'
import { matchesFilter } from '../filter/matches.js'
import {
  commonWord,
  inventedWords,
  randomChunks,
  randomFilter,
  randomMetadata,
  randomUnitVector,
} from './data.js'
import { seededRandom } from './random.js'
import { vectorLength } from './vectors.js'

function operators(filter: Filter): string[] {
  if (filter.op === 'and' || filter.op === 'or') return [filter.op, ...filter.filters.flatMap(operators)]
  return filter.op === 'not' ? [filter.op, ...operators(filter.filter)] : [filter.op]
}

describe('randomFilter and randomMetadata', () => {
  it('use every operator, and match neither always nor never', () => {
    const random = seededRandom(1)
    const told = new Set<string>()
    for (let trial = 0; trial < 2000; trial += 1) {
      const filter = randomFilter(random)
      const passes = matchesFilter(filter, randomMetadata(random))
      if (operators(filter).length === 1) told.add(`${filter.op} ${passes}`)
    }
    for (const op of [
      'eq',
      'ne',
      'lt',
      'lte',
      'gt',
      'gte',
      'in',
      'notIn',
      'startsWith',
      'includes',
      'has',
      'exists',
    ])
      for (const passes of [true, false]) expect(told).toContain(`${op} ${passes}`)
  })

  it('keep to the depth', () => {
    const depth = (filter: Filter): number =>
      filter.op === 'and' || filter.op === 'or'
        ? 1 + Math.max(0, ...filter.filters.map(depth))
        : filter.op === 'not'
          ? 1 + depth(filter.filter)
          : 0
    const random = seededRandom(2)
    const depths = Array.from({ length: 300 }, () => depth(randomFilter(random, 2)))
    expect(Math.max(...depths)).toBe(2)
  })

  it('make values of every type', () => {
    const random = seededRandom(3)
    const values = Array.from({ length: 200 }, () => Object.values(randomMetadata(random))).flat(1)
    const kinds = new Set<string>()
    for (const value of values) {
      kinds.add(value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value)
      for (const item of Array.isArray(value) ? value : []) kinds.add(`list of ${typeof item}`)
    }
    expect([...kinds].toSorted()).toEqual([
      'boolean',
      'list',
      'list of number',
      'list of string',
      'null',
      'number',
      'string',
    ])
  })
})

describe('randomChunks', () => {
  const chunks = randomChunks(seededRandom(4), 50)

  it('are consistent: unique ids, offsets that fit, positions that count up in each document', () => {
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(50)
    for (const { start, end, text } of chunks) expect(end - start).toBe(text.length)
    for (const documentId of new Set(chunks.map((chunk) => chunk.documentId))) {
      const own = chunks.filter((chunk) => chunk.documentId === documentId)
      expect(own.map(({ index }) => index)).toEqual(own.map((_, index) => index))
      for (const [index, { start }] of own.entries())
        if (index > 0) expect(start).toBeGreaterThan(own[index - 1]!.end)
    }
  })

  it('all hold the common word, which is not among the invented ones', () => {
    for (const { text } of chunks) expect(text.split(' ')[0]).toBe(commonWord)
    expect(inventedWords).not.toContain(commonWord)
  })
})

it('randomUnitVector has unit length and finite numbers', () => {
  const random = seededRandom(5)
  for (const dimensions of [1, 2, 7, 100]) {
    const vector = randomUnitVector(random, dimensions)
    expect(vector.length).toBe(dimensions)
    expect(vectorLength(vector)).toBeCloseTo(1, 5)
  }
})
