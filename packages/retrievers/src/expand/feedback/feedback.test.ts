import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { eq, type Retriever } from '@tesserae/core'
import { fakeRetriever, retrieverLaws } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { universalAnalyzer } from '../../analysis/universal.js'
import { bm25Index } from '../../bm25/bm25-index.js'
import { lexicalRetriever } from '../../lexical.js'
import { memoryStore } from '../../memory-store/store.js'
import { chunkOf, entriesOf, idsOf, lexicalOver } from '../testing/library.js'
import { feedbackRetriever } from './feedback-retriever.js'
import { relevanceModel, rocchio, weightedText } from './term-weights.js'

const shared =
  process.env.TESSERAE_SHARED ?? fileURLToPath(new URL('../../../../../../shared', import.meta.url))
const hasShared = existsSync(`${shared}/data/retrieval/cranfield`)

const map = (weights: { readonly [term: string]: number }) => new Map(Object.entries(weights))
const anything = { isTelling: () => true, idf: () => 1 }

describe('relevanceModel', () => {
  const documents = [
    { score: 3, counts: map({ heart: 2, attack: 1, aspirin: 1 }) },
    { score: 1, counts: map({ aspirin: 1, dose: 1 }) },
  ]

  it('mixes the query with what the documents say, by their shares of the scores', () => {
    // P(w|R): heart 3/4·2/4, attack 3/4·1/4, aspirin 3/4·1/4 + 1/4·1/2, dose 1/4·1/2.
    const model = relevanceModel(map({ heart: 1, attack: 1 }), documents, {
      ...anything,
      terms: 10,
      originalWeight: 0.5,
    })
    expect(model.get('heart')).toBeCloseTo(0.25 + 0.5 * 0.375, 12)
    expect(model.get('attack')).toBeCloseTo(0.25 + 0.5 * 0.1875, 12)
    expect(model.get('aspirin')).toBeCloseTo(0.5 * 0.3125, 12)
    expect(model.get('dose')).toBeCloseTo(0.5 * 0.125, 12)
    expect([...model.values()].reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12)
  })

  it('scales the best terms to one after cutting the others', () => {
    const model = relevanceModel(map({ heart: 1 }), documents, { ...anything, terms: 2, originalWeight: 0 })
    expect(model.get('heart')).toBeCloseTo(0.375 / 0.6875, 12)
    expect(model.get('aspirin')).toBeCloseTo(0.3125 / 0.6875, 12)
    expect(model.has('dose')).toBe(false)
  })

  it('is the query alone when that has all the weight', () => {
    const model = relevanceModel(map({ a: 3, b: 1 }), documents, { ...anything, terms: 5, originalWeight: 1 })
    expect(model.get('a')).toBe(0.75)
    expect(model.get('heart')).toBe(0)
  })

  it('goes by ranks when scores are no shares', () => {
    const negative = documents.map((document) => ({ ...document, score: document.score - 2 }))
    const model = relevanceModel(map({ x: 1 }), negative, { ...anything, terms: 9, originalWeight: 0 })
    // Shares 1 and 1/2 of 3/2.
    expect(model.get('heart')).toBeCloseTo((2 / 3) * 0.5, 12)
    expect(model.get('dose')).toBeCloseTo((1 / 3) * 0.5, 12)
  })
})

it('rocchio adds the mean of unit vectors to the unit query', () => {
  const documents = [
    { score: 9, counts: map({ a: 3, b: 4 }) },
    { score: 1, counts: map({ c: 5 }) },
  ]
  const vector = rocchio(map({ a: 1 }), documents, { ...anything, terms: 9, originalWeight: 0.5 })
  const length = Math.hypot(0.3, 0.4, 0.5)
  expect(vector.get('a')).toBeCloseTo(0.5 + (0.5 * 0.3) / length, 12)
  expect(vector.get('b')).toBeCloseTo((0.5 * 0.4) / length, 12)
  expect(vector.get('c')).toBeCloseTo((0.5 * 0.5) / length, 12)
})

it('a weighted text says each term as often as it weighs', () => {
  const text = weightedText(map({ heart: 0.5, aspirin: 0.3, rare: 0.001 }), new Map([['heart', 'Hearts']]), 8)
  expect(text).toBe('Hearts Hearts Hearts Hearts Hearts aspirin aspirin aspirin')
})

const medical = [
  chunkOf('1', 'heart attack treated with aspirin and thrombolysis', { tenant: 'a' }),
  chunkOf('2', 'aspirin and thrombolysis in acute care', { tenant: 'a' }),
  chunkOf('3', 'heart attack heart attack tenantb thrombolysis zebra zebra zebra', { tenant: 'b' }),
  chunkOf('4', 'zebra crossing', { tenant: 'a' }),
]

describe('feedbackRetriever', () => {
  it('finds what shares no word with the query but much with its hits', async () => {
    const retriever = await lexicalOver(medical)
    expect(idsOf(await retriever.retrieve('heart attack', { limit: 9 }))).not.toContain('2')
    for (const method of ['rm3', 'rocchio'] as const) {
      const expanded = feedbackRetriever(retriever, { method, documents: 1 })
      const { hits, queries } = await expanded.retrieveExpanded('heart attack', {
        limit: 9,
        filter: eq('tenant', 'a'),
      })
      expect(idsOf(hits)).toEqual(['1', '2'])
      expect(queries[0]!.label).toBe('feedback')
      expect(hits[1]!.trace.map(({ stage }) => stage)).toEqual(['lexical', method])
    }
  })

  it('learns from nothing that the filter keeps out', async () => {
    const expanded = feedbackRetriever(await lexicalOver(medical), { documents: 5, terms: 50 })
    const { queries } = await expanded.retrieveExpanded('heart attack', {
      limit: 9,
      filter: eq('tenant', 'a'),
    })
    expect(queries[0]!.text).not.toMatch(/zebra|tenantb/)
  })

  it('leaves out terms that most documents have, when it knows', async () => {
    const index = bm25Index()
    const store = memoryStore({ lexicalIndex: () => index })
    const filler = Array.from({ length: 30 }, (_, i) => chunkOf(`f${i}`, `common filler ${i}`))
    await store.upsert(entriesOf([...filler, chunkOf('x', 'rare common common aspirin')]))
    const retriever = lexicalRetriever({ store })
    const asked = async (statistics?: typeof index) =>
      (await feedbackRetriever(retriever, { statistics }).retrieveExpanded('rare')).queries[0]!.text
    expect(await asked()).toContain('common')
    expect(await asked(index)).not.toContain('common')
    expect(await asked(index)).toContain('aspirin')
  })

  it('gives the first hits when the second search fails, is late, or finds less', async () => {
    const hits = await (await lexicalOver(medical)).retrieve('heart attack', { limit: 2 })
    const twice = (second: () => ReturnType<Retriever['retrieve']>): Retriever => ({
      name: 'twice',
      retrieve: (query) => (query === 'heart attack' ? Promise.resolve(hits) : second()),
    })
    for (const [second, reason] of [
      [() => Promise.reject(new Error('gone')), 'failed'],
      [() => new Promise<never>(() => {}), 'timeout'],
      [() => Promise.resolve([]), 'no-hits'],
    ] as const) {
      const result = await feedbackRetriever(twice(second), {
        timeoutMs: reason === 'timeout' ? 20 : 60_000,
      }).retrieveExpanded('heart attack')
      expect(result.hits).toEqual(hits)
      expect(result.fallback).toBe(reason)
    }
  })

  it('asks once when nothing is found', async () => {
    const nothing = fakeRetriever([])
    expect(await feedbackRetriever(nothing).retrieve('heart')).toEqual([])
    expect(nothing.calls).toHaveLength(1)
  })

  it('is given the words it searches for, not their stems', async () => {
    const expanded = feedbackRetriever(await lexicalOver(medical), { documents: 1 })
    const { queries } = await expanded.retrieveExpanded('heart attacks', { filter: eq('tenant', 'a') })
    expect(queries[0]!.text).toContain('thrombolysis')
    expect(queries[0]!.text).toContain('attacks')
  })

  for (const law of retrieverLaws(async (chunks) =>
    feedbackRetriever(await lexicalOver(chunks), { analyzer: universalAnalyzer() }),
  ))
    it(law.name, () => law.run())
})

describe.skipIf(!hasShared)('on Cranfield (needs the folder `shared` beside the repository)', () => {
  interface Row {
    readonly _id: string
    readonly title?: string
    readonly text: string
  }
  const rows = (text: string) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row)

  it('RM3 gains over BM25', async () => {
    const folder = `${shared}/data/retrieval/cranfield`
    const corpus = rows(gunzipSync(readFileSync(`${folder}/corpus.jsonl.gz`)).toString('utf8'))
    const judged = new Map<string, Set<string>>()
    for (const line of readFileSync(`${folder}/qrels.tsv`, 'utf8').trim().split('\n').slice(1)) {
      const [query, document] = line.split('\t')
      judged.set(query!, (judged.get(query!) ?? new Set()).add(document!))
    }
    const queries = rows(readFileSync(`${folder}/queries.jsonl`, 'utf8')).filter(({ _id }) => judged.has(_id))
    const bm25 = await lexicalOver(
      corpus.map(({ _id, title, text }) => chunkOf(_id, `${title ?? ''} ${text}`)),
    )
    const quality = async (retriever: Retriever) => {
      let ndcg = 0
      let precision = 0
      for (const { _id, text } of queries) {
        const relevant = judged.get(_id)!
        let found = 0
        let gain = 0
        let sum = 0
        for (const [rank, { chunk }] of (await retriever.retrieve(text, { limit: 1000 })).entries()) {
          if (!relevant.has(chunk.id)) continue
          found++
          sum += found / (rank + 1)
          if (rank < 10) gain += 1 / Math.log2(rank + 2)
        }
        let ideal = 0
        for (let rank = 0; rank < Math.min(10, relevant.size); rank++) ideal += 1 / Math.log2(rank + 2)
        ndcg += gain / ideal
        precision += sum / relevant.size
      }
      return { ndcg: ndcg / queries.length, map: precision / queries.length }
    }
    const plain = await quality(bm25)
    const rm3 = await quality(feedbackRetriever(bm25))
    // nDCG@10 0.526 and 0.557, MAP 0.433 and 0.464.
    expect(rm3.ndcg - plain.ndcg).toBeGreaterThan(0.028)
    expect(rm3.map / plain.map).toBeGreaterThan(1.065)
  })
})
