import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { tiktokenTokenizer } from '@tesserae/chunkers/tiktoken'
import { type Embedder, fingerprint } from '@tesserae/core'
import { pairedBootstrap } from '@tesserae/evaluation'
import { staticEmbedder } from '@tesserae/models/static'
import { type Bench, type BenchContext, sharedFolder } from '../harness/context.js'
import { explainOmega } from './causes.js'
import { corpusSources, publishedCorpora } from './corpora.js'
import { type ChunkCorpus, sampleQuestions } from './corpus.js'
import { type Sweep, sweep } from './equal-recall.js'
import {
  budgetMetric,
  type Measured,
  measure,
  type RetrieverName,
  retrieverNames,
  type SearchResult,
} from './measure.js'
import { miniLmEmbedder } from './minilm.js'
import { htmlPage, type PageCorpus } from './page.js'
import { loadFolder } from './questions-file.js'
import { pageSweep, reportCauses, reportEqualRecall, reportPublished } from './report-published.js'
import { strategies } from './strategies.js'
import { mean, type Results, spread } from './summary.js'
import { differences, verdict } from './verdict.js'

const baseline = 'fixed 400/20%'
const usdPerMillionTokens = 0.02
const quickQuestions = 60
const defaultLimit = 5

export const compareChunkersBench: Bench = {
  name: 'compare-chunkers',
  description: 'chunkers on questions with known answer spans: recall, precision, omega, MRR, cost',
  options: {
    corpus: 'a folder of documents with questions.jsonl instead of the shared corpora',
    corpora: 'only these of the shared corpora, separated by commas',
    embedder: 'static (default) or minilm: fewer chunkers, minutes on the first run',
    limit: `passages retrieved for a question, ${defaultLimit} by default`,
    html: 'a file to write the report to, with plots',
  },
  async run(context) {
    const limit = Number(context.options.get('limit') ?? defaultLimit)
    if (!Number.isInteger(limit) || limit < 1)
      throw new Error('--limit must be a whole number of at least 1.')
    const kind = context.options.get('embedder') ?? 'static'
    if (kind !== 'static' && kind !== 'minilm') throw new Error('--embedder must be static or minilm.')
    const corpora = await loadCorpora(context, kind === 'static' ? 'full' : 'small')
    if (corpora.length === 0) return
    const embedder = await loadEmbedder(context, kind)
    const tokenizer = await tiktokenTokenizer('cl100k_base')
    const chosen = strategies.filter(
      ({ slow, quick }) => (kind === 'static' || slow === true) && (!context.quick || quick === true),
    )
    const done = new Map<string, Results>()
    const ids = new Set<string>()
    for (const corpus of corpora) {
      const results = new Map<string, Measured>()
      for (const strategy of chosen) {
        await context.attempt(strategy.name, corpus.name, async () => {
          context.progress(`${corpus.name}: ${strategy.name}`)
          const measured = await measure({ corpus, strategy, embedder, tokenizer, limit })
          results.set(strategy.name, measured)
          ids.add(measured.chunking.chunkerId)
        })
      }
      done.set(corpus.name, results)
      const sourceTokens = corpus.documents.reduce((sum, { text }) => sum + tokenizer.count(text), 0)
      reportChunks(context, corpus, results, sourceTokens)
      for (const retriever of retrieverNames) reportSearch(context, corpus.name, retriever, results)
      reportVerdicts(context, corpus.name, results, limit)
    }
    reportPublished(context, done, kind)
    const table = corpora.filter(({ name }) => publishedCorpora.includes(name))
    let swept: Sweep | undefined
    if (table.length === publishedCorpora.length && !context.quick) {
      const parts = { corpora: table, embedder, tokenizer, limit, kind } as const
      await context.attempt('causes', 'published corpora', async () =>
        reportCauses(context, await explainOmega(parts)),
      )
      await context.attempt('equal recall', 'published corpora', async () => {
        swept = await sweep({ ...parts, progress: (text) => context.progress(text) })
        reportEqualRecall(context, swept)
      })
    }
    const configuration = fingerprint({
      corpora: corpora.map(({ name, documents, questions }) => ({ name, documents, questions })),
      chunkers: [...ids],
      embedder: embedder.id,
      tokenizer: tokenizer.id,
      limit,
    })
    const facts = [
      `configuration ${configuration}: corpora with questions, chunkers with options, embedder, limit`,
      `embedder ${embedder.id}, ${limit} passages a question, sizes in cl100k tokens, scores by characters`,
      `a passage is relevant when it shares a character with a reference, so MRR and hit rate favour large passages; nDCG weighs by the share of the reference characters held`,
      'brackets: 95 % bootstrap intervals over questions (seed 1, 2,000 resamples); verdicts: paired, 5 % shared among the pairs (10,000 resamples), at least 0.005',
      `cost: embedding tokens per million tokens of text, at ${usdPerMillionTokens} USD a million`,
      ...(kind === 'minilm'
        ? ['vectors are kept between runs: ingest seconds say little with this embedder']
        : []),
    ]
    for (const fact of facts) context.note(fact)
    const file = context.options.get('html')
    if (file !== undefined) {
      const report = context.report('compare-chunkers')
      const page = htmlPage({
        title: 'Chunkers compared',
        about: `${counted(Math.max(...[...done.values()].map((results) => results.size)), 'chunker')}, ${retrieverNames.length} retrievers, ${limit} passages a question, embedder ${embedder.id}`,
        facts: [
          ...facts,
          Object.entries(report.machine)
            .map((entry) => entry.join(' '))
            .join(', '),
        ],
        equalRecall: swept === undefined ? [] : pageSweep(swept),
        corpora: corpora.map((corpus) => ({
          ...pageCorpus(corpus, done.get(corpus.name)!, limit),
          verdicts: report.notes
            .filter((note) => verdictOn(corpus, note))
            .map((note) => note.slice(corpus.name.length + 2)),
        })),
        rows: report.rows,
        notes: report.notes.filter(
          (note) => !facts.includes(note) && !corpora.some((corpus) => verdictOn(corpus, note)),
        ),
      })
      await writeFile(resolve(file), page)
      context.note(`the report with plots is in ${file}`)
    }
  },
}

async function loadCorpora(context: BenchContext, size: 'full' | 'small'): Promise<ChunkCorpus[]> {
  const folder = context.options.get('corpus')
  if (folder !== undefined) return [await loadFolder(resolve(folder))]
  const shared = sharedFolder()
  const sources = shared === undefined ? [] : corpusSources(shared, size)
  if (sources.length === 0) {
    context.skip(
      'all',
      'all',
      'no folder of corpora: put it beside the clone, set TESSERAE_SHARED, or give a folder of your own with --corpus',
    )
  }
  const chosen = context.options.get('corpora')?.split(',') ?? sources.map(({ name }) => name)
  const unknown = chosen.find((name) => !sources.some((source) => source.name === name))
  if (unknown !== undefined && sources.length > 0) {
    const names = sources.map(({ name }) => name).join(', ')
    throw new Error(`--corpora knows no "${unknown}"; there are ${names}.`)
  }
  const wanted = sources.filter(({ name }) => chosen.includes(name))
  const corpora = await Promise.all(wanted.map((source) => source.load()))
  return context.quick ? corpora.slice(0, 1).map((one) => sampleQuestions(one, quickQuestions)) : corpora
}

async function loadEmbedder(context: BenchContext, kind: 'static' | 'minilm'): Promise<Embedder> {
  if (kind === 'static') return staticEmbedder()
  const shared = sharedFolder()
  if (shared === undefined) throw new Error('--embedder minilm needs the shared folder: set TESSERAE_SHARED.')
  const { embedder, agreement } = await miniLmEmbedder(shared)
  context.note(`all-MiniLM-L6-v2 agrees with its reference vectors: least cosine ${agreement.toFixed(6)}`)
  return embedder
}

function reportChunks(context: BenchContext, corpus: ChunkCorpus, results: Results, sourceTokens: number) {
  const name = `${corpus.name}, chunks`
  for (const [strategy, { chunking }] of results) {
    const { sizes } = chunking
    context.row(strategy, name, 'omega', spread(chunking.omega))
    context.row(strategy, name, 'chunks', sizes.count)
    context.row(strategy, name, 'tokens mean', sizes.mean)
    context.row(strategy, name, 'p10', sizes.p10)
    context.row(strategy, name, 'p90', sizes.p90)
    context.row(strategy, name, 'max', sizes.max)
    context.row(strategy, name, 'coverage', chunking.coverage)
    context.row(strategy, name, 'sentence borders', chunking.boundaries)
    context.row(strategy, name, 'embed calls', chunking.embedCalls)
    context.row(strategy, name, 'ingest', chunking.ingestSeconds, 's')
    context.row(
      strategy,
      name,
      'cost',
      (chunking.embeddedTokens / sourceTokens) * usdPerMillionTokens,
      'USD/M',
    )
  }
}

function reportSearch(context: BenchContext, corpus: string, retriever: RetrieverName, results: Results) {
  const name = `${corpus}, ${retriever}`
  const base = results.get(baseline)?.searches[retriever]
  for (const [strategy, { searches }] of results) {
    const { values } = searches[retriever]
    for (const [metric, figures] of Object.entries(values)) {
      const isMain = [budgetMetric, 'recall', lastMrr(values)].includes(metric) || metric.startsWith('nDCG')
      context.row(strategy, name, metric, isMain ? spread(figures) : mean(figures))
    }
    if (base === undefined || strategy === baseline) continue
    for (const metric of [budgetMetric, lastMrr(values)]) {
      const { mean: value, low, high } = pairedBootstrap(base.values[metric]!, values[metric]!)
      context.row(strategy, name, `${metric} over ${baseline}`, { value, low, high })
    }
  }
}

/** The MRR with the largest k. */
function lastMrr(values: SearchResult['values']): string {
  return Object.keys(values).findLast((metric) => metric.startsWith('MRR'))!
}

/** The four that Adobe compared, pair by pair. */
function reportVerdicts(context: BenchContext, corpus: string, results: Results, limit: number) {
  const four = strategies.filter(({ adobe, name }) => adobe === true && results.has(name))
  if (four.length < 2) return
  for (const retriever of retrieverNames) {
    for (const metric of [`MRR@${limit}`, budgetMetric]) {
      const found = differences(
        four.map(({ name }) => ({ name, values: results.get(name)!.searches[retriever].values[metric]! })),
      )
      context.note(`${corpus}, ${retriever}, ${verdict(metric, found)}`)
    }
  }
}

function verdictOn({ name }: ChunkCorpus, note: string): boolean {
  return note.startsWith(`${name}, `)
}

function pageCorpus(corpus: ChunkCorpus, results: Results, limit: number): Omit<PageCorpus, 'verdicts'> {
  const shown = strategies.filter(({ name, plotted }) => plotted === true && results.has(name))
  const ks = Array.from({ length: limit }, (_, i) => i + 1)
  return {
    name: corpus.name,
    about: `${counted(corpus.documents.length, 'document')}, ${counted(corpus.questions.length, 'question')}`,
    retrievers: retrieverNames.map((retriever) => ({
      name: retriever,
      mrr: shown.map(({ name }) => {
        const { values } = results.get(name)!.searches[retriever]
        return { name, points: ks.map((k) => [k, mean(values[`MRR@${k}`]!)] as const) }
      }),
      recall: shown.map(({ name }) => ({
        name,
        points: results
          .get(name)!
          .searches[retriever].curve.map(({ tokens, recall }) => [tokens, recall] as const),
      })),
    })),
  }
}

function counted(count: number, word: string): string {
  return `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`
}
