import { dot, type Embedder, TopK } from '@tesserae/core'
import type { RetrievalDataset } from '@tesserae/evaluation'

const limit = 100
const batch = 256

/** A document as it is searched: its title, then its text. */
export function textOf({ title, text }: { readonly title: string; readonly text: string }): string {
  return title === '' ? text : `${title} ${text}`
}

/** Exact search of whole documents by the vectors of one embedder. */
export async function denseSearch(
  embedder: Embedder,
  { documents }: RetrievalDataset,
): Promise<(query: string) => Promise<readonly string[]>> {
  const { dimensions } = embedder
  const vectors = new Float32Array(documents.length * dimensions)
  for (let first = 0; first < documents.length; first += batch) {
    const texts = documents.slice(first, first + batch).map(textOf)
    vectors.set(await embedder.embed(texts, { role: 'document' }), first * dimensions)
  }
  return async (query) => {
    const asked = await embedder.embed([query], { role: 'query' })
    const best = new TopK(Math.min(limit, documents.length))
    for (let ordinal = 0; ordinal < documents.length; ordinal++)
      best.push(ordinal, dot(asked, 0, vectors, ordinal * dimensions, dimensions))
    return Array.from(best.drain().ordinals, (ordinal) => documents[ordinal]!.id)
  }
}
