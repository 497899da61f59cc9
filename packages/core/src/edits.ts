import type { Document, Edit, Mark, Metadata, OffsetMap } from './document.js'
import { RagError } from './errors.js'
import { closeOffsetMap, composeOffsetMaps, OffsetMapBuilder, project } from './offset-map.js'
import type { Span } from './span.js'

function describe(edit: Edit): string {
  return `[${edit.start}, ${edit.end}) "${edit.reason}"`
}

function rejectEdit(document: Document, edit: Edit, rule: string): never {
  throw new RagError(
    'invalid-span',
    `Edit ${describe(edit)} of document ${JSON.stringify(document.id)} ${rule}.`,
    { details: { documentId: document.id, start: edit.start, end: edit.end } },
  )
}

function isInsidePair(text: string, offset: number): boolean {
  return (text.charCodeAt(offset - 1) & 0xfc00) === 0xd800 && (text.charCodeAt(offset) & 0xfc00) === 0xdc00
}

/** Checked, and in order of place; insertions at one place as given, before a replacement that starts there. */
function sortEdits(document: Document, edits: readonly Edit[]): readonly Edit[] {
  const { text } = document
  for (const edit of edits) {
    const { start, end } = edit
    if (
      !(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end && end <= text.length)
    )
      rejectEdit(document, edit, `must hold integers with 0 <= start <= end <= ${text.length}`)
    if (isInsidePair(text, start) || isInsidePair(text, end))
      rejectEdit(document, edit, 'must not cut a surrogate pair')
  }
  const sorted = [...edits].sort((a, b) => a.start - b.start || a.end - b.end)
  for (let index = 1; index < sorted.length; index++) {
    const before = sorted[index - 1]!
    if (sorted[index]!.start < before.end)
      rejectEdit(
        document,
        sorted[index]!,
        `overlaps ${describe(before)}; propose one edit, or apply them one after the other`,
      )
  }
  return sorted
}

interface Edited {
  readonly before: string
  readonly after: string
  readonly edits: readonly Edit[]
  readonly map: OffsetMap
}

/** Where a span of the old text lies in the new one; text inserted or replaced across its edge is outside. */
function moveSpan({ map }: Edited, span: Span): Span {
  return {
    start: project(map.origins, map.offsets, span.start).high,
    end: project(map.origins, map.offsets, span.end).low,
  }
}

/** Index of the first of the sorted edits that ends after `offset`. */
function firstEndingAfter(edits: readonly Edit[], offset: number): number {
  let low = 0
  let high = edits.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (edits[middle]!.end <= offset) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * The label of a heading or an image repeats text that the edits may have changed or redacted. When it is the
 * beginning or the end of the mark's text, it is sliced anew; otherwise it is given up if it contains what
 * an edit took away.
 */
function moveLabel(edited: Edited, mark: Mark, label: string, moved: Span): string | undefined {
  const { before, after } = edited
  const old = before.slice(mark.start, mark.end)
  if (old === after.slice(moved.start, moved.end)) return label
  const first = mark.start + old.length - old.trimStart().length
  const last = mark.start + old.trimEnd().length
  for (const start of [first, last - label.length]) {
    if (start < first || start + label.length > last || !before.startsWith(label, start)) continue
    const place = moveSpan(edited, { start, end: start + label.length })
    return place.start < place.end ? after.slice(place.start, place.end) : undefined
  }
  for (let index = firstEndingAfter(edited.edits, mark.start); index < edited.edits.length; index++) {
    const edit = edited.edits[index]!
    if (edit.start >= mark.end) break
    const removed = before.slice(Math.max(edit.start, mark.start), Math.min(edit.end, mark.end)).trim()
    if (removed !== '' && label.includes(removed)) return undefined
  }
  return label
}

/** Undefined when nothing is left of the mark. One that was empty stays, unless its place is gone. */
function moveMark(edited: Edited, mark: Mark): Mark | undefined {
  const { map } = edited
  if (mark.start === mark.end) {
    const place = project(map.origins, map.offsets, mark.start)
    return place.at === 'replaced' ? undefined : { ...mark, start: place.low, end: place.low }
  }
  const moved = moveSpan(edited, mark)
  if (moved.start >= moved.end) return undefined
  if (mark.label === undefined || (mark.kind !== 'heading' && mark.kind !== 'image'))
    return { ...mark, ...moved }
  const { label, ...rest } = mark
  const movedLabel = moveLabel(edited, mark, label, moved)
  return movedLabel === undefined ? { ...rest, ...moved } : { ...rest, ...moved, label: movedLabel }
}

/**
 * Makes the edited document: new text, moved marks, and `origin` leading back to what the loader first
 * produced, through all earlier edits. The document given is not changed; without edits it is returned.
 *
 * Edits may come in any order; insertions at one place are made in the order given. A mark keeps what is left
 * of its text: text inserted at its edge stays outside, and so does a replacement that reaches across it (one
 * of the same length is divided character for character); a mark left with nothing is dropped. Labels of headings and images follow their text; a label that would still show
 * what an edit removed is dropped.
 *
 * Throws `invalid-span` when an edit leaves the text, cuts a surrogate pair or overlaps another (both named).
 */
export function applyEdits<M extends Metadata>(document: Document<M>, edits: readonly Edit[]): Document<M> {
  if (edits.length === 0) return document
  const { text } = document
  const sorted = sortEdits(document, edits)
  const builder = new OffsetMapBuilder()
  const pieces: string[] = []
  let offset = 0
  let origin = 0
  for (const edit of sorted) {
    pieces.push(text.slice(origin, edit.start), edit.replacement)
    offset += edit.start - origin
    builder.add(offset, edit.start)
    offset += edit.replacement.length
    origin = edit.end
    builder.add(offset, origin)
  }
  pieces.push(text.slice(origin))
  builder.add(offset + text.length - origin, text.length)

  const edited: Edited = { before: text, after: pieces.join(''), edits: sorted, map: builder.build() }
  const marks = document.marks.map((mark) => moveMark(edited, mark)).filter((mark) => mark !== undefined)
  return {
    ...document,
    text: edited.after,
    marks: marks.sort((a, b) => a.start - b.start),
    origin: document.origin === undefined ? edited.map : composeOffsetMaps(document.origin, edited.map),
  }
}

/**
 * The smallest span of the source that `span` came from: exact for kept text; any part of a
 * replacement of another length stands for all it replaced; a replacement of the same length stands for it
 * character for character; inserted text and empty spans come from one place, an empty span.
 * Throws `invalid-span` when the span leaves the document's text.
 */
export function originSpan(document: Document, span: Span): Span {
  const { start, end } = span
  const { length } = document.text
  if (!(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end && end <= length))
    throw new RagError(
      'invalid-span',
      `A span of document ${JSON.stringify(document.id)} must hold integers with 0 <= start <= end <= ${length}, got [${start}, ${end}).`,
      { details: { documentId: document.id, start, end } },
    )
  if (document.origin === undefined) return { start, end }
  const map = closeOffsetMap(document.origin, length)
  const from = project(map.offsets, map.origins, start)
  if (start === end)
    return from.at === 'replaced' ? { start: from.low, end: from.high } : { start: from.high, end: from.high }
  const to = project(map.offsets, map.origins, end)
  return {
    start: from.at === 'replaced' ? from.low : from.high,
    end: to.at === 'replaced' ? to.high : to.low,
  }
}
