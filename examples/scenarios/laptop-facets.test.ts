import { wholeChunker } from '@tesserae/chunkers'
import { eq, ingest, lte } from '@tesserae/core'
import { texts } from '@tesserae/loaders'
import { staticEmbedder } from '@tesserae/models/static'
import { denseRetriever, memoryStore } from '@tesserae/retrievers'
import { scanChunks, sourceRetriever, standIns } from '@tesserae/retrievers/expand'
import { describe, expect, it } from 'vitest'

// A buyer describes a laptop now by its data sheet, now by what reviewers say; each product is found by any of its facets.

const laptops = [
  {
    id: 'kestrel-14',
    price: 1290,
    name: 'Kestrel 14, a thin laptop.',
    specs: ['16 GB of memory and 1 TB of solid state storage', '14 inch display, 1.1 kilograms'],
    reviews: ['The battery easily lasts through a working day and a flight home.'],
    marketing: ['Light as a feather. Made for people who are always on the move.'],
  },
  {
    id: 'anvil-17',
    price: 1990,
    name: 'Anvil 17, a desktop replacement.',
    specs: ['64 GB of memory and a graphics card with 12 GB', '17 inch display, 3.2 kilograms'],
    reviews: ['It runs every game I own, but the fan is loud enough to wake the cat.'],
    marketing: ['Raw power for creators. Render a film before lunch.'],
  },
  {
    id: 'penny-13',
    price: 390,
    name: 'Penny 13, a laptop for school.',
    specs: ['4 GB of memory', '13 inch display'],
    reviews: ['My daughter dropped it down the stairs twice and it still works.'],
    marketing: ['Everything a pupil needs, at the price of a school trip.'],
  },
]
const facets = ['specs', 'reviews', 'marketing'] as const

const embedder = await staticEmbedder()
const open = async () => {
  const products = memoryStore()
  const loader = texts(laptops.map(({ id, name, price }) => ({ id, text: name, metadata: { price } })))
  await ingest(loader.load(), { chunker: wholeChunker(), store: products })
  const found = memoryStore({ dimensions: embedder.dimensions })
  for await (const product of scanChunks(products, undefined)) {
    const laptop = laptops.find(({ id }) => id === product.documentId)!
    const chunks = facets.flatMap((facet) => standIns(product, laptop[facet], facet))
    const vectors = await embedder.embed(
      chunks.map(({ text }) => text),
      { role: 'document' },
    )
    const vector = (row: number) =>
      vectors.subarray(row * embedder.dimensions, (row + 1) * embedder.dimensions)
    await found.upsert(chunks.map((chunk, row) => ({ chunk, vector: vector(row), revision: '1' })))
  }
  const dense = denseRetriever({ store: found, embedder })
  return { dense, products, retriever: sourceRetriever(dense, { store: products }) }
}

describe('products with a vector for each of their facets', () => {
  it('finds each product once, by its best facet, and says which that was', async () => {
    const { dense, retriever } = await open()
    const asked = [
      ['a notebook whose battery lasts all day', 'kestrel-14', 'reviews'],
      ['a lot of memory and a strong graphics card', 'anvil-17', 'specs'],
      ['noisy fan', 'anvil-17', 'reviews'],
      ['robust enough for a clumsy child: dropped on the stairs', 'penny-13', 'reviews'],
      ['for people who travel, always on the move', 'kestrel-14', 'marketing'],
    ] as const
    for (const [query, product, facet] of asked) {
      const hits = await retriever.retrieve(query, { limit: 3 })
      expect(hits.length).toBe(3)
      expect(new Set(hits.map(({ chunk }) => chunk.documentId)).size).toBe(3)
      expect(hits[0]!.chunk.documentId).toBe(product)
      expect(hits[0]!.trace.map(({ stage }) => stage)).toEqual(['dense', `sources/${facet}`, 'sources'])
      // Max merge: the product's score is that of its best facet, and what is shown is the product.
      const [best] = await dense.retrieve(query, { limit: 1 })
      expect(hits[0]!.score).toBe(best!.score)
      expect(hits[0]!.chunk.text).toBe(laptops.find(({ id }) => id === product)!.name)
    }
  })

  it('holds facets and products to the buyer’s budget', async () => {
    const { products, retriever } = await open()
    const affordable = async () => {
      const call = { limit: 3, filter: lte('price', 1500) }
      const hits = await retriever.retrieve('a lot of memory and a strong graphics card', call)
      return hits.map(({ chunk }) => chunk.documentId).sort()
    }
    expect(await affordable()).toEqual(['kestrel-14', 'penny-13'])
    // A price that rises counts at once, before anybody has written the facets again.
    for await (const chunk of scanChunks(products, eq('price', 1290)))
      await products.upsert([{ chunk: { ...chunk, metadata: { price: 1690 } }, revision: '2' }])
    expect(await affordable()).toEqual(['penny-13'])
    expect(await retriever.retrieve('memory', { filter: eq('price', 1) })).toEqual([])
  })
})
