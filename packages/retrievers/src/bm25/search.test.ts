import { Bitset } from '@tesserae/core'
import { type Random, seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { universalAnalyzer } from '../analysis/universal.js'
import { bm25Index } from './bm25-index.js'
import type { Bm25Index } from './bm25-options.js'

/** More than one window of documents. */
const COUNT = 20_000
const vocabulary = Array.from({ length: 3000 }, (_, i) => `t${i.toString(36)}`)

/** Words by Zipf's law: the first stand in almost every text, most in a few. */
function words(random: Random, count: number): string[] {
  return Array.from({ length: count }, () => vocabulary[Math.floor(3000 ** random()) - 1]!)
}

function text(random: Random): string {
  const list = words(random, random.integer(2, 25))
  // Frequencies past what four bits hold, and past what six do.
  if (random.chance(0.01)) list.push(...new Array<string>(random.integer(14, 80)).fill(vocabulary[0]!))
  return list.join(' ')
}

/** The same search without a threshold to skip by: the limit takes in all documents. */
function expectSameAsAll(index: Bm25Index, query: string, filter?: Bitset): void {
  const all = index.search(query, { limit: COUNT * 2, filter })
  for (const limit of [1, 3, 10, 100]) {
    const hits = index.search(query, { limit, filter })
    expect([...hits.ordinals]).toEqual([...all.ordinals.subarray(0, limit)])
    expect([...hits.scores]).toEqual([...all.scores.subarray(0, limit)])
  }
}

describe('skipping in many documents', () => {
  it('changes no hit and no bit of a score, while documents come, change and go', () => {
    const random = seededRandom(5)
    const texts: (string | undefined)[] = Array.from({ length: COUNT }, () => text(random))
    const index = bm25Index({ analyzer: universalAnalyzer() })
    for (const [ordinal, one] of texts.entries()) index.set(ordinal, one!)
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 25; i++) {
        const filter = i % 3 === 0 ? new Bitset() : undefined
        if (filter !== undefined)
          for (let ordinal = 0; ordinal < COUNT; ordinal++) if (random.chance(0.3)) filter.add(ordinal)
        expectSameAsAll(index, words(random, random.integer(2, 9)).join(' '), filter)
      }
      for (let i = 0; i < 400; i++) {
        const ordinal = random.integer(0, COUNT + 500)
        if (random.chance(0.4)) {
          index.delete(ordinal)
          texts[ordinal] = undefined
        } else {
          texts[ordinal] = text(random)
          index.set(ordinal, texts[ordinal])
        }
      }
    }
    const fresh = bm25Index({ analyzer: universalAnalyzer() })
    for (const [ordinal, one] of texts.entries()) if (one !== undefined) fresh.set(ordinal, one)
    for (const compacted of [false, true]) {
      if (compacted) index.compact()
      for (let i = 0; i < 20; i++) {
        const query = words(random, random.integer(1, 9)).join(' ')
        const hits = index.search(query, { limit: 20 })
        const expected = fresh.search(query, { limit: 20 })
        expect([...hits.ordinals]).toEqual([...expected.ordinals])
        expect([...hits.scores]).toEqual([...expected.scores])
      }
    }
  })

  it('changes nothing where weighted fields count in large units', () => {
    const random = seededRandom(7)
    const fields = { title: { weight: 2.55 }, body: { weight: 0.35 } }
    const index = bm25Index({ analyzer: universalAnalyzer(), fields })
    for (let ordinal = 0; ordinal < COUNT; ordinal++)
      index.set(ordinal, { title: words(random, 3).join(' '), body: text(random) })
    for (let i = 0; i < 15; i++) expectSameAsAll(index, words(random, random.integer(2, 7)).join(' '))
  })

  it('explains the scores of hits whose terms were looked up, to the last bit', () => {
    const random = seededRandom(6)
    const index = bm25Index({ analyzer: universalAnalyzer() })
    for (let ordinal = 0; ordinal < COUNT; ordinal++) index.set(ordinal, text(random))
    for (let i = 0; i < 20; i++) {
      const query = words(random, 7).join(' ')
      const { ordinals, scores } = index.search(query, { limit: 10 })
      for (const [rank, ordinal] of ordinals.entries())
        expect(Math.fround(index.explain(query, ordinal).value)).toBe(scores[rank])
    }
  })

  it('scores documents of more lengths than bytes tell, before and after they change', () => {
    const random = seededRandom(8)
    const index = bm25Index({ analyzer: universalAnalyzer() })
    const long = (ordinal: number) => words(random, 1 + ((ordinal * 7) % 900)).join(' ')
    for (let ordinal = 0; ordinal < 1500; ordinal++) index.set(ordinal, long(ordinal))
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 10; i++) {
        const query = words(random, 5).join(' ')
        const { ordinals, scores } = index.search(query, { limit: 1500 })
        expect(ordinals.length).toBeGreaterThan(0)
        for (const [rank, ordinal] of ordinals.entries())
          expect(Math.fround(index.explain(query, ordinal).value)).toBe(scores[rank])
        expectSameAsAll(index, query)
      }
      for (let ordinal = 0; ordinal < 300; ordinal += 2) index.set(ordinal, long(ordinal + 11))
      for (let ordinal = 1; ordinal < 300; ordinal += 2) index.delete(ordinal)
    }
  })

  it('ranks equal scores by ordinal, in whatever order documents came', () => {
    const index = bm25Index({ analyzer: universalAnalyzer() })
    const expectLowest = (lowest: number[]) =>
      expect([...index.search('one two', { limit: 3 }).ordinals]).toEqual(lowest)
    for (let ordinal = 10; ordinal < 500; ordinal++) index.set(ordinal, 'one two three')
    expectLowest([10, 11, 12])
    index.set(11, 'one two three')
    expectLowest([10, 11, 12])
    index.set(4, 'one two three')
    index.set(499, 'one two three')
    expectLowest([4, 10, 11])
    index.delete(10)
    index.compact()
    expectLowest([4, 11, 12])
  })
})
