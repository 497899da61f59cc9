import type { Chunker, Tokenizer } from '@tesserae/core'
import { pieceTokenizer } from '@tesserae/core'
import { makeChunker } from '../internal/make-chunker.js'
import { checkNames, chunkerId } from '../internal/options.js'
import { rulerOf } from '../internal/ruler.js'
import { outlineOf } from '../structural/outline.js'
import { splitStructure } from '../structural/split-structure.js'
import type { StructuralChunkerOptions } from '../structural/structural.js'
import { structureLimits } from '../structural/structural.js'
import { findSections } from './find-sections.js'
import type { SectionPattern } from './patterns.js'
import { checkPatterns } from './patterns.js'

export interface SectionChunkerOptions {
  /** What opens a section, as `SectionPattern` explains; the first that matches a line counts. Required. */
  readonly patterns: readonly SectionPattern[]
  /** Hard cap of a chunk with its context, in tokens of `tokenizer`. @default 400 */
  readonly maxTokens?: number | undefined
  /** As in `structuralChunker`: where chunks close early. @default maxTokens */
  readonly softTokens?: number | undefined
  /** Sections with fewer tokens are merged with a neighbour under the same section. @default 0: never */
  readonly minTokens?: number | undefined
  /**
   * Give chunks the names of the sections they lie in, `Article I > 1.2 Fees`, as `context`; `maxTokens` is the most
   * tokens of it. @default true: a quarter of maxTokens
   */
  readonly sectionContext?: StructuralChunkerOptions['headingContext']
  /** What a token is. @default pieceTokenizer() */
  readonly tokenizer?: Tokenizer | undefined
  /** Language of the text, for ordinals and the Greek question mark. @default none */
  readonly locale?: string | undefined
}

const OPTIONS = ['patterns', 'maxTokens', 'softTokens', 'minTokens', 'sectionContext', 'tokenizer', 'locale']

/**
 * Chunks along sections that patterns find in the text, for documents whose headings no loader marks: judgments,
 * contracts, minutes. Every section is a chunk, or several when it is over the cap; text before the first
 * section is kept. Inside sections it works as `structuralChunker`. Heading marks of the document do not count;
 * lines inside tables and code open no section. Throws `invalid-argument` for options out of range.
 */
export function sectionChunker(options: SectionChunkerOptions): Chunker {
  checkNames('sectionChunker', options, OPTIONS)
  const patterns = checkPatterns(options.patterns)
  const limits = structureLimits({
    maxTokens: options.maxTokens,
    softTokens: options.softTokens,
    minTokens: options.minTokens ?? 0,
    headingContext: options.sectionContext,
    tokenizer: options.tokenizer ?? pieceTokenizer(),
    locale: options.locale,
  })
  const { tokenizer, ...sizes } = limits
  const names = patterns.map(({ name, level, pattern }) => [name, level, pattern.source, pattern.flags])
  const id = chunkerId('section', { patterns: names, ...sizes, tokenizer: tokenizer.id })
  return makeChunker(id, async (document, call) => {
    const sections = await findSections(document, patterns, call)
    return splitStructure(outlineOf(sections), rulerOf(tokenizer, document.text), limits, call)
  })
}
