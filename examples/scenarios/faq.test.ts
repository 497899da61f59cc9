import { structuralChunker } from '@tesserae/chunkers'
import { assembleContext, eq, ingest } from '@tesserae/core'
import { texts } from '@tesserae/loaders'
import { markdownFormat } from '@tesserae/loaders/markdown'
import { staticEmbedder } from '@tesserae/models/static'
import { denseRetriever, hybridRetriever, lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { describe, expect, it } from 'vitest'

// A customer who has opened the page "Shipping" or "Warranty" of the help centre asks "how long does it take?".

const pages = [
  {
    id: 'shipping.md',
    metadata: { topic: 'shipping' },
    text: `# Shipping

What happens between your order and your door.

## How long does delivery take?

Orders leave our warehouse within one working day. Delivery takes two to four days within the country.

## What does delivery cost?

Delivery is free from 50 euros. Below that it costs 4.90 euros.
`,
  },
  {
    id: 'warranty.md',
    metadata: { topic: 'warranty' },
    text: `# Warranty

What we do when something breaks.

## How long does a repair take?

A repair under warranty takes ten working days from the day on which the device reaches us.

## How long is the warranty?

The warranty covers two years from the day of delivery.
`,
  },
]

const embedder = await staticEmbedder()
const open = async () => {
  const store = memoryStore({ dimensions: embedder.dimensions })
  const loader = texts(pages, { format: markdownFormat() })
  await ingest(loader.load(), { chunker: structuralChunker({ minTokens: 0 }), embedder, store })
  return hybridRetriever([denseRetriever({ store, embedder }), lexicalRetriever({ store })])
}

describe('a help centre whose questions are asked under a topic', () => {
  const question = 'how long does it take?'

  it('makes one chunk of each question, under the path of its headings', async () => {
    const hits = await (await open()).retrieve(question, { limit: 20 })
    const sections = hits.filter(({ chunk }) => chunk.headings.length === 2)
    expect(sections.map(({ chunk }) => chunk.headings.join(' > ')).sort()).toEqual([
      'Shipping > How long does delivery take?',
      'Shipping > What does delivery cost?',
      'Warranty > How long does a repair take?',
      'Warranty > How long is the warranty?',
    ])
    for (const { chunk } of hits) {
      const page = pages.find(({ id }) => id === chunk.documentId)!
      expect(page.text.slice(chunk.start, chunk.end)).toBe(chunk.text)
    }
  })

  it('answers the same words differently under each topic', async () => {
    const retriever = await open()
    const under = async (topic: string) => {
      const hits = await retriever.retrieve(question, { limit: 10, filter: eq('topic', topic) })
      expect(hits.every(({ chunk }) => chunk.metadata.topic === topic)).toBe(true)
      return hits[0]!.chunk.text
    }
    expect(await under('shipping')).toContain('two to four days')
    expect(await under('warranty')).toContain('ten working days')
    // Without a topic both compete, and a topic that nobody wrote about is no reason to answer from another.
    const unfiltered = await retriever.retrieve(question, { limit: 10 })
    expect(new Set(unfiltered.map(({ chunk }) => chunk.metadata.topic))).toEqual(
      new Set(['shipping', 'warranty']),
    )
    expect(await retriever.retrieve(question, { filter: eq('topic', 'returns') })).toEqual([])
  })

  it('cites the section that answered', async () => {
    const hits = await (await open()).retrieve(question, { limit: 1, filter: eq('topic', 'warranty') })
    const { text, citations } = await assembleContext(hits, { maxTokens: 100 })
    expect(text).toMatch(/^\[1\] .*Warranty.*How long does a repair take\?/)
    const [{ start, end, documentId }] = citations as [(typeof citations)[0]]
    expect(pages.find(({ id }) => id === documentId)!.text.slice(start, end)).toContain('ten working days')
  })
})
