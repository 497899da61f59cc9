import type { Explanation } from '@tesserae/core'

/** A vector that the one searched with was made of. */
export interface VectorPart {
  readonly label: string
  /** What it was multiplied with before the parts were added up. */
  readonly share: number
  readonly vector: Float32Array
}

export interface ExplainedVector {
  /** Name of the stage. */
  readonly name: string
  /** The score to be explained, as the store gave it. */
  readonly score: number
  /** What was searched with. */
  readonly asked: Float32Array
  /** The chunk's vector; undefined where the store does not give it. */
  readonly stored: Float32Array | undefined
  /** What `asked` was made of. @default nothing else */
  readonly parts?: readonly VectorPart[] | undefined
}

/** Metrics that agree so far, as cosine and dot product of unit vectors do, are the same; the first one is named. */
const alike = 1e-5

/**
 * A vector score down to the distance and the products it is made of, computed again in 64 bits; what rounding and
 * quantisation in the index add to it is a number of its own. The metric is the one whose value is nearest to the score.
 */
export function explainVector({ name, score, asked, stored, parts = [] }: ExplainedVector): Explanation {
  const q = stored === undefined ? 0 : Math.sqrt(product(asked, asked))
  const c = stored === undefined ? 0 : Math.sqrt(product(stored, stored))
  if (stored === undefined || q === 0 || c === 0) {
    const why = stored === undefined ? 'as the store gives it' : 'one of them being zero'
    return leaf(score, `"${name}": similarity of the vectors of query and chunk, ${why}`)
  }
  const products = parts.map((part) => explainPart(part, stored))
  const dot: Explanation = {
    value: parts.length === 0 ? product(asked, stored) : sumOf(products),
    description: `dot, the product of the vectors${parts.length === 0 ? '' : ' = sum'}`,
    details: products,
  }
  const lengths = [leaf(q, "q, length of the query's vector"), leaf(c, "c, length of the chunk's vector")]
  const metrics: readonly (readonly [formula: string, ofMetric: Explanation, value: number])[] = [
    cosineOf(dot, lengths, q * c),
    ['dot + rounding', dot, dot.value],
    euclideanOf(dot, lengths, q * q + c * c),
  ]
  let nearest = metrics[0]!
  for (const metric of metrics)
    if (Math.abs(metric[2] - score) + alike < Math.abs(nearest[2] - score)) nearest = metric
  const [formula, ofMetric, value] = nearest
  return {
    value: score,
    description: `"${name}": ${formula}`,
    details: [ofMetric, leaf(score - value, 'rounding, by the numbers that the index holds')],
  }
}

function explainPart({ label, share, vector }: VectorPart, stored: Float32Array): Explanation {
  const dot = product(vector, stored)
  return {
    value: share * dot,
    description: `"${label}": share × dot`,
    details: [
      leaf(share, "share, of the query's vector"),
      leaf(dot, "dot, the product of its vector and the chunk's"),
    ],
  }
}

function cosineOf(dot: Explanation, lengths: readonly Explanation[], norm: number) {
  const value = 1 - dot.value / norm
  const description = 'distance, of the cosine = 1 − dot / (q × c)'
  const distance = { value, description, details: [dot, ...lengths] }
  return ['1 − distance + rounding', distance, 1 - value] as const
}

function euclideanOf(dot: Explanation, lengths: readonly Explanation[], squares: number) {
  const value = Math.sqrt(Math.max(0, squares - 2 * dot.value))
  const description = 'distance, Euclidean = √(q × q + c × c − 2 × dot)'
  const distance = { value, description, details: [dot, ...lengths] }
  return ['rounding − distance', distance, -value] as const
}

/** In 64 bits, in order. */
function product(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

function sumOf(details: readonly Explanation[]): number {
  return details.reduce((sum, { value }) => sum + value, 0)
}

export function leaf(value: number, description: string): Explanation {
  return { value, description, details: [] }
}
