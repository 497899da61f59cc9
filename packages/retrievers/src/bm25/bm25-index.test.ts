import { Bitset, isRagError } from '@tesserae/core'
import { generateTexts, lexicalIndexLaws, type Random, seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { analyze } from '../analysis/analyzer.js'
import { englishAnalyzer } from '../analysis/english.js'
import { universalAnalyzer } from '../analysis/universal.js'
import { bm25Index } from './bm25-index.js'
import type { Bm25Index } from './bm25-options.js'

interface ReferenceOptions {
  readonly k1: number
  readonly b: number
}

interface Counted {
  readonly length: number
  readonly counts: ReadonlyMap<string, number>
}

const counted = new Map<string, Counted>()

/** Terms of a text by name, remembered from call to call. */
function countedTerms(text: string): Counted {
  const known = counted.get(text)
  if (known) return known
  const counts = new Map<string, number>()
  const terms = analyze(englishAnalyzer(), text)
  for (const term of terms) counts.set(term.text, (counts.get(term.text) ?? 0) + 1)
  const made = { length: new Set(terms.map((term) => term.position)).size, counts }
  counted.set(text, made)
  return made
}

/** BM25 from the formula, document by document and query term by query term. Scores by ordinal. */
function referenceScores(
  texts: ReadonlyMap<number, string>,
  query: string,
  { k1, b }: ReferenceOptions,
): Map<number, number> {
  const documents = [...texts].map(([ordinal, text]) => ({ ordinal, ...countedTerms(text) }))
  const average = documents.reduce((total, { length }) => total + length, 0) / documents.length
  const scores = new Map<number, number>()
  for (const [term, times] of countedTerms(query).counts) {
    const holders = documents.filter(({ counts }) => counts.has(term))
    const idf = Math.log(1 + (documents.length - holders.length + 0.5) / (holders.length + 0.5))
    for (const { ordinal, length, counts } of holders) {
      const f = counts.get(term)!
      const tf = f / (f + k1 * (1 - b + (b * length) / average))
      scores.set(ordinal, (scores.get(ordinal) ?? 0) + times * idf * tf)
    }
  }
  return scores
}

/** The hits must be the reference's best, in its order wherever its scores tell documents apart. */
function expectAgreement(
  index: Bm25Index,
  texts: ReadonlyMap<number, string>,
  query: string,
  limit: number,
  options: ReferenceOptions,
  filter?: Bitset,
): void {
  const scores = referenceScores(texts, query, options)
  const allowed = [...scores].filter(([ordinal]) => filter === undefined || filter.has(ordinal))
  const best = allowed.sort((x, y) => y[1] - x[1] || x[0] - y[0]).slice(0, limit)
  const hits = index.search(query, { limit, filter })
  expect(hits.ordinals.length, query).toBe(best.length)
  for (let rank = 0; rank < best.length; rank++) {
    expect(Math.abs(hits.scores[rank]! - best[rank]![1]), `rank ${rank} of "${query}"`).toBeLessThan(1e-6)
    const own = scores.get(hits.ordinals[rank]!)
    expect(Math.abs(hits.scores[rank]! - own!), `ordinal ${hits.ordinals[rank]}`).toBeLessThan(1e-6)
  }
}

const vocabulary = Array.from({ length: 300 }, (_, i) => `w${'abcdefghij'[i % 10]}${i.toString(26)}`)

/** Frequent words are drawn far more often than rare ones, as in text. */
function zipfText(random: Random, words: number): string {
  return Array.from({ length: words }, () => vocabulary[Math.floor(300 ** random()) - 1]!).join(' ')
}

describe('bm25Index', () => {
  describe('keeps the laws of lexical indexes', () => {
    for (const law of lexicalIndexLaws(() => bm25Index())) it(law.name, () => law.run())
  })

  it('scores a small collection as worked out by hand', () => {
    const index = bm25Index({ analyzer: universalAnalyzer() })
    index.set(0, 'red red fox')
    index.set(1, 'red hen')
    index.set(2, 'blue bird sings')
    const { ordinals, scores } = index.search('red fox', { limit: 10 })
    // N = 3, avgdl = 8/3; red: n = 2, idf = ln(1.6); fox: n = 1, idf = ln(1 + 2.5 / 1.5).
    const norm = (dl: number) => 1.2 * (0.25 + (0.75 * dl) / (8 / 3))
    expect([...ordinals]).toEqual([0, 1])
    expect(scores[0]).toBeCloseTo(
      Math.log(1.6) * (2 / (2 + norm(3))) + Math.log(1 + 2.5 / 1.5) / (1 + norm(3)),
      6,
    )
    expect(scores[1]).toBeCloseTo(Math.log(1.6) / (1 + norm(2)), 6)
  })

  it.each([
    { k1: 1.2, b: 0.75 },
    { k1: 0.9, b: 0.4 },
    { k1: 0, b: 0 },
    { k1: 2, b: 1 },
  ])('agrees with the plain formula through random histories, k1 $k1, b $b', (options) => {
    const random = seededRandom(7)
    const index = bm25Index(options)
    const texts = new Map<number, string>()
    for (let step = 0; step < 700; step++) {
      const ordinal = random.integer(0, 250)
      if (random() < 0.3) {
        expect(index.delete(ordinal)).toBe(texts.delete(ordinal))
      } else {
        const text = zipfText(random, random.integer(0, 60))
        index.set(ordinal, text)
        texts.set(ordinal, text)
      }
      if (step % 233 === 200) index.compact()
      if (step % 20 !== 0 || texts.size === 0) continue
      expect(index.size).toBe(texts.size)
      const query = zipfText(random, random.integer(1, 9))
      const filter = random() < 0.5 ? new Bitset() : undefined
      if (filter) for (let i = 0; i < 250; i += random.integer(1, 5)) filter.add(i)
      expectAgreement(index, texts, query, random.integer(1, 30), options, filter)
    }
  })

  it('gives the hits of scoring everything, whatever it skips', () => {
    const random = seededRandom(11)
    const index = bm25Index({ analyzer: universalAnalyzer() })
    for (let ordinal = 0; ordinal < 4000; ordinal++)
      index.set(ordinal, zipfText(random, random.integer(5, 80)))
    for (let round = 0; round < 100; round++) {
      const query = zipfText(random, random.integer(1, 12))
      const all = index.search(query, { limit: 4000 })
      for (const limit of [1, 3, 10, 100]) {
        const some = index.search(query, { limit })
        expect([...some.ordinals]).toEqual([...all.ordinals.subarray(0, limit)])
        expect([...some.scores]).toEqual([...all.scores.subarray(0, limit)])
      }
    }
  })

  it('has the statistics of a fresh index after deletions, updates and compaction', () => {
    const random = seededRandom(5)
    const index = bm25Index()
    const texts = new Map<number, string>()
    for (let step = 0; step < 3000; step++) {
      const ordinal = random.integer(0, 300)
      if (random() < 0.5) {
        index.delete(ordinal)
        texts.delete(ordinal)
      } else {
        texts.set(ordinal, zipfText(random, 12))
        index.set(ordinal, texts.get(ordinal)!)
      }
    }
    const fresh = bm25Index()
    for (const [ordinal, text] of texts) fresh.set(ordinal, text)
    const check = () => {
      expect(index.statistics().documentCount).toBe(fresh.statistics().documentCount)
      expect(index.statistics().averageLength).toBe(fresh.statistics().averageLength)
      expect([...index.terms()].sort()).toEqual([...fresh.terms()].sort())
      for (const term of fresh.terms())
        expect(index.documentFrequency(term)).toBe(fresh.documentFrequency(term))
    }
    check()
    expect(index.statistics().deletedCount).toBeGreaterThan(0)
    index.compact()
    expect(index.statistics().deletedCount).toBe(0)
    expect(index.statistics().termCount).toBe(fresh.statistics().termCount)
    check()
    const query = zipfText(random, 6)
    expect(index.search(query, { limit: 50 })).toEqual(fresh.search(query, { limit: 50 }))
  })

  it('compacts itself before the dead outweigh the living', () => {
    const index = bm25Index()
    for (let round = 0; round < 50; round++)
      for (let ordinal = 0; ordinal < 100; ordinal++)
        index.set(ordinal, `round ${round} of document ${ordinal}`)
    expect(index.size).toBe(100)
    expect(index.statistics().deletedCount).toBeLessThanOrEqual(256)
    expect(index.statistics().termCount).toBeLessThan(500)
  })

  it('keeps exact frequencies beyond a posting field, and exact lengths beyond a half-word', () => {
    const texts = new Map([
      [0, 'gull '.repeat(62)],
      [1, 'gull '.repeat(63)],
      [2, 'gull '.repeat(300)],
      [3, `${'gull '.repeat(70_000)}tern`],
      [4, 'tern'],
    ])
    const index = bm25Index()
    for (const [ordinal, text] of texts) index.set(ordinal, text)
    for (const query of ['gull', 'tern', 'gull tern tern']) {
      for (const limit of [1, 2, 10]) expectAgreement(index, texts, query, limit, { k1: 1.2, b: 0.75 })
    }
    index.compact()
    expectAgreement(index, texts, 'gull', 10, { k1: 1.2, b: 0.75 })
  })

  it('explains a score with the numbers it was made of', () => {
    const random = seededRandom(3)
    const index = bm25Index()
    for (let ordinal = 0; ordinal < 200; ordinal++)
      index.set(ordinal, zipfText(random, random.integer(3, 40)))
    for (let ordinal = 0; ordinal < 50; ordinal++) index.delete(ordinal * 3)
    const query = `${zipfText(random, 5)} absent`
    const hits = index.search(query, { limit: 20 })
    expect(hits.ordinals.length).toBe(20)
    for (let rank = 0; rank < 20; rank++) {
      const explanation = index.explain(query, hits.ordinals[rank]!)
      expect(Math.fround(explanation.value)).toBe(hits.scores[rank])
      for (const term of explanation.details) {
        const [times, idf, saturation] = term.details
        expect(term.value).toBeCloseTo(times!.value * idf!.value * saturation!.value, 12)
        const [count, frequency] = idf!.details
        expect(count!.value).toBe(index.size)
        expect(idf!.value).toBe(
          Math.log(1 + (count!.value - frequency!.value + 0.5) / (frequency!.value + 0.5)),
        )
        const [f, k1, b, length, average] = saturation!.details.map((detail) => detail.value)
        expect(saturation!.value).toBeCloseTo(f! / (f! + k1! * (1 - b! + (b! * length!) / average!)), 12)
      }
    }
    expect(index.explain(query, 0)).toEqual({ value: 0, description: 'not in the index', details: [] })
    expect(index.explain('absent', 1).value).toBe(0)
  })

  it('finds identifiers whole, in parts and in no other spelling', () => {
    const index = bm25Index()
    const texts = [
      'Written in C++ and Fortran.',
      'Written in C by hand.',
      'Call getUserById(42) first.',
      'The user gets an id.',
      'Policy A-123/b applies.',
      'Policy A-124/b applies.',
      "Revenue of Q2'24 rose.",
      'set snake_case = true',
      'HTTPServer2 listens.',
    ]
    for (const [ordinal, text] of texts.entries()) index.set(ordinal, text)
    const first = (query: string) => index.search(query, { limit: 1 }).ordinals[0]
    expect(first('c++')).toBe(0)
    expect(first('getUserById')).toBe(2)
    expect(first('user by id')).toBe(3)
    expect([...index.search('get user', { limit: 9 }).ordinals].sort()).toEqual([2, 3])
    expect(first('A-123/b')).toBe(4)
    expect(first('a-124/B')).toBe(5)
    expect(first("q2'24")).toBe(6)
    expect(first('Q2’24')).toBe(6)
    expect(first('snake case')).toBe(7)
    expect(first('snake_case')).toBe(7)
    expect(first('http server')).toBe(8)
    expect([...index.search('fortran', { limit: 9 }).ordinals]).toEqual([0])
  })

  it('survives generated texts, and deleting all of them leaves nothing', () => {
    const index = bm25Index()
    const texts = [...generateTexts({ seed: 2, count: 400 })]
    for (const [ordinal, text] of texts.entries()) index.set(ordinal, text)
    for (const text of texts.slice(0, 60)) {
      const { scores } = index.search(text.slice(0, 300), { limit: 5 })
      for (const score of scores) expect(score).toBeGreaterThan(0)
    }
    for (const ordinal of texts.keys()) expect(index.delete(ordinal)).toBe(true)
    index.compact()
    expect(index.statistics()).toMatchObject({ documentCount: 0, averageLength: 0, termCount: 0 })
    expect(index.search('the', { limit: 5 }).ordinals.length).toBe(0)
  })

  it('an analyzer that throws leaves the index as it was', () => {
    const plain = universalAnalyzer()
    const index = bm25Index({
      analyzer: {
        ...plain,
        terms(token) {
          if (token === 'poison') throw new Error('no such word')
          return plain.terms(token)
        },
      },
    })
    index.set(0, 'red fox')
    index.set(1, 'blue fox')
    const before = index.search('fox red blue', { limit: 5 })
    expect(() => index.set(0, 'fox fox fox poison')).toThrow('no such word')
    expect(() => index.set(2, 'red poison')).toThrow('no such word')
    expect(index.size).toBe(2)
    expect(index.search('fox red blue', { limit: 5 })).toEqual(before)
    index.set(2, 'fox')
    index.delete(2)
    expect(index.search('fox red blue', { limit: 5 })).toEqual(before)
  })

  it('forgets tokens it has seen too many of, not their terms', () => {
    const index = bm25Index({ analyzer: universalAnalyzer({ identifiers: false }) })
    const words = (from: number) => Array.from({ length: 300_000 }, (_, i) => `w${from + i}`).join(' ')
    index.set(0, words(0))
    index.set(1, words(200_000))
    index.set(2, words(250_000))
    expect(index.statistics().termCount).toBe(550_000)
    expect(index.documentFrequency('w1')).toBe(1)
    expect(index.documentFrequency('w260000')).toBe(3)
    expect([...index.search('w549999', { limit: 3 }).ordinals]).toEqual([2])
  })

  it('refuses bad options with what is wrong', () => {
    const attempts = [
      () => bm25Index({ k1: -1 }),
      () => bm25Index({ b: 1.5 }),
      () => bm25Index({ k1: Number.NaN }),
      () => bm25Index().set(-1, 'a'),
      () => bm25Index().set(0.5, 'a'),
      () => bm25Index().search('a', { limit: 0 }),
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
