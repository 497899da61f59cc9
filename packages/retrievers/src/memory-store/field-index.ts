import { type Chunk, invalid, type LexicalIndex, RagError } from '@tesserae/core'
import type { FieldTexts } from '../bm25/index.js'

/** A lexical index that takes documents by field, as `bm25Index({ fields })` does. */
export interface FieldIndex extends LexicalIndex {
  readonly fieldNames: readonly string[]
  set(ordinal: number, content: string | FieldTexts): void
}

/**
 * The headings, the context and the text of a chunk as fields of these names, for `indexedText`. The index must have
 * all three: `bm25Index({ fields: { headings: { weight: 2 }, context: {}, text: {} } })`.
 */
export function chunkFields({ headings, context, text }: Chunk): FieldTexts {
  return { headings: headings.join('\n'), context, text }
}

function hasFields(index: LexicalIndex): index is FieldIndex {
  return 'fieldNames' in index && Array.isArray(index.fieldNames) && index.fieldNames.length > 0
}

/** What `indexedText` gave for a chunk, if the index can take it. */
export function checkIndexed(
  content: string | FieldTexts,
  index: LexicalIndex,
  chunkId: string,
): string | FieldTexts {
  if (typeof content === 'string') return content
  const name = `what indexedText gives for chunk "${chunkId}"`
  if (typeof content !== 'object' || content === null) invalid(name, 'a string or texts by field', content)
  if (!hasFields(index)) {
    throw new RagError(
      'incompatible',
      '`indexedText` gives texts by field, but the lexical index has no fields. Make it with `bm25Index({ fields })`.',
    )
  }
  for (const [field, text] of Object.entries(content)) {
    if (!index.fieldNames.includes(field)) {
      throw new RagError(
        'incompatible',
        `\`indexedText\` gives the field "${field}", but the lexical index has ${index.fieldNames.join(', ')}.`,
      )
    }
    if (text !== undefined && typeof text !== 'string') invalid(`${name}, field "${field}"`, 'a string', text)
  }
  return content
}

/** Sets checked content. */
export function setIndexed(index: LexicalIndex, ordinal: number, content: string | FieldTexts): void {
  if (typeof content === 'string') index.set(ordinal, content)
  else if (hasFields(index)) index.set(ordinal, content)
}
