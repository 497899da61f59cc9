// A property manager asks: "Find all the leases without auto-renewal." The best five are not the answer: all of them are.

import { wholeChunker } from '@tesserae/chunkers'
import {
  assembleContext,
  callLanguageModel,
  eq,
  exists,
  ingest,
  type LanguageModel,
  type Loaded,
  not,
  promptTemplate,
} from '@tesserae/core'
import { fakeLanguageModel } from '@tesserae/core/testing'
import { texts } from '@tesserae/loaders'
import { lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { aggregateRetriever, scanChunks, selfQuery } from '@tesserae/retrievers/expand'
import { describe, expect, it } from 'vitest'

const endings = [
  'This lease renews for a further year unless either party gives ninety days of notice.',
  'This lease ends on its last day. A new term needs a new signature.',
  'The term is extended by twelve months at a time until it is terminated in writing.',
]
const leases = Array.from({ length: 60 }, (_, unit) => ({
  id: `lease-${String(unit).padStart(2, '0')}`,
  text: `Lease of unit ${unit}. The rent is ${900 + unit} francs. ${endings[unit % 3]} Auto-renewal is dealt with above.`,
  metadata: { building: unit < 30 ? 'north' : 'south' },
}))
const withoutRenewal = leases.filter((_, unit) => unit % 3 === 1).map(({ id }) => id)
// The model could not read this one: it is neither with nor without, and must not be counted among either.
const unreadable = 'lease-04'

const terms = promptTemplate({
  id: 'lease-terms',
  version: '1',
  system: 'Read the lease and answer in JSON: {{"autoRenewal": true | false}}',
  user: '{lease}',
  slots: { lease: {} },
})

/** Asks once, when the lease comes in, what every later question needs; what was not understood is left open. */
async function* withTerms(source: AsyncIterable<Loaded>, model: LanguageModel): AsyncGenerator<Loaded> {
  for await (const item of source) {
    if (item.type === 'failure') {
      yield item
      continue
    }
    const { document } = item
    const { text } = await callLanguageModel(model, terms.render({ lease: document.text }))
    const autoRenewal = /"autoRenewal": (true|false)/.exec(text)?.[1]
    const found = autoRenewal === undefined ? {} : { autoRenewal: autoRenewal === 'true' }
    yield { type: 'document', document: { ...document, metadata: { ...document.metadata, ...found } } }
  }
}

const reader = fakeLanguageModel(({ messages }) => {
  const lease = messages[0]!.content
  if (lease.includes('unit 4.')) return 'The scan is too faint to say.'
  return JSON.stringify({ autoRenewal: !lease.includes('ends on its last day') }).replace(':', ': ')
})
const planner = fakeLanguageModel(() =>
  JSON.stringify({ query: 'leases', filter: { op: 'eq', field: 'autoRenewal', value: false } }),
)

describe('"all the leases without auto-renewal"', () => {
  const question = 'Find all the leases without auto-renewal'
  const prepare = async () => {
    const store = memoryStore()
    await ingest(withTerms(texts(leases).load(), reader), { chunker: wholeChunker(), store })
    const search = lexicalRetriever({ store })
    const schema = { autoRenewal: { type: 'boolean' } } as const
    const retriever = aggregateRetriever(search, {
      store,
      filterOf: async (query, call) => (await selfQuery(query, { model: planner, schema }, call)).filter,
    })
    return { store, search, retriever }
  }
  const documentsOf = (hits: readonly { readonly chunk: { readonly documentId: string } }[]) =>
    hits.map(({ chunk }) => chunk.documentId).sort()

  it('is answered by all nineteen, and says that none is missing', async () => {
    const { retriever } = await prepare()
    const { hits, aggregate, complete, filter } = await retriever.retrieveAll(question)
    expect(documentsOf(hits)).toEqual(withoutRenewal.filter((id) => id !== unreadable))
    expect([hits.length, aggregate, complete]).toEqual([19, true, true])
    expect(filter).toEqual(eq('autoRenewal', false))
    const context = await assembleContext(hits, { maxTokens: 4000 })
    expect([context.citations.length, context.omitted]).toEqual([19, []])
  })

  it('is not answered by a search, however many hits are asked for', async () => {
    const { search } = await prepare()
    expect(await search.retrieve(question)).toHaveLength(5)
    const many = documentsOf(await search.retrieve(question, { limit: 200 }))
    expect(many.filter((id) => !withoutRenewal.includes(id))).not.toEqual([])
  })

  it('stays within the building asked about, and the unreadable lease can be listed for a person', async () => {
    const { store, retriever } = await prepare()
    const south = await retriever.retrieveAll(question, { filter: eq('building', 'south') })
    expect(documentsOf(south.hits)).toEqual(withoutRenewal.filter((id) => id >= 'lease-30'))
    const open: string[] = []
    for await (const chunk of scanChunks(store, not(exists('autoRenewal')))) open.push(chunk.documentId)
    expect(open).toEqual([unreadable])
  })

  it('is told apart from a question about one lease, which is searched for', async () => {
    const { retriever } = await prepare()
    const { hits, aggregate } = await retriever.retrieveAll('What is the rent of unit 17?')
    expect([aggregate, hits[0]!.chunk.documentId]).toEqual([false, 'lease-17'])
    expect(hits[0]!.chunk.text).toContain('The rent is 917 francs.')
  })
})
