import { safeCutBefore } from './boundaries.js'
import type { Span } from './span.js'

/** The segmenter takes time quadratic in the length of a run without breaks: longer paragraphs go in pieces. */
const maxUnits = 4000
/** A line that begins something of its own, whatever the line before: an item, a heading, a row, a quotation. */
const ownLine = /^[ \t]*(?:[-*+•▪◦‣]\s|\d{1,3}[.)]\s|#{1,6}\s|\||>)/
/** What ends in a full stop and not a sentence; lower case, without the stop. */
const abbreviations = new Set(
  'mr mrs ms dr prof sr jr st vs cf al e.g i.e eg ie approx no nos fig figs eq sec sect art arts para ch vol ed eds p pp inc ltd co corp dept est ref refs resp u.s u.k bzw z.b d.h ca nr abs bspw usw s.o p.ex env'.split(
    ' ',
  ),
)

/**
 * The sentences of a text: sorted, disjoint, without the blanks around them, together all that is not blank. A line
 * break inside a sentence does not end it, so text with hard lines is read as it was meant; a blank line always does.
 *
 * Boundaries as in Unicode Standard Annex 29, put right after abbreviations, initials, numbers of items and before lower case.
 */
export function sentenceSpans(text: string, locale?: string): Span[] {
  const segmenter = new Intl.Segmenter(locale, { granularity: 'sentence' })
  const spans: Span[] = []
  for (const { start, end } of blocks(text)) {
    // Blanks instead of line breaks: the offsets stay.
    const block = text.slice(start, end).replace(/[\r\n\u2028\u2029]/g, ' ')
    let open: { start: number; end: number } | undefined
    for (const { segment, index } of segmenter.segment(block)) {
      const first = index + (segment.length - segment.trimStart().length)
      const last = index + segment.trimEnd().length
      if (last <= first) continue
      if (open !== undefined && goesOn(block, open, first)) open.end = last
      else {
        if (open !== undefined) spans.push({ start: start + open.start, end: start + open.end })
        open = { start: first, end: last }
      }
    }
    if (open !== undefined) spans.push({ start: start + open.start, end: start + open.end })
  }
  return spans
}

/** Paragraphs, cut again in front of lines of their own and where they are too long. */
function blocks(text: string): Span[] {
  const found: Span[] = []
  let start = 0
  const close = (end: number) => {
    while (end - start > maxUnits) {
      const blank = text.lastIndexOf(' ', start + maxUnits)
      const cut = blank > start + maxUnits / 2 ? blank : safeCutBefore(text, start + maxUnits)
      found.push({ start, end: cut })
      start = cut
    }
    // Nothing to be found between blank lines, and asking is what takes time.
    if (end > start && text.slice(start, end).trim() !== '') found.push({ start, end })
    start = end
  }
  let line = 0
  while (line < text.length) {
    const newline = /\r\n|[\r\n\u2028\u2029]/.exec(text.slice(line, line + maxUnits))
    const next = Math.min(
      newline === null ? line + maxUnits : line + newline.index + newline[0].length,
      text.length,
    )
    // Only the beginning of a line is looked at, however long the line.
    const head = text.slice(line, Math.min(next, line + 40))
    if (line > start && (ownLine.test(head) || (head.trim() === '' && next - line <= 40))) close(line)
    line = next
  }
  close(text.length)
  return found
}

function goesOn(block: string, open: Span, next: number): boolean {
  if (/^\p{Ll}/u.test(block.slice(next, next + 2)))
    return /[.…]["'”’)\]]*$/.test(block.slice(open.end - 4, open.end))
  // The number of an item goes with the item.
  if (/^\d{1,3}[.)]$/.test(block.slice(open.start, Math.min(open.end, open.start + 5)))) return true
  const word = /(?:^|[\s(["'“‘])([\p{L}.]{1,8})\.$/u.exec(
    block.slice(Math.max(open.start, open.end - 11), open.end),
  )
  if (word === null) return false
  const before = word[1]!
  return abbreviations.has(before.toLowerCase()) || /^\p{Lu}$/u.test(before)
}
