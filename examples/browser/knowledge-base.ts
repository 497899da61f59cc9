import { structuralChunker } from '@tesserae/chunkers'
import {
  assembleContext,
  type Document,
  type IngestProgress,
  ingest,
  isRagError,
  type LineIndex,
  lineIndex,
  type StageScore,
} from '@tesserae/core'
import { markdownFormat } from '@tesserae/loaders/markdown'
import { staticEmbedder } from '@tesserae/models/static'
import {
  denseRetriever,
  hnswIndex,
  hybridRetriever,
  lexicalRetriever,
  memoryStore,
} from '@tesserae/retrievers'

/** What a knowledge base can do, in the page, in a worker, or in Node: all values can be sent between threads. */
export interface KnowledgeBase {
  /** Where the vector search runs: `'typescript'` on hosts that forbid WebAssembly, with the same hits. */
  readonly backend: 'wasm' | 'typescript'
  /** Adds files or replaces those of the same name. What was finished before an abort stays. */
  add(files: readonly SourceFile[], options?: AddOptions): Promise<Added>
  search(question: string, options?: SearchOptions): Promise<Found>
}

export interface SourceFile {
  /** What citations name. Files that do not end in `.md` are read as plain text. */
  readonly name: string
  readonly text: string
}

export interface AddOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: IngestProgress) => void) | undefined
}

export interface Added {
  readonly documents: number
  readonly chunks: number
  readonly failures: readonly string[]
}

export interface SearchOptions {
  /** @default 4 */
  readonly limit?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Found {
  readonly passages: readonly Passage[]
  readonly hits: readonly FoundChunk[]
  /** The passages under their markers, as a language model would be given them. */
  readonly context: string
}

export interface Passage {
  readonly marker: string
  readonly file: string
  /** Of the file, from 1. */
  readonly line: number
  readonly headings: readonly string[]
  readonly text: string
}

export interface FoundChunk {
  readonly id: string
  readonly score: number
  readonly trace: readonly StageScore[]
}

export interface KnowledgeBaseOptions {
  /** The table of static embeddings, `data/static-en-256.bin` of `@tesserae/models`. */
  readonly table: Uint8Array
  /** @default 'auto': WebAssembly where the host has it and allows it */
  readonly backend?: 'auto' | 'typescript' | undefined
}

const chunkTokens = 200
const contextTokens = 1_200

/** BM25 and an HNSW graph over static embeddings, in memory, answering with cited passages. */
export async function openKnowledgeBase(options: KnowledgeBaseOptions): Promise<KnowledgeBase> {
  const embedder = await staticEmbedder({ bytes: options.table })
  const { index, backend } = graph(embedder.dimensions, options.backend ?? 'auto')
  const store = memoryStore({ dimensions: embedder.dimensions, vectorIndex: () => index })
  const retriever = hybridRetriever([denseRetriever({ store, embedder }), lexicalRetriever({ store })])
  const chunker = structuralChunker({ maxTokens: chunkTokens, minTokens: 0 })
  const lines = new Map<string, LineIndex>()
  return {
    backend,
    async add(files, { signal, onProgress } = {}) {
      async function* documents() {
        for (const file of files) {
          const document = await read(file, signal)
          lines.set(document.id, lineIndex(document.text))
          yield { type: 'document' as const, document }
        }
      }
      const report = await ingest(documents(), { chunker, embedder, store, signal, onProgress })
      return {
        documents: report.documents.written + report.documents.unchanged,
        chunks: store.size,
        failures: report.failures.map(({ message }) => message),
      }
    },
    async search(question, { limit = 4, signal } = {}) {
      const hits = await retriever.retrieve(question, { limit, signal })
      const { text, citations } = await assembleContext(hits, { maxTokens: contextTokens, signal })
      return {
        passages: citations.map(({ marker, documentId, start, headings, text }) => ({
          marker,
          file: documentId,
          line: lines.get(documentId)?.lineOf(start) ?? 1,
          headings,
          text,
        })),
        hits: hits.map(({ chunk, score, trace }) => ({ id: chunk.id, score, trace })),
        context: text,
      }
    },
  }
}

/** Asks for WebAssembly by name, so that what runs is known and not guessed. */
function graph(dimensions: number, backend: 'auto' | 'typescript') {
  if (backend === 'auto') {
    try {
      return { backend: 'wasm', index: hnswIndex({ dimensions, backend: 'wasm' }) } as const
    } catch (error) {
      if (!isRagError(error, 'unsupported')) throw error
    }
  }
  return { backend: 'typescript', index: hnswIndex({ dimensions, backend: 'typescript' }) } as const
}

const markdown = markdownFormat()

async function read({ name, text }: SourceFile, signal: AbortSignal | undefined): Promise<Document> {
  if (!name.endsWith('.md') || text.trim() === '') return { id: name, text, marks: [], metadata: {} }
  const parsed = await markdown.parse(
    { bytes: new TextEncoder().encode(text), uri: name, charset: 'utf-8' },
    { signal },
  )
  return { id: name, text: parsed.text, marks: parsed.marks, metadata: parsed.metadata ?? {} }
}

/** Fetches the table, or anything else there is to read. Rejects with a word about what the server said. */
export async function fetchBytes(url: string | URL, signal?: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(url, { signal: signal ?? null })
  if (!response.ok) throw new Error(`${url} could not be fetched: ${response.status} ${response.statusText}.`)
  return new Uint8Array(await response.arrayBuffer())
}
