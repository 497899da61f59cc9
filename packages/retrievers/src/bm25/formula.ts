/**
 * BM25 as Lucene ≥ 8 computes it, on exact document lengths (Lucene keeps lengths in one byte).
 *
 * Robertson, Zaragoza: "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, §3.4; the idf with
 * the 1 added inside the logarithm and the fraction without the constant (k1 + 1) are those of Lucene's
 * `BM25Similarity`.
 */
export interface Bm25Parameters {
  /** How soon repetitions of a term stop counting; 0 counts presence alone. */
  readonly k1: number
  /** How much long documents are held back: 0 not at all, 1 in full. */
  readonly b: number
}

/** Inverse document frequency, always above zero. N documents, n of them with the term. */
export function inverseDocumentFrequency(documentCount: number, documentFrequency: number): number {
  return Math.log(1 + (documentCount - documentFrequency + 0.5) / (documentFrequency + 0.5))
}

/** The part of the length norm that does not depend on the document: k1 (1 − b). */
export function constantNorm({ k1, b }: Bm25Parameters): number {
  return k1 * (1 - b)
}

/** The factor of a document's length in the norm: k1 b / avgdl. */
export function lengthNorm({ k1, b }: Bm25Parameters, averageLength: number): number {
  return averageLength > 0 ? (k1 * b) / averageLength : 0
}

/** Saturated term frequency, in (0, 1]: f / (f + k1 (1 − b + b · dl / avgdl)). The kernels of `score.ts` write it out. */
export function saturation(frequency: number, length: number, constant: number, perLength: number): number {
  return frequency / (frequency + constant + perLength * length)
}
