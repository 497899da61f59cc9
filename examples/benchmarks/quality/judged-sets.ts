import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { recursiveChunker, wholeChunker } from '@tesserae/chunkers'
import { type Chunk, type Chunker, type Document, type Embedder, ingest, type Loaded } from '@tesserae/core'
import {
  type EvaluationQuery,
  judgedQueries,
  type RetrievalDataset,
  type SourceSpan,
} from '@tesserae/evaluation'
import { loadBeir } from '@tesserae/evaluation/beir'
import { bm25Index, type MemoryStore, memoryStore } from '@tesserae/retrievers'
import { corpusSources } from '../compare-chunkers/corpora.js'
import { gainsOf } from '../compare-chunkers/measure.js'
import type { BenchContext } from '../harness/context.js'
import { analyzerFor } from './analyzers.js'
import { textOf } from './dense.js'
import { loadFilings } from './filings.js'

/** Questions over documents with their answers: whole documents, or spans of them. */
export interface JudgedSet {
  readonly name: string
  readonly language: string
  readonly documents: readonly Document[]
  /** How the documents are cut for searching. */
  readonly chunker: Chunker
  readonly queries: readonly EvaluationQuery[]
  /** Documents that answer, by question; absent where spans do. */
  readonly relevance?: RetrievalDataset['relevance'] | undefined
  /** Spans that answer, by question. */
  readonly references?: ReadonlyMap<string, readonly SourceSpan[]> | undefined
}

export interface SetSource {
  readonly name: string
  readonly language: string
  /** One of those that `--quick` looks at. */
  readonly quick: boolean
  readonly path: string
  load(): Promise<JudgedSet>
}

/** A chunk of a report or a speech: what fits a few to a prompt. */
const chunkTokens = 200

/**
 * Sets in English first, in files of one passage each: SciFact, Cranfield, XQuAD, ADI; then SEC 10-Q, reports cut into
 * chunks and judged as wholes, and the two corpora of the Chroma report, cut alike and judged by the spans that answer;
 * then XQuAD in languages that the embedders here do not know.
 */
export function setSources(shared: string): readonly SetSource[] {
  const data = join(shared, 'data')
  const beir = (name: string, path: string, language = 'en'): SetSource => ({
    name,
    language,
    quick: name === 'cranfield' || name === 'adi',
    path: join(data, 'retrieval', path),
    load: async () =>
      documentSet(await loadBeir(join(data, 'retrieval', path), { name }), language, wholeChunker()),
  })
  const filings = join(data, 'pdf-qa', 'sec-10-q')
  const cut = () => recursiveChunker({ maxTokens: chunkTokens })
  const chroma = corpusSources(shared).filter(({ path }) => path.endsWith('.md'))
  return [
    beir('scifact', 'scifact'),
    beir('cranfield', 'cranfield'),
    beir('xquad-en', 'xquad/en'),
    beir('adi', 'adi'),
    {
      name: 'sec-10-q',
      language: 'en',
      quick: false,
      path: filings,
      load: async () => documentSet(await loadFilings(filings), 'en', cut()),
    },
    ...chroma.map(
      ({ name, path, load }): SetSource => ({
        name,
        language: 'en',
        quick: false,
        path,
        async load() {
          const { documents, questions } = await load()
          return {
            name,
            language: 'en',
            documents,
            chunker: cut(),
            queries: questions,
            references: new Map(questions.map(({ id, references }) => [id, references])),
          }
        },
      }),
    ),
    beir('xquad-de', 'xquad/de', 'de'),
    beir('xquad-ar', 'xquad/ar', 'ar'),
    beir('xquad-zh', 'xquad/zh', 'zh'),
  ]
}

/** Those that are there, and of these the quick ones where asked. */
export function presentSets(context: BenchContext, shared: string): readonly SetSource[] {
  return setSources(shared).filter(({ name, path, quick }) => {
    if (context.quick && !quick) return false
    if (!existsSync(path)) context.skip('all', name, 'this set is not there')
    return existsSync(path)
  })
}

function documentSet(dataset: RetrievalDataset, language: string, chunker: Chunker): JudgedSet {
  return {
    name: dataset.name,
    language,
    documents: dataset.documents.map((document) => ({
      id: document.id,
      text: textOf(document),
      marks: [],
      metadata: { title: document.title },
    })),
    chunker,
    queries: judgedQueries(dataset),
    relevance: dataset.relevance,
  }
}

/** A set in a store of chunks, and what its judgements say of what a search returns. */
export interface FilledSet {
  readonly set: JudgedSet
  readonly store: MemoryStore
  readonly chunks: readonly Chunk[]
  readonly dataset: RetrievalDataset
  /** What a chunk counts as: its document, or itself where spans are judged. */
  idOf(chunk: Chunk): string
}

export async function fillSet(set: JudgedSet, embedder: Embedder, chunker = set.chunker): Promise<FilledSet> {
  const store = memoryStore({
    dimensions: embedder.dimensions,
    lexicalIndex: () => bm25Index({ analyzer: analyzerFor(set.language) }),
  })
  await ingest(loaded(set), { chunker, embedder, store })
  const ids: string[] = []
  for await (const { id } of store.list()) ids.push(id)
  const chunks = (await store.get(ids)).filter((chunk) => chunk !== undefined)
  const { name, queries, references } = set
  const relevance: RetrievalDataset['relevance'] =
    set.relevance ??
    new Map([...(references ?? [])].map(([id, spans]) => [id, gainsOf(chunks, spans)] as const))
  const documents = chunks.map(({ id, text }) => ({ id, title: '', text }))
  const dataset = { name, documents, queries, relevance }
  return { set, store, chunks, dataset, idOf: ({ id, documentId }) => (references ? id : documentId) }
}

function* loaded({ documents }: JudgedSet): Iterable<Loaded> {
  for (const document of documents) yield { type: 'document', document }
}
