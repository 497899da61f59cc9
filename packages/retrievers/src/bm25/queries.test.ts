import { Bitset, isRagError } from '@tesserae/core'
import { generateTexts, lexicalIndexLaws, type Random, seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { englishAnalyzer } from '../analysis/english.js'
import { universalAnalyzer } from '../analysis/universal.js'
import { bm25Index } from './bm25-index.js'
import type { Bm25Index, Bm25Options } from './bm25-options.js'
import { editDistance } from './edit-distance.js'
import type { LexicalClause, LexicalQuery } from './lexical-query.js'

const analyzer = universalAnalyzer()
const words = Array.from(
  { length: 40 },
  (_, i) => `${'bcdfghjk'[i % 8]}${'aeiou'[Math.floor(i / 8)]}${'lmn'[i % 3]}o`,
)

function filled(texts: readonly string[], options: Bm25Options = {}): Bm25Index {
  const index = bm25Index({ analyzer, ...options })
  for (const [ordinal, text] of texts.entries()) index.set(ordinal, text)
  return index
}

const found = (index: Bm25Index, query: string | LexicalQuery) =>
  [...index.search(query, { limit: 100 }).ordinals].sort((a, b) => a - b)

const draw = (random: Random, least: number, most: number): string[] =>
  Array.from({ length: random.integer(least, most) }, () => words[Math.floor(40 ** random()) - 1]!)

/** What each clause gives a text, from its words: whether it holds, and the terms with frequency and document count. */
function plainClause(clause: LexicalClause, texts: readonly (readonly string[])[]) {
  const wanted = clause.text.split(' ')
  const holders = (matches: (word: string) => boolean) => texts.filter((text) => text.some(matches)).length
  const known = new Set(texts.flat())
  if (clause.type === 'phrase') {
    const occurrences = (text: readonly string[]) => {
      let count = 0
      for (const start of text.keys()) {
        // Every choice of places, in order: the phrase is there if one of them is tight enough.
        const reach = (slot: number, place: number): boolean => {
          if (slot === wanted.length) return true
          const latest = start + slot + (clause.slop ?? 0)
          for (let next = place + 1; next <= latest; next++)
            if (text[next] === wanted[slot] && reach(slot + 1, next)) return true
          return false
        }
        if (text[start] === wanted[0] && reach(1, start)) count++
      }
      return count
    }
    const idfCounts = wanted.map((word) => holders((other) => other === word))
    return [{ frequency: occurrences, counts: idfCounts, times: 1 }]
  }
  const expansions = (word: string) => {
    if (clause.type === 'text') return [{ word, similarity: 1 }]
    const close = [...known].map((other) => ({
      word: other,
      similarity:
        clause.type === 'prefix'
          ? Number(other.startsWith(word))
          : editDistance(word, other) <= (clause.maxEdits ?? 1) && other[0] === word[0]
            ? 1 - editDistance(word, other) / Math.min(word.length, other.length)
            : 0,
    }))
    return close.filter(({ similarity }) => similarity > 0)
  }
  return wanted.flatMap((word) => {
    const all = expansions(word)
    const commonest = Math.max(0, ...all.map((one) => holders((other) => other === one.word)))
    return all.map((one) => ({
      frequency: (text: readonly string[]) => text.filter((other) => other === one.word).length,
      counts: [commonest],
      times: one.similarity,
    }))
  })
}

function plainScores(query: LexicalQuery, texts: readonly (readonly string[])[]): number[] {
  const N = texts.length
  const average = texts.reduce((sum, text) => sum + text.length, 0) / N
  const parts = query.clauses.map((clause) => ({ clause, terms: plainClause(clause, texts) }))
  return texts.map((text) => {
    let score = 0
    for (const { clause, terms } of parts) {
      const holds = terms.some(({ frequency }) => frequency(text) > 0)
      if (clause.occur === 'must' && !holds) return 0
      if (clause.occur === 'not') {
        if (holds) return 0
        continue
      }
      for (const { frequency, counts, times } of terms) {
        const f = frequency(text)
        if (f === 0) continue
        let idf = 0
        for (const n of counts) idf += Math.log(1 + (N - n + 0.5) / (n + 0.5))
        score += (clause.boost ?? 1) * times * idf * (f / (f + 1.2 * (0.25 + (0.75 * text.length) / average)))
      }
    }
    return score
  })
}

describe('structured queries', () => {
  describe('an index that reads operators keeps the laws of lexical indexes', () => {
    for (const law of lexicalIndexLaws(() => bm25Index({ syntax: 'operators' })))
      it(law.name, () => law.run())
  })

  describe('an index that corrects spelling keeps the laws of lexical indexes', () => {
    for (const law of lexicalIndexLaws(() => bm25Index({ fuzzy: {} }))) it(law.name, () => law.run())
  })

  it('score as the definitions say, clause by clause, and explain it', () => {
    const random = seededRandom(14)
    const texts = Array.from({ length: 250 }, () => draw(random, 1, 25))
    const index = filled(
      texts.map((text) => text.join(' ')),
      { positions: true },
    )
    const randomClause = (): LexicalClause => {
      const occur = random.pick(['should', 'should', 'must', 'not'] as const)
      const boost = random.pick([1, 2, 0.5])
      switch (random.integer(0, 3)) {
        case 0:
          return { type: 'text', text: random.pick(words), occur, boost }
        case 1:
          return { type: 'prefix', text: random.pick(words).slice(0, random.integer(1, 3)), occur, boost }
        case 2:
          return {
            type: 'fuzzy',
            text: random.pick(words),
            occur,
            boost,
            maxEdits: random.integer(0, 2),
            maxExpansions: 50,
          }
        default:
          return {
            type: 'phrase',
            text: draw(random, 2, 3).join(' '),
            occur,
            boost,
            slop: random.integer(0, 3),
          }
      }
    }
    let hitsSeen = 0
    for (let round = 0; round < 150; round++) {
      const query = { clauses: Array.from({ length: random.integer(1, 4) }, randomClause) }
      const expected = plainScores(query, texts)
      const hits = index.search(query, { limit: 250 })
      const label = JSON.stringify(query)
      expect(hits.ordinals.length, label).toBe(expected.filter((score) => score > 0).length)
      for (const [rank, ordinal] of hits.ordinals.entries()) {
        if (Math.abs(hits.scores[rank]! - expected[ordinal]!) > 1e-6 * Math.max(1, expected[ordinal]!))
          expect.fail(`${label}, ${ordinal}: ${hits.scores[rank]} instead of ${expected[ordinal]}`)
        if (Math.fround(index.explain(query, ordinal).value) !== hits.scores[rank])
          expect.fail(`${label}: ${ordinal} is explained otherwise`)
      }
      const missing = expected.indexOf(0)
      if (missing >= 0) expect(index.explain(query, missing).value, label).toBe(0)
      const filter = new Bitset()
      for (let ordinal = 0; ordinal < 250; ordinal += 3) filter.add(ordinal)
      const kept = [...hits.ordinals].filter((ordinal) => ordinal % 3 === 0)
      expect([...index.search(query, { limit: 5, filter }).ordinals], label).toEqual(kept.slice(0, 5))
      hitsSeen += hits.ordinals.length
    }
    expect(hitsSeen).toBeGreaterThan(1000)
  })

  it('give the same after updates, deletions and compaction as from a fresh index', () => {
    const random = seededRandom(15)
    const texts = Array.from({ length: 200 }, () => draw(random, 1, 20).join(' '))
    const fields = { title: { weight: 2 } }
    const index = bm25Index({ analyzer, fields, syntax: 'operators' })
    for (let ordinal = 0; ordinal < 250; ordinal++)
      index.set(ordinal, { title: draw(random, 0, 9).join(' ') })
    for (let ordinal = 200; ordinal < 250; ordinal++) index.delete(ordinal)
    for (const [ordinal, text] of texts.entries()) index.set(ordinal, { title: text })
    const fresh = bm25Index({ analyzer, fields, syntax: 'operators' })
    for (const [ordinal, text] of texts.entries()) fresh.set(ordinal, { title: text })
    const queries = texts.slice(0, 60).map((text, i) => {
      const [first = '', second = '', third = ''] = text.split(' ')
      return [
        `"${first} ${second}" ${third}`,
        `title:${first} -${second}`,
        `${first.slice(0, 2)}* ${second}~`,
      ][i % 3]!
    })
    for (const compact of [false, true]) {
      if (compact) index.compact()
      for (const query of queries)
        expect(index.search(query, { limit: 20 }), query).toEqual(fresh.search(query, { limit: 20 }))
    }
  })

  it('give the best of many documents as scoring all of them does', () => {
    const random = seededRandom(17)
    const texts = Array.from({ length: 5000 }, () => draw(random, 3, 40).join(' '))
    for (const variant of ['lucene', 'bm25+', 'robertson'] as const) {
      const index = filled(texts, { syntax: 'operators', variant })
      for (let round = 0; round < 25; round++) {
        const [a = '', b = '', c = '', d = ''] = draw(random, 4, 4)
        const query = random.pick([
          `${a}* ${b} ${c}`,
          `${a}~ ${a} ${b} ${b.slice(0, 1)}*`,
          `+${a} ${b} ${c} ${d}~`,
          `${a} ${b} -${c} ${d.slice(0, 2)}*`,
          `"${a} ${b}"~4 ${c} ${d}`,
        ])
        const all = index.search(query, { limit: 5000 })
        const some = index.search(query, { limit: 10 })
        if (String(some.ordinals) !== String(all.ordinals.slice(0, 10))) expect.fail(`${variant} ${query}`)
        expect(some.scores).toEqual(all.scores.slice(0, 10))
      }
    }
  })

  it('give the same many at a time', async () => {
    const random = seededRandom(16)
    const texts = Array.from({ length: 120 }, () => draw(random, 1, 20).join(' '))
    const index = filled(texts, { syntax: 'operators', fuzzy: {} })
    const queries = texts.slice(0, 40).map((text, i) => {
      const [first = '', second = ''] = text.split(' ')
      return [`"${first} ${second}"`, `${first} -${second}`, `${first.slice(0, 2)}*`, `${first}x ${second}`][
        i % 4
      ]!
    })
    const expected = queries.map((query) => index.search(query, { limit: 7 }))
    for (const threads of [1, 2])
      expect(await index.searchMany(queries, { limit: 7, threads })).toEqual(expected)
  })

  it('find phrases over identifiers, left-out words and fields, and not across fields', () => {
    const index = bm25Index({ fields: { title: { weight: 3 }, body: {} } })
    index.set(0, { title: 'Bank of America', body: 'Opening hours' })
    index.set(1, { title: 'Bank', body: 'America has banks' })
    index.set(2, { title: 'America Bank', body: 'calls getUserById first, bank in America' })
    const phrase = (text: string, field?: string): LexicalQuery => ({
      clauses: [{ type: 'phrase', text, field }],
    })
    expect(found(index, phrase('bank of america'))).toEqual([0, 2])
    expect(found(index, phrase('Bank of America', 'title'))).toEqual([0])
    expect(found(index, phrase('bank in America', 'body'))).toEqual([2])
    expect(found(index, phrase('bank america'))).toEqual([])
    expect(found(index, phrase('America bank'))).toEqual([2])
    expect(found(index, phrase('America with banks'))).toEqual([1])
    expect(found(index, phrase('calls getUserById first'))).toEqual([2])
    expect(found(index, phrase('user by id first'))).toEqual([2])
    expect(found(index, phrase('get user'))).toEqual([2])
    expect(found(index, phrase('hours bank'))).toEqual([])
    expect(found(index, phrase('the of'))).toEqual([])
    expect(found(index, phrase('absent bank'))).toEqual([])
    expect(found(index, { clauses: [{ type: 'text', text: 'america', field: 'title' }] })).toEqual([0, 2])
    expect(found(index, { clauses: [{ type: 'text', text: 'america', field: 'nowhere' }] })).toEqual([])
    const explained = index.explain(phrase('bank of america'), 0).details[0]!
    expect(explained.details[2]!.details[0]!.details).toEqual([
      { value: 1, description: 'times in "title" × 3', details: [] },
    ])
  })

  it('read the operators of people where the index was made so', () => {
    const texts = [
      'The tenant pays a late fee of ten francs.',
      'The fee is paid late by the tenant.',
      'A landlord retrieves the keys; the tenant returns them.',
      'Policy A-123/b is about retrieval of keys.',
      'Policy A-124/b is about noise.',
    ]
    const index = filled(texts, { analyzer: englishAnalyzer(), syntax: 'operators' })
    expect(found(index, '"late fee"')).toEqual([0])
    expect(found(index, 'tenant -"late fee"')).toEqual([1, 2])
    expect(found(index, 'tenant -landlord')).toEqual([0, 1])
    expect(found(index, '+policy keys')).toEqual([3, 4])
    expect(found(index, 'retriev*')).toEqual([2, 3])
    expect(found(index, 'retrieval*')).toEqual([2, 3])
    expect(found(index, 'retreival~')).toEqual([2, 3])
    expect(found(index, '+A-123/b')).toEqual([3])
    expect(found(index, 'policy -A-123/b')).toEqual([4])
    expect(found(index, '-tenant')).toEqual([])
    expect(found(index, '+absent tenant')).toEqual([])
    expect(found(index, '"unclosed tenant')).toEqual([0, 1, 2])
    const plain = filled(texts, { analyzer: englishAnalyzer() })
    for (const text of ['tenant -landlord', '"late fee" key*', 'who pays~ the +fee?'])
      expect(found(plain, text)).toEqual(found(plain, text.replace(/[^\w\s]/g, ' ')))
  })

  it('read unknown words as close ones, but never numbers', () => {
    const texts = ['the retrieval of documents', 'a document retriever', 'policy A-123 applies', 'unrelated']
    const index = filled(texts, { analyzer: englishAnalyzer(), fuzzy: {} })
    expect(found(index, 'retreival')).toEqual([0, 1])
    expect(found(index, 'documnet')).toEqual([0, 1])
    expect(found(index, 'ducument')).toEqual([0, 1])
    expect(found(index, 'xocument')).toEqual([])
    expect(found(index, 'A-124')).toEqual([])
    expect(found(index, 'policy')).toEqual([2])
    expect(
      found(filled(texts, { analyzer: englishAnalyzer(), fuzzy: { prefixLength: 0 } }), 'xocument'),
    ).toEqual([0, 1])
    expect(
      found(filled(texts, { analyzer: englishAnalyzer(), fuzzy: { maxEdits: 0 } }), 'retreival'),
    ).toEqual([])
  })

  it('corrects no more than 32 unknown words of a query', () => {
    const index = filled(['zebras', 'retrieval'], { fuzzy: {} })
    const unknown = Array.from(
      { length: 32 },
      (_, i) => `q${'abcdefgh'[i % 8]}${'klmn'[Math.floor(i / 8)]}xyz`,
    )
    expect(found(index, [...unknown.slice(1), 'zebrsa'].join(' '))).toEqual([0])
    expect(found(index, [...unknown, 'zebrsa'].join(' '))).toEqual([])
    expect(found(index, [...unknown, 'zebrsa', 'retrieval'].join(' '))).toEqual([1])
  })

  it('suggest terms for a misspelled word, closest first, then the most frequent', () => {
    const index = filled(['cart card', 'card care', 'card', 'care', 'scare'], {})
    expect(index.suggest('carf')).toEqual([
      { text: 'card', similarity: 0.75, documentFrequency: 3 },
      { text: 'care', similarity: 0.75, documentFrequency: 2 },
      { text: 'cart', similarity: 0.75, documentFrequency: 1 },
    ])
    expect(index.suggest('carf', { limit: 1 }).map(({ text }) => text)).toEqual(['card'])
    const anywhere = index.suggest('scard', { prefixLength: 0, maxEdits: 1 })
    expect(anywhere.map(({ text }) => text)).toEqual(['scare', 'card'])
    expect(index.suggest('card')[0]).toEqual({ text: 'card', similarity: 1, documentFrequency: 3 })
    expect(index.suggest('zzzzzz')).toEqual([])
    index.delete(0)
    expect(index.suggest('carf').map(({ text }) => text)).toEqual(['card', 'care'])
  })

  it('weigh a rare misspelling like the word it stands for', () => {
    const texts = ['retreival', ...Array.from({ length: 30 }, (_, i) => `retrieval ${words[i]}`)]
    const index = filled(texts, {})
    const { ordinals } = index.search(
      { clauses: [{ type: 'fuzzy', text: 'retrieval', maxEdits: 1 }] },
      { limit: 40 },
    )
    expect(ordinals.length).toBe(31)
    const exact = index.explain({ clauses: [{ type: 'fuzzy', text: 'retrieval' }] }, 1).details[0]!
    const misspelled = index.explain({ clauses: [{ type: 'fuzzy', text: 'retrieval' }] }, 0).details[0]!
    expect(misspelled.details[1]!.value).toBe(exact.details[1]!.value)
    expect(misspelled.details[0]!.value).toBeLessThan(exact.details[0]!.value)
  })

  it('survive generated texts as documents and as queries with operators', () => {
    const texts = [...generateTexts({ seed: 5, count: 150, hugeLineUnits: 3000 })]
    const index = filled(texts, { syntax: 'operators', fuzzy: {} })
    for (const text of texts.slice(0, 80)) {
      for (const query of [
        text,
        `"${text}"`,
        `-${text}`,
        `"${text.slice(0, 20)}"~5 ${text.slice(20, 40)}*`,
      ]) {
        const { ordinals, scores } = index.search(query.slice(0, 400), { limit: 5 })
        for (const [rank, ordinal] of ordinals.entries())
          expect(Math.fround(index.explain(query.slice(0, 400), ordinal).value)).toBe(scores[rank])
      }
    }
  })

  it('say what an index lacks', () => {
    const plain = filled(['red fox'])
    let thrown: unknown
    try {
      plain.search({ clauses: [{ type: 'phrase', text: 'red fox' }] }, { limit: 1 })
    } catch (error) {
      thrown = error
    }
    expect(isRagError(thrown, 'unsupported')).toBe(true)
    expect(found(plain, { clauses: [{ type: 'phrase', text: 'fox', occur: 'must' }] })).toEqual([0])
    for (const attempt of [
      () => bm25Index({ syntax: 'operators', positions: false }),
      // @ts-expect-error a caller without types
      () => bm25Index({ syntax: 'lucene' }),
      () => bm25Index({ fuzzy: { maxEdits: 3 } }),
      // @ts-expect-error a caller without types
      () => plain.search({}, { limit: 1 }),
      () => plain.suggest('x', { limit: 0 }),
    ]) {
      thrown = undefined
      try {
        attempt()
      } catch (error) {
        thrown = error
      }
      expect(isRagError(thrown, 'invalid-argument')).toBe(true)
    }
  })
})
