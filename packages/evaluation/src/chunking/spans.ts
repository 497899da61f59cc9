import { invalid, type Span } from '@tesserae/core'

/**
 * A span of one of several documents; `Chunk` of `@tesserae/core` is one. Spans of different documents never
 * meet. Without `documentId` all spans are of one document.
 */
export interface SourceSpan extends Span {
  readonly documentId?: string | undefined
}

/** Throws `invalid-argument` unless the span is made of integers with 0 <= start <= end. */
function checkSpan(span: SourceSpan): void {
  if (!Number.isSafeInteger(span.start) || !Number.isSafeInteger(span.end) || span.start < 0) {
    invalid('span', 'made of integers of at least 0', `${span.start} to ${span.end}`)
  }
  if (span.end < span.start)
    invalid('span', 'a start that is not after its end', `${span.start} to ${span.end}`)
}

function documentOf(span: SourceSpan): string {
  return span.documentId ?? ''
}

function compareSpans(a: SourceSpan, b: SourceSpan): number {
  const left = documentOf(a)
  const right = documentOf(b)
  if (left !== right) return left < right ? -1 : 1
  return a.start - b.start || a.end - b.end
}

/** Sum of the lengths; what is covered twice counts twice. */
export function totalLength(spans: readonly SourceSpan[]): number {
  let sum = 0
  for (const { start, end } of spans) sum += end - start
  return sum
}

/** The union: sorted by document and start, disjoint, neighbours that touch joined, empty spans gone. O(n log n). */
export function mergeSpans(spans: readonly SourceSpan[]): SourceSpan[] {
  for (const span of spans) checkSpan(span)
  const merged: { documentId?: string | undefined; start: number; end: number }[] = []
  for (const span of [...spans].sort(compareSpans)) {
    if (span.start === span.end) continue
    const last = merged.at(-1)
    if (last !== undefined && documentOf(last) === documentOf(span) && span.start <= last.end) {
      if (span.end > last.end) last.end = span.end
    } else {
      const { documentId, start, end } = span
      merged.push(documentId === undefined ? { start, end } : { documentId, start, end })
    }
  }
  return merged
}

/** What lies in both unions, as a union. O(n log n). */
export function intersectSpans(a: readonly SourceSpan[], b: readonly SourceSpan[]): SourceSpan[] {
  const left = mergeSpans(a)
  const right = mergeSpans(b)
  const both: SourceSpan[] = []
  let i = 0
  let j = 0
  while (i < left.length && j < right.length) {
    const one = left[i]!
    const other = right[j]!
    const document = documentOf(one)
    const otherDocument = documentOf(other)
    if (document !== otherDocument) {
      if (document < otherDocument) i++
      else j++
      continue
    }
    const start = Math.max(one.start, other.start)
    const end = Math.min(one.end, other.end)
    if (start < end) both.push({ ...one, start, end })
    if (one.end < other.end) i++
    else j++
  }
  return both
}

/**
 * The spans that meet the union of `targets`, in their order. Two spans meet when they share a character, or,
 * with `touching`, when one begins where the other ends. O(n log m).
 */
export function spansMeeting<S extends SourceSpan>(
  spans: readonly S[],
  targets: readonly SourceSpan[],
  touching = false,
): S[] {
  const merged = mergeSpans(targets)
  return spans.filter((span) => {
    checkSpan(span)
    // The first target that ends behind the span's start is the only one that may meet it.
    let low = 0
    let high = merged.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (endsBefore(merged[middle]!, span, touching)) low = middle + 1
      else high = middle
    }
    const target = merged[low]
    if (target === undefined || documentOf(target) !== documentOf(span)) return false
    return touching
      ? target.start <= span.end
      : Math.max(target.start, span.start) < Math.min(target.end, span.end)
  })
}

function endsBefore(target: SourceSpan, span: SourceSpan, touching: boolean): boolean {
  const left = documentOf(target)
  const right = documentOf(span)
  if (left !== right) return left < right
  return touching ? target.end < span.start : target.end <= span.start
}
