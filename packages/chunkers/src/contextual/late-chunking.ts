import type { CallOptions, Document, Span, Tokenizer } from '@tesserae/core'
import {
  checkInteger,
  invalid,
  normalizeInPlace,
  pieceTokenizer,
  RagError,
  safeCutAfter,
  safeCutBefore,
} from '@tesserae/core'
import type { Ruler } from '../internal/ruler.js'
import { rulerOf } from '../internal/ruler.js'

/** An ability of some embedding models: vectors of tokens that have seen the whole text, before pooling. */
export interface TokenEmbedder {
  readonly id: string
  readonly dimensions: number
  /** Most tokens of one text, special tokens not counted. */
  readonly maxTokens: number
  embedTokens(text: string, options?: CallOptions): Promise<TokenVectors>
}

export interface TokenVectors {
  /** Row-major, one row for each token of the text, special tokens left out. */
  readonly vectors: Float32Array
  /** End offset of each token in the text, ascending; a token starts where the one before it ends. */
  readonly ends: Uint32Array
}

export interface LateChunkOptions extends CallOptions {
  /** Tokens that neighbouring windows of a long document share, below half of a window. @default an eighth of a window */
  readonly overlapTokens?: number | undefined
  /** Most tokens of `tokenizer` in a window. @default the model's `maxTokens` */
  readonly windowTokens?: number | undefined
  /** Measures windows; take the model's own, or leave a margin in `windowTokens`. @default pieceTokenizer() */
  readonly tokenizer?: Tokenizer | undefined
}

/**
 * Late chunking (Günther et al., "Late Chunking: Contextual Chunk Embeddings Using Long-Context Embedding
 * Models", 2024): the document goes through the model as a whole, and the vector of a chunk is the mean of the
 * vectors of its tokens, so that it knows what the document said before. Returns one row of unit length for
 * each span, `spans.length × dimensions` numbers.
 *
 * A document longer than the model is read in overlapping windows; each token's vector is taken from the window
 * that shows more of its surroundings. A token counts for every span it overlaps.
 *
 * Throws `invalid-span` for a span outside the text, `invalid-vector` for vectors of the wrong size, not finite
 * or without a direction, `model-failed` when the model has read less than the text it was given, and whatever
 * the model throws.
 */
export async function lateChunkVectors(
  document: Document,
  spans: readonly Span[],
  model: TokenEmbedder,
  options: LateChunkOptions = {},
): Promise<Float32Array> {
  const { signal, observer } = options
  const { text } = document
  if (typeof model?.embedTokens !== 'function') invalid('model', 'a TokenEmbedder', model)
  const dimensions = checkInteger('model.dimensions', model.dimensions)
  const windowTokens = checkInteger(
    'windowTokens',
    options.windowTokens ?? checkInteger('model.maxTokens', model.maxTokens),
  )
  const overlapTokens = checkInteger('overlapTokens', options.overlapTokens ?? windowTokens >>> 3, 0)
  if (overlapTokens * 2 >= windowTokens) {
    invalid('overlapTokens', `below half of \`windowTokens\` (${windowTokens})`, overlapTokens)
  }
  signal?.throwIfAborted()
  checkSpans(document, spans)
  const sums = new Float32Array(spans.length * dimensions)
  if (spans.length === 0) return sums
  const totals = new Float64Array(sums.length)
  const ruler = rulerOf(options.tokenizer ?? pieceTokenizer(), text)
  for (const window of tokenWindows(text, ruler, windowTokens, overlapTokens)) {
    if (!spans.some((span) => span.start < window.ownedEnd && window.ownedStart < span.end)) continue
    signal?.throwIfAborted()
    const shown = text.slice(window.start, window.end)
    const tokens = await model.embedTokens(shown, { signal, observer })
    signal?.throwIfAborted()
    checkTokens(model, shown, tokens)
    addTokens(window, tokens, spans, dimensions, totals)
  }
  for (let i = 0; i < sums.length; i++) sums[i] = totals[i]!
  for (let row = 0; row < spans.length; row++) {
    if (normalizeInPlace(sums, row * dimensions, dimensions) === 0) {
      const { start, end } = spans[row]!
      throw new RagError(
        'invalid-vector',
        `The token vectors of "${model.id}" for span [${start}, ${end}) of document ${JSON.stringify(document.id)} have the mean zero, which has no direction.`,
        { details: { documentId: document.id, start, end } },
      )
    }
  }
  return sums
}

interface TokenWindow extends Span {
  /** The part of the window whose tokens are taken from it. */
  readonly ownedStart: number
  readonly ownedEnd: number
}

/** Windows over the whole text; what two of them share belongs to the first up to its middle. */
export function tokenWindows(
  text: string,
  ruler: Ruler,
  windowTokens: number,
  overlapTokens: number,
): TokenWindow[] {
  const windows: TokenWindow[] = []
  let start = 0
  let ownedStart = 0
  while (ownedStart < text.length) {
    const reach = safeCutBefore(text, ruler.reach(start, windowTokens))
    const end = reach > start ? reach : safeCutAfter(text, start + 1)
    if (end >= text.length) {
      windows.push({ start, end: text.length, ownedStart, ownedEnd: text.length })
      break
    }
    const back = overlapTokens > 0 ? safeCutAfter(text, ruler.reachBack(end, overlapTokens)) : end
    const next = back > start ? back : end
    const half = overlapTokens >>> 1
    const middle = half > 0 ? safeCutAfter(text, ruler.reachBack(end, half)) : end
    const ownedEnd = middle >= next ? middle : end
    windows.push({ start, end, ownedStart, ownedEnd })
    ownedStart = ownedEnd
    start = next
  }
  return windows
}

/** Adds the vector of each owned token to the rows of the spans that it overlaps. */
function addTokens(
  window: TokenWindow,
  { vectors, ends }: TokenVectors,
  spans: readonly Span[],
  dimensions: number,
  totals: Float64Array,
): void {
  for (let row = 0; row < spans.length; row++) {
    const from = Math.max(spans[row]!.start, window.ownedStart) - window.start
    const to = Math.min(spans[row]!.end, window.ownedEnd) - window.start
    if (from >= to) continue
    // A token that crosses the border of two windows' parts is counted by the part it ends in.
    const isCutRight = window.start + to < spans[row]!.end
    for (let token = firstEndingAfter(ends, from); token < ends.length; token++) {
      const tokenStart = token === 0 ? 0 : ends[token - 1]!
      if (tokenStart >= to || (isCutRight && ends[token]! > to)) break
      const base = token * dimensions
      for (let d = 0; d < dimensions; d++) totals[row * dimensions + d]! += vectors[base + d]!
    }
  }
}

/** Index of the first token that ends behind `offset`. */
function firstEndingAfter(ends: Uint32Array, offset: number): number {
  let low = 0
  let high = ends.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ends[middle]! <= offset) low = middle + 1
    else high = middle
  }
  return low
}

function checkSpans({ id, text }: Document, spans: readonly Span[]): void {
  for (const [index, { start, end }] of spans.entries()) {
    const isInside = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && end <= text.length
    if (isInside && start < end) continue
    throw new RagError(
      'invalid-span',
      `\`spans[${index}]\` of document ${JSON.stringify(id)} must hold integers with 0 <= start < end <= text.length, got [${start}, ${end}) in a text of ${text.length}.`,
      { details: { documentId: id, index, start, end } },
    )
  }
}

function checkTokens(model: TokenEmbedder, text: string, { vectors, ends }: TokenVectors): void {
  const expected = ends.length * model.dimensions
  if (vectors.length !== expected) {
    throw new RagError(
      'invalid-vector',
      `The model "${model.id}" returned ${vectors.length} numbers for ${ends.length} tokens of ${model.dimensions} dimensions; ${expected} were expected.`,
      { details: { expected, returned: vectors.length } },
    )
  }
  for (let i = 0; i < vectors.length; i++) {
    if (Number.isFinite(vectors[i]!)) continue
    throw new RagError(
      'invalid-vector',
      `The model "${model.id}" returned ${vectors[i]} for token ${Math.floor(i / model.dimensions)}; every number must be finite.`,
    )
  }
  let last = 0
  for (let token = 0; token < ends.length; token++) {
    const end = ends[token]!
    if (end < last || end > text.length) {
      throw new RagError(
        'model-failed',
        `The token ends of "${model.id}" must ascend and stay inside the text, got ${end} after ${last} in a text of ${text.length}.`,
      )
    }
    last = end
  }
  if (text.slice(last).trim() !== '') {
    throw new RagError(
      'model-failed',
      `The model "${model.id}" read ${last} of ${text.length} code units: the window is longer than it can take. Lower \`windowTokens\`, or pass its own tokenizer.`,
      { details: { read: last, given: text.length } },
    )
  }
}
