import {
  type Chunk,
  checkVector,
  type Entry,
  invalid,
  type LexicalIndex,
  type Metadata,
  RagError,
} from '@tesserae/core'
import type { FieldTexts } from '../bm25/index.js'
import { checkIndexed } from './field-index.js'
import { storedChunk } from './stored-chunk.js'

/** An entry that nothing is wrong with; its chunk is a frozen copy. */
export interface Prepared<M extends Metadata> {
  readonly chunk: Chunk<M>
  readonly vector: Float32Array | undefined
  readonly text: string | FieldTexts
  readonly revision: string
}

export interface EntryRules<M extends Metadata> {
  readonly name: string
  /** 0 for a store without vectors. */
  readonly dimensions: number
  readonly lexical: LexicalIndex
  readonly indexedText: (chunk: Chunk<M>) => string | FieldTexts
}

/** Everything that can be wrong with entries is found here, before anything is changed. */
export function prepareEntries<M extends Metadata>(
  entries: readonly Entry<M>[],
  rules: EntryRules<M>,
): readonly Prepared<M>[] {
  const prepared: Prepared<M>[] = []
  const ids = new Set<string>()
  for (const entry of entries) {
    const ready = prepare(entry, rules)
    const { id } = ready.chunk
    if (ids.has(id)) {
      throw new RagError(
        'duplicate-id',
        `Chunk "${id}" comes twice in one upsert. Nothing was written; keep one of the two.`,
        { details: { chunkId: id } },
      )
    }
    ids.add(id)
    prepared.push(ready)
  }
  return prepared
}

function prepare<M extends Metadata>(
  { chunk, vector, revision }: Entry<M>,
  { name, dimensions, lexical, indexedText }: EntryRules<M>,
): Prepared<M> {
  const stored = storedChunk(chunk)
  if (typeof revision !== 'string') invalid(`revision of chunk "${stored.id}"`, 'a string', revision)
  if (vector !== undefined) {
    if (dimensions === 0) {
      throw new RagError(
        'incompatible',
        `Chunk "${stored.id}" comes with a vector, but store "${name}" was made without \`dimensions\`. Make it with \`dimensions: ${vector.length}\`.`,
      )
    }
    checkVector(`vector of chunk "${stored.id}"`, vector, dimensions)
  }
  return { chunk: stored, vector, text: checkIndexed(indexedText(stored), lexical, stored.id), revision }
}
