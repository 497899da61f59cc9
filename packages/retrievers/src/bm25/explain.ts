import type { Explanation } from '@tesserae/core'
import {
  type Bm25Parameters,
  describeVariant,
  fold,
  inverseDocumentFrequency,
  saturation,
} from './formula.js'

export interface ExplainedTerm {
  readonly text: string
  /** Times in the query, with boost and similarity. */
  readonly times: number
  /** Documents with the term, or with each term of a phrase. */
  readonly documentFrequencies: readonly number[]
  readonly frequency: number
  /** Times in each field that has the term, where the index knows. */
  readonly fields: readonly FieldFrequency[]
}

export interface FieldFrequency {
  /** Undefined for text outside of fields. */
  readonly name: string | undefined
  readonly weight: number
  readonly times: number
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
  const idf = explainIdf(term, parameters, documentCount)
  const { base, scale, constant, perLength } = fold(parameters, averageLength)
  const { frequency, times } = term
  const text = describeVariant(parameters)
  const { variant, k1, b, delta, unit } = parameters
  const hasDelta = variant === 'bm25+' || variant === 'bm25l'
  const weight = times * idf.value * scale
  return {
    value: times * idf.value * base + (weight * frequency) / (frequency + constant + perLength * length),
    description: `"${term.text}": times in the query × idf × saturated frequency`,
    details: [
      leaf(times, 'times in the query, with boost and similarity'),
      idf,
      {
        value: base + scale * saturation(frequency, length, constant, perLength),
        description: `saturated frequency = ${text.tf}`,
        details: [
          {
            value: frequency / unit,
            description:
              term.fields.length > 0 ? 'f, sum of weight × times in the field' : 'f, times in the document',
            details: term.fields.map(({ name, weight, times }) =>
              leaf(
                times,
                name === undefined ? 'times outside of fields × 1' : `times in "${name}" × ${weight}`,
              ),
            ),
          },
          leaf(k1, 'k1'),
          leaf(b, 'b'),
          leaf(length / unit, 'dl, terms in the document'),
          leaf(averageLength / unit, 'avgdl, mean terms in a document'),
          ...(hasDelta ? [leaf(delta, 'δ')] : []),
        ],
      },
    ],
  }
}

/** A phrase has the sum of its terms' idf, as in Lucene's `BM25Similarity`. */
function explainIdf(
  { documentFrequencies }: ExplainedTerm,
  parameters: Bm25Parameters,
  documentCount: number,
): Explanation {
  const idfs = documentFrequencies.map((documentFrequency) => ({
    value: inverseDocumentFrequency(parameters, documentCount, documentFrequency),
    description: `idf = ${describeVariant(parameters).idf}`,
    details: [leaf(documentCount, 'N, documents'), leaf(documentFrequency, 'n, documents with the term')],
  }))
  if (idfs.length === 1) return idfs[0]!
  let value = 0
  for (const idf of idfs) value += idf.value
  return { value, description: 'sum of the idf of the terms of the phrase', details: idfs }
}
