import type { Chunker, Tokenizer } from '@tesserae/core'
import { checkInteger, invalid, pieceTokenizer } from '@tesserae/core'
import { makeChunker } from '../internal/make-chunker.js'
import { checkBoolean, checkLocale, checkNames, chunkerId } from '../internal/options.js'
import { rulerOf } from '../internal/ruler.js'
import { outlineOf } from './outline.js'
import type { StructureLimits } from './split-structure.js'
import { splitStructure } from './split-structure.js'

export interface StructuralChunkerOptions {
  /** Hard cap of a chunk with its context, in tokens of `tokenizer`. @default 400 */
  readonly maxTokens?: number | undefined
  /**
   * A chunk that has this many tokens, context counted, closes at the next edge of a block; sections up to this
   * size are not divided. At most `maxTokens`. @default maxTokens
   */
  readonly softTokens?: number | undefined
  /**
   * Sections with fewer tokens are merged with the next under the same heading, or the one before, while the
   * whole fits into `softTokens`. 0 for one chunk a section. At most `softTokens`. @default a quarter of softTokens
   */
  readonly minTokens?: number | undefined
  /**
   * Give chunks the path of their headings, `A > B > C`, as `context`; `maxTokens` is the most tokens of it, at
   * most half of the chunk's. Of a longer path the outer titles are left out. @default true: a quarter of maxTokens
   */
  readonly headingContext?: boolean | { readonly maxTokens: number } | undefined
  /**
   * Repeat a table's first row, or a code block's language, in the `context` of chunks that go on with it, up to
   * a quarter of `maxTokens`. @default true
   */
  readonly blockContext?: boolean | undefined
  /** What a token is. @default pieceTokenizer() */
  readonly tokenizer?: Tokenizer | undefined
  /** Language of the text, for ordinals and the Greek question mark. @default none */
  readonly locale?: string | undefined
}

const OPTIONS = [
  'maxTokens',
  'softTokens',
  'minTokens',
  'headingContext',
  'blockContext',
  'tokenizer',
  'locale',
]
/** Part of the cap that a path or a header may take by default. */
const CONTEXT_SHARE = 4

/**
 * Chunks along the structure that the loader marked: one section a chunk, small siblings merged, larger
 * sections divided between blocks. Lists, list items, tables, rows and code blocks that fit stay whole; those
 * that do not are divided at items, rows, blank lines, lines, and only then inside sentences.
 *
 * `context` is the path of the headings that are open throughout the chunk. It works on marks alone, whatever
 * the format was; in a document without marks it cuts at paragraphs, lines and sentences. Throws
 * `invalid-argument` for options out of range.
 */
export function structuralChunker(options: StructuralChunkerOptions = {}): Chunker {
  checkNames('structuralChunker', options, OPTIONS)
  const limits = structureLimits(options)
  const { tokenizer, ...sizes } = limits
  const id = chunkerId('structural', { ...sizes, tokenizer: tokenizer.id })
  return makeChunker(id, async (document, call) =>
    splitStructure(outlineOf(document), rulerOf(tokenizer, document.text), limits, call),
  )
}

/** The options with their defaults, checked. */
export function structureLimits(options: StructuralChunkerOptions): StructureLimits {
  const maxTokens = checkInteger('maxTokens', options.maxTokens ?? 400)
  const softTokens = checkInteger('softTokens', options.softTokens ?? maxTokens)
  if (softTokens > maxTokens) {
    invalid(
      'softTokens',
      `at most \`maxTokens\` (${maxTokens})`,
      softTokens,
      'It is where chunks close early.',
    )
  }
  const minTokens = checkInteger('minTokens', options.minTokens ?? Math.floor(softTokens / CONTEXT_SHARE), 0)
  if (minTokens > softTokens) {
    invalid('minTokens', `at most \`softTokens\` (${softTokens})`, minTokens, 'Merged sections must fit.')
  }
  const share = Math.floor(maxTokens / CONTEXT_SHARE)
  return {
    maxTokens,
    softTokens,
    minTokens,
    pathTokens: checkHeadingContext(options.headingContext ?? true, maxTokens, share),
    labelTokens: checkBoolean('blockContext', options.blockContext ?? true) ? share : 0,
    tokenizer: options.tokenizer ?? pieceTokenizer(),
    language: checkLocale(options.locale),
  }
}

function checkHeadingContext(
  value: boolean | { readonly maxTokens: number },
  maxTokens: number,
  share: number,
): number {
  if (typeof value === 'boolean') return value ? share : 0
  if (typeof value !== 'object' || value === null) {
    invalid('headingContext', 'true, false or { maxTokens }', value)
  }
  checkNames('headingContext', value, ['maxTokens'])
  const pathTokens = checkInteger('headingContext.maxTokens', value.maxTokens)
  if (pathTokens > maxTokens / 2) {
    invalid(
      'headingContext.maxTokens',
      `at most half of \`maxTokens\` (${maxTokens})`,
      pathTokens,
      'The rest is for the text itself.',
    )
  }
  return pathTokens
}
