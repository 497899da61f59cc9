import { wholeChunker } from '@tesserae/chunkers'
import { answerPrompt, assembleContext, eq, ingest } from '@tesserae/core'
import { fakeLanguageModel } from '@tesserae/core/testing'
import { texts } from '@tesserae/loaders'
import { lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { selfQueryRetriever } from '@tesserae/retrievers/expand'
import { describe, expect, it } from 'vitest'

// A shopper asks a food shop: "List all the ingredients in the nuts and seeds granola. Put the allergens in all caps."

const products = [
  {
    id: 'granola-nuts',
    text: 'Ingredients: rolled oats, almonds, pumpkin seeds, honey, sunflower oil. Allergens: nuts, oats.',
    metadata: { product_name: 'Nuts and Seeds Granola', organic: true },
  },
  {
    id: 'granola-berry',
    text: 'Ingredients: rolled oats, dried berries, seeds, sugar. Allergens: oats. May contain traces of nuts.',
    metadata: { product_name: 'Berry Granola', organic: true },
  },
  {
    id: 'bar-nuts',
    text: 'A bar of nuts and seeds, with all the ingredients of our granola. Allergens: nuts. All in capitals on the pack.',
    metadata: { product_name: 'Nut Bar', organic: false },
  },
]
const question = 'List all the ingredients in the nuts and seeds granola. Put the allergens in all caps.'
const schema = {
  product_name: { type: 'string', values: products.map(({ metadata }) => metadata.product_name) },
  organic: { type: 'boolean' },
} as const

const open = async (answer: string) => {
  const store = memoryStore()
  await ingest(texts(products).load(), { chunker: wholeChunker(), store })
  const plain = lexicalRetriever({ store })
  const model = fakeLanguageModel(() => answer)
  return { plain, model, retriever: selfQueryRetriever(plain, { model, schema }) }
}
const parsed = {
  query: 'ingredients nuts and seeds granola allergens',
  filter: { op: 'eq', field: 'product_name', value: 'Nuts and Seeds Granola' },
  instructions: 'allergens in all caps',
}

describe('a question that names a product and says how the answer is to look', () => {
  it('searches only that product, by what is left of the question', async () => {
    const { plain, model, retriever } = await open(`Here you are: ${JSON.stringify(parsed)}`)
    expect((await plain.retrieve(question)).length).toBe(3)
    const { hits, queries, filter } = await retriever.retrieveExpanded(question)
    expect(hits.map(({ chunk }) => chunk.documentId)).toEqual(['granola-nuts'])
    expect(filter).toEqual(eq('product_name', 'Nuts and Seeds Granola'))
    expect(queries.map(({ text }) => text)).toEqual([question, parsed.query])
    // The model knows the fields and the names that there are, and nothing of what is stored.
    const told = JSON.stringify(model.calls[0])
    expect(told).toContain('Berry Granola')
    expect(told).not.toContain('pumpkin')
  })

  it('keeps the wish for capitals out of the search and takes it to the prompt', async () => {
    const { retriever } = await open(JSON.stringify(parsed))
    const { hits, queries, instructions } = await retriever.retrieveExpanded(question)
    expect(queries.find(({ label }) => label === 'refined')!.text).not.toMatch(/caps/)
    expect(instructions).toBe('allergens in all caps')
    const { text, citations } = await assembleContext(hits, { maxTokens: 200 })
    const { system, messages } = answerPrompt().render({ context: text, question, format: instructions })
    expect(system).toContain('allergens in all caps')
    expect(messages[0]!.content).toContain('pumpkin seeds')
    expect(citations.map(({ documentId }) => documentId)).toEqual(['granola-nuts'])
  })

  it('believes no field or product that does not exist, and serves the plain question when the model rambles', async () => {
    const invented = await open(
      JSON.stringify({ ...parsed, filter: { op: 'eq', field: 'secret', value: 'x' } }),
    )
    const { filter, hits } = await invented.retriever.retrieveExpanded(question)
    expect(filter).toBeUndefined()
    expect(hits.length).toBe(3)
    const rambling = await open('I would rather talk about breakfast.')
    const plain = await rambling.retriever.retrieveExpanded(question)
    expect(plain.fallback).toBe('unreadable')
    expect(plain.queries).toEqual([{ label: 'original', text: question }])
  })

  it('never widens what the caller allows', async () => {
    const { retriever } = await open(JSON.stringify(parsed))
    const hits = await retriever.retrieve(question, { filter: eq('organic', false) })
    expect(hits.map(({ chunk }) => chunk.documentId)).toEqual(['bar-nuts'])
  })
})
