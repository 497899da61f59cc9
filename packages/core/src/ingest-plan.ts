import type { Chunk, ChunkSpan } from './chunk.js'
import type { Chunker } from './chunker.js'
import type { Document, Metadata } from './document.js'
import { messageOf } from './embed-texts.js'
import type { Embedder } from './embedder.js'
import { isRagError, RagError, type RagErrorCode } from './errors.js'
import { fingerprint } from './fingerprint.js'
import type { CallOptions } from './observer.js'
import type { Store } from './store.js'
import { toChunks } from './to-chunks.js'

/**
 * Ability of a store to give vectors back, so that a chunk whose metadata alone changed is written again
 * without being embedded again.
 */
export interface VectorReuse {
  vectors(chunkIds: readonly string[], options?: CallOptions): Promise<readonly (Float32Array | undefined)[]>
}

export type IngestStage = 'load' | 'split' | 'embed' | 'store'

/** A document's failure and where it happened. Internal: outside it becomes an `IngestFailure`. */
export class StageFailure extends Error {
  readonly stage: IngestStage
  readonly error: RagError

  constructor(stage: IngestStage, error: RagError) {
    super(error.message)
    this.stage = stage
    this.error = error
  }
}

const codes: { readonly [stage in IngestStage]: RagErrorCode } = {
  load: 'load-failed',
  split: 'load-failed',
  embed: 'model-failed',
  store: 'store-failed',
}

/** Runs one step of one document; whatever it throws names its stage. An abort of the run passes through. */
export async function atStage<T>(
  stage: IngestStage,
  signal: AbortSignal,
  step: () => Promise<T> | T,
): Promise<T> {
  signal.throwIfAborted()
  try {
    return await step()
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof StageFailure) throw error
    throw new StageFailure(
      stage,
      isRagError(error) ? error : new RagError(codes[stage], messageOf(error), { cause: error }),
    )
  }
}

/** A chunk to write. `vector` is there already when the store's own could be reused. */
export interface PlannedChunk<M extends Metadata> {
  readonly chunk: Chunk<M>
  readonly revision: string
  readonly vector: Float32Array | undefined
}

/** What has to happen so that the store holds exactly this document. */
export interface DocumentPlan<M extends Metadata> {
  readonly documentId: string
  readonly uri: string | undefined
  readonly metadata: M
  /** Chunks of the document as it is now. */
  readonly chunks: number
  /** Spans without a visible character; never indexed. */
  readonly blank: number
  readonly unchanged: number
  readonly writes: readonly PlannedChunk<M>[]
  /** Ids that the store has and the document no longer has. */
  readonly stale: readonly string[]
}

export interface PlanContext<M extends Metadata> {
  readonly chunker: Chunker
  readonly embedder: Embedder | undefined
  readonly store: Store<M>
  readonly observer: CallOptions['observer']
  readonly onTime: (part: 'split' | 'store', milliseconds: number) => void
}

/** Splits a document and compares it with what the store has of it. */
export async function planDocument<M extends Metadata>(
  document: Document<M>,
  context: PlanContext<M>,
  signal: AbortSignal,
): Promise<DocumentPlan<M>> {
  const { chunker, embedder, store, observer, onTime } = context
  const call = { signal, observer }
  const started = performance.now()
  const { chunks, blank } = await atStage('split', signal, async () => {
    const spans = await chunker.split(document, call)
    const visible = spans.filter((span) => !isBlank(document.text, span))
    return { chunks: toChunks(document, visible), blank: spans.length - visible.length }
  })
  const revisions = await atStage('split', signal, () => revisionsOf(document, chunks, chunker, embedder))
  const split = performance.now()
  onTime('split', split - started)

  const known = await atStage('store', signal, () => knownRevisions(store, document.id, call))
  const changed: { chunk: Chunk<M>; revision: string }[] = []
  const reusable: string[] = []
  for (const [place, chunk] of chunks.entries()) {
    const revision = revisions[place]!
    const old = known.get(chunk.id)
    if (old !== revision) changed.push({ chunk, revision })
    if (old !== undefined && old !== revision && embedder !== undefined && sameInput(old, revision)) {
      reusable.push(chunk.id)
    }
    known.delete(chunk.id)
  }
  const vectors = await atStage('store', signal, () => vectorsOf(store, reusable, embedder, call))
  onTime('store', performance.now() - split)
  return {
    documentId: document.id,
    uri: document.uri,
    metadata: document.metadata,
    chunks: chunks.length,
    blank,
    unchanged: chunks.length - changed.length,
    writes: changed.map(({ chunk, revision }) => ({ chunk, revision, vector: vectors.get(chunk.id) })),
    stale: [...known.keys()],
  }
}

function isBlank(text: string, span: ChunkSpan): boolean {
  // Only a well-formed span can be blank; anything else is for `toChunks` to refuse.
  return 0 <= span.start && span.start < span.end && !/\S/.test(text.slice(span.start, span.end))
}

/**
 * Two fingerprints a chunk: of everything stored beside its text, and, after the dot, of what its vector was
 * made from: model, context, and the id, which stands for the text. A different second half means: embed again.
 */
function revisionsOf<M extends Metadata>(
  document: Document<M>,
  chunks: readonly Chunk<M>[],
  chunker: Chunker,
  embedder: Embedder | undefined,
): string[] {
  const shared = fingerprint({
    metadata: document.metadata,
    uri: document.uri,
    chunker: chunker.id,
    embedder: embedder?.id,
    dimensions: embedder?.dimensions,
  })
  const model = embedder === undefined ? undefined : [embedder.id, embedder.dimensions]
  return chunks.map((chunk) => {
    const { index, window, context, headings, page, tokens } = chunk
    const stored = fingerprint({ shared, index, window, context, headings, page, tokens })
    if (model === undefined) return stored
    return `${stored}.${fingerprint([model, context, chunk.id]).slice(0, 16)}`
  })
}

function sameInput(old: string, revision: string): boolean {
  const dot = revision.indexOf('.')
  return dot >= 0 && old.length === revision.length && old.endsWith(revision.slice(dot))
}

async function knownRevisions<M extends Metadata>(
  store: Store<M>,
  documentId: string,
  call: CallOptions & { readonly signal: AbortSignal },
): Promise<Map<string, string>> {
  const known = new Map<string, string>()
  for await (const ref of store.list({ documentId, ...call })) {
    call.signal.throwIfAborted()
    // A store that lists too much must not cost another document its chunks.
    if (ref.documentId === documentId) known.set(ref.id, ref.revision)
  }
  return known
}

async function vectorsOf<M extends Metadata>(
  store: Store<M>,
  chunkIds: readonly string[],
  embedder: Embedder | undefined,
  call: CallOptions,
): Promise<Map<string, Float32Array>> {
  const found = new Map<string, Float32Array>()
  if (chunkIds.length === 0 || embedder === undefined || !reusesVectors(store)) return found
  const vectors = await store.vectors(chunkIds, call)
  for (const [place, id] of chunkIds.entries()) {
    const vector = vectors[place]
    if (vector?.length === embedder.dimensions) found.set(id, vector)
  }
  return found
}

/** Whether a store has the ability. */
export function reusesVectors(store: object): store is VectorReuse {
  return 'vectors' in store && typeof store.vectors === 'function'
}
