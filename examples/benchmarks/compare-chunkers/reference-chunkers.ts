import { type Chunker, type ChunkSpan, dot, type Embedder, embedTexts, type Span } from '@tesserae/core'

/*
 * The strategies of the published table as that table's own code defines them, written anew over spans
 * (github.com/brandonstarxel/chunking_evaluation). They tell apart what is due to the algorithm from what is
 * due to the choice of corpora.
 */

const separators = ['\n\n', '\n', '.', '?', '!', ' ', '']

/** All that the published code asks of a tokenizer. */
export interface CountingTokenizer {
  count(text: string): number
}

/** Departures from the published code, to tell what each is worth. @default none */
export interface ReferenceChanges {
  /** Separators end the part before them instead of beginning the part after. */
  readonly cutBehind?: boolean | undefined
  /** What is left of a part that was too long is joined with what follows; there it stays alone. */
  readonly joinLeftovers?: boolean | undefined
}

/**
 * "Recursive": cut at the first separator that occurs, which begins the part after it; parts that are too long
 * are cut at the next separator; neighbours that are short enough are joined as long as they fit.
 */
export function referenceRecursive(
  maxTokens: number,
  overlap: number,
  tokenizer: CountingTokenizer,
  changes: ReferenceChanges = {},
): Chunker {
  return {
    id: `reference-recursive-${maxTokens}-${overlap}-${JSON.stringify(changes)}`,
    split: async ({ text }) => recursiveSpans(text, maxTokens, overlap, tokenizer, changes),
  }
}

function recursiveSpans(
  text: string,
  maxTokens: number,
  overlap: number,
  tokenizer: CountingTokenizer,
  { cutBehind = false, joinLeftovers = false }: ReferenceChanges,
): Span[] {
  const chunks: Span[] = []
  const push = (start: number, end: number) => {
    const trimmed = trim(text, start, end)
    if (trimmed !== undefined) chunks.push(trimmed)
  }
  const join = (parts: readonly Part[]) => {
    let first = 0
    let total = 0
    for (let i = 0; i < parts.length; i++) {
      const { tokens } = parts[i]!
      if (total + tokens > maxTokens && i > first) {
        push(parts[first]!.start, parts[i - 1]!.end)
        while (total > overlap || (total + tokens > maxTokens && total > 0)) total -= parts[first++]!.tokens
      }
      total += tokens
    }
    if (parts.length > first) push(parts[first]!.start, parts.at(-1)!.end)
  }
  let short: Part[] = []
  const joinShort = () => {
    join(short)
    short = []
  }
  const split = (start: number, end: number, level: number) => {
    const inside = text.slice(start, end)
    let chosen = level
    while (separators[chosen] !== '' && !inside.includes(separators[chosen]!)) chosen++
    for (const part of cutAt(text, start, end, separators[chosen]!, cutBehind)) {
      const tokens = tokenizer.count(text.slice(part.start, part.end))
      if (tokens < maxTokens || chosen + 1 === separators.length) {
        short.push({ ...part, tokens })
        continue
      }
      if (!joinLeftovers) joinShort()
      split(part.start, part.end, chosen + 1)
    }
    if (!joinLeftovers) joinShort()
  }
  split(0, text.length, 0)
  joinShort()
  return chunks
}

interface Part extends Span {
  readonly tokens: number
}

/** Parts of the text, cut in front of the separator or behind it; single characters for an empty one. */
function cutAt(text: string, start: number, end: number, separator: string, behind: boolean): Span[] {
  const parts: Span[] = []
  let from = start
  const step = Math.max(1, separator.length)
  let at = text.indexOf(separator, separator === '' ? start + 1 : start)
  while (at >= 0 && at + separator.length <= end && at < end) {
    const cut = behind ? at + separator.length : at
    if (cut > from && cut < end) {
      parts.push({ start: from, end: cut })
      from = cut
    }
    at = text.indexOf(separator, at + step)
  }
  if (end > from) parts.push({ start: from, end })
  return parts
}

function trim(text: string, start: number, end: number): Span | undefined {
  const part = text.slice(start, end)
  const from = start + (part.length - part.trimStart().length)
  const to = end - (part.length - part.trimEnd().length)
  return from < to ? { start: from, end: to } : undefined
}

export interface ReferenceClusterOptions {
  readonly embedder: Embedder
  readonly tokenizer: CountingTokenizer
  /** Most pieces in a chunk: 4 for "Cluster 200", 8 for "Cluster 400". */
  readonly pieces: number
  /** @default 50, as published */
  readonly pieceTokens?: number | undefined
  /** Changes to how pieces are made. @default none */
  readonly changes?: ReferenceChanges | undefined
}

/**
 * "Cluster": pieces of fifty tokens by the splitter above, put together so that the sum of the cosines inside
 * chunks, above the mean cosine of the document, is largest.
 */
export function referenceCluster(settings: ReferenceClusterOptions): Chunker {
  const { embedder, tokenizer, pieces: most, pieceTokens = 50, changes = {} } = settings
  return {
    id: `reference-cluster-${most}-${pieceTokens}-${JSON.stringify(changes)}-${embedder.id}`,
    async split({ text }, options = {}): Promise<readonly ChunkSpan[]> {
      const pieces = recursiveSpans(text, pieceTokens, 0, tokenizer, changes)
      if (pieces.length < 2) return pieces
      const texts = pieces.map(({ start, end }) => text.slice(start, end))
      const { results } = await embedTexts(embedder, texts, { ...options, role: 'document' })
      const vectors = results.map((result) => {
        if (result.type === 'failure') throw result.error
        return result.vector
      })
      const cosine = (i: number, j: number) => dot(vectors[i]!, 0, vectors[j]!, 0, embedder.dimensions)
      let sum = 0
      for (let i = 0; i < pieces.length; i++) for (let j = i + 1; j < pieces.length; j++) sum += cosine(i, j)
      const mean = sum / ((pieces.length * (pieces.length - 1)) / 2)
      const firsts = bestFirsts(pieces.length, most, (i, j) => cosine(i, j) - mean)
      const chunks: Span[] = []
      for (let last = pieces.length - 1; last >= 0; last = firsts[last]! - 1)
        chunks.push({ start: pieces[firsts[last]!]!.start, end: pieces[last]!.end })
      return chunks.reverse()
    },
  }
}

/** First piece of the chunk that ends with each piece, in the segmentation with the largest reward. */
function bestFirsts(count: number, most: number, gain: (i: number, j: number) => number): Uint32Array {
  const best = new Float64Array(count)
  const firsts = new Uint32Array(count)
  for (let last = 0; last < count; last++) {
    let reward = 0
    best[last] = Number.NEGATIVE_INFINITY
    for (let first = last; first >= 0 && last - first < most; first--) {
      // Each pair counts twice, as in the sum over the square part of the matrix.
      for (let other = first + 1; other <= last; other++) reward += 2 * gain(first, other)
      const total = reward + (first > 0 ? best[first - 1]! : 0)
      if (total > best[last]!) {
        best[last] = total
        firsts[last] = first
      }
    }
  }
  return firsts
}
