import type { CallOptions, ChunkSpan, Document, Tokenizer } from '@tesserae/core'
import type { Separator } from '../internal/boundaries.js'
import { documentCuts } from '../internal/boundaries.js'
import { characterClasses } from '../internal/classes.js'
import { CutTable } from '../internal/cut-table.js'
import { allowedCuts, keptSpans } from '../internal/kept-spans.js'
import type { Ruler } from '../internal/ruler.js'
import { rulerOf } from '../internal/ruler.js'
import { packAll } from '../internal/split.js'
import type { ChunkContext } from '../structural/chunk-context.js'
import { measureContext } from '../structural/chunk-context.js'
import type { Measure } from '../structural/fit.js'
import { chunkTokens } from '../structural/fit.js'
import { lastAtMost, outlineOf, sortedMarks } from '../structural/outline.js'
import { makePace } from '../structural/pace.js'
import { splitStructure } from '../structural/split-structure.js'
import { structureLimits } from '../structural/structural.js'

export interface LevelLimits {
  /** Tokens, outermost first, descending. */
  readonly sizes: readonly number[]
  /** Of the leaves. */
  readonly overlapTokens: number
  readonly base: 'recursive' | 'structural'
  readonly tokenizer: Tokenizer
  /** Two-letter language code, or ''. */
  readonly language: string
}

const SEPARATORS: readonly Separator[] = ['heading', 'paragraph', 'line', 'sentence']
/** A cut counts from this share of the cap on, as in `recursiveChunker`. */
const MINIMUM_FILL = 0.25
/** Part of a leaf that a path or a header may take. */
const CONTEXT_SHARE = 4

/** The spans of all levels: each level is cut inside the spans of the one above, tokens counted once. */
export async function splitLevels(
  document: Document,
  limits: LevelLimits,
  options: CallOptions,
): Promise<ChunkSpan[][]> {
  const { sizes, overlapTokens, base, language } = limits
  const sound = { ...document, marks: sortedMarks(document) }
  const ruler = rulerOf(limits.tokenizer, document.text)
  const whole: Part = { document: sound, ruler, cuts: documentCuts(sound, SEPARATORS, language) }
  const [outermost = 1, ...inner] = sizes
  const pace = makePace(options.signal)
  const levels = [
    base === 'recursive'
      ? await packPart(whole, outermost, 0, options)
      : await structuralParents(document, ruler, outermost, limits, options),
  ]
  for (const [index, size] of inner.entries()) {
    const isLeaf = index === inner.length - 1
    const children: ChunkSpan[] = []
    for (const parent of levels[index]!) {
      const context = measureContext(parent.context ?? '', limits.tokenizer)
      const budget = context.tokens < size ? size - context.tokens : size
      const overlap = isLeaf ? Math.min(overlapTokens, budget - 1) : 0
      const spans = await packPart(partOf(whole, parent), budget, overlap, options)
      const measure = { text: document.text, ruler, tokenizer: limits.tokenizer, maxTokens: size }
      for (const span of spans) children.push(placed(span, parent, context, measure))
      const pause = pace()
      if (pause) await pause
    }
    levels.push(children)
  }
  return levels
}

/** A stretch of the document as a text of its own, measured by the document's tokens. */
interface Part {
  readonly document: Document
  readonly ruler: Ruler
  readonly cuts: CutTable
}

function partOf({ document, ruler, cuts }: Part, { start, end }: ChunkSpan): Part {
  const text = document.text.slice(start, end)
  const within = new CutTable()
  for (let i = cuts.firstStartingAt(start + 1); i < cuts.size && cuts.starts[i]! < end; i++) {
    if (cuts.ends[i]! > start) within.push(cuts.ends[i]! - start, cuts.starts[i]! - start, cuts.ranks[i]!)
  }
  const { marks } = document
  const inside: Document['marks'][number][] = []
  const first = lastAtMost(marks.length, start - 1, (at) => marks[at]!.start) + 1
  for (let at = first; at < marks.length && marks[at]!.start < end; at++) {
    const mark = marks[at]!
    if (mark.end <= end) inside.push({ ...mark, start: mark.start - start, end: mark.end - start })
  }
  return {
    document: { ...document, text, marks: inside },
    ruler: {
      count: (from, to) => ruler.count(start + from, start + to),
      reach: (from, units) => Math.min(text.length, ruler.reach(start + from, units) - start),
      reachBack: (to, units) => Math.max(0, ruler.reachBack(start + to, units) - start),
      alone: (from, to) => ruler.alone(start + from, start + to),
    },
    cuts: within,
  }
}

function packPart(
  { document, ruler, cuts }: Part,
  maxUnits: number,
  overlapUnits: number,
  options: CallOptions,
): Promise<ChunkSpan[]> {
  const kept = keptSpans(document, ruler, maxUnits, characterClasses())
  const plan = {
    text: document.text,
    ruler,
    maxUnits,
    overlapUnits,
    cuts: allowedCuts(cuts, kept),
    kept,
    fine: 'word',
    minimumFill: MINIMUM_FILL,
    trim: true,
  } as const
  return packAll(plan, true, options)
}

/** Parents along sections; their contexts are made for leaves to share. */
function structuralParents(
  document: Document,
  ruler: Ruler,
  maxTokens: number,
  { sizes, tokenizer, language }: LevelLimits,
  options: CallOptions,
): Promise<ChunkSpan[]> {
  const share = Math.floor(Math.min(...sizes) / CONTEXT_SHARE)
  const limits = structureLimits({ maxTokens, tokenizer })
  const shared = { ...limits, language, pathTokens: share, labelTokens: share }
  return splitStructure(outlineOf(document), ruler, shared, options)
}

/** The span of a part, in the document, under its parent; with its context where that fits. */
function placed(span: ChunkSpan, parent: ChunkSpan, context: ChunkContext, measure: Measure): ChunkSpan {
  const start = parent.start + span.start
  const end = parent.start + span.end
  const tokens = span.tokens ?? 0
  const child: ChunkSpan = { start, end, window: { start: parent.start, end: parent.end }, tokens }
  const fits = chunkTokens(measure, start, end, tokens, context) <= measure.maxTokens
  return context.text !== '' && fits ? { ...child, context: context.text } : child
}
