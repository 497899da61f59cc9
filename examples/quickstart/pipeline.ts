import { recursiveChunker } from '@tesserae/chunkers'
import {
  type Hit,
  type IngestedDocument,
  type IngestReport,
  ingest,
  type Loaded,
  type StageScore,
} from '@tesserae/core'
import { staticEmbedder } from '@tesserae/models/static'
import { denseRetriever, hybridRetriever, lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { lineOf } from './line-of.js'
import type { Progress } from './progress.js'

export interface QuickstartHit {
  readonly uri: string
  /** Line of the file where the passage starts, from 1; null where the format has pages instead of lines. */
  readonly line: number | null
  readonly page: string | null
  readonly start: number
  readonly end: number
  readonly text: string
  readonly score: number
  readonly trace: readonly StageScore[]
}

export interface QuickstartResult {
  readonly documents: number
  readonly chunks: number
  readonly failures: readonly { readonly uri: string; readonly code: string; readonly message: string }[]
  readonly seconds: { readonly ingest: number; readonly query: number }
  readonly answers: readonly { readonly question: string; readonly hits: readonly QuickstartHit[] }[]
  /** What the ingest did, in full. */
  readonly report: IngestReport
}

export interface QuickstartOptions {
  readonly source: AsyncIterable<Loaded>
  readonly questions: readonly string[]
  readonly limit: number
  /** Documents expected, about. */
  readonly totalDocuments?: number | undefined
  readonly onDocument?: ((document: IngestedDocument) => void) | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** The whole path: load, chunk, embed, index, search. What a program of yours would do in its own words. */
export async function quickstart(options: QuickstartOptions): Promise<QuickstartResult> {
  const { source, questions, limit, totalDocuments, onDocument, onProgress, signal } = options
  const started = performance.now()
  const embedder = await staticEmbedder()
  const store = memoryStore({ dimensions: embedder.dimensions })
  const report = await ingest(source, {
    chunker: recursiveChunker({ maxTokens: 400 }),
    embedder,
    store,
    signal,
    totalDocuments,
    onDocument,
    onProgress,
  })
  const ingested = performance.now()

  const retriever = hybridRetriever([denseRetriever({ store, embedder }), lexicalRetriever({ store })])
  const answers: { readonly question: string; readonly hits: readonly Hit[] }[] = []
  for (const question of questions) {
    const hits = await retriever.retrieve(question, { limit, signal })
    answers.push({ question, hits })
  }
  const answered = performance.now()
  return {
    documents: report.documents.written,
    chunks: report.chunks.written,
    failures: report.failures.map(({ uri, code, message }) => ({ uri, code, message })),
    seconds: { ingest: (ingested - started) / 1000, query: (answered - ingested) / 1000 },
    answers: await Promise.all(
      answers.map(async ({ question, hits }) => ({ question, hits: await Promise.all(hits.map(cite)) })),
    ),
    report,
  }
}

async function cite({ chunk, score, trace }: Hit): Promise<QuickstartHit> {
  const uri = chunk.uri ?? chunk.documentId
  return {
    uri,
    line: chunk.page === undefined ? await lineOf(uri, chunk) : null,
    page: chunk.page ?? null,
    start: chunk.start,
    end: chunk.end,
    text: chunk.text,
    score,
    trace,
  }
}
