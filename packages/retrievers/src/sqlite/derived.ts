import { Bitset, type Chunk, type LexicalIndex, type Metadata, type VectorIndex } from '@tesserae/core'
import type { FieldTexts } from '../bm25/index.js'
import { Columns } from '../memory-store/columns.js'
import { setIndexed } from '../memory-store/field-index.js'
import type { SearchTable } from '../memory-store/search-entries.js'
import { Slots } from './slots.js'

/** Makes what is in memory: indexes that are still empty, and the text of a chunk that they read. */
export interface IndexMaker<M extends Metadata> {
  readonly dimensions: number
  readonly lexical: () => LexicalIndex
  readonly vectors: () => VectorIndex | undefined
  readonly indexedText: (chunk: Chunk<M>) => string | FieldTexts
  /** Stored indexes of another version are not loaded. */
  readonly version: string
}

/** A chunk ready for the indexes. */
export interface Placed<M extends Metadata> {
  readonly ordinal: number
  readonly chunk: Chunk<M>
  readonly text: string | FieldTexts
  readonly vector: Float32Array | undefined
}

/**
 * Everything searches need but the chunks themselves: ids, metadata columns, postings, vectors. Derived from the
 * file as it was at one generation, and brought to later ones change by change.
 */
export class Derived<M extends Metadata> {
  readonly slots = new Slots()
  readonly columns = new Columns()
  readonly live = new Bitset()
  readonly vectored = new Bitset()
  lexical: LexicalIndex
  vectors: VectorIndex | undefined
  generation = 0

  constructor(maker: IndexMaker<M>) {
    this.lexical = maker.lexical()
    this.vectors = maker.vectors()
  }

  table(name: string): SearchTable {
    const { columns, live, slots } = this
    return { name, columns, live, idOf: (ordinal) => slots.idOf(ordinal) }
  }

  put({ ordinal, chunk, text, vector }: Placed<M>): void {
    this.keep(ordinal, chunk.id, chunk.metadata)
    setIndexed(this.lexical, ordinal, text)
    this.setVector(ordinal, vector)
  }

  /** Its row of the table, without the indexes. */
  keep(ordinal: number, id: string, metadata: Metadata): void {
    if (this.live.has(ordinal)) this.columns.drop(ordinal)
    this.slots.set(ordinal, id)
    this.columns.set(ordinal, metadata)
    this.live.add(ordinal)
  }

  setVector(ordinal: number, vector: Float32Array | undefined): void {
    if (vector !== undefined) {
      this.vectors?.set(ordinal, vector)
      this.vectored.add(ordinal)
    } else if (this.vectored.has(ordinal)) {
      this.vectors?.delete(ordinal)
      this.vectored.delete(ordinal)
    }
  }

  remove(ordinal: number): void {
    if (!this.live.has(ordinal)) return
    this.slots.clear(ordinal)
    this.columns.drop(ordinal)
    this.live.delete(ordinal)
    this.lexical.delete(ordinal)
    this.setVector(ordinal, undefined)
  }

  /** Whether the indexes hold as many entries as the file has chunks and vectors. */
  agrees(): boolean {
    const size = this.live.count()
    return (
      this.slots.size === size &&
      this.lexical.size === size &&
      (this.vectors?.size ?? 0) === this.vectored.count()
    )
  }
}
