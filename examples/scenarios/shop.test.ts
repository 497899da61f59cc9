import { type Chunk, eq, scopeRetriever } from '@tesserae/core'
import {
  authorityFeature,
  featureReranker,
  fieldMatchFeature,
  freshnessFeature,
  popularityFeature,
  reranked,
} from '@tesserae/rerank'
import { lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { describe, expect, it } from 'vitest'

interface Product {
  readonly name: string
  readonly text: string
  readonly stock: boolean
  readonly rating: number
  readonly sold: number
  readonly added: string
  readonly seller: string
}

const products: readonly Product[] = [
  {
    name: 'Red evening dress',
    text: 'Red dress, size 10, silk. A red dress for long evenings.',
    stock: true,
    rating: 3.1,
    sold: 40,
    added: '2023-02-01',
    seller: 'market',
  },
  {
    name: 'Red summer dress',
    text: 'Light cotton dress in red, sizes 8, 10 and 12.',
    stock: true,
    rating: 4.8,
    sold: 2_400,
    added: '2026-02-20',
    seller: 'own',
  },
  {
    name: 'Red cocktail dress',
    text: 'Red dress, size 10. Red lace over a red dress.',
    stock: false,
    rating: 5,
    sold: 9_000,
    added: '2026-02-25',
    seller: 'own',
  },
  {
    name: 'Blue shoes',
    text: 'Shoes in blue, size 10.',
    stock: true,
    rating: 4.9,
    sold: 12_000,
    added: '2026-02-27',
    seller: 'own',
  },
]

const chunks = products.map(
  ({ name, text, ...fields }): Chunk => ({
    id: name,
    documentId: name,
    index: 0,
    start: 0,
    end: text.length,
    text,
    headings: [],
    metadata: { title: name, ...fields },
  }),
)

describe('a shop that searches "size 10 red dress", only what is in stock, good things first', () => {
  const shop = async () => {
    const store = memoryStore()
    await store.upsert(chunks.map((chunk) => ({ chunk, revision: '1' })))
    const words = scopeRetriever(lexicalRetriever({ store }), eq('stock', true))
    const good = featureReranker({
      features: [
        {
          feature: fieldMatchFeature({ name: 'title', textOf: ({ metadata }) => String(metadata.title) }),
          weight: 0.5,
        },
        { feature: popularityFeature({ field: 'sold', pivot: 1_000 }), weight: 0.6 },
        { feature: authorityFeature({ field: 'seller', values: { own: 1, market: 0.5 } }), weight: 0.3 },
        {
          feature: freshnessFeature({
            field: 'added',
            halfLifeMs: 90 * 86_400_000,
            now: () => Date.parse('2026-03-01'),
          }),
          weight: 0.3,
        },
      ],
    })
    return { words, better: reranked(words, good) }
  }
  const query = 'size 10 red dress'

  it('finds by words alone what says red dress most often', async () => {
    const { words } = await shop()
    expect((await words.retrieve(query)).map(({ chunk }) => chunk.id)[0]).toBe('Red evening dress')
  })

  it('puts what sells and is new first, never what is out of stock, and tells the stages', async () => {
    const { better } = await shop()
    const hits = await better.retrieve(query)
    expect(hits.map(({ chunk }) => chunk.id)).toEqual(['Red summer dress', 'Red evening dress', 'Blue shoes'])
    expect(hits[0]!.trace.map(({ stage }) => stage)).toEqual(['lexical', 'features'])
  })
})
