import type { Chunk, ChunkSpan } from './chunk.js'
import type { Chunker } from './chunker.js'
import type { Document, Metadata } from './document.js'
import { messageOf } from './embed-texts.js'
import type { Embedder } from './embedder.js'
import { isRagError, RagError, type RagErrorCode } from './errors.js'
import { fingerprint } from './fingerprint.js'
import { inputOf, saysVectorNeed, type VectorPool } from './ingest-reuse.js'
import {
  keepsSeals,
  readSeal,
  type SealedCounts,
  type SealedDocument,
  sealedInput,
  sealWith,
} from './ingest-seals.js'
import type { CallOptions } from './observer.js'
import type { ChunkRef, Store } from './store.js'
import { embeddingText, toChunks } from './to-chunks.js'

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

/** A chunk to write. `vector` is there already when the store's own could be reused; `embed`: it has to be made. */
export interface PlannedChunk<M extends Metadata> {
  readonly chunk: Chunk<M>
  readonly revision: string
  readonly vector: Float32Array | undefined
  readonly embed: boolean
}

/** What has to happen so that the store holds exactly this document. */
export interface DocumentPlan<M extends Metadata> {
  readonly documentId: string
  readonly uri: string | undefined
  readonly metadata: M
  /** Chunks of the document as it is now. */
  readonly chunks: number
  /** Chunks that the store has of it. */
  readonly stored: number
  /** Spans without a visible character; never indexed. */
  readonly blank: number
  readonly unchanged: number
  readonly writes: readonly PlannedChunk<M>[]
  /** What the store has in the place of those of `writes` that take another vector than before. */
  readonly replaced: readonly ChunkRef[]
  /** Chunks that the store has and the document no longer has. */
  readonly stale: readonly ChunkRef[]
  /** What the store can be told once all this is done. */
  readonly sealed: SealedDocument | undefined
}

export interface PlanContext<M extends Metadata> {
  readonly chunker: Chunker
  readonly embedder: Embedder | undefined
  readonly store: Store<M>
  /** Vectors that the store can give back; absent when it has no vectors or cannot. */
  readonly pool: VectorPool | undefined
  /** `documents`: what the store has sealed is not split. */
  readonly compare: 'documents' | 'chunks'
  readonly observer: CallOptions['observer']
  readonly onTime: (part: 'split' | 'store', milliseconds: number) => void
}

/** Splits a document and compares it with what the store has of it. */
export async function planDocument<M extends Metadata>(
  document: Document<M>,
  context: PlanContext<M>,
  signal: AbortSignal,
): Promise<DocumentPlan<M>> {
  const { chunker, embedder, store, pool, compare, observer, onTime } = context
  const call = { signal, observer }
  const begun = performance.now()
  const input = keepsSeals(store)
    ? await atStage('split', signal, () => sealedInput(document, chunker.id, embedder))
    : undefined
  if (input !== undefined && keepsSeals(store) && compare === 'documents') {
    const asked = performance.now()
    onTime('split', asked - begun)
    const [seal] = await atStage('store', signal, () => store.seals([document.id], call))
    onTime('store', performance.now() - asked)
    const counts = readSeal(seal, input.digest)
    if (counts !== undefined) return untouched(document, counts)
  }
  const started = performance.now()
  // A chunker that asks a model goes on where the model fails; such a document is split again the next time.
  let isWhole = true
  const watching: CallOptions['observer'] = (event) => {
    if (event.type.endsWith('.failure')) isWhole = false
    observer?.(event)
  }
  const { chunks, blank } = await atStage('split', signal, async () => {
    const spans = await chunker.split(document, { signal, observer: watching })
    const visible = spans.filter((span) => !isBlank(document.text, span))
    return { chunks: toChunks(document, visible), blank: spans.length - visible.length }
  })
  const besides = await atStage('split', signal, () => {
    const shared = sharedPart(document, chunker.id, embedder)
    return chunks.map((chunk) => besideText(chunk, shared))
  })
  const split = performance.now()
  onTime('split', split - started)

  const known = await atStage('store', signal, () => knownChunks(store, document.id, call))
  const stored = known.size
  const own = [...known.values()]
  const replaced: ChunkRef[] = []
  const changed: { chunk: Chunk<M>; revision: string }[] = []
  const revisions: string[] = []
  for (const [place, chunk] of chunks.entries()) {
    const beside = besides[place]!
    const old = known.get(chunk.id)
    known.delete(chunk.id)
    if (old !== undefined && isCurrent(old.revision, beside, embedder)) {
      revisions.push(old.revision)
      continue
    }
    const revision = withInput(beside, chunk, embedder)
    revisions.push(revision)
    changed.push({ chunk, revision })
    if (old !== undefined && inputOf(old.revision) !== inputOf(revision)) replaced.push(old)
  }
  const inputs = changed.map(({ revision }) => inputOf(revision))
  const vectors = await atStage('store', signal, () => pool?.find(inputs, own, signal))
  onTime('store', performance.now() - split)
  return {
    documentId: document.id,
    uri: document.uri,
    metadata: document.metadata,
    chunks: chunks.length,
    stored,
    blank,
    unchanged: chunks.length - changed.length,
    writes: changed.map(({ chunk, revision }, place) => {
      const vector = vectors?.[place]
      return { chunk, revision, vector, embed: embedder !== undefined && vector === undefined }
    }),
    replaced,
    stale: [...known.values()],
    sealed:
      input === undefined || chunks.length === 0 || !isWhole
        ? undefined
        : {
            documentId: document.id,
            seal: sealWith(input, { chunks: chunks.length, blank }),
            chunks: chunks.map(({ id }, place) => ({ id, revision: revisions[place]! })),
          },
  }
}

/**
 * The plan with what the store needs no vector for. To be asked in the order in which documents are let in: a chunk
 * that duplicates one asked about earlier needs none, if it comes to the store after it.
 */
export async function withNeeds<M extends Metadata>(
  plan: DocumentPlan<M>,
  { store, observer, onTime }: PlanContext<M>,
  signal: AbortSignal,
): Promise<DocumentPlan<M>> {
  const asked = plan.writes.filter(({ embed }) => embed)
  if (asked.length === 0 || !saysVectorNeed(store)) return plan
  const started = performance.now()
  const chunks = asked.map(({ chunk }) => chunk)
  const needs = await atStage('store', signal, () => store.needsVectors(chunks, { signal, observer }))
  onTime('store', performance.now() - started)
  const spared = new Set(chunks.filter((_, place) => needs[place] === false))
  return {
    ...plan,
    writes: plan.writes.map((write) => (spared.has(write.chunk) ? { ...write, embed: false } : write)),
  }
}

/** The plan for a document of which the store has everything. */
function untouched<M extends Metadata>(
  { id, uri, metadata }: Document<M>,
  { chunks, blank }: SealedCounts,
): DocumentPlan<M> {
  const nothing = { writes: [], replaced: [], stale: [], sealed: undefined }
  return { documentId: id, uri, metadata, chunks, stored: chunks, blank, unchanged: chunks, ...nothing }
}

function isBlank(text: string, span: ChunkSpan): boolean {
  // Only a well-formed span can be blank; anything else is for `toChunks` to refuse.
  return 0 <= span.start && span.start < span.end && !/\S/.test(text.slice(span.start, span.end))
}

/** What the revisions of all chunks of a document have in common. */
export function sharedPart<M extends Metadata>(
  document: Pick<Document<M>, 'metadata' | 'uri'>,
  chunkerId: string,
  embedder: Model | undefined,
): string {
  return fingerprint({
    metadata: document.metadata,
    uri: document.uri,
    chunker: chunkerId,
    embedder: embedder?.id,
    dimensions: embedder?.dimensions,
  })
}

type Model = Pick<Embedder, 'id' | 'dimensions'>

/**
 * Two fingerprints a chunk: of everything stored beside its text, and, after the dot, of what its vector was
 * made from: model, context and text, wherever they stand. A different second half means: embed again.
 */
export function revisionOf<M extends Metadata>(
  chunk: Chunk<M>,
  shared: string,
  embedder: Model | undefined,
): string {
  return withInput(besideText(chunk, shared), chunk, embedder)
}

function besideText<M extends Metadata>(chunk: Chunk<M>, shared: string): string {
  const { index, window, context, headings, page, tokens } = chunk
  return fingerprint({ shared, index, window, context, headings, page, tokens })
}

function withInput<M extends Metadata>(beside: string, chunk: Chunk<M>, embedder: Model | undefined): string {
  if (embedder === undefined) return beside
  return `${beside}.${fingerprint([embedder.id, embedder.dimensions, embeddingText(chunk)])}`
}

/**
 * Whether the store has a chunk as it is now. The first half tells, since the chunk's id stands for its text and
 * model and context are in the first half too: a text that is there already need not be hashed again.
 */
function isCurrent(revision: string, beside: string, embedder: Model | undefined): boolean {
  return revision.startsWith(beside) && (inputOf(revision) === undefined) === (embedder === undefined)
}

async function knownChunks<M extends Metadata>(
  store: Store<M>,
  documentId: string,
  call: CallOptions & { readonly signal: AbortSignal },
): Promise<Map<string, ChunkRef>> {
  const known = new Map<string, ChunkRef>()
  for await (const ref of store.list({ documentId, ...call })) {
    call.signal.throwIfAborted()
    // A store that lists too much must not cost another document its chunks.
    if (ref.documentId === documentId) known.set(ref.id, ref)
  }
  return known
}
