import { invalid } from '@tesserae/core'
import { intersectSpans, mergeSpans, type SourceSpan, spansMeeting, totalLength } from './spans.js'

/*
 * Measures of Smith and Troynikov, "Evaluating Chunking Strategies for Retrieval" (Chroma technical report,
 * 2024), with the definitions of their published code: t_e are the characters of the references, t_r those
 * retrieved. They speak of tokens and count characters, and so does this. Where references overlap, their code
 * counts the common characters twice in the total of the references, so that recall cannot reach 1; here they
 * count once. References that do not overlap, as all in the published sets, give the same figures.
 */

export interface SpanScores {
  /** |t_e ∩ t_r| / |t_e|: share of the reference characters that were retrieved. */
  readonly recall: number
  /** |t_e ∩ t_r| / |t_r|: share of the retrieved characters that are reference; repeated ones count each time. */
  readonly precision: number
  /** |t_e ∩ t_r| / (|t_r| + |t_e| − |t_e ∩ t_r|), with |t_r| as in `precision`: repeating text lowers it. */
  readonly iou: number
}

/**
 * Recall, precision and intersection over union of what was retrieved for one question. All are 0 when nothing
 * was retrieved. Throws `invalid-argument` when the references hold no character, or for a malformed span.
 */
export function spanScores(retrieved: readonly SourceSpan[], references: readonly SourceSpan[]): SpanScores {
  const wanted = referenceLength(references)
  const covered = totalLength(intersectSpans(retrieved, references))
  const shown = totalLength(retrieved)
  return {
    recall: covered / wanted,
    precision: shown === 0 ? 0 : covered / shown,
    iou: covered / (shown + wanted - covered),
  }
}

/** `spanScores(...).recall`. */
export function spanRecall(retrieved: readonly SourceSpan[], references: readonly SourceSpan[]): number {
  return spanScores(retrieved, references).recall
}

/** `spanScores(...).precision`. */
export function spanPrecision(retrieved: readonly SourceSpan[], references: readonly SourceSpan[]): number {
  return spanScores(retrieved, references).precision
}

/** `spanScores(...).iou`. */
export function spanIoU(retrieved: readonly SourceSpan[], references: readonly SourceSpan[]): number {
  return spanScores(retrieved, references).iou
}

export interface PrecisionOmegaOptions {
  /**
   * Whether a chunk that only begins where a reference ends, or the reverse, is retrieved too. The published
   * code does that; it costs chunkers whose chunks join without a gap. @default false
   */
  readonly touching?: boolean | undefined
}

/**
 * Precision-omega: precision if retrieval were perfect, that is, if exactly the chunks that overlap a
 * reference came back. |t_e ∩ t_r| / |t_r ∪ t_e|: text in several of these chunks counts once, and reference
 * characters in no chunk count against the chunker. A property of the chunks alone: no embedder is involved.
 *
 * @param chunks all chunks of the corpus, in any order
 * @throws RagError `invalid-argument` when the references hold no character, or for a malformed span.
 */
export function precisionOmega(
  chunks: readonly SourceSpan[],
  references: readonly SourceSpan[],
  options: PrecisionOmegaOptions = {},
): number {
  referenceLength(references)
  const retrieved = spansMeeting(chunks, references, options.touching ?? false)
  const covered = totalLength(intersectSpans(retrieved, references))
  return covered / totalLength(mergeSpans([...retrieved, ...references]))
}

function referenceLength(references: readonly SourceSpan[]): number {
  const length = totalLength(mergeSpans(references))
  if (length === 0) invalid('references', 'spans with at least one character', references)
  return length
}
