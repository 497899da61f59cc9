import { wholeChunker } from '@tesserae/chunkers'
import { eq, ingest } from '@tesserae/core'
import { fakeLanguageModel } from '@tesserae/core/testing'
import { texts } from '@tesserae/loaders'
import { lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { expandAcronyms, rewriteRetriever, synonymRetriever } from '@tesserae/retrievers/expand'
import { describe, expect, it } from 'vitest'

// A hungry visitor types "best italian restaurants in nyc" into a city guide that never writes "nyc".

const guide = [
  {
    id: 'carmela',
    text: 'Carmela: handmade pasta near the park, one of the top rated Italian kitchens of New York City.',
    metadata: { city: 'new-york' },
  },
  {
    id: 'harbour',
    text: 'Harbour Grill: oysters and steak, open late, New York City.',
    metadata: { city: 'new-york' },
  },
  {
    id: 'luigi',
    text: 'Luigi: best Italian restaurants of the Boston guide, three years in a row.',
    metadata: { city: 'boston' },
  },
  {
    id: 'forum',
    text: 'Readers write: the best pizza in nyc is sold from a truck.',
    metadata: { city: 'new-york' },
  },
]
const glossary = { nyc: 'New York City' }
const query = 'best italian restaurants in nyc'
const idsOf = (hits: readonly { chunk: { documentId: string } }[]) =>
  hits.map(({ chunk }) => chunk.documentId)

const open = async () => {
  const store = memoryStore()
  await ingest(texts(guide).load(), { chunker: wholeChunker(), store })
  return lexicalRetriever({ store })
}

describe('a query in short forms, against texts in long ones', () => {
  it('keeps both forms: the short one is somebody’s spelling too', async () => {
    expect(expandAcronyms(query, glossary)).toBe('best italian restaurants in nyc (New York City)')
    expect(expandAcronyms('anything else', glossary)).toBe('anything else')
    const plain = await open()
    expect(idsOf(await plain.retrieve('restaurants in nyc'))).not.toContain('carmela')
    const hits = await synonymRetriever(plain, { glossary }).retrieve('restaurants in nyc')
    expect(idsOf(hits)).toEqual(expect.arrayContaining(['carmela', 'harbour', 'forum']))
  })

  it('searches for the rewrite beside the query as it was typed, and says which found what', async () => {
    const model = fakeLanguageModel(() =>
      JSON.stringify({ rewritten: 'top rated Italian restaurants in New York City' }),
    )
    // The rewrite says better what is meant, so the query as it was typed counts half.
    const retriever = rewriteRetriever(await open(), { model, glossary, originalWeight: 0.5 })
    const { hits, queries } = await retriever.retrieveExpanded(query)
    expect(queries.map(({ text }) => text)).toEqual([
      query,
      'top rated Italian restaurants in New York City (nyc)',
    ])
    expect(idsOf(hits)[0]).toBe('carmela')
    // What the rewrite lost of the query is still found by the original.
    const stagesOf = (id: string) =>
      hits.find(({ chunk }) => chunk.documentId === id)!.trace.map(({ stage }) => stage)
    expect(stagesOf('forum')).toEqual(expect.arrayContaining(['rewrite/original', 'rewrite/rewritten']))
    expect(stagesOf('harbour')).toContain('rewrite/rewritten')
    expect(stagesOf('harbour')).not.toContain('rewrite/original')
    expect(new Set(idsOf(hits)).size).toBe(hits.length)
  })

  it('keeps "near me" where it belongs: the place comes from the app, as a filter', async () => {
    const model = fakeLanguageModel(() =>
      JSON.stringify({ rewritten: 'top rated Italian restaurants near me in Boston' }),
    )
    const retriever = rewriteRetriever(await open(), { model, glossary })
    // A model that makes up another place does not get it past the filter.
    const hits = await retriever.retrieve(query, { filter: eq('city', 'new-york') })
    expect(idsOf(hits)).not.toContain('luigi')
    expect(idsOf(hits)).toContain('carmela')
  })

  it('answers the plain query when the model is late', async () => {
    const model = fakeLanguageModel(['never in time'], { delayMs: 60_000 })
    const retriever = rewriteRetriever(await open(), { model, glossary, timeoutMs: 30 })
    const { hits, fallback } = await retriever.retrieveExpanded(query)
    expect(fallback).toBe('timeout')
    expect(idsOf(hits)).toEqual(idsOf(await (await open()).retrieve(query)))
  })
})
