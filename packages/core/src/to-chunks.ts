import { isSafeCut } from './boundaries.js'
import type { Chunk, ChunkSpan } from './chunk.js'
import type { Document, Mark, Metadata } from './document.js'
import { RagError } from './errors.js'
import { fingerprint } from './fingerprint.js'
import type { Span } from './span.js'

type Writable<T> = { -readonly [K in keyof T]: T[K] }

function reject(document: Document, index: number, rule: string, span: Span): never {
  throw new RagError(
    'invalid-span',
    `\`spans[${index}]\` of document ${JSON.stringify(document.id)} ${rule}, got [${span.start}, ${span.end}) in a text of ${document.text.length}.`,
    { details: { documentId: document.id, index, start: span.start, end: span.end } },
  )
}

function checkSpan(document: Document, index: number, span: Span, what: string): void {
  const { text } = document
  const { start, end } = span
  if (!(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start < end && end <= text.length))
    reject(document, index, `${what} must hold integers with 0 <= start < end <= text.length`, span)
  if (!isSafeCut(text, start) || !isSafeCut(text, end))
    reject(document, index, `${what} must not cut a surrogate pair or CR LF; use safeCutBefore`, span)
}

/** Titles of the headings open at the last one read: a heading closes those of its own level and deeper. */
function openHeading(open: Mark[], heading: Mark): void {
  const level = heading.level ?? 1
  while (open.length > 0 && (open[open.length - 1]?.level ?? 1) >= level) open.pop()
  open.push(heading)
}

function titles(document: Document, open: readonly Mark[]): readonly string[] {
  return open
    .map((mark) => mark.label ?? document.text.slice(mark.start, mark.end).trim())
    .filter((title) => title !== '')
}

/**
 * Turns a chunker's spans into chunks: the only place where chunk text is made, and it is only ever sliced.
 *
 * The id is a fingerprint of document id, start, end and text. `headings` are the titles of the headings that
 * begin at or before the chunk's start, the last one of each level, outermost first (a heading without label
 * gives its own text, one without level counts as level 1). `page` is the label of the last page that begins
 * at or before the chunk's start. Chunks of one document share its metadata object.
 *
 * Throws `invalid-span`, naming the span, unless all are integers with `0 <= start < end <= text.length`,
 * sorted by start, none twice, without cutting a surrogate pair or CR LF, with a window (same rules) that
 * contains its span, and with `tokens` a whole number of at least 0.
 */
export function toChunks<M extends Metadata>(document: Document<M>, spans: readonly ChunkSpan[]): Chunk<M>[] {
  const { text, marks } = document
  const open: Mark[] = []
  let headings: readonly string[] = []
  let page: string | undefined
  let nextMark = 0
  let lastStart = -1
  const endsHere = new Set<number>()

  return spans.map((span, index) => {
    const { start, end, window, context, tokens } = span
    checkSpan(document, index, span, 'span')
    if (start < lastStart) reject(document, index, 'must not start before the span in front of it', span)
    if (start > lastStart) endsHere.clear()
    if (endsHere.has(end)) reject(document, index, 'must not be given twice', span)
    endsHere.add(end)
    lastStart = start
    if (window !== undefined) {
      checkSpan(document, index, window, 'window')
      if (window.start > start || window.end < end)
        reject(document, index, `needs a window that contains [${start}, ${end})`, window)
    }
    if (tokens !== undefined && !(Number.isInteger(tokens) && tokens >= 0))
      reject(document, index, `needs \`tokens\` of at least 0 and not ${tokens}`, span)

    for (let mark = marks[nextMark]; mark !== undefined && mark.start <= start; mark = marks[++nextMark]) {
      if (mark.kind === 'page') page = mark.label
      if (mark.kind !== 'heading') continue
      openHeading(open, mark)
      headings = titles(document, open)
    }

    const slice = text.slice(start, end)
    const chunk: Writable<Chunk<M>> = {
      id: fingerprint([document.id, start, end, slice]),
      documentId: document.id,
      index,
      start,
      end,
      text: slice,
      headings,
      metadata: document.metadata,
    }
    // Absent, not undefined: a chunk read back from a store's JSON is equal to the one written.
    if (window !== undefined) chunk.window = { start: window.start, end: window.end }
    if (context !== undefined) chunk.context = context
    if (tokens !== undefined) chunk.tokens = tokens
    if (page !== undefined) chunk.page = page
    if (document.uri !== undefined) chunk.uri = document.uri
    return chunk
  })
}

/** What is embedded and indexed for a chunk: its context, a line break, its text; or only the text. */
export function embeddingText(chunk: Pick<Chunk, 'text' | 'context'>): string {
  return chunk.context === undefined || chunk.context === '' ? chunk.text : `${chunk.context}\n${chunk.text}`
}
