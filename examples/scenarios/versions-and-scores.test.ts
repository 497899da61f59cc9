import { sentenceChunker } from '@tesserae/chunkers'
import {
  applySupersession,
  assembleContext,
  checkGrounding,
  contextWindow,
  eq,
  explainQuery,
  explanationText,
  ingest,
  scopeRetriever,
  validAt,
} from '@tesserae/core'
import { checkExplanation, explanationNodes } from '@tesserae/core/testing'
import { staticEmbedder } from '@tesserae/models/static'
import { cascade, cutReranker, lateInteractionReranker, reranked } from '@tesserae/rerank'
import { denseRetriever, hybridRetriever, lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { neighborRetriever, synonymRetriever } from '@tesserae/retrievers/expand'
import { beforeAll, describe, expect, it } from 'vitest'

// An auditor asks what the travel rules say today and what they said last year, and why a passage came first.

const rules = (id: string, text: string, metadata: object) => ({
  id,
  text,
  marks: [],
  metadata: { company: 'north', about: 'travel', ...metadata },
})
const documents = [
  rules('travel-2023', 'A night in a hotel costs at most 120 euros. Trains go second class.', {
    validFrom: '2023-01-01',
  }),
  rules('travel-2025', 'A night in a hotel costs at most 150 euros. Flights need an approval.', {
    validFrom: '2025-04-01',
    supersedes: 'travel-2023',
  }),
  rules('meals', 'A meal on the road costs at most 40 euros a day.', {
    validFrom: '2022-01-01',
    about: 'meals',
  }),
  rules('south', 'A night in a hotel costs at most 400 euros.', {
    validFrom: '2025-01-01',
    company: 'south',
  }),
]
const question = 'How much may a night in a hotel cost?'

const pipeline = async () => {
  const embedder = await staticEmbedder()
  const store = memoryStore({ dimensions: embedder.dimensions })
  const { items, problems } = applySupersession(documents)
  expect(problems).toEqual([])
  const loaded = items.map((document) => ({ type: 'document' as const, document }))
  await ingest(loaded, { chunker: sentenceChunker({ maxSentences: 1 }), embedder, store })
  const hybrid = hybridRetriever([denseRetriever({ store, embedder }), lexicalRetriever({ store })])
  const wider = neighborRetriever(synonymRetriever(hybrid, { synonyms: [['hotel', 'accommodation']] }), {
    store,
  })
  const best = cascade([lateInteractionReranker({ tokens: embedder }), cutReranker({ threshold: 0.01 })])
  return scopeRetriever(reranked(wider, best), eq('company', 'north'))
}
let retriever: Awaited<ReturnType<typeof pipeline>>
beforeAll(async () => {
  retriever = await pipeline()
})

describe('rules in versions', () => {
  it('says what held at a moment', async () => {
    const at = async (day: string) =>
      (await retriever.retrieve(question, { filter: validAt(day) }))[0]!.chunk.text
    expect(await at('2024-06-30')).toBe('A night in a hotel costs at most 120 euros.')
    expect(await at('2025-04-01')).toBe('A night in a hotel costs at most 150 euros.')
  })

  it('flags both versions when no moment is asked about, in the context and its citations', async () => {
    const { limit, maxTokens } = contextWindow(question, { minTokens: 200, maxTokens: 1000 })
    const hits = await retriever.retrieve(question, { limit })
    const { text, citations } = await assembleContext(hits, { maxTokens, conflicts: { about: 'about' } })
    expect(text).toMatch(/is a newer version, of 2025-04-01\)\nA night in a hotel costs at most 120 euros/)
    expect(text).toMatch(/is an older version, of 2023-01-01\)\nA night in a hotel costs at most 150 euros/)
    const recent = citations.find(({ documentId }) => documentId === 'travel-2025')!
    expect(recent.conflicts?.map(({ documentId, newer }) => [documentId, newer])).toEqual([
      ['travel-2023', false],
    ])
    const check = (answer: string) => checkGrounding(question, answer, citations)
    expect((await check(`At most 150 euros ${recent.marker}.`)).passed).toBe(true)
    expect((await check(`At most 900 dollars ${recent.marker}.`)).reasons).toContain('ungrounded')
  })
})

describe('why a passage came first', () => {
  it('is told from its rank down to words, vectors and tokens, in numbers that add up', async () => {
    const tree = await explainQuery(retriever, question, { limit: 3 })
    expect(tree.value).toBe(3)
    checkExplanation(tree)
    const lines = explanationNodes(tree.details[0]!).map(({ description }) => description)
    for (const line of [
      /^rank 1, chunk "\w+" of "travel-20\d\d"/,
      /^"cut"/,
      /^"late-interaction \+ order": sum/,
      /^token \d of the query: share × match/,
      /^"neighbors/,
      /^leg "synonyms\/original"/,
      /^distance, of the cosine/,
      /^"hotel": times in the query × idf × saturated frequency/,
    ])
      expect(
        lines.some((told) => line.test(told)),
        String(line),
      ).toBe(true)
    expect(explanationText(tree, { depth: 1 }).split('\n')).toHaveLength(4)
  })

  it('is told of nothing outside of the scope', async () => {
    const { details } = await explainQuery(retriever, question, { limit: 20 })
    expect(details.length).toBeGreaterThan(3)
    expect(JSON.stringify(details)).not.toContain('of \\"south\\"')
  })
})
