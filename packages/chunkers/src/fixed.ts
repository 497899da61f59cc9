import type { CallOptions, Chunker, Document, Tokenizer } from '@tesserae/core'
import { checkInteger, checkOneOf, invalid, pieceTokenizer } from '@tesserae/core'
import type { Separator } from './internal/boundaries.js'
import { characterClasses } from './internal/classes.js'
import { CutTable } from './internal/cut-table.js'
import { KeptSpans, keptSpans } from './internal/kept-spans.js'
import { makeChunker } from './internal/make-chunker.js'
import { checkBoolean, checkLocale, checkNames, checkOverlap, chunkerId } from './internal/options.js'
import type { PackPlan } from './internal/pack.js'
import { characterRuler, rulerOf } from './internal/ruler.js'
import { packAll } from './internal/split.js'
import { TextCuts } from './internal/text-cuts.js'
import { wordTokenizer } from './internal/words.js'

export type Snap = 'none' | 'grapheme' | 'word' | 'sentence' | 'paragraph'

/** Exactly one of `maxTokens`, `maxChars` and `maxWords` sets the size; with none, `maxTokens` is 400. */
export interface FixedChunkerOptions {
  /** Size in tokens of `tokenizer`. @default 400 */
  readonly maxTokens?: number | undefined
  /** Size in UTF-16 code units, as `string.length` counts. @default none */
  readonly maxChars?: number | undefined
  /** Size in words: runs between blanks, and single characters of scripts without blanks. @default none */
  readonly maxWords?: number | undefined
  /** Tokens repeated from the chunk before, below `maxTokens`; only with a size in tokens. @default 0 */
  readonly overlapTokens?: number | undefined
  /** Overlap in percent of the size, from 0 to below 100, whatever the unit. @default 0 */
  readonly overlapPercent?: number | undefined
  /**
   * The border that chunks step back to, at most half their size; the next finer one where none is in reach.
   * `none` cuts anywhere but inside a code point or CRLF. @default 'word'
   */
  readonly snap?: Snap | undefined
  /** What a token is; only with a size in tokens. @default pieceTokenizer() */
  readonly tokenizer?: Tokenizer | undefined
  /** Leave blanks at both ends of a chunk out of its span. When false, the chunks hold every character. @default true */
  readonly trim?: boolean | undefined
  /** Language of the text, for ordinals and the Greek question mark; only with `snap` 'sentence' or 'paragraph'. @default none */
  readonly locale?: string | undefined
}

const SNAPS: readonly Snap[] = ['none', 'grapheme', 'word', 'sentence', 'paragraph']
const UNITS = ['maxTokens', 'maxChars', 'maxWords'] as const
const OPTIONS = [...UNITS, 'overlapTokens', 'overlapPercent', 'snap', 'tokenizer', 'trim', 'locale']
/** Chunks of fixed size may end early for a border, but stay at least half full. */
const MINIMUM_FILL = 0.5

/**
 * Chunks of one size with a fixed overlap, moved to the nearest border before. With `snap` 'sentence' or
 * 'paragraph', tables, rows and code blocks that fit stay whole; finer snaps ignore the document's marks.
 * Throws `invalid-argument` for options out of range or in mixed units.
 */
export function fixedChunker(options: FixedChunkerOptions = {}): Chunker {
  checkNames('fixedChunker', options, OPTIONS)
  const unit = chosenUnit(options)
  const size = checkInteger(unit, options[unit] ?? 400)
  if (unit !== 'maxTokens') {
    for (const name of ['overlapTokens', 'tokenizer'] as const) {
      if (options[name] === undefined) continue
      invalid(
        name,
        `left out when the size is \`${unit}\``,
        options[name],
        'Give the overlap as `overlapPercent`.',
      )
    }
  }
  const overlap = checkOverlap(unit, size, 'overlapTokens', options.overlapTokens, options.overlapPercent)
  const snap = checkOneOf('snap', options.snap ?? 'word', SNAPS)
  const separators = separatorsOf(snap)
  if (options.locale !== undefined && separators.length === 0) {
    invalid(
      'locale',
      `left out when \`snap\` is "${snap}"`,
      options.locale,
      'It only tells where sentences end.',
    )
  }
  const language = checkLocale(options.locale)
  const trim = checkBoolean('trim', options.trim ?? true)
  const tokenizer = unit === 'maxWords' ? wordTokenizer : (options.tokenizer ?? pieceTokenizer())
  const ids = { [unit]: size, overlap, snap, trim, language }
  const id = chunkerId('fixed', unit === 'maxTokens' ? { ...ids, tokenizer: tokenizer.id } : ids)
  const split = async (document: Document, call: CallOptions) => {
    const { text } = document
    const ruler = unit === 'maxChars' ? characterRuler(text) : rulerOf(tokenizer, text)
    // Finer snaps do without boundaries, also those of marks.
    const hasCuts = separators.length > 0
    const kept = hasCuts ? keptSpans(document, ruler, size, characterClasses()) : new KeptSpans()
    const plan: PackPlan = {
      text,
      ruler,
      maxUnits: size,
      overlapUnits: overlap,
      cuts: hasCuts ? new TextCuts(document, separators, language, kept) : new CutTable(),
      kept,
      fine: snap === 'none' || snap === 'grapheme' ? snap : 'word',
      minimumFill: MINIMUM_FILL,
      trim,
    }
    return packAll(plan, unit === 'maxTokens', call)
  }
  return makeChunker(id, split, { overlap, size })
}

function chosenUnit(options: FixedChunkerOptions): (typeof UNITS)[number] {
  const given = UNITS.filter((unit) => options[unit] !== undefined)
  if (given.length > 1) {
    invalid(given[1]!, `left out when \`${given[0]}\` is given`, options[given[1]!], 'A size has one unit.')
  }
  return given[0] ?? 'maxTokens'
}

function separatorsOf(snap: Snap): readonly Separator[] {
  if (snap === 'sentence') return ['sentence']
  return snap === 'paragraph' ? ['paragraph', 'line', 'sentence'] : []
}
