import {
  clusterChunker,
  fixed400,
  fixed1000,
  fixedChunker,
  hierarchicalChunker,
  recursiveChunker,
  semanticChunker,
  sentence300,
  sentenceChunker,
  structuralChunker,
} from '@tesserae/chunkers'
import type { TiktokenTokenizer } from '@tesserae/chunkers/tiktoken'
import type { Chunker, Embedder } from '@tesserae/core'
import { referenceCluster, referenceRecursive } from './reference-chunkers.js'

export interface StrategyParts {
  readonly tokenizer: TiktokenTokenizer
  readonly embedder: Embedder
}

/** A chunker with its settings, under the name that tables show. All count tokens of cl100k. */
export interface Strategy {
  readonly name: string
  make(parts: StrategyParts): Chunker
  /** What the reader is shown: the chunks found, or the windows they lie in, each once. @default 'chunks' */
  readonly shows?: 'chunks' | 'windows'
  /** One of the four that Adobe compared. */
  readonly adobe?: boolean
  /** Also measured with a transformer, which takes minutes. */
  readonly slow?: boolean
  readonly quick?: boolean
  /** Has a line in the plots. */
  readonly plotted?: boolean
  /** Row of the published table, and the same algorithm as published. */
  readonly published?: { readonly row: string; readonly reference?: string }
}

function tokens(maxTokens: number, overlapTokens: number): Strategy['make'] {
  return ({ tokenizer }) => fixedChunker({ maxTokens, overlapTokens, snap: 'none', trim: false, tokenizer })
}

function recursive(maxTokens: number, overlapTokens: number): Strategy['make'] {
  return ({ tokenizer }) => recursiveChunker({ maxTokens, overlapTokens, tokenizer })
}

function reference(maxTokens: number, overlap: number): Strategy['make'] {
  return ({ tokenizer }) => referenceRecursive(maxTokens, overlap, tokenizer)
}

export const strategies: readonly Strategy[] = [
  {
    name: 'fixed 400/20%',
    make: ({ tokenizer }) => fixed400({ tokenizer }),
    adobe: true,
    plotted: true,
    slow: true,
    quick: true,
  },
  {
    name: 'fixed 1000/20%',
    make: ({ tokenizer }) => fixed1000({ tokenizer }),
    adobe: true,
    plotted: true,
    slow: true,
    quick: true,
  },
  {
    name: 'hierarchical 1500/300/60',
    make: ({ tokenizer }) => hierarchicalChunker({ sizes: [1500, 300], overlapTokens: 60, tokenizer }),
    shows: 'windows',
    adobe: true,
    plotted: true,
    slow: true,
    quick: true,
  },
  {
    name: 'semantic 400@95',
    make: ({ embedder, tokenizer }) =>
      semanticChunker({
        embedder,
        tokenizer,
        breakpoint: { method: 'percentile', percentile: 95 },
        bufferSentences: 1,
        maxTokens: 400,
      }),
    adobe: true,
    plotted: true,
    slow: true,
    quick: true,
  },
  {
    name: 'cluster 200',
    plotted: true,
    make: ({ embedder, tokenizer }) => clusterChunker({ embedder, tokenizer, maxTokens: 200 }),
    slow: true,
    quick: true,
    published: { row: 'Cluster 200', reference: 'reference cluster 200' },
  },
  {
    name: 'cluster 400',
    plotted: true,
    make: ({ embedder, tokenizer }) => clusterChunker({ embedder, tokenizer, maxTokens: 400 }),
    slow: true,
    published: { row: 'Cluster 400', reference: 'reference cluster 400' },
  },
  { name: 'sentence 300', plotted: true, make: ({ tokenizer }) => sentence300({ tokenizer }) },
  {
    name: 'sentence 100',
    plotted: true,
    make: ({ tokenizer }) => sentenceChunker({ maxTokens: 100, tokenizer }),
    slow: true,
  },
  {
    name: 'structural 400',
    plotted: true,
    make: ({ tokenizer }) => structuralChunker({ maxTokens: 400, tokenizer }),
  },
  { name: 'recursive 120', plotted: true, make: recursive(120, 0), slow: true },
  {
    name: 'recursive 200',
    plotted: true,
    make: recursive(200, 0),
    slow: true,
    quick: true,
    published: { row: 'Recursive 200', reference: 'reference recursive 200' },
  },
  {
    name: 'recursive 250',
    make: recursive(250, 0),
    slow: true,
    published: { row: 'Recursive 250', reference: 'reference recursive 250' },
  },
  {
    name: 'recursive 400',
    plotted: true,
    make: recursive(400, 0),
    published: { row: 'Recursive 400', reference: 'reference recursive 400' },
  },
  {
    name: 'recursive 400/50%',
    make: recursive(400, 200),
    published: { row: 'Recursive 400/200', reference: 'reference recursive 400/50%' },
  },
  {
    name: 'recursive 800/50%',
    make: recursive(800, 400),
    published: { row: 'Recursive 800/400', reference: 'reference recursive 800/50%' },
  },
  { name: 'tokens 200', make: tokens(200, 0), published: { row: 'TokenText 200' } },
  { name: 'tokens 400', make: tokens(400, 0), published: { row: 'TokenText 400' } },
  { name: 'tokens 400/50%', make: tokens(400, 200), published: { row: 'TokenText 400/200' } },
  { name: 'tokens 800/50%', make: tokens(800, 400), published: { row: 'TokenText 800/400' } },
  { name: 'reference recursive 200', make: reference(200, 0), slow: true },
  { name: 'reference recursive 250', make: reference(250, 0), slow: true },
  { name: 'reference recursive 400', make: reference(400, 0) },
  { name: 'reference recursive 400/50%', make: reference(400, 200) },
  { name: 'reference recursive 800/50%', make: reference(800, 400) },
  {
    name: 'reference cluster 200',
    make: ({ embedder, tokenizer }) => referenceCluster({ embedder, tokenizer, pieces: 4 }),
    slow: true,
  },
  {
    name: 'reference cluster 400',
    make: ({ embedder, tokenizer }) => referenceCluster({ embedder, tokenizer, pieces: 8 }),
    slow: true,
  },
]
