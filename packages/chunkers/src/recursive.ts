import type { CallOptions, Chunker, Document, Tokenizer } from '@tesserae/core'
import { checkInteger, invalid, pieceTokenizer } from '@tesserae/core'
import type { Separator } from './internal/boundaries.js'
import { MAX_SEPARATORS } from './internal/boundaries.js'
import { characterClasses } from './internal/classes.js'
import { keptSpans } from './internal/kept-spans.js'
import { makeChunker } from './internal/make-chunker.js'
import { checkBoolean, checkLocale, checkNames, checkOverlap, chunkerId } from './internal/options.js'
import type { PackPlan } from './internal/pack.js'
import { rulerOf } from './internal/ruler.js'
import { packAll } from './internal/split.js'
import { TextCuts } from './internal/text-cuts.js'

export interface RecursiveChunkerOptions {
  /** Hard cap of a chunk, in tokens of `tokenizer`. @default 400 */
  readonly maxTokens?: number | undefined
  /** Most tokens repeated from the chunk before, below `maxTokens`. Not together with `overlapPercent`. @default 0 */
  readonly overlapTokens?: number | undefined
  /** The same in percent of `maxTokens`, from 0 to below 100. @default 0 */
  readonly overlapPercent?: number | undefined
  /**
   * Where to cut, best first. Where none is in reach, chunks end between words, then between characters.
   * @default ['heading', 'paragraph', 'line', 'sentence']
   */
  readonly separators?: readonly Separator[] | undefined
  /** What a token is. @default pieceTokenizer() */
  readonly tokenizer?: Tokenizer | undefined
  /** Leave blanks at both ends of a chunk out of its span. When false, the chunks hold every character. @default true */
  readonly trim?: boolean | undefined
  /** Language of the text, for ordinals and the Greek question mark; only with separator 'sentence'. @default none */
  readonly locale?: string | undefined
}

/** A cut counts from here on: better places further forward would leave crumbs. */
const MINIMUM_FILL = 0.25
const SEPARATORS: readonly Separator[] = ['heading', 'paragraph', 'line', 'sentence']
const OPTIONS = ['maxTokens', 'overlapTokens', 'overlapPercent', 'separators', 'tokenizer', 'trim', 'locale']

/**
 * Chunks that end at the best boundary in reach: in front of a heading, else at a paragraph, a line, a
 * sentence, a word, a character. Each chunk is filled to at least a quarter before a boundary counts, and
 * never over `maxTokens`. Tables, rows and code blocks that fit stay whole, and a heading stays with what
 * follows it, as far as the document's marks tell. Throws `invalid-argument` for options out of range.
 */
export function recursiveChunker(options: RecursiveChunkerOptions = {}): Chunker {
  checkNames('recursiveChunker', options, OPTIONS)
  const maxTokens = checkInteger('maxTokens', options.maxTokens ?? 400)
  const { overlapTokens, overlapPercent } = options
  const overlap = checkOverlap('maxTokens', maxTokens, 'overlapTokens', overlapTokens, overlapPercent)
  const separators = checkSeparators(options.separators ?? SEPARATORS)
  const tokenizer = options.tokenizer ?? pieceTokenizer()
  const trim = checkBoolean('trim', options.trim ?? true)
  if (options.locale !== undefined && !separators.includes('sentence')) {
    invalid(
      'locale',
      'left out when `separators` has no "sentence"',
      options.locale,
      'It only tells where sentences end.',
    )
  }
  const language = checkLocale(options.locale)
  const ids = { maxTokens, overlap, separators, tokenizer: tokenizer.id, trim, language }
  const split = async (document: Document, call: CallOptions) => {
    const ruler = rulerOf(tokenizer, document.text)
    const kept = keptSpans(document, ruler, maxTokens, characterClasses())
    const plan: PackPlan = {
      text: document.text,
      ruler,
      maxUnits: maxTokens,
      overlapUnits: overlap,
      cuts: new TextCuts(document, separators, language, kept),
      kept,
      fine: 'word',
      minimumFill: MINIMUM_FILL,
      trim,
    }
    return packAll(plan, true, call)
  }
  return makeChunker(chunkerId('recursive', ids), split, { overlap, size: maxTokens })
}

function checkSeparators(separators: readonly Separator[]): readonly Separator[] {
  if (!Array.isArray(separators) || separators.length > MAX_SEPARATORS) {
    invalid('separators', `an array of at most ${MAX_SEPARATORS}`, separators)
  }
  const seen = new Set<string>()
  for (const separator of separators) {
    const key = JSON.stringify(separator)
    if (seen.has(key)) invalid('separators', 'without repeats', key)
    seen.add(key)
    if (SEPARATORS.includes(separator)) continue
    if (typeof separator === 'object' && separator !== null) {
      const literal: unknown = Object.values(separator)[0]
      const isNamed = 'before' in separator || 'after' in separator
      if (isNamed && Object.keys(separator).length === 1 && typeof literal === 'string' && literal !== '')
        continue
    }
    invalid(
      'separators',
      'made of "heading", "paragraph", "line", "sentence", { before: text } and { after: text }',
      separator,
      'To cut at a literal text, write { after: "; " }.',
    )
  }
  return [...separators]
}
