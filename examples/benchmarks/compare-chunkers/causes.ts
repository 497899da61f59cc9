import { clusterChunker, recursiveChunker } from '@tesserae/chunkers'
import type { TiktokenTokenizer } from '@tesserae/chunkers/tiktoken'
import { type Chunker, type Embedder, pieceTokenizer, toChunks } from '@tesserae/core'
import { precisionOmega } from '@tesserae/evaluation'
import type { ChunkCorpus } from './corpus.js'
import { type PublishedRow, publishedLarge, publishedMiniLm } from './published.js'
import { referenceCluster, referenceRecursive } from './reference-chunkers.js'

/*
 * Why precision-omega here is not the published figure: from there to here one thing is changed at a time, and each
 * change is worth what the figure moves by. Precision-omega looks at chunks and references alone, so nothing else
 * can move it: no retriever, and no embedder unless the chunker itself has one.
 */

export interface Causes {
  readonly name: string
  readonly published: number
  /** In order: what was changed, and by how many points it moved the figure. They add up to `here - published`. */
  readonly steps: readonly (readonly [change: string, points: number])[]
  readonly here: number
  /** The figure here with one thing changed, apart from the way from there to here. */
  readonly variants: readonly (readonly [what: string, omega: number])[]
}

export interface CausesOptions {
  /** The published corpora that are here. */
  readonly corpora: readonly ChunkCorpus[]
  readonly embedder: Embedder
  readonly tokenizer: TiktokenTokenizer
  readonly kind: 'static' | 'minilm'
}

interface Chunked {
  /** Precision-omega in %, mean over the questions of all corpora. */
  readonly omega: number
  readonly meanTokens: number
  /** Characters in chunks, repeated ones as often as they are stored. */
  readonly stored: number
}

export async function explainOmega(options: CausesOptions): Promise<Causes[]> {
  const { kind } = options
  const recursive: readonly (readonly [row: string, maxTokens: number, overlap: number])[] =
    kind === 'static'
      ? [
          ['Recursive 200', 200, 0],
          ['Recursive 400', 400, 0],
          ['Recursive 400/200', 400, 200],
          ['Recursive 800/400', 800, 400],
        ]
      : [
          ['Recursive 200', 200, 0],
          ['Recursive 250', 250, 0],
        ]
  const found: Causes[] = []
  for (const [row, maxTokens, overlap] of recursive)
    found.push(await explainRecursive(row, maxTokens, overlap, options))
  found.push(await explainCluster('Cluster 200', 200, options))
  if (kind === 'static') found.push(await explainCluster('Cluster 400', 400, options))
  return found
}

function publishedRow(row: string, kind: CausesOptions['kind']): PublishedRow {
  const found = (kind === 'minilm' ? publishedMiniLm : publishedLarge)[row]
  if (found === undefined) throw new Error(`The published table has no row "${row}".`)
  return found
}

async function explainRecursive(
  row: string,
  maxTokens: number,
  overlap: number,
  { corpora, tokenizer, kind }: CausesOptions,
): Promise<Causes> {
  const theirs = async (changes = {}) =>
    (await chunked(referenceRecursive(maxTokens, overlap, tokenizer, changes), corpora, tokenizer)).omega
  const ours = (overlapTokens: number, options = {}) =>
    chunked(recursiveChunker({ maxTokens, overlapTokens, tokenizer, ...options }), corpora, tokenizer)
  const there = await chunked(referenceRecursive(maxTokens, overlap, tokenizer), corpora, tokenizer)
  const cutBehind = await theirs({ cutBehind: true })
  const joined = await theirs({ cutBehind: true, joinLeftovers: true })
  const here = await ours(overlap)
  // An overlap here that repeats as much text as the published algorithm does.
  const alike = overlap === 0 ? here : await storedLike(there.stored, overlap, ours)
  const { omega: published } = publishedRow(row, kind)
  return {
    name: row,
    published,
    steps: [
      ['two of five corpora', there.omega - published],
      ['cut behind the separator', cutBehind - there.omega],
      ['leftovers joined', joined - cutBehind],
      ['best border in reach', alike.omega - joined],
      ['text repeated', here.omega - alike.omega],
    ],
    here: here.omega,
    variants: [
      ...(await perCorpus(corpora, (one) =>
        chunked(referenceRecursive(maxTokens, overlap, tokenizer), [one], tokenizer),
      )),
      ['here, published separators', (await ours(overlap, { separators: publishedSeparators })).omega],
      ['here, tokens estimated', (await ours(overlap, { tokenizer: pieceTokenizer() })).omega],
    ],
  }
}

const publishedSeparators = ['\n\n', '\n', '.', '?', '!', ' '].map((before) => ({ before }))

/** The overlap, by bisection, with which as many characters are stored. */
async function storedLike(
  stored: number,
  most: number,
  chunks: (overlap: number) => Promise<Chunked>,
): Promise<Chunked> {
  let low = 0
  let high = most
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if ((await chunks(middle)).stored < stored) low = middle
    else high = middle
  }
  const [below, above] = [await chunks(low), await chunks(high)]
  return Math.abs(below.stored - stored) < Math.abs(above.stored - stored) ? below : above
}

async function explainCluster(row: string, maxTokens: number, options: CausesOptions): Promise<Causes> {
  const { corpora, tokenizer, embedder, kind } = options
  const pieces = maxTokens / 50
  const theirs = (pieceTokens: number) =>
    chunked(referenceCluster({ embedder, tokenizer, pieces, pieceTokens }), corpora, tokenizer)
  const there = await theirs(50)
  const here = await chunked(clusterChunker({ embedder, tokenizer, maxTokens }), corpora, tokenizer)
  const alike = await sizedLike(here.meanTokens, theirs)
  const { omega: published } = publishedRow(row, kind)
  return {
    name: row,
    published,
    steps: [
      ['two of five corpora', there.omega - published],
      ['chunks as large as here', alike - there.omega],
      ['whole sentences, best borders', here.omega - alike],
    ],
    here: here.omega,
    variants: await perCorpus(corpora, (one) =>
      chunked(referenceCluster({ embedder, tokenizer, pieces }), [one], tokenizer),
    ),
  }
}

/** Precision-omega of the published algorithm with chunks of this mean size, between two sizes of its pieces. */
async function sizedLike(
  meanTokens: number,
  chunks: (pieceTokens: number) => Promise<Chunked>,
): Promise<number> {
  let low = 50
  let high = 140
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if ((await chunks(middle)).meanTokens < meanTokens) low = middle
    else high = middle
  }
  const [below, above] = [await chunks(low), await chunks(high)]
  const share = (meanTokens - below.meanTokens) / (above.meanTokens - below.meanTokens)
  return below.omega + (above.omega - below.omega) * Math.min(1, Math.max(0, share))
}

async function perCorpus(
  corpora: readonly ChunkCorpus[],
  chunks: (corpus: ChunkCorpus) => Promise<Chunked>,
): Promise<(readonly [string, number])[]> {
  const found: (readonly [string, number])[] = []
  for (const corpus of corpora)
    found.push([`published algorithm, ${corpus.name} alone`, (await chunks(corpus)).omega])
  return found
}

async function chunked(
  chunker: Chunker,
  corpora: readonly ChunkCorpus[],
  tokenizer: TiktokenTokenizer,
): Promise<Chunked> {
  let tokens = 0
  let count = 0
  let stored = 0
  const omegas: number[] = []
  for (const { documents, questions } of corpora) {
    const chunks = []
    for (const document of documents) chunks.push(...toChunks(document, await chunker.split(document)))
    for (const { text } of chunks) {
      tokens += tokenizer.count(text)
      stored += text.length
    }
    count += chunks.length
    for (const { references } of questions)
      omegas.push(precisionOmega(chunks, references, { touching: true }))
  }
  return {
    omega: (100 * omegas.reduce((sum, omega) => sum + omega, 0)) / omegas.length,
    meanTokens: tokens / count,
    stored,
  }
}
