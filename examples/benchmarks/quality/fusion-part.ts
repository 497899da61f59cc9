import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Embedder, EmbedderProfile, Hit, Retriever } from '@tesserae/core'
import {
  averagePrecisionAt,
  compare,
  type Evaluation,
  evaluate,
  judgedQueries,
  ndcgAt,
  summarize,
} from '@tesserae/evaluation'
import { staticEmbedder } from '@tesserae/models/static'
import { transformersEmbedder } from '@tesserae/models/transformers'
import {
  calibrateVectorShare,
  convexFusion,
  denseRetriever,
  dynamicVectorShare,
  hybridRetriever,
  type JudgedLists,
  lexicalRetriever,
  type ReciprocalRankOptions,
  reciprocalRankFusion,
} from '@tesserae/retrievers'
import { feedbackRetriever } from '@tesserae/retrievers/expand'
import type { BenchContext } from '../harness/context.js'
import { analyzerFor } from './analyzers.js'
import { type FilledSet, fillSet, type JudgedSet, presentSets } from './judged-sets.js'
import { keptEmbedder } from './kept.js'

/** Hits of each leg. */
const depth = 100

/** What Lucene's RM3 is set to in the published figures below. */
const publishedSettings = { documents: 10, terms: 10, originalWeight: 0.5 }

const metrics = { 'nDCG@10': ndcgAt(10), 'MAP@100': averagePrecisionAt(depth) }
type Done = Map<string, Evaluation<keyof typeof metrics>>

/** Questions of each other set that a share is calibrated on: a large set must not drown a small one. */
const sample = 300

/** What a study measured for BM25 and MiniLM, nDCG@10: equal reciprocal ranks, and the best convex combination. */
const study = new Map([
  ['scifact', { reciprocal: 0.713, convex: 0.731 }],
  ['cranfield', { reciprocal: 0.563, convex: 0.571 }],
  ['xquad-en', { reciprocal: 0.97, convex: 0.978 }],
])

/** What Anserini publishes for SciFact with a stronger model, bge-base-en-v1.5, beside BM25: nDCG@10, 1,000 hits a leg. */
const publishedOnScifact = new Map([
  ['Anserini: bge', 0.7408],
  ['Anserini: bge rrf', 0.742],
  ['Anserini: bge min-max', 0.7472],
])

/** What the legs found for every judged query of one set. */
interface Legs extends FilledSet {
  readonly lexical: Retriever
  readonly dense: Retriever
  readonly questions: readonly JudgedLists[]
}

/**
 * What fusing brings with a weak and a strong dense leg, and what feedback brings to BM25: each by nDCG@10 and MAP@100, with
 * the paired difference to BM25. The embedders know English only: in other languages their leg must not do harm. Calibrated
 * shares come from the other sets, never from the one they are judged on.
 */
export async function runFusionPart(context: BenchContext, shared: string): Promise<void> {
  const sources = presentSets(context, shared)
  const judged: JudgedSet[] = []
  for (const source of sources) {
    context.progress(`${source.name}: reading`)
    judged.push(await source.load())
  }
  await runModel(context, judged, 'static', await staticEmbedder())
  context.note(
    'Two lists of ranks tie often. On xquad-en with MiniLM the order within ties moves reciprocal ranks from 0.964 to 0.976; by id it is chance, by scores it is not.',
  )
  context.note(
    'RM3: no published figure for Cranfield was found, so Anserini 0.22.1 was run on the same texts, questions and judgements with its defaults (10 documents, 10 terms, half of the weight): MAP@100 0.3895 to 0.4146 (+6.4 %) with its k1 of 0.9 and b of 0.4, 0.4133 to 0.4350 (+5.3 %) with 1.2 and 0.75. On news with short queries it publishes more (docs/regressions-robust04.md and regressions-disk45.md, MAP): Robust04 0.2531 to 0.2903 (+14.7 %), TREC-7 0.1862 to 0.2354 (+26.4 %), TREC-8 0.2515 to 0.2750 (+9.3 %). The row "10 and 10" has these settings; the default is held against it and against +6.5 %.',
  )
  const path = join(shared, 'models', 'all-MiniLM-L6-v2')
  if (!context.wants('MiniLM') && !context.wants('MiniLM default')) return
  if (!existsSync(path)) {
    context.skip('MiniLM', 'all', 'the model is not there')
    return
  }
  const model = await transformersEmbedder({ path, oversize: 'truncate', threads: 1, dataType: 'fp32' })
  try {
    const english = judged.filter(({ language }) => language === 'en')
    await runModel(context, english, 'MiniLM', keptEmbedder(model, 'minilm-fp32'))
    if (english.some(({ name }) => name === 'scifact'))
      for (const [name, value] of publishedOnScifact) context.row(name, 'scifact', 'nDCG@10', value)
  } finally {
    await model.dispose()
  }
}

async function runModel(
  context: BenchContext,
  chosen: readonly JudgedSet[],
  model: 'static' | 'MiniLM',
  embedder: Embedder,
): Promise<void> {
  const all: Legs[] = []
  for (const set of chosen) {
    context.progress(`${set.name}: searching with ${model}`)
    all.push(await searchLegs(set, embedder))
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
    const ranks = (options: ReciprocalRankOptions, weights: readonly number[] = [1, 1]) =>
      hybridRetriever([legs.dense, legs.lexical], { fusion: reciprocalRankFusion(options), weights })
    const analyzer = analyzerFor(legs.set.language)
    const subjects: readonly (readonly [string, Retriever])[] = [
      ['bm25', legs.lexical],
      ...(model === 'static'
        ? ([
            ['bm25 + RM3', feedbackRetriever(legs.lexical, { analyzer })],
            ['bm25 + RM3, 10 and 10', feedbackRetriever(legs.lexical, { analyzer, ...publishedSettings })],
            ['bm25 + Rocchio', feedbackRetriever(legs.lexical, { analyzer, method: 'rocchio' })],
          ] as const)
        : []),
      [model, legs.dense],
      [`${model} rrf`, ranks({})],
      [`${model} rrf, ties by id`, ranks({ ties: 'id' })],
      [`${model} rrf, scores 1:2`, ranks({}, [1, 2])],
      [`${model} rrf, ranks 1:2`, ranks({ weighting: 'rank' }, [1, 2])],
      [`${model} default`, hybridRetriever([legs.dense, legs.lexical])],
      [`${model} 0.3`, hybrid(0.3)],
      [`${model} dynamic`, hybrid(dynamicVectorShare())],
      [`${model} calibrated`, hybrid(unseen)],
      [`${model} calibrated, dynamic`, hybrid(dynamicVectorShare({ base: unseen }))],
      [`${model} best share`, hybrid(best)],
    ]
    const done: Done = new Map()
    for (const [name, retriever] of subjects) {
      await context.attempt(name, legs.set.name, async () => {
        const search = async (query: string) => [
          ...new Set(
            (await retriever.retrieve(query, { limit: depth })).map(({ chunk }) => legs.idOf(chunk)),
          ),
        ]
        done.set(name, await evaluate({ dataset: legs.dataset, metrics, search }))
      })
    }
    report(context, legs.set, model, done)
  }
}

/** Searches once with each leg; what follows looks the hits up. */
async function searchLegs(set: JudgedSet, embedder: Embedder & EmbedderProfile): Promise<Legs> {
  const filled = await fillSet(set, embedder)
  const { store, dataset, idOf } = filled
  const lexical = remembering(lexicalRetriever({ store }))
  const dense = remembering(denseRetriever({ store, embedder }))
  const questions: JudgedLists[] = []
  for (const { id, text } of judgedQueries(dataset)) {
    const list = async (retriever: Retriever) => {
      const best = new Map<string, number>()
      for (const { chunk, score } of await retriever.retrieve(text, { limit: depth }))
        if (!best.has(idOf(chunk))) best.set(idOf(chunk), score)
      return [...best].map(([id, score]) => ({ id, score }))
    }
    const relevance = dataset.relevance.get(id) ?? new Map<string, number>()
    const relevant = [...relevance].filter(([, grade]) => grade > 0).map(([document]) => document)
    questions.push({ lexical: await list(lexical), vector: await list(dense), relevant })
  }
  return { ...filled, lexical, dense, questions }
}

/** Searches once for a query. What a leg says of itself stays. */
function remembering(retriever: Retriever): Retriever {
  const known = new Map<string, readonly Hit[]>()
  return {
    ...retriever,
    async retrieve(query, call) {
      const key = `${call?.limit}/${query}`
      const hits = known.get(key) ?? (await retriever.retrieve(query, call))
      known.set(key, hits)
      return hits
    },
  }
}

function report(context: BenchContext, set: JudgedSet, model: 'static' | 'MiniLM', done: Done): void {
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
  set: JudgedSet,
  model: 'static' | 'MiniLM',
  meansOf: (name: string) => { readonly [metric in keyof typeof metrics]: number } | undefined,
): void {
  const [bm25, standard] = [meansOf('bm25'), meansOf(`${model} default`)]
  if (bm25 && standard)
    context.ratio(`${model} default on ${set.name} over bm25`, standard['nDCG@10'] / bm25['nDCG@10'], 1)
  const rm3 = meansOf('bm25 + RM3')
  const published = meansOf('bm25 + RM3, 10 and 10')
  if (set.name === 'cranfield' && bm25 && rm3 && published) {
    context.ratio('RM3 on cranfield, MAP@100 over bm25', rm3['MAP@100'] / bm25['MAP@100'], 1.065)
    context.ratio(
      'RM3 on cranfield, MAP@100 over RM3 as published elsewhere',
      rm3['MAP@100'] / published['MAP@100'],
      1,
    )
  }
  const measured = study.get(set.name)
  if (model === 'static' || measured === undefined) return
  for (const name of ['MiniLM rrf', 'MiniLM default']) {
    const means = meansOf(name)
    // The study's figures have three digits.
    if (means)
      context.ratio(`${name} on ${set.name}`, Math.round(1000 * means['nDCG@10']) / 1000, measured.reciprocal)
  }
  const best = meansOf('MiniLM best share')?.['nDCG@10']
  // Fewer sets say too little about another one.
  if (best === undefined || context.quick) return
  for (const name of ['MiniLM calibrated', 'MiniLM calibrated, dynamic']) {
    const value = meansOf(name)?.['nDCG@10']
    if (value === undefined) continue
    context.ratio(`${name}, 0.005 added, over the best share on ${set.name}`, (value + 0.005) / best, 1)
    context.ratio(
      `${name}, 0.005 added, over the study's on ${set.name}`,
      (value + 0.005) / measured.convex,
      1,
    )
  }
}
