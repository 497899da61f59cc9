import { isRagError } from '@tesserae/core'
import { lexicalIndexLaws, type Random, seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { universalAnalyzer } from '../analysis/universal.js'
import { bm25Index } from './bm25-index.js'
import type { Bm25Options } from './bm25-options.js'
import { type Bm25Parameters, bm25Variants, fold, saturation, termFrequency } from './formula.js'

const letters = 'abcdefghijklmno'
const vocabulary = Array.from({ length: 200 }, (_, i) => `w${letters[i % 15]}${letters[Math.floor(i / 15)]}`)

function zipfWords(random: Random, count: number): string[] {
  return Array.from({ length: count }, () => vocabulary[Math.floor(200 ** random()) - 1]!)
}

/** The papers' formulas, written down once more and summed document by document. */
function paperScores(texts: readonly string[][], query: readonly string[], options: Bm25Options): number[] {
  const { variant, k1 = 1.2, b = 0.75 } = options
  const average = texts.reduce((sum, words) => sum + words.length, 0) / texts.length
  const N = texts.length
  return texts.map((words) => {
    let score = 0
    for (const term of query) {
      const f = words.filter((word) => word === term).length
      if (f === 0) continue
      const n = texts.filter((other) => other.includes(term)).length
      const L = 1 - b + (b * words.length) / average
      const tf = f / (f + k1 * L)
      const least = 2 ** -20
      switch (variant) {
        case 'robertson':
          score += Math.max(least, Math.log((N - n + 0.5) / (n + 0.5))) * tf
          break
        case 'atire':
          score += Math.max(least, Math.log(N / n)) * (k1 + 1) * tf
          break
        case 'bm25+':
          score += Math.log((N + 1) / n) * ((options.delta ?? 1) + (k1 + 1) * tf)
          break
        case 'bm25l': {
          const c = f / L + (options.delta ?? 0.5)
          score += (Math.log((N + 1) / (n + 0.5)) * ((k1 + 1) * c)) / (k1 + c)
          break
        }
        default:
          score += Math.log(1 + (N - n + 0.5) / (n + 0.5)) * tf
      }
    }
    return score
  })
}

const settings: readonly Bm25Options[] = [
  ...bm25Variants.map((variant) => ({ variant })),
  ...bm25Variants.map((variant) => ({ variant, k1: 0.9, b: 0.4 })),
  ...bm25Variants.map((variant) => ({ variant, k1: 2, b: 1 })),
  ...bm25Variants.map((variant) => ({ variant, k1: 0, b: 0.5 })),
  { variant: 'bm25+', delta: 0 },
  { variant: 'bm25+', delta: 3 },
  { variant: 'bm25l', delta: 0 },
  { variant: 'bm25l', delta: 0, k1: 0, b: 0 },
  { variant: 'bm25l', delta: 2, k1: 0.3, b: 1 },
]

describe('variants of BM25', () => {
  for (const variant of bm25Variants) {
    describe(`${variant} keeps the laws of lexical indexes`, () => {
      for (const law of lexicalIndexLaws(() => bm25Index({ variant }), { count: 60 }))
        it(law.name, () => law.run())
    })
  }

  it('fold into one form without changing the formula of the paper', () => {
    const random = seededRandom(1)
    for (const variant of bm25Variants) {
      for (let round = 0; round < 300; round++) {
        const parameters: Bm25Parameters = {
          variant,
          k1: round % 7 === 0 ? 0 : random() * 3,
          b: round % 5 === 0 ? 1 : random(),
          delta: round % 11 === 0 ? 0.5 : random() * 2,
          unit: 1,
        }
        const average = 1 + random() * 100
        const length = random.integer(1, 300)
        const f = random.integer(1, 30)
        const { base, scale, constant, perLength } = fold(parameters, average)
        const L = 1 - parameters.b + (parameters.b * length) / average
        expect(base + scale * saturation(f, length, constant, perLength)).toBeCloseTo(
          termFrequency(parameters, f, L),
          12,
        )
      }
    }
  })

  it.each(settings)('agree with their paper and with scoring everything: %o', (options) => {
    const random = seededRandom(21)
    const texts = Array.from({ length: 300 }, () => zipfWords(random, random.integer(1, 60)))
    const index = bm25Index({ analyzer: universalAnalyzer(), ...options })
    for (const [ordinal, words] of texts.entries()) index.set(ordinal, words.join(' '))
    for (let round = 0; round < 12; round++) {
      const query = zipfWords(random, random.integer(1, 9))
      const expected = paperScores(texts, query, options)
      const best = expected.toSorted((x, y) => y - x)
      const all = index.search(query.join(' '), { limit: texts.length })
      for (const limit of [1, 10, 100]) {
        const hits = index.search(query.join(' '), { limit })
        expect([...hits.ordinals]).toEqual([...all.ordinals.subarray(0, limit)])
        expect([...hits.scores]).toEqual([...all.scores.subarray(0, limit)])
        for (const [rank, ordinal] of hits.ordinals.entries()) {
          const tolerance = 1e-6 * Math.max(1, best[rank]!)
          const score = hits.scores[rank]!
          if (Math.abs(score - expected[ordinal]!) > tolerance || Math.abs(score - best[rank]!) > tolerance)
            expect.fail(`${query}: ${score} instead of ${expected[ordinal]}, best ${best[rank]}`)
          if (limit === 10)
            expect(Math.fround(index.explain(query.join(' '), ordinal).value)).toBe(hits.scores[rank])
        }
      }
      expect(all.ordinals.length).toBe(expected.filter((score) => score > 0).length)
    }
  })

  it('skip documents and still find the best of many', () => {
    const random = seededRandom(8)
    const texts = Array.from({ length: 2500 }, () => zipfWords(random, random.integer(3, 80)).join(' '))
    for (const options of settings) {
      const index = bm25Index({ analyzer: universalAnalyzer(), ...options })
      for (const [ordinal, text] of texts.entries()) index.set(ordinal, text)
      for (let i = 0; i < 300; i++) index.delete(i * 7)
      for (let round = 0; round < 8; round++) {
        const query = zipfWords(random, random.integer(2, 10)).join(' ')
        const all = index.search(query, { limit: 2500 })
        const some = index.search(query, { limit: 10 })
        expect([...some.ordinals]).toEqual([...all.ordinals.subarray(0, 10)])
        expect([...some.scores]).toEqual([...all.scores.subarray(0, 10)])
      }
    }
  })

  it('finds a term of every document, ranked below the others, where the classic idf is zero or less', () => {
    for (const variant of ['robertson', 'atire'] as const) {
      const index = bm25Index({ variant, analyzer: universalAnalyzer() })
      for (let ordinal = 0; ordinal < 10; ordinal++) index.set(ordinal, ordinal === 4 ? 'all rare' : 'all')
      expect(index.search('all', { limit: 20 }).ordinals.length).toBe(10)
      expect(index.search('all rare', { limit: 1 }).ordinals[0]).toBe(4)
    }
  })

  it('refuses a variant it does not know, and a δ without effect', () => {
    const attempts: (() => void)[] = [
      // @ts-expect-error a caller without types
      () => bm25Index({ variant: 'bm26' }),
      () => bm25Index({ delta: 1 }),
      () => bm25Index({ variant: 'atire', delta: 1 }),
      () => bm25Index({ variant: 'bm25+', delta: -1 }),
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
