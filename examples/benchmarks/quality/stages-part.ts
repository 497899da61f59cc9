import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { wholeChunker } from '@tesserae/chunkers'
import { type Embedder, type Hit, ingest, type Retriever } from '@tesserae/core'
import {
  averagePrecisionAt,
  compare,
  type Evaluation,
  evaluate,
  judgedQueries,
  ndcgAt,
  type RetrievalDataset,
  summarize,
} from '@tesserae/evaluation'
import { loadBeir } from '@tesserae/evaluation/beir'
import { staticEmbedder } from '@tesserae/models/static'
import { transformersEmbedder } from '@tesserae/models/transformers'
import {
  bm25Index,
  calibrateVectorShare,
  convexFusion,
  denseRetriever,
  dynamicVectorShare,
  hybridRetriever,
  type JudgedLists,
  lexicalRetriever,
  memoryStore,
  reciprocalRankFusion,
} from '@tesserae/retrievers'
import { feedbackRetriever } from '@tesserae/retrievers/expand'
import type { BenchContext } from '../harness/context.js'
import { analyzerFor } from './analyzers.js'
import { keptEmbedder } from './kept.js'
import { documents } from './ours.js'

/** Hits of each leg. */
const depth = 100

const metrics = { 'nDCG@10': ndcgAt(10), 'MAP@100': averagePrecisionAt(depth) }
type Done = Map<string, Evaluation<keyof typeof metrics>>

/** Questions of each other set that a share is calibrated on: a large set must not drown a small one. */
const sample = 300

interface Set {
  readonly name: string
  readonly path: readonly string[]
  /** What a study measured for equal reciprocal ranks of BM25 and MiniLM, nDCG@10. */
  readonly reciprocal?: number
  /** Of the questions, when it is none that the embedders know. @default English */
  readonly language?: string
}

const sets: readonly Set[] = [
  { name: 'scifact', path: ['scifact'], reciprocal: 0.713 },
  { name: 'cranfield', path: ['cranfield'], reciprocal: 0.563 },
  { name: 'xquad-en', path: ['xquad', 'en'], reciprocal: 0.97 },
  { name: 'adi', path: ['adi'] },
  { name: 'xquad-de', path: ['xquad', 'de'], language: 'de' },
  { name: 'xquad-ar', path: ['xquad', 'ar'], language: 'ar' },
  { name: 'xquad-zh', path: ['xquad', 'zh'], language: 'zh' },
]

/** What the legs found for every judged query of one set. */
interface Legs {
  readonly set: Set
  readonly dataset: RetrievalDataset
  readonly lexical: Retriever
  readonly dense: Retriever
  readonly questions: readonly JudgedLists[]
}

/**
 * What fusing brings with a weak and a strong dense leg, and what feedback brings to BM25: each by nDCG@10 and MAP@100, with
 * the paired difference to BM25. The embedders know English only: in other languages their leg does harm unless the share
 * goes by the script. Calibrated shares come from the other sets, never from the one they are judged on.
 */
export async function runStagesPart(context: BenchContext, shared: string): Promise<void> {
  const present = sets.filter(({ name, path }) => {
    const there = existsSync(join(shared, 'data', 'retrieval', ...path))
    if (!there) context.skip('all', name, 'this set is not there')
    return there
  })
  const chosen = context.quick
    ? present.filter(({ name }) => name === 'cranfield' || name === 'adi')
    : present
  await runModel(context, shared, chosen, 'static', await staticEmbedder())
  const path = join(shared, 'models', 'all-MiniLM-L6-v2')
  if (!existsSync(path)) {
    context.skip('MiniLM', 'all', 'the model is not there')
    return
  }
  const model = await transformersEmbedder({ path, oversize: 'truncate', threads: 1, dataType: 'fp32' })
  try {
    const english = chosen.filter(({ language }) => language === undefined)
    await runModel(context, shared, english, 'MiniLM', keptEmbedder(model, 'minilm-fp32'))
  } finally {
    await model.dispose()
  }
}

async function runModel(
  context: BenchContext,
  shared: string,
  chosen: readonly Set[],
  model: 'static' | 'MiniLM',
  embedder: Embedder,
): Promise<void> {
  const all: Legs[] = []
  for (const set of chosen) {
    context.progress(`${set.name}: searching with ${model}`)
    const dataset = await loadBeir(join(shared, 'data', 'retrieval', ...set.path), { name: set.name })
    all.push(await searchLegs(set, dataset, embedder))
  }
  for (const legs of all) {
    const others = all
      .filter((other) => other !== legs)
      .flatMap(({ questions }) => questions.slice(0, sample))
    const unseen = others.length === 0 ? 0.3 : calibrateVectorShare(others).vectorShare
    const own = calibrateVectorShare(legs.questions).tried
    const best = own.reduce((a, b) => (b.ndcg > a.ndcg ? b : a)).vectorShare
    const hybrid = (vectorShare: number | ((query: string) => number)) =>
      hybridRetriever([legs.dense, legs.lexical], { fusion: convexFusion({ vectorShare }) })
    const ranks = (weighting: 'score' | 'rank', weights: readonly number[]) =>
      hybridRetriever([legs.dense, legs.lexical], { fusion: reciprocalRankFusion({ weighting }), weights })
    const analyzer = analyzerFor(legs.set.language ?? 'en')
    const subjects: readonly (readonly [string, Retriever])[] = [
      ['bm25', legs.lexical],
      ...(model === 'static'
        ? ([
            ['bm25 + RM3', feedbackRetriever(legs.lexical, { analyzer })],
            ['bm25 + Rocchio', feedbackRetriever(legs.lexical, { analyzer, method: 'rocchio' })],
          ] as const)
        : []),
      [model, legs.dense],
      [`${model} rrf`, ranks('score', [1, 1])],
      [`${model} rrf, scores 1:2`, ranks('score', [1, 2])],
      [`${model} rrf, ranks 1:2`, ranks('rank', [1, 2])],
      [`${model} default`, hybridRetriever([legs.dense, legs.lexical])],
      [`${model} dynamic`, hybrid(dynamicVectorShare())],
      [`${model} dynamic, Latin`, hybrid(dynamicVectorShare({ scripts: ['Latin'] }))],
      [`${model} calibrated`, hybrid(unseen)],
      [`${model} calibrated, dynamic`, hybrid(dynamicVectorShare({ base: unseen }))],
      [`${model} best share`, hybrid(best)],
    ]
    const done: Done = new Map()
    for (const [name, retriever] of subjects) {
      await context.attempt(name, legs.set.name, async () => {
        const search = async (query: string) =>
          (await retriever.retrieve(query, { limit: depth })).map(({ chunk }) => chunk.documentId)
        done.set(name, await evaluate({ dataset: legs.dataset, metrics, search }))
      })
    }
    report(context, legs.set, model, done)
  }
}

/** Searches once with each leg; what follows looks the hits up. */
async function searchLegs(set: Set, dataset: RetrievalDataset, embedder: Embedder): Promise<Legs> {
  const store = memoryStore({
    dimensions: embedder.dimensions,
    lexicalIndex: () => bm25Index({ analyzer: analyzerFor(set.language ?? 'en') }),
  })
  await ingest(documents(dataset), { chunker: wholeChunker(), embedder, store })
  const lexical = remembering(lexicalRetriever({ store }))
  const dense = remembering(denseRetriever({ store, embedder }))
  const questions: JudgedLists[] = []
  for (const { id, text } of judgedQueries(dataset)) {
    const list = async (retriever: Retriever) =>
      (await retriever.retrieve(text, { limit: depth })).map(({ chunk, score }) => ({
        id: chunk.documentId,
        score,
      }))
    const relevance = dataset.relevance.get(id) ?? new Map<string, number>()
    const relevant = [...relevance].filter(([, grade]) => grade > 0).map(([document]) => document)
    questions.push({ lexical: await list(lexical), vector: await list(dense), relevant })
  }
  return { set, dataset, lexical, dense, questions }
}

function remembering(retriever: Retriever): Retriever {
  const known = new Map<string, readonly Hit[]>()
  return {
    name: retriever.name,
    async retrieve(query, call) {
      const key = `${call?.limit}/${query}`
      const hits = known.get(key) ?? (await retriever.retrieve(query, call))
      known.set(key, hits)
      return hits
    },
  }
}

function report(context: BenchContext, set: Set, model: 'static' | 'MiniLM', done: Done): void {
  const bm25 = done.get('bm25')
  for (const [name, evaluation] of done) {
    if (model === 'MiniLM' && name === 'bm25') continue
    for (const metric of ['nDCG@10', 'MAP@100'] as const) {
      const { mean, low, high } = summarize(evaluation, metric)
      context.row(name, set.name, metric, { value: mean, low, high })
    }
    if (bm25 === undefined || name === 'bm25') continue
    const { mean, low, high } = compare(bm25, evaluation, 'nDCG@10')
    context.row(name, set.name, 'over bm25', { value: mean, low, high })
  }
  promise(context, set, model, (name) => done.get(name)?.means)
}

function promise(
  context: BenchContext,
  set: Set,
  model: 'static' | 'MiniLM',
  meansOf: (name: string) => { readonly [metric in keyof typeof metrics]: number } | undefined,
): void {
  const [bm25, standard] = [meansOf('bm25'), meansOf(`${model} default`)]
  const latin = meansOf(`${model} dynamic, Latin`)
  if (bm25 && latin && set.language !== undefined)
    context.ratio(`${model} dynamic, Latin on ${set.name} over bm25`, latin['nDCG@10'] / bm25['nDCG@10'], 1)
  else if (bm25 && standard)
    context.ratio(`${model} default on ${set.name} over bm25`, standard['nDCG@10'] / bm25['nDCG@10'], 1)
  const rm3 = meansOf('bm25 + RM3')
  if (set.name === 'cranfield' && bm25 && rm3)
    context.ratio('RM3 on cranfield, MAP@100 over bm25', rm3['MAP@100'] / bm25['MAP@100'], 1.065)
  if (model === 'static' || set.reciprocal === undefined) return
  for (const name of ['MiniLM rrf', 'MiniLM default']) {
    const means = meansOf(name)
    // The study's figures have three digits.
    if (means)
      context.ratio(`${name} on ${set.name}`, Math.round(1000 * means['nDCG@10']) / 1000, set.reciprocal)
  }
  const [calibrated, best] = [meansOf('MiniLM calibrated'), meansOf('MiniLM best share')]
  if (calibrated && best && !context.quick)
    context.ratio(
      `MiniLM calibrated elsewhere on ${set.name}, 0.005 added, over the best share`,
      (calibrated['nDCG@10'] + 0.005) / best['nDCG@10'],
      1,
    )
}
