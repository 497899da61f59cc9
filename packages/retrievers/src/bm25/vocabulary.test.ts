import { seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { editDistance } from './edit-distance.js'
import { StringTable } from './string-table.js'
import { Vocabulary } from './vocabulary.js'

function tableOf(words: Iterable<string>): StringTable {
  const table = new StringTable()
  for (const word of words) table.intern(word, 0, word.length)
  return table
}

/** Words over few letters, so that many are close, with strange code units among them. */
function randomWord(random: ReturnType<typeof seededRandom>): string {
  return Array.from({ length: random.integer(1, 9) }, () =>
    random.pick(['a', 'b', 'c', 'é', '\ud83d', '東']),
  ).join('')
}

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['retrieval', 'retreival', 1],
    ['ca', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['ab', 'ba', 1],
    ['abcd', 'badc', 2],
    ['a'.repeat(1000), 'a'.repeat(1001), 1],
  ])('of %s and %s is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance)
    expect(editDistance(b, a)).toBe(distance)
  })
})

describe('Vocabulary', () => {
  it('finds the terms that comparing with every term finds', () => {
    const random = seededRandom(2)
    const words = new Set(Array.from({ length: 3000 }, () => randomWord(random)))
    const table = tableOf(words)
    const vocabulary = new Vocabulary(table)
    for (let round = 0; round < 60; round++) {
      const word = round % 2 === 0 ? random.pick([...words]) : randomWord(random)
      const maxEdits = random.integer(0, 2)
      const prefixLength = random.integer(0, 3)
      const expected = [...words]
        .filter((other) => other.startsWith(word.slice(0, prefixLength)))
        .map((other) => ({ other, edits: editDistance(word, other) }))
        .filter(({ edits }) => edits <= maxEdits)
        .sort((x, y) => (x.other < y.other ? -1 : 1))
      const close = vocabulary.closeTo(word, maxEdits, prefixLength)
      expect(close.map(({ term, edits }) => ({ other: table.text(term), edits }))).toEqual(expected)
      for (const { term, length } of close) expect(table.text(term).length).toBe(length)
    }
  })

  it('finds the terms with a prefix, in order, and those added later', () => {
    const random = seededRandom(3)
    const words = new Set<string>()
    const table = tableOf(words)
    const vocabulary = new Vocabulary(table)
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 60; i++) {
        const word = randomWord(random)
        words.add(word)
        table.intern(word, 0, word.length)
      }
      const prefix = randomWord(random).slice(0, random.integer(0, 3))
      const expected = [...words].filter((word) => word.startsWith(prefix)).sort()
      expect([...vocabulary.withPrefix(prefix)].map((term) => table.text(term))).toEqual(expected)
    }
  })

  it('takes long words and long terms without harm', () => {
    const table = tableOf(['a'.repeat(60_000), 'a'.repeat(250), 'a'.repeat(251), 'abc'])
    const vocabulary = new Vocabulary(table)
    expect(vocabulary.closeTo('a'.repeat(60_000), 2, 0)).toEqual([])
    expect(vocabulary.closeTo('a'.repeat(249), 2, 1).map(({ edits }) => edits)).toEqual([1, 2])
    expect(vocabulary.closeTo('', 2, 0)).toEqual([])
    expect(new Vocabulary(new StringTable()).closeTo('abc', 2, 1)).toEqual([])
    expect([...new Vocabulary(new StringTable()).withPrefix('a')]).toEqual([])
  })
})
