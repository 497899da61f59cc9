import { RagError } from '../errors.js'

/**
 * Scales the row `vector[offset … offset + dimensions)` to unit length and returns the length it had.
 * A row of zeros has no direction: it is left as it is and 0 is returned.
 * Throws `invalid-vector`, changing nothing, when a number is NaN or infinite.
 */
export function normalizeInPlace(vector: Float32Array, offset: number, dimensions: number): number {
  let squares = 0
  for (let i = 0; i < dimensions; i++) squares += vector[offset + i]! * vector[offset + i]!
  // Squares of finite float32 never overflow a double, so this is exactly "a number is not finite".
  if (!Number.isFinite(squares))
    checkVector('vector', vector.subarray(offset, offset + dimensions), dimensions)
  if (squares === 0) return 0
  const length = Math.sqrt(squares)
  for (let i = 0; i < dimensions; i++) vector[offset + i] = vector[offset + i]! / length
  return length
}

/** Returns `vector`, or throws `invalid-vector` when its length is not `dimensions` or a number is NaN or infinite. */
export function checkVector(name: string, vector: Float32Array, dimensions: number): Float32Array {
  if (vector.length !== dimensions)
    throw new RagError(
      'invalid-vector',
      `\`${name}\` must have ${dimensions} numbers, got ${vector.length}. Embed with the model the index was made for.`,
      { details: { argument: name, dimensions, length: vector.length } },
    )
  for (let i = 0; i < dimensions; i++) {
    if (!Number.isFinite(vector[i]!))
      throw new RagError(
        'invalid-vector',
        `\`${name}\` must hold finite numbers, got ${vector[i]} at ${i}.`,
        {
          details: { argument: name, index: i },
        },
      )
  }
  return vector
}
