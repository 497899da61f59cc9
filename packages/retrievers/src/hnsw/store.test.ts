import { storeLaws } from '@tesserae/core/testing'
import { describe, it } from 'vitest'
import { memoryStore } from '../memory-store/store.js'
import { hnswIndex } from './hnsw-index.js'

for (const quantization of ['none', 'int8', 'binary'] as const) {
  describe(`memoryStore over hnswIndex keeps the laws of a store, ${quantization}`, () => {
    const make = () =>
      memoryStore({
        dimensions: 16,
        vectorIndex: (dimensions) =>
          hnswIndex({ dimensions, quantization, connectivity: 4, efConstruction: 20 }),
      })
    for (const law of storeLaws(make, { vector: 16, text: true })) it(law.name, () => law.run())
  })
}
