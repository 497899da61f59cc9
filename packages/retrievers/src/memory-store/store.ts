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
  type Filter,
  type IndexSearchOptions,
  invalid,
  type LexicalIndex,
  type ListOptions,
  type Metadata,
  RagError,
  type Ranked,
  type SearchRequest,
  type TopHits,
  tell,
  type VectorIndex,
} from '@tesserae/core'
import { bm25Index } from '../bm25/index.js'
import { flatIndex } from '../flat/index.js'
import { intersect } from './bits.js'
import { Columns } from './columns.js'
import type { ExactScan, MemoryStore, MemoryStoreOptions } from './memory-store.js'
import { Ordinals } from './ordinals.js'
import { planSearch, type SearchPlan } from './plan.js'
import { storedChunk } from './stored-chunk.js'
import { bestByScoreThenId } from './ties.js'

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

interface Prepared<M extends Metadata> {
  readonly chunk: Chunk<M>
  readonly vector: Float32Array | undefined
  readonly text: string
  readonly revision: string
}

interface Search {
  readonly kind: 'vector' | 'text'
  /** Ordinals in the index. */
  readonly entries: Bitset
  readonly run: (plan: SearchPlan, options: IndexSearchOptions) => TopHits
  readonly canScan: boolean
}

class InMemory<M extends Metadata> implements MemoryStore<M> {
  readonly name: string
  readonly dimensions: number
  private readonly ordinals = new Ordinals()
  private readonly chunks: (Chunk<M> | undefined)[] = []
  private readonly revisions: string[] = []
  private readonly idsOfDocument = new Map<string, Set<string>>()
  private readonly columns = new Columns()
  private readonly live = new Bitset()
  private readonly vectored = new Bitset()
  private readonly vectors: VectorIndex | undefined
  private readonly lexical: LexicalIndex
  private readonly indexedText: (chunk: Chunk<M>) => string

  constructor(options: MemoryStoreOptions<M>) {
    this.name = options.name ?? 'memory'
    this.dimensions = options.dimensions === undefined ? 0 : checkInteger('dimensions', options.dimensions)
    this.lexical = options.lexicalIndex?.() ?? bm25Index()
    this.indexedText = options.indexedText ?? embeddingText
    if (this.dimensions > 0) {
      const make = options.vectorIndex ?? ((dimensions) => flatIndex({ dimensions, metric: 'cosine' }))
      const vectors = make(this.dimensions)
      if (vectors.dimensions !== this.dimensions) {
        throw new RagError(
          'incompatible',
          `\`vectorIndex\` made an index of ${vectors.dimensions} dimensions for a store of ${this.dimensions}. Make it with the number it is given.`,
        )
      }
      this.vectors = vectors
    }
  }

  get size(): number {
    return this.ordinals.size
  }

  async upsert(entries: readonly Entry<M>[], options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    const prepared: Prepared<M>[] = []
    const ids = new Set<string>()
    for (const entry of entries) {
      const ready = this.prepare(entry)
      if (ids.has(ready.chunk.id)) {
        throw new RagError(
          'duplicate-id',
          `Chunk "${ready.chunk.id}" comes twice in one upsert. Nothing was written; keep one of the two.`,
          { details: { chunkId: ready.chunk.id } },
        )
      }
      ids.add(ready.chunk.id)
      prepared.push(ready)
    }
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
    for (const id of chunkIds) {
      const ordinal = this.ordinals.release(id)
      if (ordinal === undefined) continue
      this.forget(ordinal)
      this.lexical.delete(ordinal)
      if (this.vectored.has(ordinal)) this.vectors?.delete(ordinal)
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

  async searchByVector(
    vector: Float32Array,
    request: SearchRequest,
    options: CallOptions = {},
  ): Promise<readonly Ranked<M>[]> {
    const vectors = this.vectors
    if (vectors === undefined) {
      throw new RagError(
        'unsupported',
        `Store "${this.name}" holds no vectors. Make it with \`dimensions\` to search by vector.`,
      )
    }
    checkVector('vector', vector, this.dimensions)
    return this.search(request, options, {
      kind: 'vector',
      entries: this.vectored,
      canScan: hasScan(vectors),
      run: (plan, search) =>
        plan === 'scan' && hasScan(vectors) ? vectors.scan(vector, search) : vectors.search(vector, search),
    })
  }

  async searchByText(
    query: string,
    request: SearchRequest,
    options: CallOptions = {},
  ): Promise<readonly Ranked<M>[]> {
    if (typeof query !== 'string') invalid('query', 'a string', query)
    return this.search(request, options, {
      kind: 'text',
      entries: this.live,
      canScan: false,
      run: (_, search) => this.lexical.search(query, search),
    })
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

  private search(request: SearchRequest, options: CallOptions, search: Search): Ranked<M>[] {
    options.signal?.throwIfAborted()
    const limit = checkInteger('limit', request.limit)
    const started = performance.now()
    const total = search.entries.count()
    const survivors = this.survivors(request.filter, search.entries)
    const candidates = survivors?.count() ?? total
    const plan = planSearch({ candidates, total, limit, canScan: search.canScan })
    const hits = plan === 'nothing' ? [] : this.run(search, plan, limit, candidates, survivors)
    tell(options.observer, {
      type: 'store.search',
      source: this.name,
      milliseconds: performance.now() - started,
      counts: { entries: total, candidates, hits: hits.length },
      labels: { by: search.kind, plan },
    })
    return hits
  }

  private run(
    search: Search,
    plan: SearchPlan,
    limit: number,
    candidates: number,
    survivors: Bitset | undefined,
  ): Ranked<M>[] {
    const filter = plan === 'everything' ? undefined : survivors
    const idOf = (ordinal: number) => this.ordinals.idOf(ordinal)
    const searchBy = (by: SearchPlan) => (ask: number) => search.run(by, { limit: ask, filter })
    let best = bestByScoreThenId(searchBy(plan), limit, candidates, idOf)
    // A walk can miss what it cannot reach; a scan cannot.
    if (search.canScan && best.length < Math.min(limit, candidates)) {
      best = bestByScoreThenId(searchBy('scan'), limit, candidates, idOf)
    }
    return best.map(({ ordinal, score }) => ({ chunk: this.chunks[ordinal]!, score }))
  }

  /** Entries that pass the filter; `undefined` stands for all of them. */
  private survivors(filter: Filter | undefined, entries: Bitset): Bitset | undefined {
    if (filter === undefined) return undefined
    const matching = this.columns.matching(filter, this.live)
    return entries === this.live ? matching : intersect(matching, entries)
  }

  /** Everything that can be wrong with an entry is found here, before anything is changed. */
  private prepare({ chunk, vector, revision }: Entry<M>): Prepared<M> {
    const stored = storedChunk(chunk)
    if (typeof revision !== 'string') invalid(`revision of chunk "${stored.id}"`, 'a string', revision)
    if (vector !== undefined) {
      if (this.vectors === undefined) {
        throw new RagError(
          'incompatible',
          `Chunk "${stored.id}" comes with a vector, but store "${this.name}" was made without \`dimensions\`. Make it with \`dimensions: ${vector.length}\`.`,
        )
      }
      checkVector(`vector of chunk "${stored.id}"`, vector, this.dimensions)
    }
    return { chunk: stored, vector, text: this.indexedText(stored), revision }
  }

  private put({ chunk, vector, text, revision }: Prepared<M>): void {
    const ordinal = this.ordinals.take(chunk.id)
    if (this.live.has(ordinal)) this.forget(ordinal)
    this.chunks[ordinal] = chunk
    this.revisions[ordinal] = revision
    this.columns.set(ordinal, chunk.metadata)
    const siblings = this.idsOfDocument.get(chunk.documentId)
    if (siblings === undefined) this.idsOfDocument.set(chunk.documentId, new Set([chunk.id]))
    else siblings.add(chunk.id)
    this.lexical.set(ordinal, text)
    this.live.add(ordinal)
    if (vector !== undefined) {
      this.vectors?.set(ordinal, vector)
      this.vectored.add(ordinal)
    } else if (this.vectored.has(ordinal)) {
      this.vectors?.delete(ordinal)
      this.vectored.delete(ordinal)
    }
  }

  /** Takes the chunk at an ordinal out of everything but the indexes. */
  private forget(ordinal: number): void {
    const chunk = this.chunks[ordinal]
    if (chunk === undefined) return
    this.columns.clear(ordinal, chunk.metadata)
    const siblings = this.idsOfDocument.get(chunk.documentId)
    siblings?.delete(chunk.id)
    if (siblings?.size === 0) this.idsOfDocument.delete(chunk.documentId)
    this.chunks[ordinal] = undefined
    this.revisions[ordinal] = ''
  }
}

function hasScan(index: VectorIndex): index is VectorIndex & ExactScan {
  return 'scan' in index && typeof index.scan === 'function'
}
