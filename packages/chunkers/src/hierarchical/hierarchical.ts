import type { CallOptions, Chunker, ChunkSpan, Document, Tokenizer } from '@tesserae/core'
import { checkInteger, checkOneOf, invalid, pieceTokenizer } from '@tesserae/core'
import { makeChunker } from '../internal/make-chunker.js'
import { checkLocale, checkNames, chunkerId } from '../internal/options.js'
import type { LevelLimits } from './split-levels.js'
import { splitLevels } from './split-levels.js'

export interface HierarchicalChunkerOptions {
  /** Caps of the levels in tokens, from parents to leaves, each below the one before; at least two. @default [1500, 300] */
  readonly sizes?: readonly number[] | undefined
  /**
   * Most tokens that a leaf repeats of the one before it in the same parent; below the last size. Parents never
   * overlap. @default a fifth of the last size: 60 of 300
   */
  readonly overlapTokens?: number | undefined
  /**
   * How the outermost level is cut: 'recursive' at the best boundary in reach, 'structural' along sections, whose
   * heading path then is the `context` of the parents and of all that lies in them. @default 'recursive'
   */
  readonly base?: 'recursive' | 'structural' | undefined
  /** What a token is. @default pieceTokenizer() */
  readonly tokenizer?: Tokenizer | undefined
  /** Language of the text, for ordinals and the Greek question mark. @default none */
  readonly locale?: string | undefined
}

export interface HierarchicalChunker extends Chunker {
  /**
   * The spans of every level, outermost first; the last is what `split` gives. From the second level on the
   * `window` of a span is the span of the level above that it lies in, so a level is grouped by `window`.
   */
  levels(document: Document, options?: CallOptions): Promise<readonly (readonly ChunkSpan[])[]>
}

const OPTIONS = ['sizes', 'overlapTokens', 'base', 'tokenizer', 'locale']

/**
 * Small chunks to find, large ones to show. The text is cut into parents, those into children, and so on for
 * any number of levels; `split` gives the leaves, each with its parent as `window`. A leaf lies in one parent.
 * Inside a parent, cuts are those of `recursiveChunker`. Throws `invalid-argument` for options out of range.
 */
export function hierarchicalChunker(options: HierarchicalChunkerOptions = {}): HierarchicalChunker {
  checkNames('hierarchicalChunker', options, OPTIONS)
  const sizes = checkSizes(options.sizes ?? [1500, 300])
  const leafTokens = sizes.at(-1) ?? 0
  const overlapTokens = checkInteger('overlapTokens', options.overlapTokens ?? Math.floor(leafTokens / 5), 0)
  if (overlapTokens >= leafTokens) {
    invalid(
      'overlapTokens',
      `below the last of \`sizes\` (${leafTokens})`,
      overlapTokens,
      'Each chunk must add something new.',
    )
  }
  const base = checkOneOf('base', options.base ?? 'recursive', ['recursive', 'structural'])
  const tokenizer = options.tokenizer ?? pieceTokenizer()
  const language = checkLocale(options.locale)
  const limits: LevelLimits = { sizes, overlapTokens, base, tokenizer, language }
  const id = chunkerId('hierarchical', { sizes, overlapTokens, base, tokenizer: tokenizer.id, language })
  const split = async (document: Document, call: CallOptions) =>
    (await splitLevels(document, limits, call)).at(-1) ?? []
  return {
    ...makeChunker(id, split, { overlap: overlapTokens, size: leafTokens }),
    async levels(document, call = {}) {
      call.signal?.throwIfAborted()
      return splitLevels(document, limits, call)
    },
  }
}

function checkSizes(sizes: readonly number[]): readonly number[] {
  if (!Array.isArray(sizes) || sizes.length < 2) {
    invalid('sizes', 'an array of at least two sizes, such as [1500, 300]', sizes)
  }
  for (const [index, size] of sizes.entries()) {
    checkInteger(`sizes[${index}]`, size)
    const above = sizes[index - 1]
    if (above !== undefined && size >= above) {
      invalid(`sizes[${index}]`, `below \`sizes[${index - 1}]\` (${above})`, size, 'Give parents first.')
    }
  }
  return [...sizes]
}

/** Parents of 1,500 tokens, children of 300 that repeat 60: the sizes of Bedrock's hierarchical chunking. */
export function hierarchical1500(
  options: Pick<HierarchicalChunkerOptions, 'base' | 'tokenizer' | 'locale'> = {},
): HierarchicalChunker {
  checkNames('hierarchical1500', options, ['base', 'tokenizer', 'locale'])
  return hierarchicalChunker({ ...options, sizes: [1500, 300], overlapTokens: 60 })
}
