import type { Hit, RelevanceModel, Reranker } from '@tesserae/core'
import type { RetrievalDataset } from '@tesserae/evaluation'
import {
  cascade,
  chunkFeature,
  crossEncoderReranker,
  extractFeatures,
  fieldMatchFeature,
  type JudgedRows,
  judgeFeatures,
  learnedReranker,
  priorFeature,
  type RankingModel,
  stageFeature,
  type TrainingSet,
} from '@tesserae/rerank'
import type { Candidates } from './candidates.js'

const folds = 5

const features = [
  priorFeature(),
  priorFeature({ scale: 'rank', name: 'prior rank' }),
  priorFeature({ scale: 'raw', name: 'prior raw' }),
  stageFeature({ stage: 'late', scale: 'raw', name: 'late raw' }),
  stageFeature({ stage: 'late', name: 'late' }),
  fieldMatchFeature({ name: 'title', textOf: ({ metadata }) => String(metadata.title ?? '') }),
  fieldMatchFeature({ name: 'text', textOf: ({ text }) => text }),
  chunkFeature({ name: 'length', of: ({ text }) => Math.log(1 + text.length) }),
]

type Train = (set: TrainingSet, validation: TrainingSet) => RankingModel

/**
 * A reranker for each query that was trained on the other queries alone: five folds, of the four to train on one is
 * kept to watch. Late interaction scores the hits first, so that its score is a feature.
 */
export async function crossValidated(
  { dataset, hits }: Candidates,
  late: RelevanceModel,
  train: Train,
): Promise<(query: string, hits: readonly Hit[]) => Promise<readonly Hit[]>> {
  const scorer = crossEncoderReranker({ model: late, name: 'late', weight: 0 })
  const rows: { readonly text: string; readonly fold: number; readonly judged: JudgedRows }[] = []
  // One after the other: the token vectors of all queries' passages at once are gigabytes.
  for (const [place, { id, text }] of dataset.queries.entries()) {
    const scored = await scorer.rerank(text, hits.get(text) ?? [])
    const logged = extractFeatures(features, text, scored)
    const judged = judgeFeatures(logged, chunkGrades(dataset, id, scored))
    rows.push({ text, fold: place % folds, judged })
  }
  const names = features.map(({ name }) => name)
  const setOf = (wanted: readonly number[]): TrainingSet => ({
    names,
    queries: rows.filter(({ fold }) => wanted.includes(fold)).map(({ judged }) => judged),
  })
  const rerankers = Array.from({ length: folds }, (_, held): Reranker => {
    const watched = (held + 1) % folds
    const rest = [0, 1, 2, 3, 4].filter((fold) => fold !== held && fold !== watched)
    return cascade([scorer, learnedReranker({ model: train(setOf(rest), setOf([watched])), features })])
  })
  const foldOf = new Map(rows.map(({ text, fold }) => [text, fold]))
  return (query, list) => rerankers[foldOf.get(query)!]!.rerank(query, list)
}

/** Judgements are of documents; rows are of chunks. */
function chunkGrades(dataset: RetrievalDataset, queryId: string, hits: readonly Hit[]): Map<string, number> {
  const grades = dataset.relevance.get(queryId)
  return new Map(hits.map(({ chunk }) => [chunk.id, grades?.get(chunk.documentId) ?? 0]))
}
