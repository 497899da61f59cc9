import type { CallOptions, Embedder, Tokenizer } from '@tesserae/core'
import { embedTexts, normalizeInPlace, safeCutBefore, tokenRuler } from '@tesserae/core'

/** Texts in flight at once: bounds memory, and is many batches of any embedder. */
const STRIDE = 1024

/**
 * Embeds the texts 0 … count − 1 in order and hands each vector, brought to unit length (or zero, where the
 * model gave zeros), to `visit`. Batches are capped by the embedder's items and tokens, a text that occurs
 * several times within a stretch is embedded once, and only a stretch is held in memory. A text over the
 * embedder's token limit is embedded by its beginning. Throws the model's error, or the abort.
 */
export async function forEachVector(
  embedder: Embedder,
  tokenizer: Tokenizer,
  count: number,
  textOf: (index: number) => string,
  visit: (index: number, vector: Float32Array) => void,
  call: CallOptions,
): Promise<void> {
  const { signal, observer } = call
  const tokensOf = (text: string) => tokenizer.ends(text).length
  for (let from = 0; from < count; from += STRIDE) {
    // An embedder that never waits for anything must not keep the event loop to itself.
    if (from > 0) await new Promise((resolve) => setTimeout(resolve, 0))
    const to = Math.min(count, from + STRIDE)
    const places = new Map<string, number>()
    const rows: number[] = []
    for (let index = from; index < to; index++) {
      const text = clip(textOf(index), tokenizer, embedder.maxBatchTokens)
      const known = places.get(text)
      rows.push(known ?? places.size)
      if (known === undefined) places.set(text, places.size)
    }
    const { results } = await embedTexts(embedder, [...places.keys()], {
      role: 'document',
      tokensOf,
      signal,
      observer,
    })
    const vectors: Float32Array[] = []
    for (const result of results) {
      if (result.type === 'failure') throw result.error
      normalizeInPlace(result.vector, 0, embedder.dimensions)
      vectors.push(result.vector)
    }
    for (let index = from; index < to; index++) visit(index, vectors[rows[index - from]!]!)
  }
}

/** The longest beginning of `text` that has at most `maxTokens` tokens, give or take a few. */
function clip(text: string, tokenizer: Tokenizer, maxTokens: number | undefined): string {
  if (maxTokens === undefined) return text
  const ruler = tokenRuler(tokenizer, text)
  if (ruler.ends.length <= maxTokens) return text
  let end = ruler.endOfTokens(0, maxTokens)
  // Cut off there, the text may be tokenised otherwise.
  while (end > 2 && tokenizer.ends(text.slice(0, end)).length > maxTokens) {
    end = safeCutBefore(text, Math.floor(end * 0.9))
  }
  return text.slice(0, end)
}
