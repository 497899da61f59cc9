import type { TiktokenTokenizer } from '@tesserae/chunkers/tiktoken'
import { type Chunk, type Embedder, ingest, type Loaded, type Retriever, toChunks } from '@tesserae/core'
import {
  boundaryAccuracy,
  type ChunkSizes,
  chunkSizes,
  contentCoverage,
  hitRateAt,
  intersectSpans,
  type Metric,
  mergeSpans,
  ndcgAt,
  precisionOmega,
  reciprocalRankAt,
  type SourceSpan,
  spanScores,
  spansMeeting,
  totalLength,
} from '@tesserae/evaluation'
import {
  denseRetriever,
  hybridRetriever,
  lexicalRetriever,
  memoryStore,
  windowRetriever,
} from '@tesserae/retrievers'
import type { ChunkCorpus, Question } from './corpus.js'
import type { Strategy } from './strategies.js'

/** What the strategy made of the corpus, whoever searches it. Arrays run parallel to the questions. */
export interface ChunkingResult {
  readonly chunkerId: string
  /** In cl100k tokens. */
  readonly sizes: ChunkSizes
  readonly omega: readonly number[]
  /** As the published code counts: a chunk that only touches a reference is retrieved too. */
  readonly omegaTouching: readonly number[]
  readonly coverage: number
  /** Share of the inner chunk borders that are borders of sentences. */
  readonly boundaries: number
  readonly ingestSeconds: number
  readonly embedCalls: number
  /** Tokens sent to the embedder, by the chunker and for the index. */
  readonly embeddedTokens: number
}

export const retrieverNames = ['bm25', 'dense', 'hybrid'] as const
export type RetrieverName = (typeof retrieverNames)[number]

/** One retriever's answers. Arrays run parallel to the questions. */
export interface SearchResult {
  readonly values: { readonly [metric: string]: readonly number[] }
  /** Means over the questions when only the first k passages are read. */
  readonly curve: readonly { readonly k: number; readonly tokens: number; readonly recall: number }[]
}

export interface Measured {
  readonly chunking: ChunkingResult
  readonly searches: { readonly [name in RetrieverName]: SearchResult }
}

export interface MeasureOptions {
  readonly corpus: ChunkCorpus
  readonly strategy: Strategy
  readonly embedder: Embedder
  readonly tokenizer: TiktokenTokenizer
  readonly limit: number
}

/** Chunks, embeds and stores the corpus with one strategy and asks every question of each retriever. */
export async function measure(options: MeasureOptions): Promise<Measured> {
  const { corpus, strategy, tokenizer, limit } = options
  const { embedder, counted } = countCalls(options.embedder, tokenizer)
  const chunker = strategy.make({ tokenizer, embedder })
  const store = memoryStore({ dimensions: embedder.dimensions })
  const started = performance.now()
  const report = await ingest(documentsOf(corpus), { chunker, embedder, store })
  const ingestSeconds = (performance.now() - started) / 1000
  const failure = report.failures[0]
  if (failure) throw new Error(`${failure.uri}: ${failure.message}`)
  const { calls: embedCalls, tokens: embeddedTokens } = counted
  const ids: string[] = []
  for await (const { id } of store.list()) ids.push(id)
  const chunks = (await store.get(ids)).filter((chunk) => chunk !== undefined)
  const passages = strategy.shows === 'windows' ? windowsOf(corpus, chunks) : chunks
  const lexical = lexicalRetriever({ store })
  const dense = denseRetriever({ store, embedder })
  const texts = new Map(corpus.documents.map((document) => [document.id, document]))
  const shown = (retriever: Retriever): Retriever =>
    strategy.shows === 'windows'
      ? windowRetriever(retriever, { documentOf: async (id) => texts.get(id)! })
      : retriever
  const gains = corpus.questions.map(({ references }) => gainsOf(passages, references))
  const sizes = new Map(passages.map((passage) => [passage.id, tokenizer.count(passage.text)]))
  const ask = (retriever: Retriever) =>
    search({ retriever: shown(retriever), questions: corpus.questions, gains, sizes, limit })
  return {
    chunking: {
      chunkerId: chunker.id,
      ...describeChunks(corpus, passages, tokenizer),
      ingestSeconds,
      embedCalls,
      embeddedTokens,
    },
    searches: {
      bm25: await ask(lexical),
      dense: await ask(dense),
      hybrid: await ask(hybridRetriever([dense, lexical])),
    },
  }
}

async function* documentsOf(corpus: ChunkCorpus): AsyncIterable<Loaded> {
  for (const document of corpus.documents) yield { type: 'document', document }
}

function countCalls(inner: Embedder, tokenizer: TiktokenTokenizer) {
  const counted = { calls: 0, tokens: 0 }
  const embedder: Embedder = {
    ...inner,
    embed(texts, call) {
      counted.calls++
      for (const text of texts) counted.tokens += tokenizer.count(text)
      return inner.embed(texts, call)
    },
  }
  return { embedder, counted }
}

/** The distinct windows, as the chunks that `windowRetriever` makes of them. */
function windowsOf(corpus: ChunkCorpus, chunks: readonly Chunk[]): Chunk[] {
  return corpus.documents.flatMap((document) => {
    const spans = chunks
      .filter((chunk) => chunk.documentId === document.id)
      .map(({ documentId, window, start, end }) => ({ documentId, ...(window ?? { start, end }) }))
    const distinct = new Map(spans.map((span) => [`${span.start}-${span.end}`, span]))
    return toChunks(
      document,
      [...distinct.values()].sort((a, b) => a.start - b.start || a.end - b.end),
    )
  })
}

function describeChunks(corpus: ChunkCorpus, passages: readonly Chunk[], tokenizer: TiktokenTokenizer) {
  const byDocument = new Map<string, Chunk[]>()
  for (const passage of passages) {
    const list = byDocument.get(passage.documentId) ?? []
    list.push(passage)
    byDocument.set(passage.documentId, list)
  }
  const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })
  let coverage = 0
  let boundaries = 0
  let length = 0
  for (const { id, text } of corpus.documents) {
    const mine = byDocument.get(id) ?? []
    coverage += contentCoverage(mine, text) * text.length
    boundaries += boundaryAccuracy(mine, sentencesOf(text, segmenter), text) * text.length
    length += text.length
  }
  return {
    sizes: chunkSizes(passages.map((passage) => tokenizer.count(passage.text))),
    omega: corpus.questions.map(({ references }) => precisionOmega(passages, references)),
    omegaTouching: corpus.questions.map(({ references }) =>
      precisionOmega(passages, references, { touching: true }),
    ),
    coverage: coverage / length,
    boundaries: boundaries / length,
  }
}

/** Sentences by Intl.Segmenter, line by line because its time grows with the square of the text. */
function sentencesOf(text: string, segmenter: Intl.Segmenter): { start: number; end: number }[] {
  const spans: { start: number; end: number }[] = []
  for (const line of text.matchAll(/[^\n]+/g)) {
    for (const { index, segment } of segmenter.segment(line[0])) {
      const start = line.index + index
      spans.push({ start, end: start + segment.length })
    }
  }
  return spans
}

/** Tokens that a reader, or a model, is given in the comparison at equal cost. */
export const tokenBudget = 2000
/** Enough small passages to fill the budget. */
const budgetCandidates = 60

interface SearchTask {
  readonly retriever: Retriever
  readonly questions: readonly Question[]
  /** Share of the reference characters in each relevant passage, for each question. */
  readonly gains: readonly ReadonlyMap<string, number>[]
  /** Tokens by passage. */
  readonly sizes: ReadonlyMap<string, number>
  readonly limit: number
}

/**
 * A passage is relevant when it shares a character with a reference; its gain, for nDCG, is the share of the
 * reference characters that it holds.
 */
async function search({ retriever, questions, gains, sizes, limit }: SearchTask): Promise<SearchResult> {
  const ranked: { readonly [name: string]: Metric } = {
    [`hit@${limit}`]: hitRateAt(limit),
    ...Object.fromEntries(
      Array.from({ length: limit }, (_, i) => [`MRR@${i + 1}`, reciprocalRankAt(i + 1)] as const),
    ),
    [`nDCG@${limit}`]: ndcgAt(limit),
  }
  const names = ['recall', 'precision', 'IoU', ...Object.keys(ranked), 'tokens read', budgetMetric]
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]]))
  const curve = Array.from({ length: limit }, (_, i) => ({ k: i + 1, tokens: 0, recall: 0 }))
  const most = Math.max(limit, budgetCandidates)
  for (const [place, { text, references }] of questions.entries()) {
    const found = (await retriever.retrieve(text, { limit: most })).map((hit) => hit.chunk)
    const hits = found.slice(0, limit)
    const { recall, precision, iou } = spanScores(hits, references)
    values.recall!.push(recall)
    values.precision!.push(precision)
    values.IoU!.push(iou)
    const ids = hits.map((hit) => hit.id)
    for (const [name, metric] of Object.entries(ranked)) values[name]!.push(metric(ids, gains[place]!))
    let tokens = 0
    for (let i = 0; i < limit; i++) {
      const hit = hits[i]
      if (hit !== undefined) tokens += sizes.get(hit.id) ?? 0
      curve[i]!.tokens += tokens / questions.length
      curve[i]!.recall += spanScores(hits.slice(0, i + 1), references).recall / questions.length
    }
    values['tokens read']!.push(tokens)
    values[budgetMetric]!.push(spanScores(withinBudget(found, sizes), references).recall)
  }
  return { values, curve }
}

/** Recall when every strategy may show as much text: the fair comparison of small passages and large ones. */
export const budgetMetric = `recall in ${tokenBudget} tokens`

/** The passages in order until the budget is spent; the last one is cut, in proportion to its characters. */
function withinBudget(found: readonly Chunk[], sizes: ReadonlyMap<string, number>): SourceSpan[] {
  const shown: SourceSpan[] = []
  let left = tokenBudget
  for (const { id, documentId, start, end } of found) {
    const tokens = sizes.get(id) ?? 0
    const share = tokens <= left ? 1 : left / tokens
    shown.push({ documentId, start, end: start + Math.floor((end - start) * share) })
    left -= tokens
    if (left <= 0) break
  }
  return shown
}

export function gainsOf(
  passages: readonly Chunk[],
  references: readonly SourceSpan[],
): ReadonlyMap<string, number> {
  const all = totalLength(mergeSpans(references))
  return new Map(
    spansMeeting(passages, references).map((passage) => [
      passage.id,
      totalLength(intersectSpans([passage], references)) / all,
    ]),
  )
}
