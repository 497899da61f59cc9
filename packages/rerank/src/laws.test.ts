import { type Chunk, type Hit, matchesFilter, type Retriever } from '@tesserae/core'
import {
  fakeEmbedder,
  fakeRelevanceModel,
  fakeRetriever,
  type Law,
  rerankerLaws,
  retrieverLaws,
} from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { cascade } from './cascade.js'
import { crossEncoderReranker } from './cross-encoder.js'
import { cutReranker } from './cut.js'
import { embeddingReranker } from './embedding.js'
import { mmrReranker } from './mmr.js'
import { reranked } from './reranked.js'

const holds = (name: string, laws: readonly Law[]) =>
  describe(name, () => {
    for (const law of laws) it(law.name, () => law.run())
  })

const crossEncoder = () => crossEncoderReranker({ model: fakeRelevanceModel({ maxBatchSize: 7 }) })
const mmr = () => mmrReranker({ embedder: fakeEmbedder({ maxBatchSize: 8 }) })

holds('crossEncoderReranker', rerankerLaws(crossEncoder))
holds('mmrReranker', rerankerLaws(mmr))
holds(
  'embeddingReranker',
  rerankerLaws(() => embeddingReranker({ embedder: fakeEmbedder({ maxBatchSize: 8 }) })),
)
holds(
  'mmrReranker with relevance to the query',
  rerankerLaws(() => mmrReranker({ embedder: fakeEmbedder(), relevance: 'query', lambda: 0.5 })),
)
holds(
  'cutReranker',
  rerankerLaws(() => cutReranker({ threshold: 0.3, gap: 0.2, topP: 0.9, minimum: 1 }), { keepsAll: false }),
)
holds(
  'cascade',
  rerankerLaws(() => cascade([crossEncoder(), mmr()])),
)
holds(
  'cascade with cuts',
  rerankerLaws(
    () =>
      cascade([
        { reranker: crossEncoder(), limit: 20, threshold: 0.1, timeoutMs: 60_000 },
        mmr(),
        cutReranker({ gap: 0.5, minimum: 1 }),
      ]),
    { keepsAll: false },
  ),
)

/** Every chunk with the same query-independent score. */
const overAll = (chunks: readonly Chunk[]): Retriever =>
  fakeRetriever(
    chunks.map((chunk, index): Hit => {
      const score = 1 / (index + 1)
      return { chunk, score, trace: [{ stage: 'all', kind: 'vector', rank: index + 1, score }] }
    }),
  )

holds(
  'reranked',
  retrieverLaws((chunks) => reranked(overAll(chunks), crossEncoder(), { candidates: 60 })),
)

it('reranks only what the filter let through', async () => {
  const filter = { op: 'eq', field: 'even', value: true } as const
  const chunks = Array.from({ length: 20 }, (_, index): Chunk => {
    const text = `chunk ${index}`
    const metadata = { even: index % 2 === 0 }
    return { id: text, documentId: 'd', index, start: 0, end: text.length, text, headings: [], metadata }
  })
  const hits = await reranked(overAll(chunks), crossEncoder()).retrieve('chunk', { limit: 20, filter })
  expect(hits.length).toBe(10)
  expect(hits.every(({ chunk }) => matchesFilter(filter, chunk.metadata))).toBe(true)
})
