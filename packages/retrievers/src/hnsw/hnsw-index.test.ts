import { vectorIndexLaws } from '@tesserae/core/testing'
import { describe, it } from 'vitest'
import { hnswIndex } from './hnsw-index.js'

for (const backend of ['wasm', 'typescript'] as const) {
  for (const quantization of ['none', 'int8', 'binary'] as const) {
    describe(`hnswIndex keeps the laws: ${backend}, ${quantization}`, () => {
      const make = (options: Parameters<typeof hnswIndex>[0]) =>
        hnswIndex({
          ...options,
          backend,
          quantization,
          // The laws use short vectors, of which bits say little.
          oversampling: quantization === 'binary' ? 60 : 3,
        })
      for (const law of vectorIndexLaws(make, { exact: false, count: 2500 })) it(law.name, () => law.run())
    })
  }
}
