import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Hit } from '@tesserae/core'
import { compare, type Evaluation, evaluate, ndcgAt, summarize } from '@tesserae/evaluation'
import { loadBeir } from '@tesserae/evaluation/beir'
import { lateInteractionModel } from '@tesserae/models'
import { staticEmbedder } from '@tesserae/models/static'
import { transformersCrossEncoder } from '@tesserae/models/transformers'
import {
  crossEncoderReranker,
  lateInteractionReranker,
  trainLambdaMart,
  trainLinearRanker,
} from '@tesserae/rerank'
import { type Bench, type BenchContext, sharedFolder } from '../harness/context.js'
import { bm25Candidates, type Candidates, remembering } from './candidates.js'
import { crossValidated } from './learn.js'

type Rerank = (query: string, hits: readonly Hit[]) => Promise<readonly Hit[]>

interface Subject {
  readonly name: string
  prepare(candidates: Candidates): Promise<Rerank>
}

const candidateCount = 50
const sets = [
  { folder: 'adi', quick: true },
  { folder: 'cranfield', quick: true },
  { folder: 'scifact', quick: false },
]
const metrics = { 'nDCG@10': ndcgAt(10) }

export const rerankBench: Bench = {
  name: 'rerank',
  description:
    'nDCG@10 of rerankers over the best 50 of BM25: alone, mixed with the order before, and learned',
  options: {
    every: 'only each so-manieth query (default 1; 5 with --quick)',
    sets: 'only these sets, separated by commas',
  },
  async run(context) {
    const shared = sharedFolder()
    if (shared === undefined) {
      context.skip('all', 'all', 'no folder of judged sets: put it beside the clone or set TESSERAE_SHARED')
      return
    }
    const every = Number(context.options.get('every') ?? (context.quick ? 5 : 1))
    const subjects = [...(await ourSubjects()), ...(await crossEncoders(context, shared))]
    const wanted = context.options.get('sets')?.split(',')
    for (const { folder, quick } of sets) {
      if (wanted === undefined ? context.quick && !quick : !wanted.includes(folder)) continue
      const path = join(shared, 'data', 'retrieval', folder)
      if (!existsSync(path)) context.skip('all', folder, 'this set is not there')
      else await runSet(context, await bm25Candidates(await loadBeir(path), candidateCount, every), subjects)
    }
    context.note(
      'The small cross-encoder was trained on SciFact’s other queries and never saw ADI and Cranfield.',
    )
    context.note('Learned rankers are judged by five folds: each query by a model that never saw it.')
  },
}

async function runSet(context: BenchContext, candidates: Candidates, subjects: readonly Subject[]) {
  const { dataset, hits } = candidates
  let base: Evaluation<'nDCG@10'> | undefined
  for (const { name, prepare } of [plain, ...subjects]) {
    if (name !== plain.name && !context.wants(name)) continue
    context.progress(`${dataset.name}: ${name}`)
    const rerank = await prepare(candidates)
    const started = performance.now()
    const search = async (query: string) =>
      (await rerank(query, hits.get(query) ?? [])).map(({ chunk }) => chunk.documentId)
    const evaluation = await evaluate({ dataset, metrics, search })
    const milliseconds = (performance.now() - started) / Math.max(1, evaluation.queryIds.length)
    const { mean, low, high } = summarize(evaluation, 'nDCG@10')
    context.row(name, dataset.name, 'nDCG@10', { value: mean, low, high })
    context.row(name, dataset.name, 'time', milliseconds, 'ms')
    if (base === undefined) base = evaluation
    else {
      const gain = compare(base, evaluation, 'nDCG@10')
      context.row(name, dataset.name, 'over bm25', { value: gain.mean, low: gain.low, high: gain.high })
      if (name.endsWith('(default)')) context.ratio(`${name} over bm25 on ${dataset.name}`, gain.mean, 0)
    }
  }
}

const plain: Subject = { name: 'bm25', prepare: async () => async (_query, hits) => hits }

async function ourSubjects(): Promise<readonly Subject[]> {
  const tokens = await staticEmbedder()
  const late = (name: string, weight?: number): Subject => ({
    name,
    async prepare() {
      const reranker = lateInteractionReranker({ tokens, weight })
      return (query, hits) => reranker.rerank(query, hits)
    },
  })
  const model = remembering(lateInteractionModel({ tokens }))
  return [
    late('late interaction alone', 1),
    late('late interaction 0.5', 0.5),
    late('late interaction (default)'),
    {
      name: 'learned linear',
      prepare: (candidates) => crossValidated(candidates, model, (set) => trainLinearRanker(set)),
    },
    {
      name: 'learned LambdaMART',
      prepare: (candidates) =>
        crossValidated(candidates, model, (set, validation) => trainLambdaMart(set, { validation })),
    },
    {
      name: 'learned linear + LambdaMART',
      prepare: (candidates) =>
        crossValidated(candidates, model, (set, validation) =>
          trainLambdaMart(set, { validation, startFrom: trainLinearRanker(set) }),
        ),
    },
  ]
}

async function crossEncoders(context: BenchContext, shared: string): Promise<readonly Subject[]> {
  const path = join(shared, 'models', 'cross-encoder-small')
  const names = ['cross-encoder alone', 'cross-encoder 0.4', 'cross-encoder (default)']
  if (!names.some((name) => context.wants(name))) return []
  if (!existsSync(path)) {
    context.skip('cross-encoder', 'all', 'the model is not there')
    return []
  }
  const model = remembering(await transformersCrossEncoder({ path, dataType: 'q8', oversize: 'truncate' }))
  return [1, 0.4, undefined].map((weight, place) => ({
    name: names[place]!,
    async prepare() {
      const reranker = crossEncoderReranker({ model, weight })
      return (query, hits) => reranker.rerank(query, hits)
    },
  }))
}
