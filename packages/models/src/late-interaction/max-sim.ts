import { dot } from '@tesserae/core'
import type { TokenVectors } from './token-embedder.js'

/**
 * Σ w_i² · max_j (q_i · p_j) / Σ w_i²: for each token of the query the most similar one of the passage (Khattab and
 * Zaharia, "ColBERT", SIGIR 2020, equation 3), as a weighted mean, so that queries of any length give scores
 * from −1 to 1. Weights are squared because they are lengths of token vectors: in the dot product of two sums, a
 * pair of equal tokens counts by both lengths. A passage without tokens scores −1, a query without tokens 0.
 */
export function maxSim(query: TokenVectors, passage: TokenVectors, dimensions: number): number {
  const { vectors: q, weights } = query
  const p = passage.vectors
  let total = 0
  let mass = 0
  for (let i = 0, row = 0; i < q.length; i += dimensions, row++) {
    const weight = weights === undefined ? 1 : weights[row]! * weights[row]!
    let best = -1
    for (let j = 0; j < p.length; j += dimensions) {
      const similarity = dot(q, i, p, j, dimensions)
      if (similarity > best) best = similarity
    }
    total += weight * best
    mass += weight
  }
  return mass === 0 ? 0 : total / mass
}
