import type { Span } from '@tesserae/core'
import { mergeSpans } from './spans.js'

/**
 * Content coverage of one document: share of its characters that are not blank and lie in at least one chunk.
 * 1 for a document of nothing but blanks. `text` is the document's, the chunks' offsets point into it.
 */
export function contentCoverage(chunks: readonly Span[], text: string): number {
  const all = visibleLength(text, 0, text.length)
  if (all === 0) return 1
  let covered = 0
  for (const { start, end } of mergeSpans(chunks))
    covered += visibleLength(text, start, Math.min(end, text.length))
  return covered / all
}

/**
 * Segmentation accuracy of one document: share of the borders between chunks that lie on a border of the text's
 * own units (`units`: its sentences, paragraphs or sections, with or without gaps). Blanks do not matter: the
 * end of a chunk lies on a border when only blanks separate it from one. The outer ends of the first and last
 * chunk are left out; with at most one chunk the accuracy is 1.
 */
export function boundaryAccuracy(chunks: readonly Span[], units: readonly Span[], text: string): number {
  const borders = new Set<number>()
  for (const { start, end } of units) {
    borders.add(visibleOffset(text, start))
    borders.add(visibleOffset(text, end))
  }
  const sorted = [...chunks].sort((a, b) => a.start - b.start || a.end - b.end)
  let right = 0
  let count = 0
  for (let i = 0; i < sorted.length; i++) {
    const { start, end } = sorted[i]!
    if (i > 0) {
      count++
      if (borders.has(visibleOffset(text, start))) right++
    }
    if (i < sorted.length - 1) {
      count++
      if (borders.has(visibleOffset(text, end))) right++
    }
  }
  return count === 0 ? 1 : right / count
}

/** A place in a document and the place of the same document that it refers to: a term and its definition. */
export interface CrossReference {
  readonly from: Span
  readonly to: Span
}

/**
 * Context preservation of one document: share of its cross-references of which some chunk holds both ends whole.
 * 1 when there is none. Give the chunks' windows instead to measure what a reader is shown.
 */
export function contextPreservation(chunks: readonly Span[], references: readonly CrossReference[]): number {
  if (references.length === 0) return 1
  let kept = 0
  for (const { from, to } of references) {
    const start = Math.min(from.start, to.start)
    const end = Math.max(from.end, to.end)
    if (chunks.some((chunk) => chunk.start <= start && chunk.end >= end)) kept++
  }
  return kept / references.length
}

/**
 * Chunking efficiency of one document: density divided by count. The density is the visible characters that are
 * covered, each counted once, per character stored, so overlaps and blanks lower it; 0 without chunks. Falls with the
 * number of chunks by definition, so it compares chunkers on one text and nothing else.
 */
export function chunkingEfficiency(chunks: readonly Span[], text: string): number {
  let stored = 0
  for (const { start, end } of chunks) stored += end - start
  if (stored === 0) return 0
  let covered = 0
  for (const { start, end } of mergeSpans(chunks)) covered += visibleLength(text, start, end)
  return covered / stored / chunks.length
}

function isBlank(code: number): boolean {
  return code <= 0x20 || (code >= 0x80 && /\s/.test(String.fromCharCode(code)))
}

function visibleLength(text: string, start: number, end: number): number {
  let length = 0
  for (let i = start; i < end; i++) if (!isBlank(text.charCodeAt(i))) length++
  return length
}

/** The first offset from here on that has a visible character, so that borders beside the same blanks are one. */
function visibleOffset(text: string, offset: number): number {
  let at = offset
  while (at < text.length && isBlank(text.charCodeAt(at))) at++
  return at
}
