import type { CallOptions, Chunker, Embedder, Tokenizer } from '@tesserae/core'
import { checkInteger, dot, invalid, pieceTokenizer } from '@tesserae/core'
import { makeChunker } from '../internal/make-chunker.js'
import { checkLocale, checkNames, chunkerId } from '../internal/options.js'
import type { Ruler } from '../internal/ruler.js'
import { rulerOf } from '../internal/ruler.js'
import { likelyFits } from '../structural/fit.js'
import { checkEmbedder } from './embedder.js'
import { bestRuns, type SimilarityBand } from './optimal-runs.js'
import type { Pieces } from './pieces.js'
import { groupPieces, packRuns, sentencePieces, spansOf } from './pieces.js'
import { forEachVector } from './vectors.js'

export interface ClusterChunkerOptions {
  /** Compares pieces; wrap it in `cachedEmbedder` to pay for a text once. */
  readonly embedder: Embedder
  /** Hard cap of a chunk, in tokens of `tokenizer`. @default 400 */
  readonly maxTokens?: number | undefined
  /**
   * Sentences are put together to about this size before they are compared; a longer sentence stays one piece.
   * 1 compares sentences. At most `maxTokens`. @default 50, or `maxTokens` when that is smaller
   */
  readonly pieceTokens?: number | undefined
  /** What a token is. @default pieceTokenizer() */
  readonly tokenizer?: Tokenizer | undefined
  /** Language of the text, for ordinals and the Greek question mark. @default none */
  readonly locale?: string | undefined
}

const OPTIONS = ['embedder', 'maxTokens', 'pieceTokens', 'tokenizer', 'locale']

/**
 * The best of all ways to cut the document: chunks of pieces that are as similar to each other as can be,
 * none over `maxTokens`. Of all segmentations it finds the one with the largest sum, over the pairs of pieces
 * in one chunk, of their cosine above the mean cosine of the document (after the ClusterSemanticChunker of
 * B. Smith and A. Troynikov, "Evaluating Chunking Strategies for Retrieval", Chroma, 2024; unlike there, the
 * cap counts tokens, not pieces, and pieces are whole sentences). Dynamic programming over the pairs that fit
 * into one chunk: time and memory grow linearly with the document. Equal sums prefer the longer chunk.
 *
 * Each piece is embedded once. A document that is a single piece is not embedded. Tables, rows and code
 * blocks that fit stay whole, and a heading goes with the sentence behind it. `split` rejects with the
 * embedder's error when it fails.
 */
export function clusterChunker(options: ClusterChunkerOptions): Chunker {
  checkNames('clusterChunker', options, OPTIONS)
  const embedder = checkEmbedder(options.embedder)
  const maxTokens = checkInteger('maxTokens', options.maxTokens ?? 400)
  const pieceTokens = checkInteger('pieceTokens', options.pieceTokens ?? Math.min(50, maxTokens))
  if (pieceTokens > maxTokens) {
    invalid('pieceTokens', `at most \`maxTokens\` (${maxTokens})`, pieceTokens, 'A chunk holds whole pieces.')
  }
  const tokenizer = options.tokenizer ?? pieceTokenizer()
  const language = checkLocale(options.locale)
  const limits = { maxTokens, pieceTokens, tokenizer: tokenizer.id, language }
  return makeChunker(chunkerId('cluster', { embedder: embedder.id, ...limits }), async (document, call) => {
    const { text } = document
    const ruler = rulerOf(tokenizer, text)
    const sentences = await sentencePieces(document, ruler, maxTokens, language, call)
    const pieces = groupPieces(sentences, ruler, pieceTokens)
    const firsts = firstInReach(pieces, ruler, maxTokens)
    const band = await similarityBand(text, pieces, firsts, embedder, tokenizer, call)
    const runs = await bestRuns(band, call.signal)
    // Nearly all runs fit as they are: `firstInReach` has looked.
    return spansOf(pieces, ruler, packRuns(pieces, ruler, maxTokens, pieces.ranks, runs))
  })
}

/** For each piece the first one that fits into a chunk with it, at most itself. */
function firstInReach({ starts, ends, size }: Pieces, ruler: Ruler, maxTokens: number): Uint32Array {
  const firsts = new Uint32Array(size)
  let first = 0
  for (let piece = 0; piece < size; piece++) {
    while (first < piece && !likelyFits(ruler, starts[first]!, ends[piece]!, maxTokens)) first++
    firsts[piece] = first
  }
  return firsts
}

/** Cosines of each piece with those before it in its reach, and the mean cosine of all pairs of the document. */
async function similarityBand(
  text: string,
  { starts, ends, size }: Pieces,
  firsts: Uint32Array,
  embedder: Embedder,
  tokenizer: Tokenizer,
  call: CallOptions,
): Promise<SimilarityBand> {
  const offsets = new Uint32Array(size + 1)
  let widest = 1
  for (let piece = 0; piece < size; piece++) {
    const width = piece - firsts[piece]!
    offsets[piece + 1] = offsets[piece]! + width
    widest = Math.max(widest, width)
  }
  const cosines = new Float32Array(offsets[size]!)
  if (size < 2) return { size, firsts, offsets, cosines, mean: 0 }
  const { dimensions } = embedder
  /** The last `widest` vectors: that of piece i is row i mod `widest`. */
  const ring = new Float32Array(widest * dimensions)
  const total = new Float64Array(dimensions)
  let squares = 0
  const visit = (piece: number, vector: Float32Array) => {
    const first = firsts[piece]!
    const offset = offsets[piece]!
    for (let other = first; other < piece; other++) {
      cosines[offset + other - first] = dot(vector, 0, ring, (other % widest) * dimensions, dimensions)
    }
    ring.set(vector, (piece % widest) * dimensions)
    for (let d = 0; d < dimensions; d++) {
      total[d]! += vector[d]!
      squares += vector[d]! * vector[d]!
    }
  }
  const textOf = (piece: number) => text.slice(starts[piece]!, ends[piece]!)
  await forEachVector(embedder, tokenizer, size, textOf, visit, call)
  // |Σ v|² is the sum of all cosines, each pair twice and each vector with itself once.
  let sum = -squares
  for (let d = 0; d < dimensions; d++) sum += total[d]! * total[d]!
  return { size, firsts, offsets, cosines, mean: sum / (size * (size - 1)) }
}
