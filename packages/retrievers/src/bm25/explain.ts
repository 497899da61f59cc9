import type { Explanation } from '@tesserae/core'
import {
  type Bm25Parameters,
  constantNorm,
  inverseDocumentFrequency,
  lengthNorm,
  saturation,
} from './formula.js'

interface ExplainedTerm {
  readonly text: string
  readonly queryFrequency: number
  readonly documentFrequency: number
  readonly frequency: number
}

interface ScoreParts {
  readonly parameters: Bm25Parameters
  /** Query terms that stand in some document, in the order their parts are added. */
  readonly terms: readonly ExplainedTerm[]
  readonly documentCount: number
  readonly averageLength: number
  /** Undefined when the document is not in the index. */
  readonly length: number | undefined
}

function leaf(value: number, description: string): Explanation {
  return { value, description, details: [] }
}

/** The score as a tree: a sum over terms, each idf × saturation, down to counts and lengths. */
export function explainScore(parts: ScoreParts): Explanation {
  const { length } = parts
  if (length === undefined) return leaf(0, 'not in the index')
  const details = parts.terms
    .filter((term) => term.frequency > 0)
    .map((term) => explainTerm(term, length, parts))
  if (details.length === 0) return leaf(0, 'no term of the query')
  let value = 0
  for (const detail of details) value += detail.value
  return { value, description: 'sum over the terms of the query', details }
}

function explainTerm(term: ExplainedTerm, length: number, parts: ScoreParts): Explanation {
  const { parameters, documentCount, averageLength } = parts
  const idf = inverseDocumentFrequency(documentCount, term.documentFrequency)
  const constant = constantNorm(parameters)
  const perLength = lengthNorm(parameters, averageLength)
  const saturated = saturation(term.frequency, length, constant, perLength)
  const weight = term.queryFrequency * idf
  return {
    value: (weight * term.frequency) / (term.frequency + constant + perLength * length),
    description: `"${term.text}": times in the query × idf × saturated frequency`,
    details: [
      leaf(term.queryFrequency, 'times in the query'),
      {
        value: idf,
        description: 'idf = ln(1 + (N − n + 0.5) / (n + 0.5))',
        details: [
          leaf(documentCount, 'N, documents'),
          leaf(term.documentFrequency, 'n, documents with the term'),
        ],
      },
      {
        value: saturated,
        description: 'saturated frequency = f / (f + k1 (1 − b + b · dl / avgdl))',
        details: [
          leaf(term.frequency, 'f, times in the document'),
          leaf(parameters.k1, 'k1'),
          leaf(parameters.b, 'b'),
          leaf(length, 'dl, terms in the document'),
          leaf(averageLength, 'avgdl, mean terms in a document'),
        ],
      },
    ],
  }
}
