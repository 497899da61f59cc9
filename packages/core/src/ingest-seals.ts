import type { Document, Mark, Metadata } from './document.js'
import type { Embedder } from './embedder.js'
import { canonical } from './fingerprint.js'
import type { CallOptions } from './observer.js'
import { sha256 } from './sha256.js'
import type { ChunkRef } from './store.js'

/** A document to be sealed, and what the store must have of it. */
export interface SealedDocument {
  readonly documentId: string
  /** What it was made from, in words of the writer. */
  readonly seal: string
  /** Every chunk of it, with its revision. */
  readonly chunks: readonly Pick<ChunkRef, 'id' | 'revision'>[]
}

/**
 * Ability of a store to remember of a document what it was made from, so that a document that did not change is left
 * alone without being split. A seal holds as long as nothing of the document changes: whoever writes or deletes a
 * chunk of it breaks the seal, in the same step.
 */
export interface DocumentSeals {
  /** The seals of documents, in order; `undefined` for one that was never sealed, or whose seal is broken. */
  seals(documentIds: readonly string[], options?: CallOptions): Promise<readonly (string | undefined)[]>
  /** Seals those documents of which the store has exactly these chunks in these revisions, at least one; no others. */
  seal(documents: readonly SealedDocument[], options?: CallOptions): Promise<void>
}

/** Whether a store has the ability. */
export function keepsSeals(store: object): store is DocumentSeals {
  return (
    'seals' in store &&
    typeof store.seals === 'function' &&
    'seal' in store &&
    typeof store.seal === 'function'
  )
}

/** What is said by a seal besides the digest of what the document was made from. */
export interface SealedCounts {
  readonly chunks: number
  /** Spans without a visible character. */
  readonly blank: number
}

/** Which text, chunker and model made what the store has of a document. */
export interface Lineage {
  /** First half of the SHA-256 of the document's text: equal for equal versions of the source. */
  readonly version: string
  /** `chunker.id` */
  readonly chunker: string
  /** `embedder.id`; absent when there are no vectors. */
  readonly embedder?: string | undefined
  readonly dimensions?: number | undefined
}

export interface SealedInput {
  readonly digest: string
  readonly lineage: Lineage
}

type Model = Pick<Embedder, 'id' | 'dimensions'>

/**
 * A digest of everything that decides which chunks a document has and what is stored with them: 128 bits of SHA-256 of
 * text, marks, origin, deep metadata, address, and the ids of chunker and model.
 */
export function sealedInput<M extends Metadata>(
  { id, text, marks, metadata, uri, origin }: Document<M>,
  chunkerId: string,
  embedder: Model | undefined,
): SealedInput {
  // The text by its own digest: put together with the rest it would be copied as a whole.
  const textDigest = sha256(text)
  const head = canonical({
    id,
    metadata,
    uri,
    origin: origin && { offsets: Array.from(origin.offsets), origins: Array.from(origin.origins) },
    chunker: chunkerId,
    embedder: embedder?.id,
    dimensions: embedder?.dimensions,
  })
  return {
    digest: sha256(`1${head}${encodeMarks(marks)}${textDigest}`).slice(0, 32),
    lineage: {
      version: textDigest.slice(0, 32),
      chunker: chunkerId,
      ...(embedder !== undefined && { embedder: embedder.id, dimensions: embedder.dimensions }),
    },
  }
}

/** Documents can have a mark for every line: this is many times faster than `canonical`. */
function encodeMarks(marks: readonly Mark[]): string {
  let encoded = `${marks.length}`
  for (const { kind, start, end, level, label, box, confidence } of marks) {
    encoded += `;${kind},${start},${end},${level},${confidence},${box},${label?.length}:${label}`
  }
  return `${encoded};`
}

export function sealWith({ digest, lineage }: SealedInput, { chunks, blank }: SealedCounts): string {
  return `${digest}.${chunks}.${blank}.${JSON.stringify(lineage)}`
}

/** What a seal says; `undefined` when it is broken, of another input, or not by this code. */
export function readSeal(seal: string | undefined, digest: string): SealedCounts | undefined {
  const [found, chunks, blank] = seal?.split('.', 3) ?? []
  if (found !== digest) return undefined
  const counts = { chunks: Number(chunks), blank: Number(blank) }
  return counts.chunks > 0 && counts.blank >= 0 ? counts : undefined
}

/** Chunks whose documents wait to be sealed together. */
const mostWaiting = 1024

export interface Sealer {
  /** To be told of a document once the store has acknowledged everything of it. */
  add(document: SealedDocument): Promise<void>
  /** Seals what waits. */
  flush(): Promise<void>
}

/** Seals documents some at a time. What is not sealed, because a run died or the store failed, is only compared again. */
export function sealer(
  store: DocumentSeals,
  { signal, observer }: CallOptions & { readonly signal: AbortSignal },
): Sealer {
  let waiting: SealedDocument[] = []
  let chunks = 0
  const flush = async () => {
    const documents = waiting
    if (documents.length === 0 || signal.aborted) return
    waiting = []
    chunks = 0
    try {
      await store.seal(documents, { signal, observer })
    } catch {
      // A seal is a short cut: all of the document is written, and the next run finds that by comparing.
      signal.throwIfAborted()
    }
  }
  return {
    async add(document) {
      waiting.push(document)
      chunks += document.chunks.length
      if (chunks >= mostWaiting) await flush()
    },
    flush,
  }
}
