import type { Embedder } from '@tesserae/core'
import { hashEmbedding } from '@tesserae/core/testing'
import { staticEmbedder } from '@tesserae/models/static'

export const modelNames = ['static', 'hash'] as const
export type ModelName = (typeof modelNames)[number]

/** `static`: the model that ships in the box. `hash`: 384 numbers in less time, to see what costs besides the model. */
export async function makeModel(name: ModelName): Promise<Embedder> {
  return name === 'static' ? staticEmbedder() : hashEmbedder
}

const dimensions = 384

const hashEmbedder: Embedder = {
  id: 'hash',
  dimensions,
  maxBatchSize: 256,
  async embed(texts) {
    const vectors = new Float32Array(texts.length * dimensions)
    for (const [row, text] of texts.entries()) vectors.set(hashEmbedding(text, dimensions), row * dimensions)
    return vectors
  },
}

/** For peers: one vector a text, in calls as large as the model takes. */
export async function vectorsOf(embedder: Embedder, texts: readonly string[]): Promise<Float32Array[]> {
  const vectors: Float32Array[] = []
  for (let from = 0; from < texts.length; from += embedder.maxBatchSize) {
    const batch = texts.slice(from, from + embedder.maxBatchSize)
    const rows = await embedder.embed(batch, { role: 'document' })
    for (let row = 0; row < batch.length; row++) {
      vectors.push(rows.slice(row * embedder.dimensions, (row + 1) * embedder.dimensions))
    }
  }
  return vectors
}
