import { createHash } from 'node:crypto'
import { hnswIndex } from '@tesserae/retrievers'
import type { BenchContext } from '../harness/context.js'
import type { VectorSet } from './dataset.js'

/** Whether the same calls with the same seed give the same snapshot, byte by byte, with WebAssembly and without. */
export function measureSameness(context: BenchContext, set: VectorSet): void {
  const vectors = set.vectors.slice(0, context.quick ? 500 : 3000)
  for (const quantization of ['none', 'int8', 'binary'] as const) {
    const digests = (['wasm', 'wasm', 'typescript'] as const).map((backend) => {
      const index = hnswIndex({ dimensions: set.dimensions, metric: 'dot', quantization, backend })
      for (const [ordinal, vector] of vectors.entries()) index.set(ordinal, vector)
      for (let ordinal = 0; ordinal < vectors.length; ordinal += 7) index.delete(ordinal)
      return createHash('sha256').update(index.save()).digest('hex')
    })
    const same = new Set(digests).size === 1 ? 1 : 0
    context.ratio(`hnswIndex ${quantization}: two runs and the twin give one snapshot`, same, 1)
  }
}
