import { sentenceChunker } from '@tesserae/chunkers'
import { type Hit, ingest, type Retriever } from '@tesserae/core'
import { texts } from '@tesserae/loaders'
import { staticEmbedder } from '@tesserae/models/static'
import { lateInteractionReranker, reranked } from '@tesserae/rerank'
import { denseRetriever, hybridRetriever, lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { describe, expect, it } from 'vitest'

// Colleagues ask one search box for ideas ("employee satisfaction"), for codes ("A-123/b") and for a quarter ("Q4 revenue").

const documents = [
  {
    id: 'survey',
    text: 'Worker happiness rose this year. Staff are content with their managers and less so with the canteen.',
  },
  {
    id: 'spare-parts',
    text: 'The pump takes seal A-123/b. The older pump takes seal A-123/c. Both cost A-level money: 123 euros.',
  },
  {
    id: 'results',
    text: "Revenue in Q3 was 4.1 million. Revenue in Q4 was 5.3 million. We hope that Q1'25 revenue reaches 6 million.",
  },
  {
    id: 'handbook',
    text: 'Policy HR-2041 governs parental leave. Policy HR-2014 governs working from home. Code is written in C++ and C#.',
  },
]

const embedder = await staticEmbedder()
const open = async () => {
  const store = memoryStore({ dimensions: embedder.dimensions })
  const chunker = sentenceChunker({ maxSentences: 1 })
  await ingest(texts(documents).load(), { chunker, embedder, store })
  const lexical = lexicalRetriever({ store })
  const dense = denseRetriever({ store, embedder })
  const hybrid = hybridRetriever([dense, lexical])
  const best = reranked(hybrid, lateInteractionReranker({ tokens: embedder }), { candidates: 10 })
  return { lexical, dense, hybrid, best }
}
const first = (hits: readonly Hit[]) => hits[0]?.chunk.text

describe('one search box for ideas, codes and quarters', () => {
  it('finds worker happiness for employee satisfaction, where no word is the same', async () => {
    const { lexical, best } = await open()
    expect(await lexical.retrieve('employee satisfaction')).toEqual([])
    expect(first(await best.retrieve('employee satisfaction'))).toBe('Worker happiness rose this year.')
  })

  it('finds codes to the letter, and the neighbour of a code behind it', async () => {
    const { best } = await open()
    for (const [query, sentence] of [
      ['which pump takes A-123/b', 'The pump takes seal A-123/b.'],
      ['which pump takes A-123/c', 'The older pump takes seal A-123/c.'],
      ['HR-2041', 'Policy HR-2041 governs parental leave.'],
      ['HR-2014', 'Policy HR-2014 governs working from home.'],
      ['what do we write in C++', 'Code is written in C++ and C#.'],
    ] as const)
      expect([query, first(await best.retrieve(query))]).toEqual([query, sentence])
  })

  it('takes a quarter for a word of its own', async () => {
    const { lexical, best } = await open()
    expect(first(await best.retrieve('Q4 revenue'))).toBe('Revenue in Q4 was 5.3 million.')
    expect(first(await best.retrieve('Q3 revenue'))).toBe('Revenue in Q3 was 4.1 million.')
    expect(first(await best.retrieve("revenue hoped for in Q1'25"))).toContain("Q1'25")
    const quarter = await lexical.retrieve('Q4')
    expect(quarter.map(({ chunk }) => chunk.text)).toEqual(['Revenue in Q4 was 5.3 million.'])
  })

  it('merges both searches without doubles, and reranks what both found', async () => {
    const { dense, lexical, hybrid, best } = await open()
    const query = 'revenue of the fourth quarter, Q4'
    const ids = async (retriever: Retriever) =>
      (await retriever.retrieve(query, { limit: 10 })).map(({ chunk }) => chunk.id)
    const union = new Set([...(await ids(dense)), ...(await ids(lexical))])
    expect(new Set(await ids(hybrid))).toEqual(union)
    expect((await ids(hybrid)).length).toBe(union.size)
    expect(new Set(await ids(best))).toEqual(union)
    const [hit] = await best.retrieve(query)
    expect(hit!.trace.map(({ stage }) => stage)).toEqual([
      'dense',
      'lexical',
      'hybrid',
      'late-interaction',
      'late-interaction + order',
    ])
    const { text } = documents.find(({ id }) => id === hit!.chunk.documentId)!
    expect(text.slice(hit!.chunk.start, hit!.chunk.end)).toBe(hit!.chunk.text)
  })
})
