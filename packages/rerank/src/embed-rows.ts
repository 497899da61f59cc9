import { dot, type Embedder, embedTexts, type RerankOptions } from '@tesserae/core'

/** Unit vectors of the texts, row after row. */
export async function embedRows(
  embedder: Embedder,
  texts: readonly string[],
  role: 'query' | 'document',
  options: RerankOptions,
): Promise<Float32Array> {
  const { results } = await embedTexts(embedder, texts, { role, ...options })
  const rows = new Float32Array(texts.length * embedder.dimensions)
  for (const [row, result] of results.entries()) {
    if (result.type === 'failure') throw result.error
    rows.set(result.vector, row * embedder.dimensions)
  }
  return rows
}

/** Dot product of each row with the query: the cosine, for unit vectors. */
export function similarities(vectors: Float32Array, count: number, query: Float32Array): Float64Array {
  const dimensions = query.length
  const cosines = new Float64Array(count)
  for (let row = 0; row < count; row++) cosines[row] = dot(vectors, row * dimensions, query, 0, dimensions)
  return cosines
}
