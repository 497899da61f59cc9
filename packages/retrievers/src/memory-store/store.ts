import {
  Bitset,
  type CallOptions,
  type Chunk,
  type ChunkRef,
  checkInteger,
  checkVector,
  type Entry,
  type Explanation,
  embeddingText,
  invalid,
  type LexicalIndex,
  type ListOptions,
  type Metadata,
  RagError,
  type Ranked,
  type SealedDocument,
  type SearchRequest,
  type VectorIndex,
} from '@tesserae/core'
import { bm25Index, type FieldTexts } from '../bm25/index.js'
import { type HeadFields, joinParts, type SnapshotParts } from '../snapshot/index.js'
import { Columns } from './columns.js'
import { setIndexed } from './field-index.js'
import { Inputs } from './inputs.js'
import type { GivesVectors, MemoryStore, MemoryStoreOptions } from './memory-store.js'
import { Ordinals } from './ordinals.js'
import { type Prepared, prepareEntries } from './prepare-entries.js'
import { type EntrySearch, searchEntries, textSearch, vectorSearch } from './search-entries.js'
import { readStore, type StoreIndexes, storeParts } from './store-snapshot.js'
import { vectorIndexOf } from './vector-index-of.js'

/** Ids between two looks at the signal and two turns given to the event loop. */
const listPage = 4096

/**
 * Chunks, vectors, postings and metadata in memory.
 *
 * A call of `upsert` is checked as a whole, then applied without a pause: nobody sees half of it. Filters
 * become bitsets before the search, so if `limit` chunks match, `limit` come back. Equal scores rank by chunk
 * id, at the cut-off too. What is returned is frozen.
 */
export function memoryStore<M extends Metadata = Metadata>(
  options: MemoryStoreOptions<M> = {},
): MemoryStore<M> {
  return new InMemory(options)
}

class InMemory<M extends Metadata> implements MemoryStore<M> {
  readonly name: string
  readonly dimensions: number
  private ordinals = new Ordinals()
  private chunks: (Chunk<M> | undefined)[] = []
  private revisions: string[] = []
  private idsOfDocument = new Map<string, Set<string>>()
  private sealOf = new Map<string, string>()
  /** Made when it is first asked for: a store that is only searched does without. */
  private inputs: Inputs | undefined
  private columns = new Columns()
  private live = new Bitset()
  private vectored = new Bitset()
  private vectorIndex: VectorIndex | undefined
  lexical: LexicalIndex
  readonly indexedText: (chunk: Chunk<M>) => string | FieldTexts
  private readonly makeIndexes: () => StoreIndexes
  /** Calls that may have changed it. */
  private changes = 0

  constructor(options: MemoryStoreOptions<M>) {
    this.name = options.name ?? 'memory'
    this.dimensions = options.dimensions === undefined ? 0 : checkInteger('dimensions', options.dimensions)
    this.indexedText = options.indexedText ?? embeddingText
    this.makeIndexes = () => ({
      lexical: options.lexicalIndex?.() ?? bm25Index(),
      vectors: this.dimensions > 0 ? vectorIndexOf(options, this.dimensions) : undefined,
    })
    const { lexical, vectors } = this.makeIndexes()
    this.lexical = lexical
    this.vectorIndex = vectors
  }

  get size(): number {
    return this.ordinals.size
  }

  async upsert(entries: readonly Entry<M>[], options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    const prepared = prepareEntries(entries, this)
    this.changes++
    for (const entry of prepared) this.put(entry)
  }

  async get(
    chunkIds: readonly string[],
    options: CallOptions = {},
  ): Promise<readonly (Chunk<M> | undefined)[]> {
    options.signal?.throwIfAborted()
    return chunkIds.map((id) => {
      const ordinal = this.ordinals.get(id)
      return ordinal === undefined ? undefined : this.chunks[ordinal]
    })
  }

  async delete(chunkIds: readonly string[], options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    this.changes++
    for (const id of chunkIds) {
      const ordinal = this.ordinals.release(id)
      if (ordinal === undefined) continue
      this.forget(ordinal)
      this.lexical.delete(ordinal)
      if (this.vectored.has(ordinal)) this.vectorIndex?.delete(ordinal)
      this.vectored.delete(ordinal)
      this.live.delete(ordinal)
    }
  }

  /**
   * What is in the store from the first step to the last comes exactly once; what is added or deleted
   * meanwhile may or may not come.
   */
  async *list(options: ListOptions = {}): AsyncIterable<ChunkRef> {
    options.signal?.throwIfAborted()
    const { documentId } = options
    const ids =
      documentId === undefined
        ? this.ordinals.snapshot()
        : Array.from(this.idsOfDocument.get(documentId) ?? [])
    for (let i = 0; i < ids.length; i++) {
      if (i % listPage === listPage - 1) await new Promise((resolve) => setTimeout(resolve, 0))
      options.signal?.throwIfAborted()
      const id = ids[i]!
      const ordinal = this.ordinals.get(id)
      const chunk = ordinal === undefined ? undefined : this.chunks[ordinal]
      if (ordinal === undefined || chunk === undefined) continue
      if (documentId !== undefined && chunk.documentId !== documentId) continue
      yield { id, documentId: chunk.documentId, revision: this.revisions[ordinal]! }
    }
  }

  async vectors(
    chunkIds: readonly string[],
    options: CallOptions = {},
  ): Promise<readonly (Float32Array | undefined)[]> {
    options.signal?.throwIfAborted()
    return chunkIds.map((id) => {
      const ordinal = this.ordinals.get(id)
      return ordinal === undefined ? undefined : this.vectorAt(ordinal)
    })
  }

  async vectorsByInput(
    inputs: readonly string[],
    options: CallOptions = {},
  ): Promise<readonly (Float32Array | undefined)[]> {
    options.signal?.throwIfAborted()
    this.inputs ??= this.makeInputs()
    const known = this.inputs
    return inputs.map((input) => {
      for (const ordinal of known.of(input)) {
        const vector = this.vectorAt(ordinal)
        if (vector !== undefined) return vector
      }
      return undefined
    })
  }

  async seals(
    documentIds: readonly string[],
    options: CallOptions = {},
  ): Promise<readonly (string | undefined)[]> {
    options.signal?.throwIfAborted()
    return documentIds.map((id) => this.sealOf.get(id))
  }

  async seal(documents: readonly SealedDocument[], options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    for (const { documentId, seal, chunks } of documents) {
      const ids = this.idsOfDocument.get(documentId)
      if (ids?.size !== chunks.length) continue
      const agrees = chunks.every(
        ({ id, revision }) => ids.has(id) && this.revisions[this.ordinals.get(id) ?? -1] === revision,
      )
      if (agrees) this.sealOf.set(documentId, seal)
    }
  }

  async *documentIds(options: CallOptions = {}): AsyncIterable<string> {
    options.signal?.throwIfAborted()
    yield* [...this.idsOfDocument.keys()]
  }

  async searchByVector(
    vector: Float32Array,
    request: SearchRequest,
    options: CallOptions = {},
  ): Promise<readonly Ranked<M>[]> {
    const vectors = this.vectorIndex
    if (vectors === undefined) {
      throw new RagError(
        'unsupported',
        `Store "${this.name}" holds no vectors. Make it with \`dimensions\` to search by vector.`,
      )
    }
    checkVector('vector', vector, this.dimensions)
    return this.search(request, options, vectorSearch(vectors, this.vectored, vector))
  }

  async searchByText(
    query: string,
    request: SearchRequest,
    options: CallOptions = {},
  ): Promise<readonly Ranked<M>[]> {
    if (typeof query !== 'string') invalid('query', 'a string', query)
    return this.search(request, options, textSearch(this.lexical, this.live, query))
  }

  async explainText(
    query: string,
    chunkId: string,
    options: CallOptions = {},
  ): Promise<Explanation | undefined> {
    options.signal?.throwIfAborted()
    const ordinal = this.ordinals.get(chunkId)
    return ordinal === undefined ? undefined : this.lexical.explain(query, ordinal)
  }

  save(): Uint8Array<ArrayBuffer> {
    return joinParts(this.saveParts())
  }

  saveParts(): SnapshotParts {
    const { ordinals, chunks, revisions, vectored, lexical, vectorIndex: vectors } = this
    const ordinalsOf = (ids: Iterable<string>) => Array.from(ids, (id) => ordinals.get(id)!)
    const content = {
      order: Uint32Array.from(ordinalsOf(ordinals.snapshot())),
      byDocument: Uint32Array.from([...this.idsOfDocument.values()].flatMap(ordinalsOf)),
      released: Uint32Array.from(ordinals.released),
      vectored,
      lineOf: (ordinal: number) => ({ chunk: chunks[ordinal]!, revision: revisions[ordinal]! }),
      lexical,
      vectors,
      seals: new Map(this.sealOf),
    }
    return storeParts(content, this.savedOptions(), () => this.changes)
  }

  load(snapshot: Uint8Array | Iterable<Uint8Array>): void {
    const indexes = this.makeIndexes()
    const { order, byDocument, released, vectored, lines, seals } = readStore<M>(
      snapshot,
      this.savedOptions(),
      indexes,
    )
    this.changes++
    this.ordinals = new Ordinals()
    this.ordinals.restore(
      lines.map(({ chunk }) => chunk.id),
      order,
      released,
    )
    this.chunks = []
    this.revisions = []
    this.idsOfDocument = new Map()
    this.inputs = undefined
    this.columns = new Columns()
    this.live = new Bitset()
    for (let i = 0; i < lines.length; i++) this.keep(order[i]!, lines[i]!.chunk, lines[i]!.revision)
    for (const ordinal of byDocument) this.join(this.chunks[ordinal]!)
    this.vectored = vectored
    this.sealOf = seals
    this.lexical = indexes.lexical
    this.vectorIndex = indexes.vectors
  }

  private savedOptions(): HeadFields {
    return { dimensions: this.dimensions }
  }

  private vectorAt(ordinal: number): Float32Array | undefined {
    const vectors = this.vectorIndex
    return vectors !== undefined && this.vectored.has(ordinal) && givesVectors(vectors)
      ? vectors.vector(ordinal)
      : undefined
  }

  private makeInputs(): Inputs {
    const inputs = new Inputs()
    for (const [ordinal, revision] of this.revisions.entries()) {
      if (this.live.has(ordinal)) inputs.add(revision, ordinal)
    }
    return inputs
  }

  private search(request: SearchRequest, options: CallOptions, search: EntrySearch): Ranked<M>[] {
    const { name, columns, live } = this
    const table = { name, columns, live, idOf: (ordinal: number) => this.ordinals.idOf(ordinal) }
    const hits = searchEntries(table, request, options, search)
    return hits.map(({ ordinal, score }) => ({ chunk: this.chunks[ordinal]!, score }))
  }

  private put({ chunk, vector, text, revision }: Prepared<M>): void {
    const ordinal = this.ordinals.take(chunk.id)
    if (this.live.has(ordinal)) this.forget(ordinal)
    this.keep(ordinal, chunk, revision)
    this.join(chunk)
    setIndexed(this.lexical, ordinal, text)
    if (vector !== undefined) {
      this.vectorIndex?.set(ordinal, vector)
      this.vectored.add(ordinal)
    } else if (this.vectored.has(ordinal)) {
      this.vectorIndex?.delete(ordinal)
      this.vectored.delete(ordinal)
    }
  }

  private keep(ordinal: number, chunk: Chunk<M>, revision: string): void {
    this.chunks[ordinal] = chunk
    this.revisions[ordinal] = revision
    this.inputs?.add(revision, ordinal)
    this.columns.set(ordinal, chunk.metadata)
    this.live.add(ordinal)
  }

  /** Makes it the last chunk of its document. */
  private join({ id, documentId }: Chunk<M>): void {
    this.sealOf.delete(documentId)
    const siblings = this.idsOfDocument.get(documentId)
    if (siblings === undefined) this.idsOfDocument.set(documentId, new Set([id]))
    else siblings.add(id)
  }

  /** Takes the chunk at an ordinal out of everything but the indexes. */
  private forget(ordinal: number): void {
    const chunk = this.chunks[ordinal]
    if (chunk === undefined) return
    this.columns.clear(ordinal, chunk.metadata)
    const siblings = this.idsOfDocument.get(chunk.documentId)
    siblings?.delete(chunk.id)
    this.sealOf.delete(chunk.documentId)
    this.inputs?.remove(this.revisions[ordinal]!, ordinal)
    if (siblings?.size === 0) this.idsOfDocument.delete(chunk.documentId)
    this.chunks[ordinal] = undefined
    this.revisions[ordinal] = ''
  }
}

function givesVectors(index: VectorIndex): index is VectorIndex & GivesVectors {
  return 'vector' in index && typeof index.vector === 'function'
}
