import type { ChunkSpan } from '@tesserae/core'
import { isSafeCut, safeCutAfter } from '@tesserae/core'
import { BLANK, characterClasses, NEWLINE, skipBlanks, trimBlanks } from '../internal/classes.js'
import type { CutTable } from '../internal/cut-table.js'
import { fineCutBefore } from '../internal/fine-cut.js'
import type { Ruler } from '../internal/ruler.js'
import type { ChunkContext } from './chunk-context.js'
import type { Pace } from './pace.js'

/** Cuts of this rank or a better one are edges of structure: chunks close there once they reach `softTokens`. */
export const STRUCTURE_RANK = 9
/** A cut counts from this share of the budget on: better places before it would leave crumbs. */
const MINIMUM_FILL = 0.25

export interface RangePlan {
  readonly text: string
  readonly ruler: Ruler
  /** Hard cap of a chunk, `context` counted. */
  readonly maxTokens: number
  /** From here on a chunk closes at the next edge of structure; at most `maxTokens`. */
  readonly softTokens: number
  /** The last chunk of a range rather has at least this many tokens. */
  readonly minTokens: number
  /** Context of a chunk that starts at `offset`; fewer tokens than `maxTokens`. */
  contextAt(offset: number): ChunkContext
}

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
    const content = skipBlanks(text, at, limit, classes)
    const context = plan.contextAt(at)
    const cut = chooseCut(plan, at, limit, crumbs, cuts, context)
    const chunkEnd = cut < 0 ? trimBlanks(text, at, -cut, classes) : cuts.ends[cut]!
    pushSpan(plan, ruler.count(at, chunkEnd) > plan.maxTokens ? content : at, chunkEnd, context, spans)
    at = cut < 0 ? contentStart(text, -cut, limit, classes) : cuts.starts[cut]!
    const pause = pace()
    if (pause) await pause
  }
}

/** Appends a chunk; its context is left out where the two together are over the cap. */
export function pushSpan(
  plan: RangePlan,
  start: number,
  end: number,
  context: ChunkContext,
  spans: ChunkSpan[],
): void {
  const tokens = plan.ruler.count(start, end)
  const fits = context.text !== '' && tokens + context.tokens <= plan.maxTokens
  spans.push(fits ? { start, end, context: context.text, tokens } : { start, end, tokens })
}

/** Index of the cut to take, or minus the offset to cut at where no cut will do. */
function chooseCut(
  plan: RangePlan,
  at: number,
  limit: number,
  crumbs: number,
  cuts: CutTable,
  context: ChunkContext,
): number {
  const { ruler, maxTokens, softTokens } = plan
  const budget = maxTokens - context.tokens
  const soft = Math.min(budget, Math.max(1, softTokens - context.tokens))
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
