import { createHash } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { bm25Index, universalAnalyzer } from '@tesserae/retrievers'
import { afterAll, describe, expect, it } from 'vitest'
import { linesOf, querySets, zipfCorpus } from './corpus.js'
import { exactScores, overlap, scoreError } from './exact.js'

const corpus = zipfCorpus(2003)
const passages = [...linesOf(corpus.passages)].flat()

afterAll(() => rmSync(dirname(corpus.passages), { recursive: true }))

describe('the generated corpus', () => {
  it('is the same wherever it is made', () => {
    const hash = createHash('sha256').update(readFileSync(corpus.passages)).digest('hex')
    expect(hash.slice(0, 16)).toBe('8763d70f5c7f133a')
  })

  it('has passages of 40 to 160 words, a few words in most of them and most words in a few', () => {
    expect(passages.length).toBe(2003)
    const frequencies = new Map<string, number>()
    for (const passage of passages) {
      const words = passage.split(' ')
      expect(words.length).toBeGreaterThanOrEqual(40)
      expect(words.length).toBeLessThanOrEqual(160)
      for (const word of new Set(words)) frequencies.set(word, (frequencies.get(word) ?? 0) + 1)
    }
    const sorted = [...frequencies.values()].sort((a, b) => b - a)
    expect(sorted[0]).toBeGreaterThan(1900)
    expect(sorted[100]).toBeLessThan(300)
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(3)
  })

  it('asks for distinct words of one passage, the three never among the most frequent', () => {
    for (const [set, count] of [
      ['3 words', 3],
      ['8 words', 8],
    ] as const) {
      const queries = [...linesOf(corpus.queries[set])].flat()
      expect(queries.length).toBe(500)
      for (const query of queries.slice(0, 50)) {
        const words = query.split(' ')
        expect(new Set(words).size).toBe(count)
        expect(passages.some((passage) => words.every((word) => ` ${passage} `.includes(` ${word} `)))).toBe(
          true,
        )
        // Words of the hundred first ranks have three letters.
        if (count === 3) expect(words.every((word) => word.length > 3)).toBe(true)
      }
    }
  })
})

describe('what answers are checked by', () => {
  const index = bm25Index({ analyzer: universalAnalyzer() })
  for (const [ordinal, passage] of passages.entries()) index.set(ordinal, passage)
  const texts = passages.map((passage) => ({ terms: passage.split(' '), length: passage.split(' ').length }))

  it.each(querySets)('%s: finds nothing wrong with the index, and something with worse answers', (set) => {
    const queries = [...linesOf(corpus.queries[set])].flat().slice(0, 40)
    const exact = exactScores(
      texts,
      queries.map((query) => query.split(' ')),
    )
    const hits = queries.map((query) => index.search(query, { limit: 10 }))
    const ids = hits.map(({ ordinals }) => [...ordinals])
    const scores = hits.map((hit) => [...hit.scores])
    expect(overlap(exact, ids)).toBe(1)
    expect(scoreError(exact, ids, scores)).toBeLessThan(1e-6)

    const oneMissing = ids.map((list) => list.slice(1))
    expect(overlap(exact, oneMissing)).toBeLessThan(0.95)
    expect(scoreError(exact, oneMissing, scores)).toBeGreaterThan(1e-3)
    const rounded = scores.map((list) => list.map((score) => score * (1 + 1e-5)))
    expect(scoreError(exact, ids, rounded)).toBeGreaterThan(1e-6)
  })
})
