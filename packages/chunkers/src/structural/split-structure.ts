import type { CallOptions, ChunkSpan, Tokenizer } from '@tesserae/core'
import type { Ruler } from '../internal/ruler.js'
import { blockCuts } from './block-cuts.js'
import type { ChunkContext } from './chunk-context.js'
import { clippedContext, measureContext, NO_CONTEXT, pathContext } from './chunk-context.js'
import { sectionGroups } from './group-sections.js'
import type { Outline } from './outline.js'
import { sectionAt, splitBlockLabel, titlePath } from './outline.js'
import { makePace } from './pace.js'
import type { RangePlan } from './pack-range.js'
import { packRange, pushIfFits } from './pack-range.js'

export interface StructureLimits {
  /** Hard cap of a chunk, context counted. */
  readonly maxTokens: number
  readonly softTokens: number
  readonly minTokens: number
  /** Most tokens of the heading path; 0 for no path. */
  readonly pathTokens: number
  /** Most tokens of a table's header row or a code block's language; 0 for none. */
  readonly labelTokens: number
  readonly tokenizer: Tokenizer
  /** Two-letter language code, or ''. */
  readonly language: string
}

/** Stands between the titles of a heading path. */
export const PATH_SEPARATOR = ' > '

/** Packs the sections of `outline` into chunks. */
export async function splitStructure(
  outline: Outline,
  ruler: Ruler,
  limits: StructureLimits,
  options: CallOptions,
): Promise<ChunkSpan[]> {
  const { text } = outline
  const { maxTokens } = limits
  const paths = sectionPaths(outline, limits)
  const pace = makePace(options.signal)
  const spans: ChunkSpan[] = []

  for (const group of sectionGroups(outline, ruler, limits, paths)) {
    const pause = pace()
    if (pause) await pause
    const { start, end, section, shared } = group
    const plan: RangePlan = {
      text,
      ruler,
      tokenizer: limits.tokenizer,
      maxTokens,
      softTokens: limits.softTokens,
      minTokens: limits.minTokens,
      contextAt: (offset) =>
        offset === start
          ? paths(shared)
          : withLabel(outline, limits, paths(enclosingSection(offset)), offset),
    }
    const context = paths(shared)
    const isSmall = group.tokens + context.tokens <= limits.softTokens
    if (isSmall && pushIfFits(plan, start, end, context, spans) <= 0) continue
    const pathTokens = Math.max(context.tokens, paths(enclosingSection(end - 1)).tokens)
    const blockLimits = {
      budget: maxTokens - pathTokens,
      rowBudget: Math.max(1, maxTokens - pathTokens - limits.labelTokens),
      language: limits.language,
    }
    const cuts = blockCuts(outline, ruler, blockLimits, outline.firstMarks[section]!, start, end)
    await packRange(plan, start, end, cuts, spans, pace)
  }
  return spans

  function enclosingSection(offset: number): number {
    const at = sectionAt(outline, offset)
    return at === 0 ? -1 : at
  }
}

/** Heading path of a section by its index, -1 for none; each is made once. */
function sectionPaths(
  outline: Outline,
  { pathTokens, tokenizer }: StructureLimits,
): (section: number) => ChunkContext {
  const known: (ChunkContext | undefined)[] = []
  return (section) => {
    if (section < 0 || pathTokens === 0) return NO_CONTEXT
    const path =
      known[section] ?? pathContext(titlePath(outline, section), PATH_SEPARATOR, pathTokens, tokenizer)
    known[section] = path
    return path
  }
}

/** The path and, on a line of its own, the header or language of the block that the chunk goes on with. */
function withLabel(
  outline: Outline,
  { labelTokens, maxTokens, tokenizer }: StructureLimits,
  path: ChunkContext,
  offset: number,
): ChunkContext {
  if (labelTokens === 0) return path
  const label = clippedContext(splitBlockLabel(outline, offset), labelTokens, tokenizer)
  if (label.text === '' || path.text === '') return label.text === '' ? path : label
  const both = measureContext(`${path.text}\n${label.text}`, tokenizer)
  return both.tokens < maxTokens ? both : path
}
