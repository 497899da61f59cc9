import type { Chunk, Entry, LanguageModel, Metadata } from '@tesserae/core'
import { lexicalRetriever } from '../../lexical.js'
import { memoryStore } from '../../memory-store/store.js'

/** Chunks for the tests of stages: each is its own document unless its id says otherwise (`lease#2`). */
export function chunkOf(id: string, text: string, metadata: Metadata = {}): Chunk {
  const [documentId, part] = id.split('#')
  return {
    id,
    documentId: documentId!,
    index: Number(part ?? 0),
    start: 0,
    end: text.length,
    text,
    headings: [],
    metadata,
  }
}

export function entriesOf(chunks: readonly Chunk[]): Entry[] {
  return chunks.map((chunk) => ({ chunk, revision: '1' }))
}

export async function storeOf(chunks: readonly Chunk[]) {
  const store = memoryStore()
  await store.upsert(entriesOf(chunks))
  return store
}

export async function lexicalOver(chunks: readonly Chunk[]) {
  return lexicalRetriever({ store: await storeOf(chunks) })
}

/** A model that never answers and does not listen to its signal. */
export const stuckModel: LanguageModel = { id: 'stuck', generate: () => new Promise(() => {}) }

export const idsOf = (hits: readonly { readonly chunk: Chunk }[]) => hits.map(({ chunk }) => chunk.id)
