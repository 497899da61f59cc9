import {
  type Cache,
  type CallOptions,
  type Chunk,
  type ChunkRef,
  checkVector,
  type Entry,
  type Explanation,
  invalid,
  type ListOptions,
  type Metadata,
  RagError,
  type Ranked,
  type SealedDocument,
  type SearchRequest,
} from '@tesserae/core'
import { prepareEntries } from '../memory-store/prepare-entries.js'
import { type EntrySearch, searchEntries, textSearch, vectorSearch } from '../memory-store/search-entries.js'
import { checkSteps } from './check-file.js'
import { decodeChunk } from './chunk-row.js'
import type { Derived, IndexMaker } from './derived.js'
import { type EmbeddingCacheOptions, embeddingCache } from './embedding-cache.js'
import { unsavedChanges, writeSnapshots } from './index-snapshots.js'
import { listChunks, listDocumentIds, listDocuments } from './listing.js'
import { catchUp, loadSteps } from './load.js'
import type { OpenedFile } from './open.js'
import { runSteps } from './run-steps.js'
import { readSeals, SealsAhead, writeSeals } from './seals.js'
import type { SqliteCheck, SqliteStore, StoredDocument } from './sqlite-store.js'
import type { StoreFile } from './store-file.js'
import { storedText } from './text.js'
import { readVectors, readVectorsByInput } from './vectors.js'
import { deleteRows, writeRows } from './write-rows.js'

/**
 * Indexes are stored when this many changes, and this share of all chunks, would have to be replayed at an opening:
 * sooner on closing, where nothing waits for it, than between two writes.
 */
const closing = { changes: 1000, share: 1 / 50 }
const writing = { changes: 10_000, share: 1 / 2 }

/** Before any generation of a file: nothing can be replayed from here. */
const unknownGeneration = -1

export interface StoreParts<M extends Metadata> {
  readonly name: string
  readonly readOnly: boolean
  readonly opened: OpenedFile
  /** Another connection to the same file, which only reads. */
  readonly openAgain: () => OpenedFile
  readonly maker: IndexMaker<M>
  readonly derived: Derived<M>
  readonly now: () => number
}

/** The rows of the file are the truth; `derived` is what is known of them at its generation. */
export class FileStore<M extends Metadata> implements SqliteStore<M> {
  readonly name: string
  readonly readOnly: boolean
  readonly dimensions: number
  private readonly opened: OpenedFile
  private readonly openAgain: () => OpenedFile
  private readonly maker: IndexMaker<M>
  private readonly now: () => number
  private derived: Derived<M>
  /** Only of a writer: nobody else writes meanwhile. */
  private readonly sealsAhead = new SealsAhead()
  /** Whether `derived` may be behind the file, though nobody else writes: a write failed. */
  private uncertain = false
  /** Since the indexes were stored. */
  private changes: number
  private storeAt = 0
  private closed = false

  constructor({ name, readOnly, opened, openAgain, maker, derived, now }: StoreParts<M>) {
    this.name = name
    this.readOnly = readOnly
    this.dimensions = maker.dimensions
    this.opened = opened
    this.openAgain = openAgain
    this.maker = maker
    this.derived = derived
    this.now = now
    this.changes = readOnly ? 0 : unsavedChanges(opened.file, maker.version)
  }

  get path(): string {
    return this.opened.file.path
  }

  get size(): number {
    return this.derived.slots.size
  }

  get generation(): number {
    return this.derived.generation
  }

  async upsert(entries: readonly Entry<M>[], options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    const { name, dimensions, maker } = this
    this.settle()
    const prepared = prepareEntries(entries, {
      name,
      dimensions,
      lexical: this.derived.lexical,
      indexedText: maker.indexedText,
    })
    if (prepared.length === 0) return
    const free = this.derived.slots.free()
    const placed = prepared.map((entry) => {
      const known = this.derived.slots.get(entry.chunk.id)
      return { ...entry, ordinal: known ?? Number(free.next().value) }
    })
    this.write(placed.length, (file, generation) => writeRows(file, placed, generation, this.now()))
    this.follow(() => {
      for (const entry of placed) this.derived.put(entry)
    })
  }

  async delete(chunkIds: readonly string[], options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    this.settle()
    const known = chunkIds.map((id) => this.derived.slots.get(id)).filter((ordinal) => ordinal !== undefined)
    const ordinals = [...new Set(known)]
    if (ordinals.length === 0) return
    this.write(ordinals.length, (file, generation) => deleteRows(file, ordinals, generation, this.now()))
    this.follow(() => {
      for (const ordinal of ordinals) this.derived.remove(ordinal)
    })
  }

  async get(
    chunkIds: readonly string[],
    options: CallOptions = {},
  ): Promise<readonly (Chunk<M> | undefined)[]> {
    options.signal?.throwIfAborted()
    return this.read((file) =>
      chunkIds.map((id) => {
        const row = file.first('SELECT metadata, content FROM chunks WHERE id = ?', [storedText(id)])
        return row === undefined ? undefined : decodeChunk<M>(row)
      }),
    )
  }

  async vectors(
    chunkIds: readonly string[],
    options: CallOptions = {},
  ): Promise<readonly (Float32Array | undefined)[]> {
    options.signal?.throwIfAborted()
    return this.read((file) => readVectors(file, chunkIds, this.dimensions))
  }

  async vectorsByInput(
    inputs: readonly string[],
    options: CallOptions = {},
  ): Promise<readonly (Float32Array | undefined)[]> {
    options.signal?.throwIfAborted()
    return this.read((file) => readVectorsByInput(file, inputs, this.dimensions))
  }

  async seals(
    documentIds: readonly string[],
    options: CallOptions = {},
  ): Promise<readonly (string | undefined)[]> {
    options.signal?.throwIfAborted()
    const file = this.open()
    return this.readOnly ? readSeals(file, documentIds) : this.sealsAhead.read(file, documentIds)
  }

  async seal(documents: readonly SealedDocument[], options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    const file = this.requireWriter()
    this.sealsAhead.forget()
    file.writing(() => writeSeals(file, documents))
  }

  documentIds(options: CallOptions = {}): AsyncIterable<string> {
    return listDocumentIds(() => this.open(), options)
  }

  /**
   * What is in the store from the first step to the last comes exactly once; what is added or deleted
   * meanwhile may or may not come.
   */
  list(options: ListOptions = {}): AsyncIterable<ChunkRef> {
    return listChunks(() => this.open(), options)
  }

  documents(options: CallOptions = {}): AsyncIterable<StoredDocument> {
    return listDocuments(() => this.open(), options)
  }

  async searchByVector(
    vector: Float32Array,
    request: SearchRequest,
    options: CallOptions = {},
  ): Promise<readonly Ranked<M>[]> {
    if (this.dimensions === 0) {
      throw new RagError(
        'unsupported',
        `Store "${this.name}" holds no vectors. Make it with \`dimensions\` to search by vector.`,
      )
    }
    checkVector('vector', vector, this.dimensions)
    return this.search(request, options, ({ vectors, vectored }) =>
      vectors === undefined ? undefined : vectorSearch(vectors, vectored, vector),
    )
  }

  async searchByText(
    query: string,
    request: SearchRequest,
    options: CallOptions = {},
  ): Promise<readonly Ranked<M>[]> {
    if (typeof query !== 'string') invalid('query', 'a string', query)
    return this.search(request, options, ({ lexical, live }) => textSearch(lexical, live, query))
  }

  async explainText(
    query: string,
    chunkId: string,
    options: CallOptions = {},
  ): Promise<Explanation | undefined> {
    options.signal?.throwIfAborted()
    return this.read((_, { slots, lexical }) => {
      const ordinal = slots.get(chunkId)
      return ordinal === undefined ? undefined : lexical.explain(query, ordinal)
    })
  }

  embeddingCache(options?: EmbeddingCacheOptions): Cache<Float32Array> {
    return embeddingCache(
      {
        file: () => this.open(),
        writing: (work) => {
          const file = this.requireWriter()
          return file.writing(() => work(file))
        },
        now: this.now,
      },
      options,
    )
  }

  async checkpoint(options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    this.settle()
    if (this.changes > 0) this.store()
    this.open().all('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  async check(options: CallOptions = {}): Promise<SqliteCheck> {
    const { signal } = options
    signal?.throwIfAborted()
    this.open()
    // A connection of its own, so that this one goes on meanwhile.
    const { file, close } = this.openAgain()
    try {
      return await runSteps(file, checkSteps(file, this.maker), signal)
    } finally {
      close()
    }
  }

  async close(): Promise<void> {
    if (this.closed) return
    try {
      if (!this.readOnly) {
        this.settle()
        if (this.isDue(closing)) this.store()
        this.open().all('PRAGMA wal_checkpoint(TRUNCATE)')
      }
    } finally {
      this.closed = true
      this.opened.close()
    }
  }

  private search(
    request: SearchRequest,
    options: CallOptions,
    by: (derived: Derived<M>) => EntrySearch | undefined,
  ): readonly Ranked<M>[] {
    options.signal?.throwIfAborted()
    return this.read((file, derived) => {
      const search = by(derived)
      if (search === undefined) return []
      const hits = searchEntries(derived.table(this.name), request, options, search)
      return hits.map(({ ordinal, score }) => {
        const row = file.first('SELECT metadata, content FROM chunks WHERE ordinal = ?', [ordinal])
        if (row === undefined) throw new RangeError(`Ordinal ${ordinal} has no row.`)
        return { chunk: decodeChunk<M>(row), score }
      })
    })
  }

  /** Everything read inside, from the file and from `derived`, is of one generation. */
  private read<T>(work: (file: StoreFile, derived: Derived<M>) => T): T {
    const file = this.open()
    if (!this.readOnly && !this.uncertain) return work(file, this.derived)
    return file.reading(() => {
      this.refresh(file)
      return work(file, this.derived)
    })
  }

  /** Brings `derived` to the generation of the file, inside a transaction. */
  private refresh(file: StoreFile): void {
    const { maker, derived } = this
    let followed = false
    try {
      followed = catchUp(file, maker, derived)
    } finally {
      // Half a change must not be searched; what is loaded below has none.
      if (!followed) derived.generation = unknownGeneration
    }
    if (!followed) this.derived = runAll(loadSteps(file, maker))
    this.uncertain = false
  }

  /** Before a write: nobody else writes, so `derived` is only behind when a write failed in an unclear way. */
  private settle(): void {
    const file = this.requireWriter()
    if (this.uncertain) file.reading(() => this.refresh(file))
  }

  private write(count: number, work: (file: StoreFile, generation: number) => void): void {
    const file = this.requireWriter()
    const generation = this.derived.generation + 1
    this.sealsAhead.forget()
    // A commit that reports a failure may all the same have happened.
    this.uncertain = true
    file.writing(() => {
      if (file.generation() !== generation - 1) throw foreignWrite(file.path)
      work(file, generation)
      file.setSetting('generation', generation)
    })
    this.changes += count
  }

  /** Brings `derived` to what has just been committed. */
  private follow(apply: () => void): void {
    apply()
    this.derived.generation += 1
    this.uncertain = false
    if (this.isDue(writing) && this.changes >= this.storeAt) this.tryToStore()
  }

  private isDue({ changes, share }: typeof writing): boolean {
    return this.changes > changes && this.changes > this.size * share
  }

  private store(): void {
    const file = this.requireWriter()
    file.writing(() => writeSnapshots(file, this.derived, this.maker.version))
    this.changes = 0
  }

  /** Stored indexes are a short cut: what was written is safe without them, so its call does not fail with them. */
  private tryToStore(): void {
    try {
      this.store()
    } catch {
      this.storeAt = this.changes * 2
    }
  }

  private requireWriter(): StoreFile {
    const file = this.open()
    if (!this.readOnly) return file
    throw new RagError(
      'store-failed',
      `The store at "${file.path}" was opened with \`readOnly\`. Open it without to write.`,
      { details: { path: file.path, reason: 'read-only' } },
    )
  }

  private open(): StoreFile {
    if (!this.closed) return this.opened.file
    throw new RagError('store-failed', `The store at "${this.path}" is closed. Open it again.`, {
      details: { path: this.path, reason: 'closed' },
    })
  }
}

function runAll<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

function foreignWrite(path: string): RagError {
  return new RagError(
    'store-failed',
    `The store at "${path}" was changed by somebody who does not hold its lock. Nothing was written; close it and open it again.`,
    { details: { path, reason: 'locked' } },
  )
}
