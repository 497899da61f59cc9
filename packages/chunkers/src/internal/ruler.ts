import type { Tokenizer } from '@tesserae/core'
import { tokenRuler } from '@tesserae/core'
import { AloneCounter } from './alone.js'

/** Measures spans of one text in one unit. */
export interface Ruler {
  /** Units that the span touches: a unit cut by its end counts whole. */
  count(start: number, end: number): number
  /** Largest `end` such that [start, end) touches at most `units` units. */
  reach(start: number, units: number): number
  /** Smallest `start` such that [start, end) touches at most `units` units. */
  reachBack(end: number, units: number): number
  /** Units of the span's text measured alone: may be more than `count`, where an edge divides what the document joins. */
  alone(start: number, end: number): number
}

/** Tokenises the text once; every question after that is a binary search, but `alone` tokenises the edges of the span. */
export function rulerOf(tokenizer: Tokenizer, text: string): Ruler {
  const tokens = tokenRuler(tokenizer, text)
  const counter = new AloneCounter(tokenizer, text, tokens)
  return {
    count: tokens.count,
    reach: tokens.endOfTokens,
    reachBack: tokens.startOfTokens,
    alone: (start, end) => counter.count(start, end),
  }
}

/** One unit per UTF-16 code unit, as `string.length` counts. */
export function characterRuler(text: string): Ruler {
  return {
    count: (start, end) => end - start,
    reach: (start, units) => Math.min(text.length, start + units),
    reachBack: (end, units) => Math.max(0, end - units),
    alone: (start, end) => end - start,
  }
}
