import { Bitset, type Chunk, type Document, embeddingText, type Retriever } from '@tesserae/core'
import { fakeEmbedder, filterLaws, type Law, retrieverLaws } from '@tesserae/core/testing'
import { describe, it } from 'vitest'
import { denseRetriever } from './dense.js'
import { convexFusion } from './fusion/convex.js'
import { reciprocalRankFusion } from './fusion/reciprocal-rank.js'
import { groupByDocument } from './group.js'
import { type HybridOptions, hybridRetriever } from './hybrid.js'
import { lexicalRetriever } from './lexical.js'
import { Columns } from './memory-store/columns.js'
import { memoryStore } from './memory-store/store.js'
import { windowRetriever } from './windows.js'

const holds = (name: string, laws: readonly Law[]) =>
  describe(name, () => {
    for (const law of laws) it(law.name, () => law.run())
  })

const embedder = fakeEmbedder({ dimensions: 24, maxBatchSize: 1000 })

async function filled(chunks: readonly Chunk[]) {
  const store = memoryStore({ dimensions: embedder.dimensions })
  const rows = await embedder.embed(chunks.map(embeddingText), { role: 'document' })
  await store.upsert(
    chunks.map((chunk, row) => ({ chunk, vector: rows.slice(row * 24, (row + 1) * 24), revision: '1' })),
  )
  return store
}

const dense = async (chunks: readonly Chunk[]) => denseRetriever({ store: await filled(chunks), embedder })
const lexical = async (chunks: readonly Chunk[]) => lexicalRetriever({ store: await filled(chunks) })
const hybrid = (options?: HybridOptions) => async (chunks: readonly Chunk[]) => {
  const store = await filled(chunks)
  return hybridRetriever([denseRetriever({ store, embedder }), lexicalRetriever({ store })], options)
}

holds('denseRetriever', retrieverLaws(dense))
holds('lexicalRetriever', retrieverLaws(lexical))
holds('hybridRetriever', retrieverLaws(hybrid()))
holds('hybridRetriever with few candidates', retrieverLaws(hybrid({ candidates: 1 })))
holds('hybridRetriever with reciprocal ranks', retrieverLaws(hybrid({ fusion: reciprocalRankFusion() })))
holds(
  'hybridRetriever with z-scores',
  retrieverLaws(hybrid({ fusion: convexFusion({ normalize: 'z-score' }) })),
)
holds('hybridRetriever with dbsf', retrieverLaws(hybrid({ fusion: convexFusion({ normalize: 'dbsf' }) })))
holds('hybridRetriever with a leg of weight 0', retrieverLaws(hybrid({ weights: [0, 1] })))
holds(
  'hybridRetriever of hybrids',
  retrieverLaws(async (chunks): Promise<Retriever> => {
    const inner = await hybrid({ name: 'inner' })(chunks)
    return hybridRetriever([inner, await lexical(chunks)])
  }),
)
holds(
  'groupByDocument that keeps all chunks',
  retrieverLaws(async (chunks) => groupByDocument(await lexical(chunks), { chunksPerDocument: 1000 })),
)
holds(
  'groupByDocument',
  retrieverLaws(async (chunks) => groupByDocument(await lexical(chunks), { candidates: 3 }), {
    exempt: {
      'as many come back as match the filter, up to the limit': 'one chunk of each document is its purpose',
    },
  }),
)
holds(
  'windowRetriever over chunks without windows',
  retrieverLaws(async (chunks) => {
    const documentOf = (): Promise<Document> => Promise.reject(new Error('no window, no document'))
    const bare = chunks.map(({ window: _, ...chunk }) => chunk)
    return windowRetriever(await lexical(bare), { documentOf })
  }),
)
holds(
  'memoryStore’s filters',
  filterLaws((filter, metadata) => {
    const columns = new Columns()
    const live = new Bitset()
    columns.set(3, metadata)
    live.add(3)
    return columns.matching(filter, live).has(3)
  }),
)
