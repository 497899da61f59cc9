import { and, bindFilter, eq, has, matchesFilter, oneOf, placeholder, scopeRetriever } from '@tesserae/core'
import { fakeEmbedder, fakeLanguageModel } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { denseRetriever } from '../dense.js'
import { reciprocalRankFusion } from '../fusion/reciprocal-rank.js'
import { hybridRetriever } from '../hybrid.js'
import { lexicalRetriever } from '../lexical.js'
import { memoryStore } from '../memory-store/store.js'
import { decomposeRetriever } from './decompose.js'
import { keywordRetriever } from './keywords.js'
import { rewriteRetriever } from './rewrite.js'
import { selfQueryRetriever } from './self-query/self-query.js'
import { chunkOf, entriesOf, idsOf, lexicalOver, storeOf } from './testing/library.js'
import { timeRetriever } from './time/time-retriever.js'

// Whole questions as users ask them, each answered by the stages that it needs.

const saying = (value: unknown) => fakeLanguageModel(() => JSON.stringify(value))

describe('travel reviews with a questionnaire', () => {
  const reviews = [
    chunkOf('london-1', 'A rainy week in the city with museums for children.', {
      place: 'London',
      children: ['yes'],
    }),
    chunkOf('london-2', 'The city is loud; museums are free.', { place: 'London', children: ['no'] }),
    chunkOf('paris-1', 'Walks along the river, a city for couples.', { place: 'Paris', children: ['no'] }),
    chunkOf('paris-2', 'Playgrounds everywhere in the city, and ice cream.', {
      place: 'Paris',
      children: ['yes'],
    }),
    chunkOf('stray', 'a city trip', {}),
  ]
  const template = and(
    eq('place', placeholder('desired_destination')),
    has('children', placeholder('children')),
  )
  const question = 'museums and walks in the city'

  it('answers every traveller from the right place, at the same time, from one template', async () => {
    const embedder = fakeEmbedder({ dimensions: 16 })
    const store = memoryStore({ dimensions: 16 })
    for (const entry of entriesOf(reviews))
      await store.upsert([
        { ...entry, vector: await embedder.embed([entry.chunk.text], { role: 'document' }) },
      ])
    const hybrid = hybridRetriever([denseRetriever({ store, embedder }), lexicalRetriever({ store })])
    const travellers = ['London', 'Paris'].flatMap((place) =>
      ['yes', 'no'].map((children) => ({ place, children })),
    )
    const answers = await Promise.all(
      travellers.map(({ place, children }) =>
        hybrid.retrieve(question, {
          limit: 4,
          filter: bindFilter(template, { desired_destination: place, children }),
        }),
      ),
    )
    expect(answers.map(idsOf)).toEqual([['london-1'], ['london-2'], ['paris-2'], ['paris-1']])
    // Without the filter a trip to Paris is answered from London.
    expect(idsOf(await hybrid.retrieve(question, { limit: 4 })).join()).toContain('london')
    expect(() => bindFilter(template, { desired_destination: 'Paris' })).toThrow('children')
  })
})

describe('the analyst of quarterly reports', () => {
  const filing = (id: string, company: string, year: number, quarter: number, text: string) =>
    chunkOf(id, text, { company, year, quarter, period: `${year}-Q${quarter}` })
  const filings = [
    filing('abc-23q4', 'ABC', 2023, 4, 'Rivals of the company fight for market share in cloud storage.'),
    filing('abc-23q1', 'ABC', 2023, 1, 'Revenue grew. Average revenue per user (ARPU) was 11.'),
    filing('abc-22q4', 'ABC', 2022, 4, 'Average revenue per user was 10.'),
    filing('abc-22q3', 'ABC', 2022, 3, 'ARPU was 9.'),
    filing('abc-19q2', 'ABC', 2019, 2, 'Competitors were few.'),
    filing('xyz-23q4', 'XYZ', 2023, 4, 'Rivals and competitors of another company. ARPU was 99.'),
  ]
  const now = () => Date.UTC(2024, 1, 10)
  const mine = eq('company', 'ABC')

  it('finds the rivals that were asked for as competitors', async () => {
    const plain = await lexicalOver(filings)
    expect(idsOf(await plain.retrieve("Who are ABC's competitors?", { filter: mine }))).not.toContain(
      'abc-23q4',
    )
    const retriever = keywordRetriever(plain, {
      model: saying({ keywords: ['rivals', 'market share', 'ABC', 'XYZ', 'Q4 2023', 'competition'] }),
      exclude: ['ABC', 'XYZ'],
    })
    const { hits, queries } = await retriever.retrieveExpanded("Who are ABC's competitors?", { filter: mine })
    expect(idsOf(hits)).toContain('abc-23q4')
    expect(queries[1]!.text).toBe("Who are ABC's competitors? rivals market share competition")
  })

  it('takes the last five quarters before the current one, in both forms of the acronym, for one company', async () => {
    const inTime = timeRetriever(
      rewriteRetriever(await lexicalOver(filings), {
        model: saying({ rewritten: 'average revenue per user over time' }),
        glossary: { ARPU: 'average revenue per user' },
      }),
      {
        now,
        filter: (periods) =>
          oneOf(
            'period',
            periods.map(({ year, quarter }) => `${year}-Q${quarter}`),
          ),
      },
    )
    const scoped = scopeRetriever(inTime, mine)
    const hits = await scoped.retrieve('ARPU over the last 5 quarters', { limit: 9 })
    // Q4 2022 is the fifth; Q3 2022 is not among them, nor is the other company.
    expect(idsOf(hits).sort()).toEqual(['abc-22q4', 'abc-23q1'])
    const { filter } = await inTime.retrieveExpanded('ARPU over the last 5 quarters', { filter: mine })
    expect(filter).toEqual(oneOf('period', ['2023-Q4', '2023-Q3', '2023-Q2', '2023-Q1', '2022-Q4']))
  })

  it('takes Q2 to Q4 of a year for what they are', async () => {
    const inTime = timeRetriever(await lexicalOver(filings), {
      now,
      filter: (periods) =>
        oneOf(
          'period',
          periods.map(({ year, quarter }) => `${year}-Q${quarter}`),
        ),
    })
    expect(idsOf(await inTime.retrieve('competitors in Q2–Q4 2019'))).toEqual(['abc-19q2'])
  })
})

describe('the comparison of industrial revolutions', () => {
  const topics = ['technology', 'labour', 'cities', 'trade', 'energy', 'education']
  const chunks = [
    ...topics.map((topic) => chunkOf(topic, `How ${topic} changed in the first and the second revolution.`)),
    chunkOf('noise', 'A comparison of a comparison.'),
  ]

  it('asks six labelled questions, merges what they find, and says which found what', async () => {
    const questions = [...topics.map((topic) => `what changed in ${topic}?`), 'a seventh', 'an eighth']
    const retriever = decomposeRetriever(await lexicalOver(chunks), { model: saying({ questions }) })
    const { hits, queries } = await retriever.retrieveExpanded('Compare both', { limit: 20 })
    expect(queries).toHaveLength(7)
    expect(idsOf(hits)).toEqual(expect.arrayContaining(topics))
    expect(new Set(idsOf(hits)).size).toBe(hits.length)
    for (const [index, topic] of topics.entries()) {
      const trace = hits.find(({ chunk }) => chunk.id === topic)!.trace
      const own = trace.find(({ stage }) => stage === `decompose/sub-question-${index + 1}`)
      expect(own?.rank).toBe(1)
    }
  })
})

describe('answers to requests for proposals', () => {
  const past = [
    chunkOf('rfp-1', 'Question: is data encrypted? Answer: yes, at rest and in transit.', { kind: 'answer' }),
    chunkOf('rfp-2', 'Question: how fast is support? Answer: within four hours.', { kind: 'answer' }),
  ]
  const policies = [
    chunkOf('policy-1', 'Encryption policy: keys are rotated every 90 days.', { kind: 'policy' }),
    chunkOf('policy-2', 'Holiday policy.', { kind: 'policy' }),
  ]

  it('draws on past answers and policies, searched apart and fused late', async () => {
    const answers = lexicalRetriever({ store: await storeOf(past), name: 'past answers' })
    const rules = lexicalRetriever({ store: await storeOf(policies), name: 'policies' })
    const both = hybridRetriever([answers, rules], { fusion: reciprocalRankFusion() })
    const retriever = decomposeRetriever(both, {
      model: saying({ questions: ['is data encrypted?', 'how are keys rotated?', 'how fast is support?'] }),
    })
    const { hits } = await retriever.retrieveExpanded('Describe encryption, keys and support.', { limit: 3 })
    expect(idsOf(hits).sort()).toEqual(['policy-1', 'rfp-1', 'rfp-2'])
    const policy = hits.find(({ chunk }) => chunk.id === 'policy-1')!
    expect(policy.trace.map(({ stage }) => stage)).toContain('policies')
    expect(policy.trace.map(({ stage }) => stage)).toContain('decompose/sub-question-2')
    const only = await retriever.retrieve('Describe encryption, keys and support.', {
      filter: eq('kind', 'policy'),
    })
    expect(only.every(({ chunk }) => matchesFilter(eq('kind', 'policy'), chunk.metadata))).toBe(true)
  })
})

describe('the search for courses', () => {
  const courses = [
    chunkOf('basics', 'Introduction to machine learning concepts.', {
      difficulty: 'beginner',
      format: 'video',
    }),
    chunkOf('book', 'Introduction to machine learning concepts, in writing.', {
      difficulty: 'beginner',
      format: 'text',
    }),
    chunkOf('deep', 'Advanced machine learning concepts.', { difficulty: 'expert', format: 'video' }),
  ]

  it('reads level and format out of the question', async () => {
    const retriever = selfQueryRetriever(await lexicalOver(courses), {
      model: saying({
        query: 'Introduction to machine learning concepts',
        filter: and(eq('difficulty', 'Beginner'), eq('format', 'video')),
      }),
      schema: {
        difficulty: { type: 'string', values: ['beginner', 'expert'] },
        format: { type: 'string', values: ['video', 'text'] },
      },
    })
    const hits = await retriever.retrieve(
      'a beginner video with an introduction to machine learning concepts',
    )
    expect(idsOf(hits)).toEqual(['basics'])
  })
})
