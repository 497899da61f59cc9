import { type Chunk, embeddingText, type LanguageModel, type Retriever } from '@tesserae/core'
import { commonWord, fakeEmbedder, fakeLanguageModel, type Law, retrieverLaws } from '@tesserae/core/testing'
import { describe, it } from 'vitest'
import { bm25Index } from '../bm25/bm25-index.js'
import { memoryStore } from '../memory-store/store.js'
import { condenseRetriever } from './condense.js'
import { decomposeRetriever } from './decompose.js'
import { hydeRetriever } from './hyde.js'
import { keywordRetriever } from './keywords.js'
import { multiQueryRetriever } from './multi-query.js'
import { normalizedRetriever } from './normalize-query.js'
import { rewriteRetriever } from './rewrite.js'
import { selfQueryRetriever } from './self-query/self-query.js'
import { spellingRetriever } from './spelling.js'
import { stepBackRetriever } from './step-back.js'
import { synonymRetriever } from './synonyms.js'
import { lexicalOver } from './testing/library.js'
import { timeRetriever } from './time/time-retriever.js'

const holds = (name: string, laws: readonly Law[]) =>
  describe(name, () => {
    for (const law of laws) it(law.name, () => law.run())
  })

const answering = (value: unknown) => fakeLanguageModel(() => JSON.stringify(value))
const over = (wrap: (retriever: Retriever, model: LanguageModel) => Retriever, answer: unknown) =>
  retrieverLaws(async (chunks) => wrap(await lexicalOver(chunks), answering(answer)))

const lines = [`${commonWord} one`, 'two', 'three of them']
holds(
  'multiQueryRetriever',
  over((retriever, model) => multiQueryRetriever(retriever, { model }), lines),
)
holds(
  'decomposeRetriever',
  over((retriever, model) => decomposeRetriever(retriever, { model }), lines),
)
holds(
  'stepBackRetriever',
  over((retriever, model) => stepBackRetriever(retriever, { model }), { question: 'a b' }),
)
holds(
  'rewriteRetriever',
  over((retriever, model) => rewriteRetriever(retriever, { model }), { rewritten: commonWord }),
)
holds(
  'keywordRetriever',
  over((retriever, model) => keywordRetriever(retriever, { model }), lines),
)
holds(
  'condenseRetriever',
  over((retriever, model) => condenseRetriever(retriever, { model }), {}),
)
holds(
  'selfQueryRetriever without a filter',
  over((retriever, model) => selfQueryRetriever(retriever, { model, schema: { year: { type: 'number' } } }), {
    query: commonWord,
  }),
)
holds(
  'selfQueryRetriever with a filter that little passes',
  retrieverLaws(
    async (chunks) =>
      selfQueryRetriever(await lexicalOver(chunks), {
        model: answering({ query: commonWord, filter: { public: true } }),
        schema: { public: { type: 'boolean' } },
        minHits: 2,
      }),
    {
      exempt: {
        'as many come back as match the filter, up to the limit': 'its own filter keeps some out',
        'at most the limit comes back, five by default': 'its own filter keeps some out',
      },
    },
  ),
)
holds(
  'timeRetriever',
  over((retriever) => timeRetriever(retriever, { now: () => 0 }), {}),
)
holds(
  'synonymRetriever',
  over((retriever) => synonymRetriever(retriever, { synonyms: [[commonWord, 'x y']] }), {}),
)
holds(
  'normalizedRetriever',
  over((retriever) => normalizedRetriever(retriever), {}),
)
holds(
  'spellingRetriever',
  retrieverLaws(async (chunks) => {
    const vocabulary = bm25Index()
    for (const [ordinal, { text }] of chunks.entries()) vocabulary.set(ordinal, text)
    return spellingRetriever(await lexicalOver(chunks), { vocabulary })
  }),
)

const embedder = fakeEmbedder({ dimensions: 24, maxBatchSize: 1000 })
const hyde = async (chunks: readonly Chunk[]) => {
  const store = memoryStore({ dimensions: 24 })
  const rows = await embedder.embed(chunks.map(embeddingText), { role: 'document' })
  await store.upsert(
    chunks.map((chunk, row) => ({ chunk, vector: rows.slice(row * 24, (row + 1) * 24), revision: '1' })),
  )
  return hydeRetriever({ store, embedder, model: answering([commonWord, 'other words']), hypotheticals: 2 })
}
holds('hydeRetriever', retrieverLaws(hyde))
