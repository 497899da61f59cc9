import { recursiveChunker } from '@tesserae/chunkers'
import { cachedEmbedder, type Document, eq, ingest, type Loaded, type RagErrorCode } from '@tesserae/core'
import { fakeEmbedder, type Random, seededRandom } from '@tesserae/core/testing'
import { type SqliteDriver, type SqliteStore, sqliteStore } from '@tesserae/retrievers/sqlite'

/** What a run brings the store to: its first content, edits and removals of it, a large deletion. */
export const phases = ['ingest', 'update', 'delete'] as const
export type Phase = (typeof phases)[number]

const dimensions = 24
const words = 'deposit lease tenant landlord rent notice repair garden roof boiler quiet hours key pet'.split(
  ' ',
)

/** The documents that the store shall hold after the phase. The same for the same seed in every process. */
export function documentsOf(phase: Phase, seed: number): readonly Document[] {
  const random = seededRandom(seed)
  const first = Array.from({ length: 14 }, (_, i) => documentOf(`doc-${i}`, random))
  if (phase === 'ingest') return first
  const second = first.flatMap((document, i) => {
    if (i % 5 === 1) return []
    if (i % 5 === 2) return [{ ...document, metadata: { ...document.metadata, reviewed: true } }]
    if (i % 5 === 3) return [{ ...document, text: `${prose(random, 2)}\n\n${document.text}` }]
    return [document]
  })
  second.push(...Array.from({ length: 4 }, (_, i) => documentOf(`late-${i}`, random)))
  return phase === 'update' ? second : second.filter((_, i) => i % 3 === 0)
}

function documentOf(id: string, random: Random): Document {
  const metadata = { tenant: random.pick(['a', 'b']), year: random.integer(2020, 2026) }
  return { id, text: prose(random, random.integer(2, 9)), marks: [], metadata, uri: `file:///${id}.md` }
}

function prose(random: Random, paragraphs: number): string {
  const sentence = () => Array.from({ length: random.integer(6, 16) }, () => random.pick(words)).join(' ')
  const paragraph = () => `${Array.from({ length: random.integer(2, 5) }, sentence).join('. ')}.`
  return Array.from({ length: paragraphs }, paragraph).join('\n\n')
}

export function openStore(path: string, driver?: SqliteDriver): Promise<SqliteStore> {
  return sqliteStore({
    path,
    dimensions,
    embedderId: 'fake-embedder',
    driver,
    durability: 'process',
    busyTimeoutMs: 0,
  })
}

export interface PhaseOutcome {
  /** Of documents that could not be written. */
  readonly failures: readonly RagErrorCode[]
}

/** Brings the store to the phase, then stores its indexes. Doing it again finishes what was left undone. */
export async function runPhase(
  store: SqliteStore,
  phase: Phase,
  seed: number,
  acknowledge: (documentId: string) => void = () => {},
): Promise<PhaseOutcome> {
  const loaded = documentsOf(phase, seed).map((document): Loaded => ({ type: 'document', document }))
  const report = await ingest(loaded, {
    chunker: recursiveChunker({ maxTokens: 40 }),
    embedder: cachedEmbedder(fakeEmbedder({ dimensions }), store.embeddingCache()),
    store,
    removeMissing: true,
    maxWriteChunks: 12,
    onDocument: ({ documentId, status }) => {
      if (documentId !== undefined && status !== 'removed') acknowledge(documentId)
    },
  })
  await store.checkpoint()
  return { failures: report.failures.map(({ code }) => code) }
}

/** Everything that can be asked of a store, chunk by chunk and search by search. */
export interface Content {
  /** By chunk id: document, revision, chunk and vector in one text. */
  readonly chunks: ReadonlyMap<string, string>
  readonly documentOf: ReadonlyMap<string, string>
  /** Ids that were listed more than once. */
  readonly repeated: number
  readonly searches: string
}

export async function contentOf(store: SqliteStore): Promise<Content> {
  const chunks = new Map<string, string>()
  const documentOf = new Map<string, string>()
  let repeated = 0
  for await (const ref of store.list()) {
    if (chunks.has(ref.id)) repeated += 1
    const [[chunk], [vector]] = [await store.get([ref.id]), await store.vectors([ref.id])]
    chunks.set(ref.id, JSON.stringify([ref.revision, chunk, Array.from(vector ?? [])]))
    documentOf.set(ref.id, ref.documentId)
  }
  const embedder = fakeEmbedder({ dimensions })
  const searches: unknown[] = []
  for (const query of ['deposit', 'quiet hours garden', 'tenant notice boiler roof', 'pet']) {
    const vector = await embedder.embed([query], { role: 'query' })
    for (const filter of [undefined, eq('tenant', 'a'), eq('reviewed', true)]) {
      searches.push(await store.searchByText(query, { limit: 10, filter }))
      searches.push(await store.searchByVector(vector, { limit: 10, filter }))
    }
  }
  return { chunks, documentOf, repeated, searches: JSON.stringify(searches) }
}
