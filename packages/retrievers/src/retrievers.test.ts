import {
  type Chunk,
  embeddingText,
  type Hit,
  isRagError,
  type RagEvent,
  type VectorSearch,
} from '@tesserae/core'
import { fakeEmbedder, fakeRetriever } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { denseRetriever } from './dense.js'
import { explainHit } from './explain-hit.js'
import { lexicalRetriever } from './lexical.js'
import { memoryStore } from './memory-store/store.js'

const texts = ['green apples', 'green pears and apples', 'a red brick wall']
const chunks = texts.map(
  (text, index): Chunk => ({
    id: `c${index}`,
    documentId: 'doc',
    index,
    start: 0,
    end: text.length,
    text,
    headings: [],
    metadata: { index },
  }),
)
const embedder = fakeEmbedder({ dimensions: 32 })

async function filled() {
  const store = memoryStore({ dimensions: 32 })
  const rows = await embedder.embed(chunks.map(embeddingText), { role: 'document' })
  await store.upsert(
    chunks.map((chunk, row) => ({ chunk, vector: rows.slice(row * 32, (row + 1) * 32), revision: '1' })),
  )
  return store
}

describe('denseRetriever', () => {
  it('embeds the query as a query and traces rank and raw score', async () => {
    const asking = fakeEmbedder({ dimensions: 32 })
    const store = await filled()
    const hits = await denseRetriever({ store, embedder: asking }).retrieve('green apples', { limit: 2 })
    expect(asking.calls).toEqual([{ texts: ['green apples'], role: 'query' }])
    expect(hits.map(({ chunk }) => chunk.id)).toEqual(['c0', 'c1'])
    expect(hits[1]!.trace).toEqual([{ stage: 'dense', kind: 'vector', rank: 2, score: hits[1]!.score }])
  })

  it('refuses what an embedder gives when it is not a vector', async () => {
    const store = await filled()
    for (const vector of [new Float32Array(3), new Float32Array(32).fill(Number.NaN)]) {
      const broken = { ...embedder, embed: async () => vector }
      const error = await denseRetriever({ store, embedder: broken })
        .retrieve('q')
        .catch((e: unknown) => e)
      expect(isRagError(error, 'invalid-vector')).toBe(true)
    }
  })

  it('passes the abort of the embedder’s wait through', async () => {
    const store = await filled()
    const slow = fakeEmbedder({ dimensions: 32, delayMs: 10_000 })
    const controller = new AbortController()
    const pending = denseRetriever({ store, embedder: slow }).retrieve('q', { signal: controller.signal })
    const reason = new Error('stop')
    controller.abort(reason)
    await expect(pending).rejects.toBe(reason)
  })
})

describe('lexicalRetriever', () => {
  it('traces rank and raw score under the name it was given', async () => {
    const hits = await lexicalRetriever({ store: await filled(), name: 'bm25' }).retrieve('pears apples')
    expect(hits.map(({ chunk }) => chunk.id)).toEqual(['c1', 'c0'])
    expect(hits[0]!.trace).toEqual([{ stage: 'bm25', kind: 'lexical', rank: 1, score: hits[0]!.score }])
  })

  it('tells how long a search took and what it found, not what was asked', async () => {
    const events: RagEvent[] = []
    const observer = (event: RagEvent) => void events.push(event)
    await lexicalRetriever({ store: await filled() }).retrieve('pears', { observer })
    expect(events.map(({ type, source, counts }) => [type, source, counts])).toEqual([
      ['store.search', 'memory', { entries: 3, candidates: 3, hits: 1 }],
      ['retrieve.leg', 'lexical', { hits: 1 }],
    ])
    expect(JSON.stringify(events)).not.toContain('pears')
  })
})

describe('explainHit', () => {
  it('is the tree of the retriever when it has one', async () => {
    const retriever = lexicalRetriever({ store: await filled() })
    const [hit] = await retriever.retrieve('apples')
    const explanation = await explainHit(retriever, 'apples', hit!)
    expect(explanation.value).toBeCloseTo(hit!.score, 6)
    expect(explanation).toEqual(await retriever.explain('apples', hit!.chunk.id))
  })

  it('is the trace for any other retriever, and when the store has changed since', async () => {
    const store = await filled()
    const retriever = lexicalRetriever({ store })
    const [hit] = (await retriever.retrieve('apples')) as [Hit]
    const byTrace = {
      value: hit.score,
      description: `score of chunk "${hit.chunk.id}", by its trace`,
      details: [{ value: hit.score, description: '"lexical" (lexical) placed it at rank 1', details: [] }],
    }
    expect(await explainHit(fakeRetriever([hit]), 'apples', hit)).toEqual(byTrace)
    await store.delete([hit.chunk.id])
    expect(await explainHit(retriever, 'apples', hit)).toEqual(byTrace)
  })

  it('has nothing to say of what is not found, or not to be found by this caller', async () => {
    const retriever = lexicalRetriever({ store: await filled() })
    const [hit] = await retriever.retrieve('apples')
    const { id } = hit!.chunk
    expect(await retriever.explain('nothing of it', id)).toBeUndefined()
    expect(await retriever.explain('apples', 'nowhere')).toBeUndefined()
    const filter = { op: 'exists', field: 'tenant' } as const
    expect(await retriever.explain('apples', id, { filter })).toBeUndefined()
    expect(await retriever.explain('apples', id, { filter: { op: 'not', filter } })).toBeDefined()
  })

  it('does without a store that cannot explain', async () => {
    const { searchByText } = await filled().then((store) => ({
      searchByText: store.searchByText.bind(store),
    }))
    const retriever = lexicalRetriever({ store: { searchByText } })
    const [hit] = await retriever.retrieve('apples')
    expect(await retriever.explain('apples', hit!.chunk.id)).toBeUndefined()
  })
})

it('refuses a query that is not a text', async () => {
  const store = await filled()
  for (const retriever of [lexicalRetriever({ store }), denseRetriever({ store, embedder })]) {
    // @ts-expect-error not a string
    const error = await retriever.retrieve(undefined).catch((e: unknown) => e)
    expect(isRagError(error, 'invalid-argument')).toBe(true)
  }
})

it('needs no more of a store than the search it uses', async () => {
  const store: VectorSearch = {
    dimensions: 32,
    searchByVector: async () => [{ chunk: chunks[0]!, score: 1 }],
  }
  expect((await denseRetriever({ store, embedder }).retrieve('q')).length).toBe(1)
})
