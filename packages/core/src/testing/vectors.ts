/** Plain vector arithmetic in double precision: the oracle's own, so that it shares no mistake with the kernels. */

export function dotProduct(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i += 1) sum += (a[i] as number) * (b[i] as number)
  return sum
}

export function euclideanDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i += 1) sum += ((a[i] as number) - (b[i] as number)) ** 2
  return Math.sqrt(sum)
}

export function vectorLength(a: Float32Array): number {
  return Math.sqrt(dotProduct(a, a))
}

/** 0 when either vector is zero. */
export function cosineSimilarity(a: Float32Array, b: Float32Array): number {
  const lengths = vectorLength(a) * vectorLength(b)
  return lengths === 0 ? 0 : dotProduct(a, b) / lengths
}

/** The vector with unit length; the zero vector becomes the first axis. */
export function normalized(vector: Float32Array): Float32Array {
  const length = vectorLength(vector)
  if (length === 0) return vector.map((_, index) => (index === 0 ? 1 : 0))
  return vector.map((value) => value / length)
}
