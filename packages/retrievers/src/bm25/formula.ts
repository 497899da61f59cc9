/**
 * The published forms of BM25, on exact document lengths.
 *
 * All are idf(t) · tf(f, L), summed over the query's terms, with N documents, n of them with the term, f the
 * term's frequency in the document and L = 1 − b + b · dl / avgdl its relative length. Kamphuis, de Vries, Boytsov,
 * Lin: "Which BM25 Do You Mean? A Large-Scale Reproducibility Study of Scoring Variants", ECIR 2020, compares them.
 *
 * - `lucene`: Robertson, Zaragoza: "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, §3.4, with 1 added
 *   inside the logarithm and without the constant k1 + 1, as Lucene ≥ 8 has it.
 * - `robertson`: the classic idf of the same paper, below zero for terms of more than half of the documents; held at
 *   `LEAST_IDF`, so that such a term still finds its documents and ranks them last.
 * - `atire`: Trotman, Jia, Crane: "Towards an Efficient and Effective Search Engine", OSIR 2012; compared in Trotman,
 *   Puurula, Burgess: "Improvements to BM25 and Language Models Examined", ADCS 2014. Zero for a term of all documents,
 *   held likewise.
 * - `bm25+`: Lv, Zhai: "Lower-Bounding Term Frequency Normalization", CIKM 2011.
 * - `bm25l`: Lv, Zhai: "When Documents Are Very Long, BM25 Fails!", SIGIR 2011.
 */
export type Bm25Variant = 'lucene' | 'robertson' | 'atire' | 'bm25+' | 'bm25l'

export const bm25Variants: readonly Bm25Variant[] = ['lucene', 'robertson', 'atire', 'bm25+', 'bm25l']

export interface Bm25Parameters {
  readonly variant: Bm25Variant
  /** How soon repetitions of a term stop counting; 0 counts presence alone. */
  readonly k1: number
  /** How much long documents are held back: 0 not at all, 1 in full. */
  readonly b: number
  /** δ: what presence alone is worth; of `bm25+` and `bm25l`. */
  readonly delta: number
  /** What a frequency of 1 is counted as: see `fields.ts`. */
  readonly unit: number
}

/** Least idf of the variants whose logarithm can reach zero or less: 2⁻²⁰. */
export const LEAST_IDF = 2 ** -20

interface Variant {
  readonly idf: (N: number, n: number) => number
  readonly idfText: string
  readonly tf: (f: number, L: number, k1: number, delta: number) => number
  readonly tfText: string
}

const log = Math.log

/** One row per variant, as its paper writes it. `fold` is these functions taken apart. */
const variants: { readonly [name in Bm25Variant]: Variant } = {
  lucene: {
    idf: (N, n) => log(1 + (N - n + 0.5) / (n + 0.5)),
    idfText: 'ln(1 + (N − n + 0.5) / (n + 0.5))',
    tf: (f, L, k1) => f / (f + k1 * L),
    tfText: 'f / (f + k1 (1 − b + b · dl / avgdl))',
  },
  robertson: {
    idf: (N, n) => Math.max(LEAST_IDF, log((N - n + 0.5) / (n + 0.5))),
    idfText: 'ln((N − n + 0.5) / (n + 0.5)), at least 2⁻²⁰',
    tf: (f, L, k1) => f / (f + k1 * L),
    tfText: 'f / (f + k1 (1 − b + b · dl / avgdl))',
  },
  atire: {
    idf: (N, n) => Math.max(LEAST_IDF, log(N / n)),
    idfText: 'ln(N / n), at least 2⁻²⁰',
    tf: (f, L, k1) => ((k1 + 1) * f) / (f + k1 * L),
    tfText: '(k1 + 1) f / (f + k1 (1 − b + b · dl / avgdl))',
  },
  'bm25+': {
    idf: (N, n) => log((N + 1) / n),
    idfText: 'ln((N + 1) / n)',
    tf: (f, L, k1, delta) => delta + ((k1 + 1) * f) / (f + k1 * L),
    tfText: 'δ + (k1 + 1) f / (f + k1 (1 − b + b · dl / avgdl))',
  },
  bm25l: {
    idf: (N, n) => log((N + 1) / (n + 0.5)),
    idfText: 'ln((N + 1) / (n + 0.5))',
    tf: (f, L, k1, delta) => ((k1 + 1) * (f / L + delta)) / (k1 + f / L + delta),
    tfText: '(k1 + 1) (c + δ) / (k1 + c + δ), c = f / (1 − b + b · dl / avgdl)',
  },
}

/** Inverse document frequency, always above zero. */
export function inverseDocumentFrequency(
  { variant }: Bm25Parameters,
  documentCount: number,
  documentFrequency: number,
): number {
  return variants[variant].idf(documentCount, documentFrequency)
}

/** tf(f, L) as the paper writes it: the reference of what `fold` gives. */
export function termFrequency(
  { variant, k1, delta }: Bm25Parameters,
  frequency: number,
  relativeLength: number,
): number {
  return variants[variant].tf(frequency, relativeLength, k1, delta)
}

export function describeVariant({ variant }: Bm25Parameters): { readonly idf: string; readonly tf: string } {
  return { idf: variants[variant].idfText, tf: variants[variant].tfText }
}

/** Every variant's tf is base + scale · f / (f + constant + perLength · dl): the one form that the kernels know. */
export interface FoldedFormula {
  readonly base: number
  readonly scale: number
  readonly constant: number
  readonly perLength: number
}

/**
 * BM25L in that form: with K = (k1 + δ) L, (k1 + 1) (f + δ L) / (f + K) is (k1 + 1) (1 − k1/(k1 + δ) · K / (f + K)),
 * and K / (f + K) is 1 − f / (f + K). The others have it already.
 */
export function fold(parameters: Bm25Parameters, averageLength: number): FoldedFormula {
  const { variant, k1, b, delta, unit } = parameters
  const isLong = variant === 'bm25l' && k1 + delta > 0
  const share = isLong ? k1 / (k1 + delta) : 1
  const top = variant === 'lucene' || variant === 'robertson' ? 1 : k1 + 1
  const norm = (isLong ? k1 + delta : k1) * unit
  return {
    base: variant === 'bm25+' ? delta : top * (1 - share),
    scale: top * share,
    constant: norm * (1 - b),
    perLength: averageLength > 0 ? (norm * b) / averageLength : 0,
  }
}

/** f / (f + constant + perLength · dl), in (0, 1]. The kernels of `score.ts` write it out. */
export function saturation(frequency: number, length: number, constant: number, perLength: number): number {
  return frequency / (frequency + constant + perLength * length)
}
