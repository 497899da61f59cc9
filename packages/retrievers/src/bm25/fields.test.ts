import { isRagError } from '@tesserae/core'
import { lexicalIndexLaws, seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { universalAnalyzer } from '../analysis/universal.js'
import { bm25Index } from './bm25-index.js'
import { type Bm25Variant, bm25Variants, termFrequency } from './formula.js'

const analyzer = universalAnalyzer()
const words = Array.from({ length: 60 }, (_, i) => `w${'abcdefghij'[i % 10]}${'klmnop'[Math.floor(i / 10)]}`)

interface Weights {
  readonly [field: string]: number
}
type Texts = { readonly [field: string]: string }

/** BM25F from its paper: weighted frequencies and lengths, then one formula. Lucene's idf. */
function referenceScores(documents: readonly Texts[], weights: Weights, query: string): number[] {
  const counted = documents.map((texts) => {
    const counts = new Map<string, number>()
    let length = 0
    for (const [field, text] of Object.entries(texts)) {
      for (const word of text.split(' ').filter((part) => part !== '')) {
        counts.set(word, (counts.get(word) ?? 0) + weights[field]!)
        length += weights[field]!
      }
    }
    return { counts, length }
  })
  const average = counted.reduce((sum, { length }) => sum + length, 0) / documents.length
  return counted.map(({ counts, length }) => {
    let score = 0
    for (const term of query.split(' ')) {
      const n = counted.filter((other) => other.counts.has(term)).length
      const f = counts.get(term) ?? 0
      if (f === 0) continue
      const parameters = { variant: 'lucene', k1: 1.2, b: 0.75, delta: 1, unit: 1 } as const
      const tf = termFrequency(parameters, f, 0.25 + (0.75 * length) / average)
      score += Math.log(1 + (documents.length - n + 0.5) / (n + 0.5)) * tf
    }
    return score
  })
}

describe('fields', () => {
  for (const positions of [true, false]) {
    describe(`an index with fields, positions ${positions}, keeps the laws of lexical indexes`, () => {
      const make = () => bm25Index({ fields: { title: { weight: 2.5 } }, positions })
      for (const law of lexicalIndexLaws(make)) it(law.name, () => law.run())
    })
  }

  it.each([
    { title: 3, headings: 2, body: 1 },
    { title: 2.5, headings: 0.5, body: 1 },
    { title: 1.15, headings: 0.05, body: 7 },
    { title: 100, headings: 1, body: 0.25 },
  ])('score as BM25F, through updates and compaction: %o', (weights) => {
    const random = seededRandom(3)
    const fields = Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, { weight }]))
    const index = bm25Index({ analyzer, fields })
    const draw = (count: number) =>
      Array.from({ length: random.integer(0, count) }, () => words[Math.floor(60 ** random()) - 1]).join(' ')
    const documents = Array.from({ length: 300 }, () => ({
      title: draw(6),
      headings: draw(5),
      body: draw(50),
    }))
    for (let ordinal = 0; ordinal < 350; ordinal++) index.set(ordinal, { body: draw(9), title: 'waif' })
    for (let ordinal = 300; ordinal < 350; ordinal++) index.delete(ordinal)
    for (const [ordinal, texts] of documents.entries()) index.set(ordinal, texts)
    for (const compact of [false, true]) {
      if (compact) index.compact()
      for (let round = 0; round < 10; round++) {
        const query = Array.from({ length: 4 }, () => random.pick(words)).join(' ')
        const expected = referenceScores(documents, weights, query)
        const hits = index.search(query, { limit: 300 })
        expect(hits.ordinals.length).toBe(expected.filter((score) => score > 0).length)
        for (const [rank, ordinal] of hits.ordinals.entries())
          if (Math.abs(hits.scores[rank]! - expected[ordinal]!) > 1e-6) expect.fail(`${query}, ${ordinal}`)
        expect(index.search(query, { limit: 7 })).toEqual({
          ordinals: hits.ordinals.slice(0, 7),
          scores: hits.scores.slice(0, 7),
        })
      }
    }
  })

  it('explain a score by field, with the numbers used, for every variant', () => {
    for (const variant of bm25Variants satisfies readonly Bm25Variant[]) {
      const index = bm25Index({ analyzer, variant, fields: { title: { weight: 2.5 }, body: {} } })
      index.set(0, { title: 'red fox', body: 'the fox is red and the fox is quick' })
      index.set(1, { title: 'hen', body: 'a hen met a fox' })
      index.set(2, 'fox outside')
      for (let ordinal = 3; ordinal < 20; ordinal++) index.set(ordinal, { body: `other ${ordinal}` })
      const hits = index.search('fox', { limit: 5 })
      expect([...hits.ordinals]).toContain(2)
      for (const [rank, ordinal] of hits.ordinals.entries())
        expect(Math.fround(index.explain('fox', ordinal).value)).toBe(hits.scores[rank])
      const [term] = index.explain('fox', 0).details
      const [f] = term!.details[2]!.details
      expect(f).toEqual({
        value: 1 * 2.5 + 2,
        description: 'f, sum of weight × times in the field',
        details: [
          { value: 1, description: 'times in "title" × 2.5', details: [] },
          { value: 2, description: 'times in "body" × 1', details: [] },
        ],
      })
      expect(term!.details[2]!.details[3]!.value).toBe(2 * 2.5 + 9)
      const outside = index.explain('fox', 2).details[0]!.details[2]!.details[0]!
      expect(outside.details).toEqual([{ value: 1, description: 'times outside of fields × 1', details: [] }])
    }
  })

  it('rank a word of the title above the same word of the body', () => {
    const index = bm25Index({ fields: { title: { weight: 3 }, body: {} } })
    index.set(0, { title: 'Deposits', body: 'Who pays how much, and when it is paid back.' })
    index.set(1, { title: 'Quiet hours', body: 'No deposits are asked for noise in the yard.' })
    expect([...index.search('deposit', { limit: 2 }).ordinals]).toEqual([0, 1])
  })

  it('refuse what does not fit', () => {
    const attempts: (() => void)[] = [
      () => bm25Index({ fields: {} }),
      () => bm25Index({ fields: { title: { weight: 0 } } }),
      () => bm25Index({ fields: { title: { weight: 1.01 } } }),
      () => bm25Index({ fields: { title: {} } }).set(0, { body: 'x' }),
      () => bm25Index().set(0, { body: 'x' }),
      // @ts-expect-error a caller without types
      () => bm25Index({ fields: { title: {} } }).set(0, { title: 5 }),
    ]
    for (const attempt of attempts) {
      let thrown: unknown
      try {
        attempt()
      } catch (error) {
        thrown = error
      }
      expect(isRagError(thrown, 'invalid-argument')).toBe(true)
    }
  })
})
