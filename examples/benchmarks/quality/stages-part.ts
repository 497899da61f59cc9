import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { hierarchicalChunker } from '@tesserae/chunkers'
import { assembleContext, type Hit, type RelevanceModel } from '@tesserae/core'
import { bootstrapInterval, ndcgAt, pairedBootstrap, type SourceSpan, spanScores } from '@tesserae/evaluation'
import { staticEmbedder } from '@tesserae/models/static'
import { transformersCrossEncoder } from '@tesserae/models/transformers'
import type { BenchContext } from '../harness/context.js'
import { type FilledSet, fillSet, type JudgedSet, presentSets } from './judged-sets.js'
import { keptScores } from './kept.js'
import { type Stage, stagesOf } from './stages.js'

/** Hits of each search; enough to fill a context. */
const depth = 50
const contextTokens = 2000
/** Tokens of the wider chunks and of those that are searched, where chunks are nested. */
const nestedSizes = [600, 200]
/** From the whole of a set's questions on, every so-manieth is asked: about so many are. */
const mostQuestions = 300
/** The cross-encoder was trained on these questions. */
const seen = ['xquad-en']

const order = 'nDCG@10'
const context = `recall in ${contextTokens} tokens`

/** One value per question, of a metric that was taken. */
interface Taken {
  readonly [metric: string]: readonly number[]
}

/**
 * What each stage that needs no language model brings over a hybrid search with the embedder in the box, alone and with the
 * others, in pairs: by the order of what is found, and where passages are cut from documents by how much of the answers a
 * context of 2,000 tokens holds.
 */
export async function runStagesPart(bench: BenchContext, shared: string): Promise<void> {
  const sources = presentSets(bench, shared).filter(({ language }) => language === 'en')
  const embedder = await staticEmbedder()
  const path = join(shared, 'models', 'cross-encoder-small')
  const pairs = existsSync(path)
    ? await transformersCrossEncoder({ path, dataType: 'q8', oversize: 'truncate', threads: 1 })
    : undefined
  if (pairs === undefined) bench.skip('cross-encoder', 'all', 'the model is not there')
  const model = pairs && keptScores(pairs, 'cross-encoder')
  const worst = new Map<string, number>()
  try {
    for (const source of sources) {
      bench.progress(`${source.name}: reading`)
      const set = sampled(await source.load())
      const filled = await fillSet(set, embedder)
      const cut = filled.chunks.length > set.documents.length
      const nested = cut
        ? await fillSet(set, embedder, hierarchicalChunker({ sizes: nestedSizes }))
        : undefined
      const crossEncoder: RelevanceModel | undefined = seen.includes(set.name) ? undefined : model
      const done = new Map<string, Taken>()
      for (const stage of stagesOf({ filled, nested, embedder, crossEncoder })) {
        await bench.attempt(stage.name, set.name, async () => {
          bench.progress(`${set.name}: ${stage.name}`)
          done.set(stage.name, await judge(stage, filled, cut))
          report(bench, set.name, stage, done, worst)
        })
      }
    }
  } finally {
    await pairs?.dispose()
  }
  for (const [name, high] of worst)
    bench.ratio(`${name} loses on no set: least upper end of a paired interval`, high, 0)
  bench.note(
    `over: paired 95 % bootstrap intervals. At most about ${mostQuestions} questions of a set, every so-manieth; ${depth} hits; the static embedder; every stage with the library's defaults. The cross-encoder reads the best 10.`,
  )
  bench.note(
    `A context of ${contextTokens} tokens holds a share of the spans that answer, or of the reports. Windows and auto-merge are over chunks of ${nestedSizes[1]} tokens in parents of ${nestedSizes[0]} ("nested").`,
  )
}

function sampled(set: JudgedSet): JudgedSet {
  const step = Math.max(1, Math.round(set.queries.length / mostQuestions))
  return { ...set, queries: set.queries.filter((_, place) => place % step === 0) }
}

async function judge(stage: Stage, filled: FilledSet, cut: boolean): Promise<Taken> {
  const { dataset, idOf } = filled
  const gain = ndcgAt(10)
  const values: { [metric: string]: number[] } = {}
  const take = (metric: string, value: number) => {
    values[metric] ??= []
    values[metric].push(value)
  }
  for (const { id, text } of dataset.queries) {
    const hits = await stage.retriever.retrieve(text, { limit: depth })
    const relevance = dataset.relevance.get(id) ?? new Map<string, number>()
    if (!stage.widens) take(order, gain([...new Set(hits.map(({ chunk }) => idOf(chunk)))], relevance))
    if (cut) take(context, await recallInContext(filled.set, id, hits, stage.duplicates))
  }
  return values
}

/** How much of what answers a question the context shows, sources of passages shown once for several included. */
async function recallInContext(
  { relevance, references }: JudgedSet,
  question: string,
  hits: readonly Hit[],
  duplicates: Stage['duplicates'],
): Promise<number> {
  const { citations } = await assembleContext(hits, { maxTokens: contextTokens, duplicates })
  const places: SourceSpan[] = citations.flatMap(({ documentId, shown, start, end, alsoIn }) => [
    ...(shown.length === 0 ? [{ start, end }] : shown).map((span) => ({
      documentId,
      start: span.start,
      end: span.end,
    })),
    ...alsoIn,
  ])
  const spans = references?.get(question)
  if (spans) return spanScores(places, spans).recall
  const wanted = [...(relevance?.get(question) ?? [])].filter(([, grade]) => grade > 0)
  const shown = new Set(places.map(({ documentId }) => documentId))
  return wanted.filter(([id]) => shown.has(id)).length / wanted.length
}

function report(
  bench: BenchContext,
  set: string,
  { name, base = 'hybrid', usual }: Stage,
  done: ReadonlyMap<string, Taken>,
  worst: Map<string, number>,
): void {
  const taken = done.get(name) ?? {}
  for (const [metric, values] of Object.entries(taken)) {
    const { mean, low, high } = bootstrapInterval(values)
    bench.row(name, set, metric, { value: mean, low, high })
    const before = done.get(base)?.[metric]
    if (before === undefined || base === name) continue
    const gain = pairedBootstrap(before, values)
    bench.row(name, set, `${metric === order ? 'order' : 'context'} over ${base}`, {
      value: gain.mean,
      low: gain.low,
      high: gain.high,
    })
    if (usual) worst.set(name, Math.min(worst.get(name) ?? Number.POSITIVE_INFINITY, gain.high))
  }
}
