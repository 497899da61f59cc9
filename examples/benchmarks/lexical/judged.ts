import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  averagePrecisionAt,
  evaluate,
  judgedQueries,
  ndcgAt,
  type RetrievalDataset,
  recallAt,
  summarize,
} from '@tesserae/evaluation'
import { loadBeir } from '@tesserae/evaluation/beir'
import { type Analyzer, analyze, bm25Index, type TokenTerm } from '@tesserae/retrievers'
import { type BenchContext, sharedFolder } from '../harness/context.js'
import { analyzerFor } from '../quality/analyzers.js'
import { exactScores, overlap, scoreError, type TermList } from './exact.js'

interface JudgedSet {
  readonly folder: string
  readonly language: string
  /** The reference rows: the best that others reach, published or measured with their stems where they have them. */
  readonly ndcg: number
  readonly map?: number
}

const sets: readonly JudgedSet[] = [
  { folder: 'scifact', language: 'en', ndcg: 0.682, map: 0.642 },
  { folder: 'cranfield', language: 'en', ndcg: 0.4998, map: 0.412 },
  { folder: 'xquad/en', language: 'en', ndcg: 0.9607 },
  { folder: 'xquad/de', language: 'de', ndcg: 0.9182 },
  { folder: 'xquad/ar', language: 'ar', ndcg: 0.889 },
  { folder: 'xquad/zh', language: 'zh', ndcg: 0.9628 },
]

const metrics = { 'nDCG@10': ndcgAt(10), 'MAP@100': averagePrecisionAt(100), 'recall@100': recallAt(100) }

/** Ranking quality on judged sets, and that every score is the formula's: speed is worth nothing without. */
export async function judgedSets(context: BenchContext): Promise<void> {
  const shared = sharedFolder()
  for (const set of sets) {
    await context.attempt('tesserae', set.folder, async () => {
      if (shared === undefined)
        throw new Error('no folder of judged sets: put it beside the clone or set TESSERAE_SHARED')
      const folder = join(shared, 'data', 'retrieval', set.folder)
      if (!existsSync(folder)) throw new Error('this set is not there')
      context.progress(`${set.folder}: ranking and checking`)
      await judge(context, set, await loadBeir(folder, { name: set.folder }))
    })
  }
}

async function judge(
  context: BenchContext,
  { folder, language, ndcg, map }: JudgedSet,
  dataset: RetrievalDataset,
): Promise<void> {
  const analyzer = remembering(analyzerFor(language))
  const index = bm25Index({ analyzer })
  const texts = dataset.documents.map(({ title, text }) => (title === '' ? text : `${title} ${text}`))
  for (const [ordinal, text] of texts.entries()) index.set(ordinal, text)
  const evaluation = await evaluate({
    dataset,
    metrics,
    search: (query) =>
      Array.from(index.search(query, { limit: 100 }).ordinals, (ordinal) => dataset.documents[ordinal]!.id),
  })
  for (const metric of ['nDCG@10', 'MAP@100', 'recall@100'] as const) {
    const { mean, low, high } = summarize(evaluation, metric)
    context.row('tesserae', folder, metric, { value: mean, low, high })
  }
  context.ratio(`nDCG@10 on ${folder}`, evaluation.means['nDCG@10'], ndcg)
  if (map !== undefined) context.ratio(`MAP@100 on ${folder}`, evaluation.means['MAP@100'], map)

  const queries = judgedQueries(dataset).map(({ text }) => text)
  const exact = exactScores(
    texts.map((text) => termsOf(analyzer, text)),
    queries.map((query) => termsOf(analyzer, query).terms),
  )
  const hits = queries.map((query) => index.search(query, { limit: 10 }))
  const ids = hits.map(({ ordinals }) => Array.from(ordinals))
  const error = scoreError(
    exact,
    ids,
    hits.map(({ scores }) => Array.from(scores)),
  )
  context.row('tesserae', folder, 'top-10 overlap', overlap(exact, ids))
  context.row('tesserae', folder, 'worst score error', error * 1e6, 'in a million')
  context.ratio(`overlap with exact BM25 on ${folder}`, overlap(exact, ids), 1)
  context.ratio(`a score error of 1e-6 over the worst one on ${folder}`, 1e-6 / error, 1)
}

function termsOf(analyzer: Analyzer, text: string): TermList {
  const analyzed = analyze(analyzer, text)
  return {
    terms: analyzed.map((term) => term.text),
    length: new Set(analyzed.map((term) => term.position)).size,
  }
}

/** The analyzer, with the terms of each token remembered. */
function remembering(analyzer: Analyzer): Analyzer {
  const known = new Map<string, readonly TokenTerm[]>()
  return {
    id: analyzer.id,
    tokenize: (text, tokens) => analyzer.tokenize(text, tokens),
    terms(token) {
      const terms = known.get(token) ?? analyzer.terms(token)
      known.set(token, terms)
      return terms
    },
  }
}
