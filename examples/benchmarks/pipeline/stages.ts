import { assembleContext, type Embedder, type Hit, type Retriever } from '@tesserae/core'
import type { TokenEmbedder } from '@tesserae/models'
import { lateInteractionReranker, reranked } from '@tesserae/rerank'
import { denseRetriever, hybridRetriever, lexicalRetriever, type MemoryStore } from '@tesserae/retrievers'

/** Hits that each leg is asked for, the default of a hybrid search. */
const legHits = 100
const candidates = 50
/** Passages that the context is made of, as far as they fit. */
const shown = 10
const contextTokens = 2000

export const stageNames = ['embed the query', 'lexical', 'dense', 'fusion', 'rerank', 'context'] as const
export type StageName = (typeof stageNames)[number]

/** A question's way through the pipeline: at once, or stage by stage with a look at the time between. */
export interface Pipeline {
  whole(question: string): Promise<number>
  staged(
    question: string,
    took: (stage: StageName, work: () => Promise<unknown>) => Promise<void>,
  ): Promise<number>
}

/** Text search, vector search, default fusion, late interaction over fifty candidates, and the context. */
export function pipelineOver(store: MemoryStore, embedder: Embedder & TokenEmbedder): Pipeline {
  const late = lateInteractionReranker({ tokens: embedder })
  const lexical = lexicalRetriever({ store })
  const retriever = reranked(hybridRetriever([denseRetriever({ store, embedder }), lexical]), late, {
    candidates,
  })
  const contextOf = async (hits: readonly Hit[]) =>
    (await assembleContext(hits.slice(0, shown), { maxTokens: contextTokens })).tokens
  return {
    whole: async (question) => contextOf(await retriever.retrieve(question, { limit: shown })),
    async staged(question, took) {
      let vector: Float32Array = new Float32Array()
      let words: readonly Hit[] = []
      let meanings: readonly Hit[] = []
      let hits: readonly Hit[] = []
      let tokens = 0
      const fixed = (name: string, list: () => readonly Hit[]): Retriever => ({
        name,
        retrieve: async () => list(),
      })
      const known: Embedder = { ...embedder, embed: async () => vector }
      const dense = denseRetriever({ store, embedder: known })
      const fused = hybridRetriever([
        { ...dense, ...fixed('dense', () => meanings) },
        fixed('lexical', () => words),
      ])
      await took('embed the query', async () => {
        vector = await embedder.embed([question], { role: 'query' })
      })
      await took('lexical', async () => {
        words = await lexical.retrieve(question, { limit: legHits })
      })
      await took('dense', async () => {
        meanings = await dense.retrieve(question, { limit: legHits })
      })
      await took('fusion', async () => {
        hits = await fused.retrieve(question, { limit: candidates })
      })
      await took('rerank', async () => {
        hits = await late.rerank(question, hits, { limit: shown })
      })
      await took('context', async () => {
        tokens = await contextOf(hits)
      })
      return tokens
    },
  }
}
