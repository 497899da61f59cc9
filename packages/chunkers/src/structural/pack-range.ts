import type { ChunkSpan } from '@tesserae/core'
import { isSafeCut, safeCutAfter } from '@tesserae/core'
import { BLANK, characterClasses, NEWLINE, skipBlanks, trimBlanks } from '../internal/classes.js'
import type { CutTable } from '../internal/cut-table.js'
import { fineCutBefore, longestFitting } from '../internal/fine-cut.js'
import type { ChunkContext } from './chunk-context.js'
import { NO_CONTEXT } from './chunk-context.js'
import type { Measure } from './fit.js'
import { chunkTokens, spanTokens } from './fit.js'
import type { Pace } from './pace.js'

/** Cuts of this rank or a better one are edges of structure: chunks close there once they reach `softTokens`. */
export const STRUCTURE_RANK = 9
/** A cut counts from this share of the budget on: better places before it would leave crumbs. */
const MINIMUM_FILL = 0.25

export interface RangePlan extends Measure {
  /** From here on a chunk closes at the next edge of structure; at most `maxTokens`. */
  readonly softTokens: number
  /** The last chunk of a range rather has at least this many tokens. */
  readonly minTokens: number
  /** Context of a chunk that starts at `offset`; fewer tokens than `maxTokens`. */
  contextAt(offset: number): ChunkContext
}

/** The plan of chunks as large as the cap allows. */
export function fullPlan(measure: Measure, contextAt: RangePlan['contextAt']): RangePlan {
  return { ...measure, softTokens: measure.maxTokens, minTokens: 0, contextAt }
}

/** Chunks that turn out over the cap when measured alone are cut again this often, with less room each time. */
const MOST_ATTEMPTS = 4

/**
 * Cuts [start, end) into chunks at the best-ranked cut in reach, the last of equals; where there is none,
 * between words, characters, code points. Unlike `Packer` it works on a part of the text, and each chunk's
 * budget is what its own context leaves of the cap. Appends to `spans`; every non-blank character is covered.
 */
export async function packRange(
  plan: RangePlan,
  start: number,
  end: number,
  cuts: CutTable,
  spans: ChunkSpan[],
  pace: Pace,
): Promise<void> {
  const { text, ruler, minTokens } = plan
  const classes = characterClasses()
  const limit = trimBlanks(text, start, end, classes)
  const crumbs = minTokens > 0 ? ruler.reachBack(limit, minTokens) : limit
  let at = contentStart(text, start, limit, classes)
  while (at < limit) {
    at = packNext(plan, at, limit, crumbs, cuts, spans)
    const pause = pace()
    if (pause) await pause
  }
}

/** Appends the chunk that starts at `at`; returns where the next one does. */
function packNext(
  plan: RangePlan,
  at: number,
  limit: number,
  crumbs: number,
  cuts: CutTable,
  spans: ChunkSpan[],
): number {
  const { text, maxTokens } = plan
  const classes = characterClasses()
  const context = plan.contextAt(at)
  let budget = maxTokens - context.tokens
  for (let attempt = 0; budget > 0 && attempt < MOST_ATTEMPTS; attempt++) {
    const cut = chooseCut(plan, at, limit, crumbs, cuts, budget, plan.softTokens - context.tokens)
    const end = cut < 0 ? trimBlanks(text, at, -cut, classes) : cuts.ends[cut]!
    const excess = pushIfFits(plan, at, end, context, spans)
    if (excess <= 0) return cut < 0 ? contentStart(text, -cut, limit, classes) : cuts.starts[cut]!
    budget -= excess
  }
  const end = pushShortened(plan, skipBlanks(text, at, limit, classes), limit, context, spans)
  return contentStart(text, end, limit, classes)
}

/** Appends the chunk, unless it is over the cap with its context; returns the tokens it is over, 0 or less if none. */
export function pushIfFits(
  plan: RangePlan,
  start: number,
  end: number,
  context: ChunkContext,
  spans: ChunkSpan[],
): number {
  const tokens = spanTokens(plan.ruler, start, end)
  const excess = chunkTokens(plan, start, end, tokens, context) - plan.maxTokens
  if (excess <= 0)
    spans.push(context.text === '' ? { start, end, tokens } : { start, end, context: context.text, tokens })
  return excess
}

/**
 * Appends a chunk where no room was small enough: as long as it fits, by bisection. A single code point that is
 * over the cap with its context is a chunk without; it cannot be divided, and skipping it would lose it.
 */
function pushShortened(
  plan: RangePlan,
  start: number,
  limit: number,
  context: ChunkContext,
  spans: ChunkSpan[],
): number {
  const { text, ruler, maxTokens } = plan
  const tokensTo = (end: number) => spanTokens(ruler, start, end)
  const fitsWith = (end: number, using: ChunkContext) =>
    chunkTokens(plan, start, end, tokensTo(end), using) <= maxTokens
  const kept = fitsWith(safeCutAfter(text, start + 1), context) ? context : NO_CONTEXT
  const high = Math.min(limit, ruler.reach(start, maxTokens)) + 1
  const end = longestFitting(text, start, high, 'grapheme', characterClasses(), (at) => fitsWith(at, kept))
  const tokens = tokensTo(end)
  spans.push(kept.text === '' ? { start, end, tokens } : { start, end, context: kept.text, tokens })
  return end
}

/** Index of the cut to take, or minus the offset to cut at where no cut will do. */
function chooseCut(
  plan: RangePlan,
  at: number,
  limit: number,
  crumbs: number,
  cuts: CutTable,
  budget: number,
  softBudget: number,
): number {
  const { ruler } = plan
  const soft = Math.min(budget, Math.max(1, softBudget))
  const remaining = ruler.count(at, limit)
  if (remaining <= soft) return -limit
  const reach = Math.min(limit, ruler.reach(at, budget))
  const last = lastCutEndingBy(cuts, reach)
  if (soft < budget) {
    const softReach = ruler.reach(at, soft)
    for (let i = lastCutEndingBy(cuts, softReach - 1) + 1; i <= last; i++) {
      if (cuts.ranks[i]! >= STRUCTURE_RANK && cuts.ends[i]! > at) return i
    }
    if (remaining <= budget) return -limit
  }
  const floor = Math.max(
    at,
    Math.min(reach - 1, ruler.reach(at, Math.max(1, Math.floor(budget * MINIMUM_FILL)))),
  )
  let best = -1
  let bestRank = 0
  for (let i = last; i >= 0 && cuts.ends[i]! > floor; i--) {
    const rank = cuts.ranks[i]!
    const mends = best >= 0 && rank === bestRank && cuts.starts[best]! > crumbs && cuts.starts[i]! <= crumbs
    if (rank > bestRank || mends) {
      best = i
      bestRank = rank
    }
  }
  if (best < 0 && last >= 0 && cuts.ends[last]! > at) best = last
  if (best >= 0 && ruler.count(at, cuts.ends[best]!) <= budget) return best
  return -fineCut(plan, at, limit, budget)
}

/** Where to end a chunk that has no good place in reach. */
function fineCut({ text, ruler }: RangePlan, at: number, limit: number, budget: number): number {
  const classes = characterClasses()
  const content = skipBlanks(text, at, limit, classes)
  const reach = Math.max(content, Math.min(limit, ruler.reach(at, budget)))
  const cut = fineCutBefore(text, content, reach, 'word', classes)
  if (cut > content && ruler.count(at, cut) <= budget) return cut
  // One code point over the budget: it cannot be divided, and skipping it would lose it.
  return safeCutAfter(text, content + 1)
}

/** Index of the last cut that ends at or before `offset`, or -1. */
function lastCutEndingBy(cuts: CutTable, offset: number): number {
  let low = 0
  let high = cuts.size
  while (low < high) {
    const middle = (low + high) >>> 1
    if (cuts.ends[middle]! <= offset) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Where text goes on at or behind `offset`: the first character that is not blank, with its line's indentation. */
export function contentStart(text: string, offset: number, limit: number, classes: Uint8Array): number {
  const content = skipBlanks(text, offset, limit, classes)
  let start = content
  while (start > offset && classes[text.charCodeAt(start - 1)] === BLANK) start--
  if (content === limit) return limit
  return start > offset && classes[text.charCodeAt(start - 1)] === NEWLINE ? start : content
}

/**
 * Adds the gap of blanks around `at` to `cuts`, unless it touches the edges of [start, end), divides a
 * character, or lies before the last cut.
 */
export function pushCut(
  cuts: CutTable,
  text: string,
  start: number,
  end: number,
  at: number,
  rank: number,
): void {
  if (at <= start || at >= end || !isSafeCut(text, at)) return
  const classes = characterClasses()
  const cutEnd = trimBlanks(text, start, at, classes)
  const cutStart = contentStart(text, at, end, classes)
  if (cutEnd <= start || cutStart >= end) return
  if (cuts.size > 0 && (cutStart < cuts.starts[cuts.size - 1]! || cutEnd < cuts.ends[cuts.size - 1]!)) return
  cuts.push(cutEnd, cutStart, rank)
}
