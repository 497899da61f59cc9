import type { Span } from './span.js'

/** Bracketed numbers and ranges, both ends included. A range written backwards has `to < from`. */
export interface FoundMarker extends Span {
  readonly items: readonly { readonly from: number; readonly to: number }[]
}

/** Longer numbers are no citation of anyone's; they are read as larger than any. */
const maxDigits = 9

/**
 * Every unescaped `[…]` that holds only numbers and ranges, in order. One pass: a bracket that turns out to
 * be something else is given up at the first character that does not fit, and brackets do not fit inside.
 */
export function* findMarkers(text: string): Generator<FoundMarker, void, undefined> {
  for (let start = text.indexOf('['); start >= 0; start = text.indexOf('[', start + 1)) {
    if (isEscaped(text, start)) continue
    const found = markerAt(text, start)
    if (found !== undefined) yield found
  }
}

function markerAt(text: string, start: number): FoundMarker | undefined {
  const items: { from: number; to: number }[] = []
  let at = skipBlanks(text, start + 1)
  for (;;) {
    const first = digitsEnd(text, at)
    if (first === at) return undefined
    const from = numberOf(text, at, first)
    let to = from
    at = skipBlanks(text, first)
    if (isDash(text.charCodeAt(at))) {
      const second = skipBlanks(text, at + 1)
      at = digitsEnd(text, second)
      if (at === second) return undefined
      to = numberOf(text, second, at)
      at = skipBlanks(text, at)
    }
    items.push({ from, to })
    const next = text[at]
    if (next === ']') return { start, end: at + 1, items }
    if (next !== ',' && next !== ';') return undefined
    at = skipBlanks(text, at + 1)
  }
}

function skipBlanks(text: string, at: number): number {
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\u00a0') at += 1
  return at
}

function digitsEnd(text: string, at: number): number {
  for (;;) {
    const code = text.charCodeAt(at)
    if (!(code >= 0x30 && code <= 0x39)) return at
    at += 1
  }
}

function numberOf(text: string, start: number, end: number): number {
  return end - start > maxDigits ? Number.MAX_SAFE_INTEGER : Number(text.slice(start, end))
}

/** Hyphen, the dashes U+2010–U+2015, minus sign. */
function isDash(code: number): boolean {
  return code === 0x2d || (code >= 0x2010 && code <= 0x2015) || code === 0x2212
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0
  while (text[at - 1 - slashes] === '\\') slashes += 1
  return slashes % 2 === 1
}

/**
 * Code in a Markdown text: fenced blocks, and spans between runs of equally many backticks in the same
 * paragraph (CommonMark 0.31, sections 4.5 and 6.1). Sorted, disjoint; one pass over the text.
 */
export function codeSpans(text: string): Span[] {
  const spans: Span[] = []
  let runs: Span[] = []
  let fence: { readonly start: number; readonly mark: string; readonly size: number } | undefined
  for (let line = 0; line <= text.length; ) {
    const newline = text.indexOf('\n', line)
    const end = newline < 0 ? text.length : newline
    const opening = fenceAt(text, line, end)
    if (fence !== undefined) {
      if (opening?.mark === fence.mark && opening.size >= fence.size && opening.bare) {
        spans.push({ start: fence.start, end })
        fence = undefined
      }
    } else if (opening !== undefined) {
      closeRuns(runs, spans)
      runs = []
      fence = { start: line, mark: opening.mark, size: opening.size }
    } else if (isBlankLine(text, line, end)) {
      closeRuns(runs, spans)
      runs = []
    } else {
      backtickRuns(text, line, end, runs)
    }
    line = end + 1
  }
  closeRuns(runs, spans)
  if (fence !== undefined) spans.push({ start: fence.start, end: text.length })
  return spans
}

/** A fence opens with at most three blanks and at least three marks; `bare`: nothing follows, so it can close. */
function fenceAt(
  text: string,
  line: number,
  end: number,
): { mark: string; size: number; bare: boolean } | undefined {
  let at = line
  while (at < end && at - line < 3 && text[at] === ' ') at += 1
  const mark = text[at]
  if (mark !== '`' && mark !== '~') return undefined
  const start = at
  while (at < end && text[at] === mark) at += 1
  const size = at - start
  if (size < 3) return undefined
  const bare = isBlankLine(text, at, end)
  // Backticks later in the line make it inline code.
  if (mark === '`' && !bare && text.slice(at, end).includes('`')) return undefined
  return { mark, size, bare }
}

function isBlankLine(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const char = text[at]
    if (char !== ' ' && char !== '\t' && char !== '\r') return false
  }
  return true
}

function backtickRuns(text: string, start: number, end: number, runs: Span[]): void {
  for (let at = start; at < end; ) {
    if (text[at] === '\\' && text[at + 1] === '`') at += 2
    else if (text[at] === '`') {
      const first = at
      while (at < end && text[at] === '`') at += 1
      runs.push({ start: first, end: at })
    } else at += 1
  }
}

/** Pairs each run with the next one of its length; a run without one is only backticks. */
function closeRuns(runs: readonly Span[], spans: Span[]): void {
  const closing = new Int32Array(runs.length).fill(-1)
  const nextOfSize = new Map<number, number>()
  for (let place = runs.length - 1; place >= 0; place--) {
    const size = runs[place]!.end - runs[place]!.start
    closing[place] = nextOfSize.get(size) ?? -1
    nextOfSize.set(size, place)
  }
  for (let place = 0; place < runs.length; place++) {
    const close = closing[place]!
    if (close < 0) continue
    spans.push({ start: runs[place]!.start, end: runs[close]!.end })
    place = close
  }
}
