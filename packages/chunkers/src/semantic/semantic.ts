import type { CallOptions, Chunker, Embedder, Tokenizer } from '@tesserae/core'
import { checkInteger, dot, invalid, pieceTokenizer } from '@tesserae/core'
import { makeChunker } from '../internal/make-chunker.js'
import { checkLocale, checkNames, chunkerId } from '../internal/options.js'
import type { Ruler } from '../internal/ruler.js'
import { rulerOf } from '../internal/ruler.js'
import { spanTokens } from '../structural/fit.js'
import type { Breakpoint } from './breakpoints.js'
import { breakpoints, checkBreakpoint } from './breakpoints.js'
import { checkEmbedder } from './embedder.js'
import type { Pieces } from './pieces.js'
import { packRuns, sentencePieces, spansOf } from './pieces.js'
import { forEachVector } from './vectors.js'

export interface SemanticChunkerOptions {
  /** Compares neighbours; wrap it in `cachedEmbedder` to pay for a text once. */
  readonly embedder: Embedder
  /** What counts as a change of subject. @default { method: 'percentile', percentile: 95 } */
  readonly breakpoint?: Breakpoint | undefined
  /** Sentences on each side that are embedded with a sentence, so that short ones have something to say. @default 1 */
  readonly bufferSentences?: number | undefined
  /** Hard cap of a chunk, in tokens of `tokenizer`. @default 400 */
  readonly maxTokens?: number | undefined
  /** Smaller chunks join the neighbour that is closer in meaning, where the cap allows. At most `maxTokens`. @default 0 */
  readonly minTokens?: number | undefined
  /** What a token is. @default pieceTokenizer() */
  readonly tokenizer?: Tokenizer | undefined
  /** Language of the text, for ordinals and the Greek question mark. @default none */
  readonly locale?: string | undefined
}

const OPTIONS = ['embedder', 'breakpoint', 'bufferSentences', 'maxTokens', 'minTokens', 'tokenizer', 'locale']

/**
 * Chunks that end where the subject changes: each sentence is embedded with the sentences around it, and the
 * text is cut between neighbours whose distance (1 − cosine) stands out among the distances of this document
 * (G. Kamradt, "5 Levels of Text Splitting", 2024, level 4). A chunk over `maxTokens` is cut at the largest
 * distance inside it. Sentences stay whole unless one alone is over the cap; tables, rows and code blocks that
 * fit stay whole, and a heading goes with the sentence behind it.
 *
 * One or two sentences have nothing to compare: they are one chunk, or two where the cap asks for it, and the
 * embedder is not called. Equal distances never cut; of unequal ones a percentile below 100 always cuts at one,
 * from three sentences on, which `minTokens` or a standard deviation prevents. `split` rejects with the embedder's error when it fails.
 */
export function semanticChunker(options: SemanticChunkerOptions): Chunker {
  checkNames('semanticChunker', options, OPTIONS)
  const embedder = checkEmbedder(options.embedder)
  const threshold = checkBreakpoint(options.breakpoint ?? { method: 'percentile' })
  const bufferSentences = checkInteger('bufferSentences', options.bufferSentences ?? 1, 0, 100)
  const maxTokens = checkInteger('maxTokens', options.maxTokens ?? 400)
  const minTokens = checkInteger('minTokens', options.minTokens ?? 0, 0)
  if (minTokens > maxTokens) {
    invalid('minTokens', `at most \`maxTokens\` (${maxTokens})`, minTokens, 'The cap comes first.')
  }
  const tokenizer = options.tokenizer ?? pieceTokenizer()
  const language = checkLocale(options.locale)
  const limits = { threshold, bufferSentences, maxTokens, minTokens }
  const id = chunkerId('semantic', { embedder: embedder.id, ...limits, tokenizer: tokenizer.id, language })
  return makeChunker(id, async (document, call) => {
    const { text } = document
    const ruler = rulerOf(tokenizer, text)
    const pieces = await sentencePieces(document, ruler, maxTokens, language, call)
    const distances =
      pieces.size > 2
        ? await neighbourDistances(text, pieces, embedder, tokenizer, bufferSentences, call)
        : new Float64Array(pieces.size)
    const runs =
      pieces.size > 2 ? breakpoints(distances.subarray(1), threshold).map((place) => place + 1) : []
    runs.push(pieces.size)
    const bounds = packRuns(pieces, ruler, maxTokens, distances, runs)
    const joined = minTokens > 0 ? joinSmall(pieces, ruler, bounds, distances, minTokens, maxTokens) : bounds
    return spansOf(pieces, ruler, joined)
  })
}

/** Preset: 400 tokens at most, cut above the 95th percentile, one sentence of buffer. */
export function semantic400(options: Pick<SemanticChunkerOptions, 'embedder' | 'tokenizer'>): Chunker {
  return semanticChunker({
    ...options,
    breakpoint: { method: 'percentile', percentile: 95 },
    bufferSentences: 1,
    maxTokens: 400,
  })
}

/** Entry i is the distance of sentence i, with its buffer, from the one before it; entry 0 is 0. */
async function neighbourDistances(
  text: string,
  { starts, ends, size }: Pieces,
  embedder: Embedder,
  tokenizer: Tokenizer,
  bufferSentences: number,
  call: CallOptions,
): Promise<Float64Array> {
  const { dimensions } = embedder
  const distances = new Float64Array(size)
  let before: Float32Array | undefined
  const textOf = (index: number) =>
    text.slice(
      starts[Math.max(0, index - bufferSentences)]!,
      ends[Math.min(size - 1, index + bufferSentences)]!,
    )
  const visit = (index: number, vector: Float32Array) => {
    if (before !== undefined) distances[index] = cosineDistance(before, vector, dimensions)
    before = vector
  }
  await forEachVector(embedder, tokenizer, size, textOf, visit, call)
  return distances
}

/** 1 − cosine of two unit vectors. A vector of zeros says nothing: its distance from anything is 0. */
function cosineDistance(a: Float32Array, b: Float32Array, dimensions: number): number {
  const isSilent = dot(a, 0, a, 0, dimensions) === 0 || dot(b, 0, b, 0, dimensions) === 0
  return isSilent ? 0 : Math.max(0, 1 - dot(a, 0, b, 0, dimensions))
}

/**
 * Joins neighbours of which one has fewer than `minTokens`, the closest in meaning first. One pass over the
 * bounds in order of distance is complete: chunks only grow, so what did not fit or was not needed never will.
 */
function joinSmall(
  pieces: Pieces,
  ruler: Ruler,
  bounds: readonly number[],
  distances: Float64Array,
  minTokens: number,
  maxTokens: number,
): number[] {
  /** Chunk → the first and the last chunk of the run it is in, kept right at both ends of each run. */
  const lastOf = Uint32Array.from(bounds, (_, chunk) => chunk)
  const firstOf = Uint32Array.from(lastOf)
  const tokensOf = (first: number, last: number) =>
    spanTokens(ruler, pieces.starts[first === 0 ? 0 : bounds[first - 1]!]!, pieces.ends[bounds[last]! - 1]!)
  const order = Array.from({ length: Math.max(0, bounds.length - 1) }, (_, chunk) => chunk)
  order.sort((a, b) => distances[bounds[a]!]! - distances[bounds[b]!]! || a - b)
  const isJoined = new Uint8Array(bounds.length)
  for (const chunk of order) {
    const first = firstOf[chunk]!
    const last = lastOf[chunk + 1]!
    const isSmall = tokensOf(first, chunk) < minTokens || tokensOf(chunk + 1, last) < minTokens
    if (!isSmall || tokensOf(first, last) > maxTokens) continue
    isJoined[chunk] = 1
    lastOf[first] = last
    firstOf[last] = first
  }
  return bounds.filter((_, chunk) => isJoined[chunk] === 0)
}
