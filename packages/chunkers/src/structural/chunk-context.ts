import type { Tokenizer } from '@tesserae/core'
import { safeCutBefore } from '@tesserae/core'

/** Text in front of a chunk, and what it takes from the cap. */
export interface ChunkContext {
  /** '' for none. */
  readonly text: string
  /** Tokens of the text and the line break behind it, as they are embedded. */
  readonly tokens: number
}

export const NO_CONTEXT: ChunkContext = { text: '', tokens: 0 }

/** Parts of a path that are looked at, from the innermost outwards: no budget holds more. */
export const MAX_PARTS = 64
/** Code units of one part that are looked at. */
const MAX_PART_UNITS = 600
const ELLIPSIS = '…'

export function measureContext(text: string, tokenizer: Tokenizer): ChunkContext {
  return text === '' ? NO_CONTEXT : { text, tokens: tokenizer.ends(`${text}\n`).length }
}

/** One line of at most `MAX_PART_UNITS` code units: runs of blanks become one space. */
export function oneLine(text: string): string {
  const short = text.length > MAX_PART_UNITS ? text.slice(0, safeCutBefore(text, MAX_PART_UNITS)) : text
  // Labels mostly are one line already: a look is cheaper than a new text.
  return /[^\S ]| {2}/.test(short) ? short.replace(/\s+/g, ' ').trim() : short.trim()
}

/**
 * The parts, outermost first, joined to a path of at most `maxTokens` tokens. Outer parts are left out first,
 * an ellipsis in their place; then the end of the innermost one; a path that still does not fit is none.
 */
export function pathContext(
  parts: readonly string[],
  separator: string,
  maxTokens: number,
  tokenizer: Tokenizer,
): ChunkContext {
  const whole = measureContext(parts.join(separator), tokenizer)
  if (whole.tokens <= maxTokens) return whole
  // The parts one by one tell about how many fit; the joined path then tells exactly.
  let first = parts.length
  for (let tokens = 0; first > 1 && tokens <= maxTokens; first--) {
    tokens += tokenizer.ends(parts[first - 1]! + separator).length
  }
  for (; first < parts.length; first++) {
    const context = measureContext([ELLIPSIS, ...parts.slice(first)].join(separator), tokenizer)
    if (context.tokens <= maxTokens) return context
  }
  return clippedContext(parts.at(-1) ?? '', maxTokens, tokenizer)
}

/** As much of the start of `text` as fits into `maxTokens` tokens, an ellipsis behind it where some is missing. */
export function clippedContext(text: string, maxTokens: number, tokenizer: Tokenizer): ChunkContext {
  const whole = measureContext(text, tokenizer)
  if (whole.tokens <= maxTokens) return whole
  const ends = tokenizer.ends(text)
  const fitting = Math.min(maxTokens, ends.length)
  for (let dropped = 1; dropped < fitting; dropped *= 2) {
    const end = safeCutBefore(text, ends[fitting - dropped - 1]!)
    const context = measureContext(text.slice(0, end).trim() + ELLIPSIS, tokenizer)
    if (end > 0 && context.tokens <= maxTokens) return context
  }
  return NO_CONTEXT
}
