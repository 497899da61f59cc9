// A customer of a telephone company writes to its assistant, whose agent may search three collections with a tool.

import { wholeChunker } from '@tesserae/chunkers'
import {
  answerSupport,
  assembleContext,
  type Citation,
  type Hit,
  ingest,
  meteredRetriever,
  toChunks,
} from '@tesserae/core'
import { fakeLanguageModel } from '@tesserae/core/testing'
import { texts } from '@tesserae/loaders'
import { lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { routerRetriever } from '@tesserae/retrievers/expand'
import { describe, expect, it } from 'vitest'

const collections = {
  billing: {
    description: 'invoices, payments, reminders',
    articles: {
      'reminders.md': 'A reminder is sent ten days after an invoice is due. It costs eight francs.',
      'instalments.md': 'Invoices above two hundred francs can be paid in three instalments.',
    },
  },
  network: {
    description: 'outages, coverage, speed',
    articles: { 'outages.md': 'During an outage of more than a day, the fee of that day is given back.' },
  },
  devices: {
    description: 'telephones, routers, SIM cards',
    articles: { 'sim.md': 'A lost SIM card is blocked at once and replaced by mail within two days.' },
  },
}
const systemPrompt =
  'You are the assistant of Alpine Telephone. Our hotline answers from seven to ten at night.'

/** Questions with these words go there without asking a model. */
const rules: { readonly [name: string]: RegExp } = { billing: /invoice|reminder/i }

describe('an assistant for customers, and the tool it searches with', () => {
  const prepare = async () => {
    const domains = await Promise.all(
      Object.entries(collections).map(async ([name, { description, articles }]) => {
        const store = memoryStore()
        const inputs = Object.entries(articles).map(([id, text]) => ({ id: `${name}/${id}`, text }))
        await ingest(texts(inputs).load(), { chunker: wholeChunker(), store })
        return { name, description, retriever: meteredRetriever(lexicalRetriever({ store, name })) }
      }),
    )
    const placing = fakeLanguageModel(({ messages }) =>
      JSON.stringify({ route: messages[0]!.content.includes('lost my phone card') ? 'devices' : 'billing' }),
    )
    const router = routerRetriever(
      [
        ...domains.map((domain) => ({ ...domain, when: rules[domain.name] })),
        { name: 'greeting', description: 'hello, thanks', retriever: 'none', when: /^(?:hello|thanks)\b/i },
      ],
      { otherwise: 'network', model: placing },
    )
    const articles: Citation[] = []
    /** The retriever as agents want tools: a name, what it is for, the schema of its input, and a text as result. */
    const searchTool = {
      name: 'search_articles',
      description: `Searches help articles on ${domains.map(({ description }) => description).join('; ')}.`,
      parameters: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] },
      async execute({ query }: { readonly query: string }) {
        const { hits, route, by } = await router.retrieveRouted(query, { limit: 2 })
        const { text, citations } = await assembleContext(hits, { maxTokens: 300 })
        articles.push(...citations)
        return { text, route, by }
      },
    }
    const metricsOf = (name: string) => domains.find((domain) => domain.name === name)!.retriever.metrics()
    return { searchTool, articles, metricsOf }
  }

  it('sends each question to one collection: by a rule, by a model, or to none', async () => {
    const { searchTool, metricsOf } = await prepare()
    const reminder = await searchTool.execute({ query: 'What does a reminder cost?' })
    expect(reminder).toMatchObject({ route: 'billing', by: 'rule' })
    expect(reminder.text).toContain('It costs eight francs.')
    const card = await searchTool.execute({ query: 'I lost my phone card, what now?' })
    expect(card).toMatchObject({ route: 'devices', by: 'model' })
    expect(card.text).toContain('replaced by mail within two days')
    const hello = await searchTool.execute({ query: 'Hello there' })
    expect(hello).toEqual({ text: '', route: 'greeting', by: 'rule' })
    expect(['billing', 'devices', 'network'].map((name) => metricsOf(name).answered)).toEqual([1, 1, 0])
  })

  it('tells what was retrieved, how long it took and how often nothing was found', async () => {
    const { searchTool, metricsOf } = await prepare()
    await searchTool.execute({ query: 'invoice in instalments' })
    await searchTool.execute({ query: 'reminder of an invoice' })
    await searchTool.execute({ query: 'Is roaming abroad included?' })
    await searchTool.execute({ query: 'reminders, please' })
    const { milliseconds, bestScore, ...counts } = metricsOf('billing')
    expect(counts).toMatchObject({ answered: 4, failed: 0, hits: 5, zeroHits: 1, zeroHitRate: 0.25 })
    expect(milliseconds!.max).toBeGreaterThanOrEqual(milliseconds!.p50)
    expect(bestScore!.max).toBeGreaterThan(0)
  })

  it('lists the sentences that neither an article nor the instructions hold', async () => {
    const { searchTool, articles } = await prepare()
    const agent = fakeLanguageModel([
      '{"tool": "search_articles", "input": {"query": "What does a reminder cost?"}}',
      'A reminder costs eight francs [1]. Our hotline answers from seven to ten at night. You will be disconnected after three reminders.',
    ])
    const user = { role: 'user' as const, content: 'Why eight francs more, and when can I call?' }
    const call = await agent.generate({ system: systemPrompt, messages: [user] })
    const { text } = await searchTool.execute(JSON.parse(call.text).input)
    const { text: answer } = await agent.generate({
      system: systemPrompt,
      messages: [user, { role: 'user', content: text }],
    })

    // The instructions are one more source, under a number that no article has.
    const instructions = { id: 'instructions', text: systemPrompt, marks: [], metadata: {} }
    const [chunk] = toChunks(instructions, [{ start: 0, end: systemPrompt.length }])
    const own: Hit = { chunk: chunk!, score: 0, trace: [] }
    const { citations } = await assembleContext([own], { maxTokens: 100 })
    const told = citations.map((citation) => ({ ...citation, number: 99, marker: '[99]' }))
    const { sentences, unsupported } = await answerSupport(answer, [...articles, ...told])
    expect(unsupported.map((sentence) => sentence.text)).toEqual([
      'You will be disconnected after three reminders.',
    ])
    expect(sentences.slice(0, 2).map(({ evidence }) => evidence!.citation.documentId)).toEqual([
      'billing/reminders.md',
      'instructions',
    ])
  })
})
