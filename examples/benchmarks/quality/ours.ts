import { wholeChunker } from '@tesserae/chunkers'
import { type Document, ingest, type Loaded, type Retriever } from '@tesserae/core'
import type { RetrievalDataset } from '@tesserae/evaluation'
import { staticEmbedder } from '@tesserae/models/static'
import {
  type AnalyzerOptions,
  bm25Index,
  denseRetriever,
  hybridRetriever,
  lexicalRetriever,
  type MemoryStore,
  memoryStore,
  reciprocalRankFusion,
} from '@tesserae/retrievers'
import { analyzerFor } from './analyzers.js'
import type { Subject } from './bench.js'
import { textOf } from './dense.js'

const limit = 100

/**
 * BM25 with textbook words, which published figures compare with; the default of this library, which also
 * knows identifiers; the embedder in the box; and hybrids of the last two. One chunk a document.
 */
export function ourSubjects(): readonly Subject[] {
  return [
    ours('bm25', (store) => lexicalRetriever({ store }), { identifiers: false }),
    ours('lexical', (store) => lexicalRetriever({ store })),
    ours('static', async (store) => denseRetriever({ store, embedder: await staticEmbedder() })),
    ours('hybrid', async (store) => hybridRetriever(await legs(store))),
    ours('hybrid rrf 1:3', async (store) =>
      hybridRetriever(await legs(store), { fusion: reciprocalRankFusion(), weights: [1, 3] }),
    ),
    ours('hybrid rrf 1:1', async (store) =>
      hybridRetriever(await legs(store), { fusion: reciprocalRankFusion(), weights: [1, 1] }),
    ),
  ]
}

async function legs(store: MemoryStore): Promise<readonly Retriever[]> {
  return [denseRetriever({ store, embedder: await staticEmbedder() }), lexicalRetriever({ store })]
}

function ours(
  name: string,
  retrieverOf: (store: MemoryStore) => Retriever | Promise<Retriever>,
  words?: AnalyzerOptions,
): Subject {
  return {
    name,
    async prepare(dataset, language) {
      const embedder = await staticEmbedder()
      const store = memoryStore({
        dimensions: embedder.dimensions,
        lexicalIndex: () => bm25Index({ analyzer: analyzerFor(language, words) }),
      })
      await ingest(documents(dataset), { chunker: wholeChunker(), embedder, store })
      const retriever = await retrieverOf(store)
      return async (query) => (await retriever.retrieve(query, { limit })).map((hit) => hit.chunk.documentId)
    },
  }
}

/** The documents of a set, each with its title in front. */
export async function* documents(dataset: RetrievalDataset): AsyncIterable<Loaded> {
  for (const document of dataset.documents) {
    const loaded: Document = { id: document.id, text: textOf(document), marks: [], metadata: {} }
    yield { type: 'document', document: loaded }
  }
}
