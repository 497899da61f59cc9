import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bm25Index } from '../bm25/bm25-index.js'
import type { Bm25Index } from '../bm25/bm25-options.js'
import { type Analyzer, analyze, type TokenTerm } from './analyzer.js'
import { englishAnalyzer } from './english.js'
import { arabicAnalyzer } from './languages/arabic.js'
import { germanAnalyzer } from './languages/german.js'
import { universalAnalyzer } from './universal.js'

/** Judged collections are not part of the repository: they lie in the folder `shared` beside it. */
const shared = process.env.TESSERAE_SHARED ?? fileURLToPath(new URL('../../../../../shared', import.meta.url))
const hasShared = existsSync(`${shared}/data/retrieval/scifact`)

interface Row {
  readonly _id: string
  readonly title?: string
  readonly text: string
}

function rows(text: string): Row[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)
}

interface Collection {
  readonly corpus: readonly Row[]
  readonly texts: readonly string[]
  readonly queries: readonly Row[]
  readonly judged: ReadonlyMap<string, ReadonlySet<string>>
}

/** Title and text as one field; every judgement above zero is relevant. */
function readCollection(set: string): Collection {
  const folder = `${shared}/data/retrieval/${set}`
  const corpus = rows(gunzipSync(readFileSync(`${folder}/corpus.jsonl.gz`)).toString('utf8'))
  const judged = new Map<string, Set<string>>()
  for (const line of readFileSync(`${folder}/qrels.tsv`, 'utf8').split('\n').slice(1)) {
    const [query, document, grade] = line.split('\t')
    if (query === undefined || document === undefined || !(Number(grade) > 0)) continue
    judged.set(query, (judged.get(query) ?? new Set()).add(document))
  }
  const queries = rows(readFileSync(`${folder}/queries.jsonl`, 'utf8')).filter(({ _id }) => judged.has(_id))
  return { corpus, texts: corpus.map(({ title, text }) => `${title ?? ''} ${text}`), queries, judged }
}

function indexOf({ texts }: Collection, analyzer: Analyzer): Bm25Index {
  const index = bm25Index({ analyzer })
  for (const [ordinal, text] of texts.entries()) index.set(ordinal, text)
  return index
}

/** Mean nDCG@10 over the judged queries. */
function ndcgAt10(set: string, analyzer: Analyzer): number {
  const collection = readCollection(set)
  const index = indexOf(collection, analyzer)
  const discount = (rank: number) => 1 / Math.log2(rank + 2)
  let total = 0
  for (const { _id, text } of collection.queries) {
    const relevant = collection.judged.get(_id)!
    let gain = 0
    for (const [rank, ordinal] of index.search(text, { limit: 10 }).ordinals.entries())
      if (relevant.has(collection.corpus[ordinal]!._id)) gain += discount(rank)
    let ideal = 0
    for (let rank = 0; rank < Math.min(10, relevant.size); rank++) ideal += discount(rank)
    total += gain / ideal
  }
  return total / collection.queries.length
}

/** The analyzer, with the terms of each token remembered. */
function remembering(analyzer: Analyzer): Analyzer {
  const known = new Map<string, readonly TokenTerm[]>()
  return {
    id: analyzer.id,
    tokenize: (text, tokens) => analyzer.tokenize(text, tokens),
    terms(token) {
      const terms = known.get(token) ?? analyzer.terms(token)
      known.set(token, terms)
      return terms
    },
  }
}

/** Scores by the formula over plain maps, for every document of the collection. */
function plainScorer({ texts }: Collection, analyzer: Analyzer): (query: string) => Float64Array {
  const postings = new Map<string, Map<number, number>>()
  const lengths = texts.map((text, ordinal) => {
    const terms = analyze(analyzer, text)
    for (const term of terms) {
      const documents = postings.get(term.text) ?? new Map<number, number>()
      postings.set(term.text, documents.set(ordinal, (documents.get(ordinal) ?? 0) + 1))
    }
    return new Set(terms.map((term) => term.position)).size
  })
  const average = lengths.reduce((sum, length) => sum + length, 0) / lengths.length
  return (query) => {
    const scores = new Float64Array(texts.length)
    for (const { text } of analyze(analyzer, query)) {
      const documents = postings.get(text) ?? new Map<number, number>()
      const idf = Math.log(1 + (texts.length - documents.size + 0.5) / (documents.size + 0.5))
      for (const [ordinal, f] of documents)
        scores[ordinal]! += (idf * f) / (f + 1.2 * (0.25 + (0.75 * lengths[ordinal]!) / average))
    }
    return scores
  }
}

describe.skipIf(!hasShared)(
  'BM25 on judged collections (needs the folder shared beside the repository)',
  () => {
    it.each(['cranfield', 'scifact'])(
      '%s: each of the ten best has the score of the formula, and no other is better',
      (set) => {
        const collection = readCollection(set)
        const analyzer = remembering(englishAnalyzer())
        const index = indexOf(collection, analyzer)
        const score = plainScorer(collection, analyzer)
        for (const { text } of collection.queries) {
          const expected = score(text)
          const hits = index.search(text, { limit: 10 })
          const best = expected.toSorted().reverse()
          for (const [rank, ordinal] of hits.ordinals.entries()) {
            if (Math.abs(hits.scores[rank]! - expected[ordinal]!) > 1e-6 * Math.max(1, best[rank]!))
              expect.fail(`"${text}", ${ordinal}: ${hits.scores[rank]} instead of ${expected[ordinal]}`)
            if (Math.abs(hits.scores[rank]! - best[rank]!) > 1e-6 * Math.max(1, best[rank]!))
              expect.fail(`"${text}", rank ${rank}: ${hits.scores[rank]} instead of ${best[rank]}`)
          }
          expect(hits.ordinals.length).toBe(Math.min(10, expected.filter((value) => value > 0).length))
        }
      },
    )

    it('SciFact, words only: between the published implementations, 0.665 to 0.690', () => {
      const score = ndcgAt10('scifact', englishAnalyzer({ identifiers: false }))
      expect(score).toBeGreaterThan(0.675)
      expect(score).toBeLessThan(0.69)
    })

    it('SciFact, with identifiers such as IL-6 and p53 kept whole: above all of them', () => {
      expect(ndcgAt10('scifact', englishAnalyzer())).toBeGreaterThan(0.695)
    })

    it.each([
      { set: 'cranfield', analyzer: englishAnalyzer(), least: 0.52 },
      { set: 'xquad/en', analyzer: englishAnalyzer(), least: 0.968 },
      { set: 'xquad/de', analyzer: germanAnalyzer(), least: 0.94 },
      { set: 'xquad/ar', analyzer: arabicAnalyzer(), least: 0.935 },
      { set: 'xquad/zh', analyzer: universalAnalyzer(), least: 0.9628 },
    ])('$set: at least $least', ({ set, analyzer, least }) => {
      expect(ndcgAt10(set, analyzer)).toBeGreaterThanOrEqual(least)
    })
  },
)
