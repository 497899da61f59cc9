import { RagError, type VectorIndex } from '@tesserae/core'
import { flatIndex } from '../flat/index.js'

/** The index that the options of a store make, which must have the dimensions of the store. */
export function vectorIndexOf(
  options: { readonly vectorIndex?: ((dimensions: number) => VectorIndex) | undefined },
  dimensions: number,
): VectorIndex {
  const vectors = options.vectorIndex?.(dimensions) ?? flatIndex({ dimensions, metric: 'cosine' })
  if (vectors.dimensions === dimensions) return vectors
  throw new RagError(
    'incompatible',
    `\`vectorIndex\` made an index of ${vectors.dimensions} dimensions for a store of ${dimensions}. Make it with the number it is given.`,
  )
}
