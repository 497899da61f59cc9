import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { recursiveChunker, wholeChunker } from '@tesserae/chunkers'
import { type Embedder, ingest, type RelevanceModel, type Reranker, type Retriever } from '@tesserae/core'
import {
  compare,
  type Evaluation,
  evaluate,
  ndcgAt,
  type RetrievalDataset,
  recallAt,
  summarize,
} from '@tesserae/evaluation'
import { loadBeir } from '@tesserae/evaluation/beir'
import { lateInteractionModel } from '@tesserae/models'
import { staticEmbedder } from '@tesserae/models/static'
import { transformersCrossEncoder, transformersEmbedder } from '@tesserae/models/transformers'
import { crossEncoderReranker } from '@tesserae/rerank'
import {
  bm25Index,
  denseRetriever,
  hybridRetriever,
  lexicalRetriever,
  type MemoryStore,
  memoryStore,
} from '@tesserae/retrievers'
import type { BenchContext } from '../harness/context.js'
import { analyzerFor } from './analyzers.js'
import { loadFilings } from './filings.js'
import { keptEmbedder, keptScores, keptTokens } from './kept.js'
import { documents } from './ours.js'

const metrics = { 'nDCG@10': ndcgAt(10), 'recall@100': recallAt(100) }
type Done = ReadonlyMap<string, Evaluation<keyof typeof metrics>>

const limit = 100
/** The best so many of a first stage are put in a new order. */
const candidates = 10
/** Published for all-MiniLM-L6-v2 on SciFact, nDCG@10, and how near it must be met. */
const published = { value: 0.645, within: 0.003 }

interface Set {
  readonly name: string
  readonly path: readonly string[]
  /** Whole documents where it is absent. */
  readonly chunkTokens?: number
  /** The cross-encoder was trained on this set's questions, so that it says nothing about it. */
  readonly seen?: true
}

const sets: readonly Set[] = [
  { name: 'scifact', path: ['retrieval', 'scifact'] },
  { name: 'cranfield', path: ['retrieval', 'cranfield'] },
  { name: 'xquad-en', path: ['retrieval', 'xquad', 'en'], seen: true },
  { name: 'sec-10-q', path: ['pdf-qa', 'sec-10-q'], chunkTokens: 200 },
]

interface Models {
  readonly table: Embedder
  readonly fp32: Embedder
  readonly int8: Embedder
  readonly crossEncoder: RelevanceModel
  readonly lateInteraction: RelevanceModel
}

/** Lexical search, embedders, hybrids of both and rerankers above them, on judged sets, each compared in pairs. */
export async function runModelsPart(context: BenchContext, shared: string): Promise<void> {
  const folder = join(shared, 'models')
  if (!existsSync(join(folder, 'all-MiniLM-L6-v2')) || !existsSync(join(folder, 'cross-encoder-small'))) {
    context.skip('all', 'models', 'the models are not there')
    return
  }
  const open: { dispose(): Promise<void> }[] = []
  try {
    const models = await loadModels(folder, open)
    for (const set of context.quick ? sets.slice(1, 3) : sets) {
      const path = join(shared, 'data', ...set.path)
      if (!existsSync(path)) {
        context.skip('all', set.name, 'this set is not there')
        continue
      }
      context.progress(`${set.name}: reading`)
      const dataset =
        set.name === 'sec-10-q' ? await loadFilings(path) : await loadBeir(path, { name: set.name })
      report(context, set.name, await runSet(context, set, dataset, models))
    }
  } finally {
    for (const model of open) await model.dispose()
  }
  context.note(
    'MiniLM is all-MiniLM-L6-v2, cut at 256 tokens. Hybrids weigh it 0.3 to 0.7 and the static table 0.15 to 0.85, the defaults.',
  )
  context.note(
    `Rerankers put the best ${candidates} of the hybrid with MiniLM int8 in order, mixed 0.3 to 0.7 with its scores. The cross-encoder was trained on other claims of SciFact and on XQuAD, which is left out.`,
  )
  context.note('SEC 10-Q: 13 reports in chunks of 200 tokens, a report ranked by its best chunk.')
}

async function loadModels(folder: string, open: { dispose(): Promise<void> }[]): Promise<Models> {
  const path = join(folder, 'all-MiniLM-L6-v2')
  const settings = { path, oversize: 'truncate', threads: 1 } as const
  const fp32 = await transformersEmbedder({ ...settings, dataType: 'fp32' })
  open.push(fp32)
  const int8 = await transformersEmbedder({ ...settings, dataType: 'q8' })
  open.push(int8)
  const pairs = await transformersCrossEncoder({
    path: join(folder, 'cross-encoder-small'),
    dataType: 'q8',
    oversize: 'truncate',
    threads: 1,
  })
  open.push(pairs)
  return {
    table: await staticEmbedder(),
    fp32: keptEmbedder(fp32, 'minilm-fp32'),
    int8: keptEmbedder(int8, 'minilm-q8'),
    crossEncoder: keptScores(pairs, 'cross-encoder'),
    lateInteraction: keptScores(lateInteractionModel({ tokens: keptTokens(int8) }), 'late-interaction'),
  }
}

async function runSet(
  context: BenchContext,
  set: Set,
  dataset: RetrievalDataset,
  models: Models,
): Promise<Done> {
  const done = new Map<string, Evaluation<keyof typeof metrics>>()
  const run = (name: string, retriever: () => Retriever) =>
    context.attempt(name, set.name, async () => {
      context.progress(`${set.name}: ${name}`)
      const made = retriever()
      const search = async (query: string) => {
        const hits = await made.retrieve(query, { limit })
        return [...new Set(hits.map((hit) => hit.chunk.documentId))]
      }
      done.set(name, await evaluate({ dataset, metrics, search }))
    })
  const store = async (embedder: Embedder) => {
    context.progress(`${set.name}: embedding with ${embedder.id}`)
    return filledStore(set, dataset, embedder)
  }
  const table = await store(models.table)
  const lexical = lexicalRetriever({ store: table })
  await run('lexical', () => lexical)
  await run('static', () => denseRetriever({ store: table, embedder: models.table }))
  await run('hybrid static', () =>
    hybridRetriever([denseRetriever({ store: table, embedder: models.table }), lexical]),
  )
  let hybrid = lexical
  for (const [kind, embedder] of [
    ['fp32', models.fp32],
    ['int8', models.int8],
  ] as const) {
    const dense = denseRetriever({ store: await store(embedder), embedder })
    hybrid = hybridRetriever([dense, lexical])
    await run(`MiniLM ${kind}`, () => dense)
    await run(`hybrid MiniLM ${kind}`, () => hybrid)
  }
  const rerank = (name: string, model: RelevanceModel) =>
    run(name, () => firstReranked(hybrid, crossEncoderReranker({ model })))
  if (!set.seen) await rerank('hybrid + cross-encoder', models.crossEncoder)
  await rerank('hybrid + late interaction', models.lateInteraction)
  return done
}

/** The head of a list in a new order, and the rest of it as it was: few passages are read, recall stays. */
function firstReranked(retriever: Retriever, reranker: Reranker): Retriever {
  return {
    name: reranker.name,
    async retrieve(query, options) {
      const hits = await retriever.retrieve(query, options)
      const first = await reranker.rerank(query, hits.slice(0, candidates))
      return [...first, ...hits.slice(candidates)]
    },
  }
}

async function filledStore(
  { chunkTokens }: Set,
  dataset: RetrievalDataset,
  embedder: Embedder,
): Promise<MemoryStore> {
  const store = memoryStore({
    dimensions: embedder.dimensions,
    lexicalIndex: () => bm25Index({ analyzer: analyzerFor('en') }),
  })
  const chunker = chunkTokens === undefined ? wholeChunker() : recursiveChunker({ maxTokens: chunkTokens })
  await ingest(documents(dataset), { chunker, embedder, store })
  return store
}

function report(context: BenchContext, set: string, done: Done): void {
  for (const [name, evaluation] of done) {
    for (const metric of Object.keys(metrics) as (keyof typeof metrics)[]) {
      const { mean, low, high } = summarize(evaluation, metric)
      context.row(name, set, metric, { value: mean, low, high })
    }
    for (const base of ['lexical', name.replace('int8', 'fp32'), 'hybrid MiniLM int8']) {
      const other = done.get(base)
      if (other === undefined || base === name) continue
      if (base === 'hybrid MiniLM int8' && !name.startsWith('hybrid +')) continue
      const { mean, low, high } = compare(other, evaluation, 'nDCG@10')
      context.row(name, set, `over ${base === name.replace('int8', 'fp32') ? 'fp32' : base}`, {
        value: mean,
        low,
        high,
      })
    }
  }
  promise(context, set, done)
}

function promise(context: BenchContext, set: string, done: Done): void {
  const [lexical, dense, hybrid] = ['lexical', 'MiniLM fp32', 'hybrid MiniLM fp32'].map((name) =>
    done.get(name),
  )
  if (lexical === undefined || dense === undefined || hybrid === undefined) return
  if (set === 'scifact') {
    const off = Math.abs(dense.means['nDCG@10'] - published.value)
    context.ratio(
      `MiniLM fp32 on ${set}: ${published.within} over its distance to ${published.value}`,
      published.within / off,
      1,
    )
  }
  // Over whole reports cut into passages the vectors alone are better than any mix with words.
  if (set === 'sec-10-q') return
  for (const [name, leg] of [
    ['lexical', lexical],
    ['MiniLM fp32', dense],
  ] as const) {
    const { low } = compare(leg, hybrid, 'nDCG@10')
    context.ratio(`hybrid MiniLM fp32 over ${name} on ${set}, lower end of the paired interval`, low, 0)
  }
}
