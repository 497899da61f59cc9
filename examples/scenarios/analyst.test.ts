import { wholeChunker } from '@tesserae/chunkers'
import { eq, ingest, oneOf, scopeRetriever } from '@tesserae/core'
import { fakeLanguageModel } from '@tesserae/core/testing'
import { texts } from '@tesserae/loaders'
import { staticEmbedder } from '@tesserae/models/static'
import { denseRetriever, hybridRetriever, lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import {
  type ExpandingRetriever,
  keywordRetriever,
  rewriteRetriever,
  selfQueryRetriever,
  timeRetriever,
} from '@tesserae/retrievers/expand'
import { describe, expect, it } from 'vitest'

// An analyst asks over quarterly and annual reports: "Who are ABC's competitors?", "ARPU over the last 5 quarters".

const filing = (company: string, year: number, quarter: number, text: string) => ({
  id: `${company}-${year}-Q${quarter}`,
  text,
  metadata: { company, year, quarter, period: `Q${quarter} ${year}` },
})
const filings = [
  filing('ABC', 2023, 4, 'Rivals of the company fight for market share in cloud storage.'),
  filing('ABC', 2023, 1, 'Revenue in Q1 grew. Average revenue per user (ARPU) was 11.'),
  filing('ABC', 2022, 4, 'Average revenue per user was 10. The Q4 result was the best of the year.'),
  filing('ABC', 2022, 3, 'ARPU was 9, as was expected in Q3.'),
  filing('ABC', 2019, 4, 'A fourth quarter without surprises. Two competitors left the market.'),
  filing('ABC', 2019, 2, 'Competitors were few.'),
  filing('XYZ', 2023, 4, 'Rivals and competitors of another company. ARPU was 99 in Q4.'),
]
const companies = ['ABC', 'XYZ']
const now = () => Date.UTC(2024, 1, 10)
const saying = (value: unknown) => fakeLanguageModel(() => JSON.stringify(value))
const idsOf = (hits: readonly { chunk: { documentId: string } }[]) =>
  hits.map(({ chunk }) => chunk.documentId)

const embedder = await staticEmbedder()
const open = async () => {
  const store = memoryStore({ dimensions: embedder.dimensions })
  await ingest(texts(filings).load(), { chunker: wholeChunker(), embedder, store })
  const lexical = lexicalRetriever({ store })
  return { lexical, hybrid: hybridRetriever([denseRetriever({ store, embedder }), lexical]) }
}
/** Reads periods out of questions and narrows the search to them. */
const inTime = (retriever: Parameters<typeof timeRetriever>[0]): ExpandingRetriever =>
  timeRetriever(retriever, {
    now,
    filter: (periods) =>
      periods.some(({ quarter }) => quarter === undefined)
        ? oneOf('year', [...new Set(periods.map(({ year }) => year))])
        : oneOf(
            'period',
            periods.map(({ quarter, year }) => `Q${quarter} ${year}`),
          ),
  })

describe('an analyst of quarterly reports', () => {
  it('takes the company for a filter, from the list of companies there are', async () => {
    const question = "Who are ABC's competitors?"
    const { hybrid } = await open()
    expect(idsOf(await hybrid.retrieve(question, { limit: 7 }))).toContain('XYZ-2023-Q4')
    const retriever = selfQueryRetriever(hybrid, {
      model: saying({ query: 'competitors', filter: { op: 'eq', field: 'company', value: 'abc' } }),
      schema: { company: { type: 'string', values: companies } },
    })
    const { hits, filter } = await retriever.retrieveExpanded(question, { limit: 7 })
    expect(filter).toEqual(eq('company', 'ABC'))
    expect(hits.every(({ chunk }) => chunk.metadata.company === 'ABC')).toBe(true)
    expect(idsOf(hits).slice(0, 3)).toEqual(expect.arrayContaining(['ABC-2019-Q2', 'ABC-2019-Q4']))
  })

  it('finds the rivals that were asked for as competitors', async () => {
    const { lexical } = await open()
    const mine = { filter: eq('company', 'ABC') }
    expect(idsOf(await lexical.retrieve('competitors of ABC', mine))).not.toContain('ABC-2023-Q4')
    const model = saying({ keywords: ['rivals', 'market share', 'ABC', 'Q4 2023', 'competition'] })
    const retriever = keywordRetriever(lexical, { model, exclude: companies, maxKeywords: 6 })
    const { hits, queries } = await retriever.retrieveExpanded('competitors of ABC', mine)
    expect(idsOf(hits)).toContain('ABC-2023-Q4')
    // No company and no time among the keywords: filters take care of those.
    expect(queries[1]!.text).toBe('competitors of ABC rivals market share competition')
  })

  it('finds "rivals" by meaning and "Q4" to the letter, in one search', async () => {
    const { hybrid } = await open()
    const scoped = scopeRetriever(hybrid, eq('company', 'ABC'))
    const traceOf = async (query: string, id: string) => {
      const hits = await scoped.retrieve(query, { limit: 6 })
      const hit = hits.find(({ chunk }) => chunk.documentId === id)
      return hit?.trace.map(({ stage }) => stage) ?? []
    }
    expect(await traceOf('competitors', 'ABC-2023-Q4')).toEqual(['dense', 'hybrid'])
    const [first] = await scoped.retrieve('result of Q4', { limit: 1 })
    expect(first!.chunk.documentId).toBe('ABC-2022-Q4')
    expect(await traceOf('Q4', 'ABC-2022-Q4')).toContain('lexical')
    // Q3 and Q1 are other words, not other forms of Q4.
    expect(await traceOf('Q4', 'ABC-2022-Q3')).not.toContain('lexical')
  })

  it('counts the last five quarters back from the last one that is over, in both forms of the acronym', async () => {
    const { lexical } = await open()
    const rewriting = rewriteRetriever(lexical, {
      model: saying({ rewritten: 'average revenue per user over time' }),
      glossary: { ARPU: 'average revenue per user' },
    })
    const scoped = scopeRetriever(inTime(rewriting), eq('company', 'ABC'))
    const question = 'ARPU over the last 5 quarters'
    expect(idsOf(await scoped.retrieve(question, { limit: 7 })).sort()).toEqual([
      'ABC-2022-Q4',
      'ABC-2023-Q1',
    ])
    const { filter } = await inTime(rewriting).retrieveExpanded(question)
    expect(filter).toEqual(oneOf('period', ['Q4 2023', 'Q3 2023', 'Q2 2023', 'Q1 2023', 'Q4 2022']))
  })

  it('reads a span of quarters, and whole years, for what they are', async () => {
    const retriever = inTime((await open()).lexical)
    const asked = async (question: string) => {
      const { hits, filter } = await retriever.retrieveExpanded(question, { filter: eq('company', 'ABC') })
      return { ids: idsOf(hits).sort(), filter }
    }
    const span = await asked('competitors in Q2–Q4 2019')
    expect(span.filter).toEqual(oneOf('period', ['Q2 2019', 'Q3 2019', 'Q4 2019']))
    expect(span.ids).toEqual(['ABC-2019-Q2', 'ABC-2019-Q4'])
    const years = await asked('ARPU in the last 2 years')
    expect(years.filter).toEqual(oneOf('year', [2023, 2022]))
    expect(years.ids).not.toContain('ABC-2019-Q4')
  })
})
