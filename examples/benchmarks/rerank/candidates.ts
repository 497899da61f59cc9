import { wholeChunker } from '@tesserae/chunkers'
import { type Hit, ingest, type Loaded, type RelevanceModel } from '@tesserae/core'
import { judgedQueries, type RetrievalDataset } from '@tesserae/evaluation'
import { bm25Index, englishAnalyzer, lexicalRetriever, memoryStore } from '@tesserae/retrievers'

/** A data set with the hits that rerankers get, by the text of the query. */
export interface Candidates {
  readonly dataset: RetrievalDataset
  readonly hits: ReadonlyMap<string, readonly Hit[]>
}

/**
 * The best hits of BM25 with textbook words, which published figures compare with, for each judged query or for
 * each so-manieth; one chunk a document.
 */
export async function bm25Candidates(
  dataset: RetrievalDataset,
  limit: number,
  every: number,
): Promise<Candidates> {
  const store = memoryStore({
    lexicalIndex: () => bm25Index({ analyzer: englishAnalyzer({ identifiers: false }) }),
  })
  await ingest(documents(dataset), { chunker: wholeChunker(), store })
  const retriever = lexicalRetriever({ store })
  const queries = judgedQueries(dataset).filter((_, place) => place % every === 0)
  const hits = new Map<string, readonly Hit[]>()
  for (const { text } of queries) hits.set(text, await retriever.retrieve(text, { limit }))
  return { dataset: { ...dataset, queries }, hits }
}

async function* documents(dataset: RetrievalDataset): AsyncIterable<Loaded> {
  for (const { id, title, text } of dataset.documents) {
    const whole = title === '' ? text : `${title} ${text}`
    yield { type: 'document', document: { id, text: whole, marks: [], metadata: { title } } }
  }
}

/** The same model, which scores a pair once however often it is asked. */
export function remembering(model: RelevanceModel): RelevanceModel {
  const known = new Map<string, number>()
  return {
    id: model.id,
    maxBatchSize: model.maxBatchSize,
    async score(query, passages, options) {
      const keys = passages.map((passage) => JSON.stringify([query, passage]))
      const missing = passages.filter((_, place) => !known.has(keys[place]!))
      const scores = missing.length === 0 ? [] : await model.score(query, missing, options)
      for (const [place, passage] of missing.entries())
        known.set(JSON.stringify([query, passage]), scores[place]!)
      return Float32Array.from(keys, (key) => known.get(key)!)
    },
  }
}
