import { checkInteger } from './check.js'
import { RagError } from './errors.js'
import type { Tokenizer } from './tokenizer.js'

/** Counts tokens of any span of one text by binary search. Offsets are brought into the text. */
export interface TokenRuler {
  /** End offset of each token, ascending; equal ends are tokens that share a character. */
  readonly ends: Uint32Array
  /**
   * Tokens that overlap `[start, end)`: those that end inside it, plus the one `end` lies inside of (all of
   * them, if several share their characters).
   */
  count(start: number, end: number): number
  /**
   * The largest offset `end` with `count(start, end) <= tokens`. Always past the end of the token at `start`,
   * also when that token shares its character with others and more than `tokens` are counted.
   * Text after the last token costs nothing, so its end is the text's end.
   */
  endOfTokens(start: number, tokens: number): number
  /** The smallest offset `start` with `count(start, end) <= tokens`: where the last `tokens` tokens before `end` begin; `end` itself if they do not fit. */
  startOfTokens(end: number, tokens: number): number
}

/** Number of entries of `ends` that are at most `offset`. */
function upperBound(ends: Uint32Array, offset: number): number {
  let low = 0
  let high = ends.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ends[middle]! <= offset) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * Index of the first end that is before its predecessor or behind the text, or -1. A function of its own: the
 * loop is compiled once, not again for each text.
 */
function firstWrongEnd(ends: Uint32Array, length: number): number {
  let last = 0
  for (let index = 0; index < ends.length; index++) {
    const end = ends[index]!
    if (end < last || end > length) return index
    last = end
  }
  return -1
}

/**
 * Tokenises `text` once. Throws `invalid-argument` when the tokenizer's ends do not ascend or leave the text,
 * and when a number of tokens is not a positive integer.
 */
export function tokenRuler(tokenizer: Tokenizer, text: string): TokenRuler {
  const ends = tokenizer.ends(text)
  const { length } = text
  const wrong = firstWrongEnd(ends, length)
  if (wrong >= 0) {
    const last = wrong === 0 ? 0 : ends[wrong - 1]!
    throw new RagError(
      'invalid-argument',
      `\`tokenizer.ends\` must ascend and stay inside the text, got ${ends[wrong]!} after ${last} in a text of ${length} from tokenizer "${tokenizer.id}".`,
      { details: { argument: 'tokenizer', index: wrong } },
    )
  }

  /** Tokens that begin before `offset`; those that share their characters begin together. */
  function begunBefore(offset: number): number {
    const ended = upperBound(ends, offset)
    if (ended === ends.length || offset <= (ended === 0 ? 0 : ends[ended - 1]!)) return ended
    let begun = ended + 1
    while (ends[begun] === ends[ended]) begun++
    return begun
  }

  return {
    ends,
    count: (start, end) => (end <= start ? 0 : Math.max(0, begunBefore(end) - upperBound(ends, start))),
    endOfTokens(start, tokens) {
      checkInteger('tokens', tokens)
      const ended = upperBound(ends, start)
      const next = ended + tokens
      if (next >= ends.length) return length
      const end = ends[next - 1]!
      if (ends[next] !== end) return end
      // The token after the last one allowed ends at the same offset: stop before the character they share.
      const before = upperBound(ends, end - 1)
      return before > ended ? ends[before - 1]! : end
    },
    startOfTokens(end, tokens) {
      checkInteger('tokens', tokens)
      const skipped = begunBefore(end) - tokens
      // Inside a character of more tokens than allowed, the token skipped last ends after `end`.
      return skipped <= 0 ? 0 : Math.min(end, ends[skipped - 1]!)
    },
  }
}
