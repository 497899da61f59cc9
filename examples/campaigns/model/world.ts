import { recursiveChunker } from '@tesserae/chunkers'
import { type Chunk, type Chunker, type Document, embeddingText, toChunks } from '@tesserae/core'
import { fakeEmbedder, type Random } from '@tesserae/core/testing'
import { type MemoryStore, memoryStore } from '@tesserae/retrievers'

export const dimensions = 12

/** How documents become entries; a change of it changes every chunk or every vector. */
export interface Configuration {
  readonly maxTokens: number
  readonly embedderId: string
}

export function chunkerOf({ maxTokens }: Configuration): Chunker {
  return recursiveChunker({ maxTokens })
}

/** The model: which documents there are, and nothing of how they are kept. */
export type World = Map<string, Document>

const words = 'deposit lease tenant landlord rent notice repair garden roof boiler quiet hours'.split(' ')

export function newDocument(id: string, random: Random): Document {
  return { id, text: prose(random), marks: [], metadata: newMetadata(random), uri: `file:///${id}.md` }
}

export function newMetadata(random: Random): Document['metadata'] {
  return { tenant: random.pick(['a', 'b']), years: [random.integer(1, 3), random.integer(1, 3)] }
}

export function edited(document: Document, random: Random): Document {
  const paragraphs = document.text.split('\n\n')
  const at = random.integer(0, paragraphs.length - 1)
  if (random.chance()) paragraphs.splice(at, 1, prose(random))
  else paragraphs.splice(at, random.chance() && paragraphs.length > 1 ? 1 : 0, ...paragraphs.slice(0, 1))
  return { ...document, text: paragraphs.join('\n\n') }
}

function prose(random: Random): string {
  const sentence = () => Array.from({ length: random.integer(3, 9) }, () => random.pick(words)).join(' ')
  const paragraph = () => `${Array.from({ length: random.integer(1, 3) }, sentence).join('. ')}.`
  return Array.from({ length: random.integer(1, 4) }, paragraph).join('\n\n')
}

export interface Expected {
  readonly chunks: ReadonlyMap<string, Chunk>
  readonly vectors: ReadonlyMap<string, Float32Array>
  /** Filled anew with the same chunks, for what searches must find. */
  readonly searches: MemoryStore
}

/** What a store must hold of the world: computed document by document, without ingest and without a past. */
export async function expectedOf(world: World, configuration: Configuration): Promise<Expected> {
  const chunker = chunkerOf(configuration)
  const embedder = fakeEmbedder({ dimensions, id: configuration.embedderId })
  const chunks = new Map<string, Chunk>()
  const vectors = new Map<string, Float32Array>()
  for (const document of world.values()) {
    for (const chunk of toChunks(document, await chunker.split(document))) {
      chunks.set(chunk.id, chunk)
      vectors.set(chunk.id, await embedder.embed([embeddingText(chunk)], { role: 'document' }))
    }
  }
  const searches = memoryStore({ dimensions })
  await searches.upsert(
    Array.from(chunks.values(), (chunk) => ({ chunk, vector: vectors.get(chunk.id), revision: '' })),
  )
  return { chunks, vectors, searches }
}
