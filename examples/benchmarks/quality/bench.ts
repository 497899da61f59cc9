import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  compare,
  type Evaluation,
  evaluate,
  ndcgAt,
  type RetrievalDataset,
  recallAt,
  reciprocalRankAt,
  summarize,
} from '@tesserae/evaluation'
import { loadBeir } from '@tesserae/evaluation/beir'
import { type Bench, type BenchContext, sharedFolder } from '../harness/context.js'
import { runFusionPart } from './fusion-part.js'
import { runModelsPart } from './models-part.js'
import { ourSubjects } from './ours.js'
import { peerSubjects } from './peers.js'
import { runStagesPart } from './stages-part.js'
import { runStaticPart } from './static-part.js'

/** One way to search a data set: builds its index, then answers with document ids. */
export interface Subject {
  readonly name: string
  prepare(dataset: RetrievalDataset, language: string): Promise<(query: string) => Promise<readonly string[]>>
}

interface Case {
  readonly folder: string
  readonly language: string
  readonly quick: boolean
  /** What others published or measured for BM25 on this set, nDCG@10. */
  readonly reference: number
  /** What the static embedder alone must reach. */
  readonly dense?: number
  /**
   * How far the default hybrid must be above BM25, and above this library's own lexical search. Where the embedder does not
   * know the language it must not be below the lexical search that it is built on. @default 0, over that alone
   */
  readonly gain?: number
}

const cases: readonly Case[] = [
  { folder: 'scifact', language: 'en', quick: false, reference: 0.665, dense: 0.58, gain: 0.01 },
  { folder: 'cranfield', language: 'en', quick: true, reference: 0.4998, dense: 0.45, gain: 0.01 },
  { folder: 'xquad/en', language: 'en', quick: true, reference: 0.9607, dense: 0.91, gain: 0 },
  { folder: 'xquad/de', language: 'de', quick: false, reference: 0.9182 },
  { folder: 'xquad/ar', language: 'ar', quick: false, reference: 0.889 },
  { folder: 'xquad/zh', language: 'zh', quick: false, reference: 0.9628 },
]

const metrics = { 'nDCG@10': ndcgAt(10), 'recall@100': recallAt(100), 'MRR@10': reciprocalRankAt(10) }
type MetricName = keyof typeof metrics

export const qualityBench: Bench = {
  name: 'quality',
  description: 'nDCG@10 of search, models and tables on judged sets, beside the peers',
  options: {
    parts:
      'search (default): BM25, static embedder, hybrids, peers; models: MiniLM, rerankers; fusion: fusions, feedback; stages: each stage of a pipeline, alone and together; static: tables',
    tables: 'a folder of tables of token vectors to judge in the part "static"',
  },
  async run(context) {
    const shared = sharedFolder()
    if (shared === undefined) {
      context.skip('all', 'all', 'no folder of judged sets: put it beside the clone or set TESSERAE_SHARED')
      return
    }
    const parts = (context.options.get('parts') ?? 'search').split(',')
    const unknown = parts.find((part) => !partNames.includes(part))
    if (unknown !== undefined) throw new Error(`--parts takes ${partNames.join(', ')}; got ${unknown}.`)
    if (parts.includes('search')) await runSearchPart(context, shared)
    if (parts.includes('models')) await runModelsPart(context, shared)
    if (parts.includes('fusion')) await runFusionPart(context, shared)
    if (parts.includes('stages')) await runStagesPart(context, shared)
    if (parts.includes('static')) await runStaticPart(context, shared)
  },
}

const partNames = ['search', 'models', 'fusion', 'stages', 'static']

async function runSearchPart(context: BenchContext, shared: string): Promise<void> {
  for (const one of cases) {
    if (context.quick && !one.quick) continue
    const folder = join(shared, 'data', 'retrieval', one.folder)
    if (!existsSync(folder)) context.skip('all', one.folder, 'this set is not there')
    else await runCase(context, one, await loadBeir(folder, { name: one.folder.replace('/', '-') }))
  }
  context.note(
    'nDCG with linear gain over 100 retrieved documents; brackets hold 95 % bootstrap intervals over queries.',
  )
  context.note(
    'Cranfield uses all 1,837 judgements as relevant. Peers run with their best documented settings for English.',
  )
}

async function runCase(
  context: BenchContext,
  { language, reference, dense, gain }: Case,
  dataset: RetrievalDataset,
) {
  const done = new Map<string, Evaluation<MetricName>>()
  for (const subject of [...ourSubjects(), ...peerSubjects(context)]) {
    await context.attempt(subject.name, dataset.name, async () => {
      context.progress(`${dataset.name}: ${subject.name}`)
      const started = performance.now()
      const search = await subject.prepare(dataset, language)
      const prepared = performance.now()
      const evaluation = await evaluate({ dataset, metrics, search })
      const seconds = (performance.now() - prepared) / 1000
      done.set(subject.name, evaluation)
      for (const metric of Object.keys(metrics) as MetricName[]) {
        const { mean, low, high } = summarize(evaluation, metric)
        context.row(subject.name, dataset.name, metric, { value: mean, low, high })
      }
      context.row(subject.name, dataset.name, 'index', (prepared - started) / 1000, 's')
      context.row(subject.name, dataset.name, 'queries', evaluation.queryIds.length / seconds, '1/s')
    })
  }
  const bm25 = done.get('bm25')
  if (bm25) context.ratio(`bm25 on ${dataset.name}`, bm25.means['nDCG@10'], reference)
  const alone = done.get('static')
  if (alone && dense !== undefined)
    context.ratio(`static alone on ${dataset.name}`, alone.means['nDCG@10'], dense)
  compareAll(context, dataset.name, done, 'bm25', gain)
  compareAll(context, dataset.name, done, 'lexical', gain ?? 0)
}

/** Paired differences to one of the lexical rows; for the default hybrid also what was promised of it. */
function compareAll(
  context: BenchContext,
  set: string,
  done: ReadonlyMap<string, Evaluation<MetricName>>,
  baseline: string,
  gain: number | undefined,
): void {
  const base = done.get(baseline)
  if (!base) return
  for (const [name, evaluation] of done) {
    if (name === baseline) continue
    const { mean, low, high } = compare(base, evaluation, 'nDCG@10')
    context.row(name, set, `over ${baseline}`, { value: mean, low, high })
    if (name === 'hybrid' && gain !== undefined)
      context.ratio(`hybrid over ${baseline} on ${set}`, mean, gain)
  }
}
