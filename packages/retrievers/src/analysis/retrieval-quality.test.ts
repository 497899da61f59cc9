import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bm25Index } from '../bm25/bm25-index.js'
import type { Analyzer } from './analyzer.js'
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

/** Mean nDCG@10 over the judged queries; title and text as one field. */
function ndcgAt10(set: string, analyzer: Analyzer): number {
  const folder = `${shared}/data/retrieval/${set}`
  const corpus = rows(gunzipSync(readFileSync(`${folder}/corpus.jsonl.gz`)).toString('utf8'))
  const judged = new Map<string, Set<string>>()
  for (const line of readFileSync(`${folder}/qrels.tsv`, 'utf8').split('\n').slice(1)) {
    const [query, document, grade] = line.split('\t')
    if (query === undefined || document === undefined || !(Number(grade) > 0)) continue
    judged.set(query, (judged.get(query) ?? new Set()).add(document))
  }
  const index = bm25Index({ analyzer })
  for (const [ordinal, { title, text }] of corpus.entries()) index.set(ordinal, `${title ?? ''} ${text}`)
  const discount = (rank: number) => 1 / Math.log2(rank + 2)
  let total = 0
  for (const { _id, text } of rows(readFileSync(`${folder}/queries.jsonl`, 'utf8'))) {
    const relevant = judged.get(_id)
    if (relevant === undefined) continue
    let gain = 0
    for (const [rank, ordinal] of index.search(text, { limit: 10 }).ordinals.entries())
      if (relevant.has(corpus[ordinal]!._id)) gain += discount(rank)
    let ideal = 0
    for (let rank = 0; rank < Math.min(10, relevant.size); rank++) ideal += discount(rank)
    total += gain / ideal
  }
  return total / judged.size
}

describe.skipIf(!hasShared)(
  'BM25 on judged collections (needs the folder shared beside the repository)',
  () => {
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
