import type { ChunkSpan } from '../../chunk.js'
import type { Document } from '../../document.js'
import type { Span } from '../../span.js'
import type { Tokenizer } from '../../tokenizer.js'
import { broken } from '../law.js'

/** True when a cut at `offset` would separate the two units of a surrogate pair or of a CRLF. */
export function cutsPair(text: string, offset: number): boolean {
  if (offset <= 0 || offset >= text.length) return false
  const before = text.charCodeAt(offset - 1)
  const after = text.charCodeAt(offset)
  const inSurrogates = before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff
  return inSurrogates || (before === 0x0d && after === 0x0a)
}

/** Rules on one split, one function each; they end the check when broken. */
export type SpanRule = (spans: readonly ChunkSpan[], document: Document) => void

function checkBounds(what: string, span: Span, text: string): void {
  const { start, end } = span
  if (!Number.isInteger(start) || !Number.isInteger(end))
    broken(`${what} has an offset that is not an integer`, { actual: span })
  if (start < 0 || end > text.length || start >= end)
    broken(`${what} is empty or out of bounds`, {
      expected: `0 ≤ start < end ≤ ${text.length}`,
      actual: span,
    })
}

export const inBounds: SpanRule = (spans, { text }) => {
  for (const span of spans) {
    checkBounds('a span', span, text)
    if (!span.window) continue
    checkBounds('a window', span.window, text)
    if (span.window.start > span.start || span.window.end < span.end)
      broken('a window does not contain its span', {
        expected: { start: span.start, end: span.end },
        actual: span.window,
      })
  }
}

export const sorted: SpanRule = (spans) => {
  for (let i = 1; i < spans.length; i += 1)
    if (spans[i]!.start < spans[i - 1]!.start)
      broken('spans are not sorted by start', {
        expected: `a start of at least ${spans[i - 1]!.start}`,
        actual: spans[i],
      })
}

export const wholeCharacters: SpanRule = (spans, { text }) => {
  for (const span of spans)
    for (const offset of [span.start, span.end, span.window?.start ?? 0, span.window?.end ?? 0])
      if (cutsPair(text, offset)) broken(`offset ${offset} cuts a surrogate pair or a CRLF`, { actual: span })
}

export const covering: SpanRule = (spans, { text }) => {
  const covered = new Uint8Array(text.length)
  for (const span of spans) covered.fill(1, span.start, span.end)
  for (let offset = 0; offset < text.length; offset += 1)
    if (covered[offset] === 0 && text[offset]!.trim() !== '')
      broken(`the character at offset ${offset} is in no chunk`, {
        expected: text.slice(offset, offset + 20),
        actual: spans.map(({ start, end }) => [start, end]),
      })
}

export const distinct: SpanRule = (spans) => {
  const seen = new Set<string>()
  for (const span of spans) {
    const key = `${span.start}-${span.end}`
    if (seen.has(key)) broken('the same span comes twice', { actual: span })
    seen.add(key)
  }
}

/**
 * Tokens that overlap a span: ends inside (start, end], and one more when `end` is inside a token. Counted up
 * to every offset once, so the suite is linear, and shares no search with the ruler that chunkers use.
 */
export function tokenCounter(tokenizer: Tokenizer, text: string): (start: number, end: number) => number {
  const ends = tokenizer.ends(text)
  const endsAt = new Uint32Array(text.length + 1)
  let last = 0
  for (const end of ends) {
    endsAt[end]! += 1
    last = Math.max(last, end)
  }
  const upTo = endsAt.slice()
  for (let offset = 1; offset <= text.length; offset += 1) upTo[offset]! += upTo[offset - 1]!
  return (start, end) => {
    const inside = upTo[end]! - upTo[start]!
    return endsAt[end] === 0 && last > end ? inside + 1 : inside
  }
}

/** True when no cut inside the span keeps pairs whole: such a span cannot be made smaller. */
function isAtom(text: string, span: Span): boolean {
  for (let offset = span.start + 1; offset < span.end; offset += 1) if (!cutsPair(text, offset)) return false
  return true
}

/**
 * Neither the tokens of the document that the span touches, plus those of the context and the line break after it,
 * nor those of the text as it is embedded, alone behind its context, may be more than the cap.
 */
export function withinCap(tokenizer: Tokenizer, maxTokens: number): SpanRule {
  return (spans, { text }) => {
    const count = tokenCounter(tokenizer, text)
    for (const span of spans) {
      const body = count(span.start, span.end)
      const prefix = span.context === undefined ? '' : `${span.context}\n`
      const context = tokenizer.ends(prefix).length
      const embedded = tokenizer.ends(prefix + text.slice(span.start, span.end)).length
      if (Math.max(body + context, embedded) > maxTokens && !(isAtom(text, span) && context < maxTokens))
        broken(`a chunk has ${body} tokens and ${context} of context, ${embedded} as it is embedded`, {
          expected: `at most ${maxTokens}`,
          actual: span,
        })
    }
  }
}

/**
 * The `tokens` a span tells are those of the document that it touches, or those of its text alone where they are
 * more; context not counted.
 */
export function tellingTokens(tokenizer: Tokenizer | undefined): SpanRule {
  return (spans, { text }) => {
    const count = tokenizer && tokenCounter(tokenizer, text)
    for (const span of spans) {
      if (span.tokens === undefined) continue
      if (!Number.isInteger(span.tokens) || span.tokens < 0)
        broken('`tokens` is not a count', { actual: span })
      const counted = count?.(span.start, span.end)
      if (counted === undefined || counted === span.tokens) continue
      const alone = tokenizer?.ends(text.slice(span.start, span.end)).length ?? 0
      const expected = Math.max(counted, alone)
      if (span.tokens !== expected)
        broken('`tokens` is not the number of tokens of the span', { expected, actual: span })
    }
  }
}
