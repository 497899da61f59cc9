import { describe, expect, it } from 'vitest'
import type { Chunker } from './chunker.js'
import type { Document } from './document.js'
import { ingest } from './ingest.js'
import { readSeal, sealedInput, sealWith } from './ingest-seals.js'
import { planIngest } from './plan-ingest.js'
import { shelfStore } from './shelf-store.js'
import type { ChunkRef } from './store.js'
import { versionedStore } from './store-writes.js'
import { document, lineChunker, loaded, recordingEmbedder } from './testing/fakes/recording.js'

/** Splits by lines and records of which documents. */
function recordingChunker(id = 'lines') {
  const split: string[] = []
  const lines = lineChunker(id)
  const chunker: Chunker = {
    id,
    split(given, options) {
      split.push(given.id)
      return lines.split(given, options)
    },
  }
  return { chunker, split }
}

const documents = [
  document('a', 'one\n \ntwo', { metadata: { year: 1, tags: ['x'] } }),
  document('b', 'three'),
  document('c', ''),
]

async function filled() {
  const store = shelfStore()
  const { chunker, split } = recordingChunker()
  const options = { chunker, embedder: recordingEmbedder(), store, maxBatchDelayMs: 0 }
  const first = await ingest(loaded(...documents), options)
  split.length = 0
  return { store, options, split, first }
}

async function refsOf(store: ReturnType<typeof shelfStore>, documentId: string): Promise<ChunkRef[]> {
  const refs: ChunkRef[] = []
  for await (const ref of store.list({ documentId })) refs.push(ref)
  return refs
}

describe('ingest into a store that keeps seals', () => {
  it('does not seal what a chunker says it failed at in part', async () => {
    const { chunker: plain, split } = recordingChunker()
    const told: string[] = []
    let isDown = true
    const chunker: Chunker = {
      id: plain.id,
      split(given, options) {
        if (isDown && given.id === 'a') options?.observer?.({ type: 'context.failure', source: plain.id })
        return plain.split(given, options)
      },
    }
    const options = {
      chunker,
      store: shelfStore(),
      observer: ({ type }: { type: string }) => told.push(type),
    }
    const given = documents.slice(0, 2)
    await ingest(loaded(...given), options)
    expect(told.filter((type) => type.endsWith('.failure'))).toEqual(['context.failure'])
    split.length = 0
    await ingest(loaded(...given), options)
    expect(split).toEqual(['a'])
    isDown = false
    await ingest(loaded(...given), options)
    split.length = 0
    await ingest(loaded(...given), options)
    expect(split).toEqual([])
  })

  it('does not split a document that it has, and reports it as it would have', async () => {
    const { options, split, first } = await filled()
    const again = await ingest(loaded(...documents), options)
    expect(split).toEqual(['c'])
    expect(again.documents).toEqual({ ...first.documents, written: 0, unchanged: 2 })
    expect(again.chunks).toEqual({ ...first.chunks, written: 0, embedded: 0, unchanged: 3 })
    expect(again.chunks.blank).toBe(1)
    split.length = 0
    const plan = await planIngest(loaded(...documents), options)
    expect(split).toEqual(['c'])
    expect(plan.documents).toMatchObject({ unchanged: 2, empty: 1 })
    expect(plan.chunks).toMatchObject({ unchanged: 3, write: 0 })
  })

  const origin = { offsets: Uint32Array.of(0, 4), origins: Uint32Array.of(0, 5) }
  it.each<[string, Partial<Document>]>([
    ['text', { text: 'one\n \ntwo ' }],
    ['metadata, however deep', { metadata: { year: 1, tags: ['y'] } }],
    ['address', { uri: 'elsewhere' }],
    ['marks', { marks: [{ kind: 'page', start: 0, end: 3, label: '1' }] }],
    ['origin', { origin }],
  ])('splits a document again when its %s changed', async (_, change) => {
    const { options, split } = await filled()
    const [first, ...others] = documents
    const source = loaded({ ...first!, ...change }, ...others)
    await ingest(source, options)
    expect(split).toEqual(['a', 'c'])
    split.length = 0
    await ingest(source, options)
    expect(split).toEqual(['c'])
  })

  it('splits every document again with another chunker, another model, or when told to', async () => {
    const { options, split } = await filled()
    const other = recordingChunker('other')
    await ingest(loaded(...documents), { ...options, chunker: other.chunker })
    expect(other.split).toEqual(['a', 'b', 'c'])
    await ingest(loaded(...documents), options)
    expect(split).toEqual(['a', 'b', 'c'])
    split.length = 0
    await ingest(loaded(...documents), { ...options, embedder: recordingEmbedder({ id: 'other' }) })
    expect(split).toEqual(['a', 'b', 'c'])
    split.length = 0
    const report = await ingest(loaded(...documents), { ...options, compare: 'chunks' })
    expect(split).toEqual(['a', 'b', 'c'])
    expect(report.documents.written).toBe(2)
  })

  it('finds what somebody else deleted or wrote, and mends it', async () => {
    const { store, options, split } = await filled()
    const [ref] = await refsOf(store, 'a')
    await store.delete([ref!.id])
    await ingest(loaded(...documents), options)
    expect(split).toEqual(['a', 'c'])
    const [chunk] = await store.get([ref!.id])
    expect(chunk?.text).toBe('one')
    await store.upsert([{ chunk: { ...chunk!, id: 'foreign' }, revision: '' }])
    const report = await ingest(loaded(...documents), options)
    expect(report.chunks).toMatchObject({ written: 0, deleted: 1 })
    expect((await refsOf(store, 'a')).map(({ id }) => id)).not.toContain('foreign')
  })

  it('seals nothing that is not as it was planned: somebody wrote in between', async () => {
    const store = shelfStore()
    const { chunker, split } = recordingChunker()
    let disturbed = false
    const seal = store.seal.bind(store)
    store.seal = async (given, call) => {
      const [chunk] = await store.get([given[0]!.chunks[0]!.id])
      if (!disturbed) await store.upsert([{ chunk: { ...chunk!, metadata: { odd: true } }, revision: 'odd' }])
      disturbed = true
      await seal(given, call)
    }
    await ingest(loaded(...documents), { chunker, store })
    split.length = 0
    const report = await ingest(loaded(...documents), { chunker, store })
    expect(split).toEqual(['a', 'c'])
    expect(report.chunks.written).toBe(1)
  })

  it('seals what an older run left without, writing no chunk', async () => {
    const { store, options, split } = await filled()
    const [ref] = await refsOf(store, 'b')
    const [chunk] = await store.get([ref!.id])
    const [vector] = await store.vectors([ref!.id])
    await store.upsert([{ chunk: chunk!, vector, revision: ref!.revision }])
    const counted = versionedStore(store)
    const before = counted.version()
    await ingest(loaded(...documents), { ...options, store: counted })
    expect(split).toEqual(['b', 'c'])
    split.length = 0
    await ingest(loaded(...documents), { ...options, store: counted })
    expect(split).toEqual(['c'])
    expect(counted.version()).toBe(before)
  })

  it('loses only the short cut when the store cannot seal', async () => {
    const store = shelfStore()
    store.seal = async () => {
      throw new Error('no room')
    }
    const { chunker, split } = recordingChunker()
    const first = await ingest(loaded(...documents), { chunker, store })
    expect(first.failures).toEqual([])
    const again = await ingest(loaded(...documents), { chunker, store })
    expect(again.failures).toEqual([])
    expect(again.documents.unchanged).toBe(2)
    expect(split).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
  })

  it('names a document whose metadata cannot be sealed', async () => {
    const { options } = await filled()
    const metadata: Document['metadata'] = JSON.parse('{"when":0}')
    Reflect.set(metadata, 'when', new Date(0))
    const report = await ingest(loaded(document('d', 'four', { metadata })), options)
    expect(report.failures).toMatchObject([{ documentId: 'd', stage: 'split', code: 'invalid-argument' }])
  })

  it('finds documents that are gone by their names', async () => {
    const { store, options } = await filled()
    const listed: (string | undefined)[] = []
    const list = store.list.bind(store)
    store.list = (given = {}) => {
      listed.push(given.documentId)
      return list(given)
    }
    const report = await ingest(loaded(documents[1]!), { ...options, removeMissing: true })
    expect(report.documents).toMatchObject({ unchanged: 1, removed: 1 })
    expect(listed).toEqual(['a'])
    expect(await refsOf(store, 'a')).toEqual([])
  })
})

describe('a seal', () => {
  it('is read back only for the input it was made from', () => {
    const input = sealedInput(documents[0]!, 'lines.with.dots', undefined)
    const { digest } = input
    expect(readSeal(sealWith(input, { chunks: 3, blank: 2 }), digest)).toEqual({ chunks: 3, blank: 2 })
    for (const other of [undefined, '', digest, `${digest}.3`, `${digest}.x.0`, `${digest}.0.0`, `0.3.2`]) {
      expect(readSeal(other, digest)).toBeUndefined()
    }
  })

  it('tells apart what is told apart by any field of a mark', () => {
    const base = { kind: 'heading', start: 0, end: 3, level: 1, label: 'a', box: [0, 1, 2, 3] } as const
    const marks = [
      base,
      { ...base, kind: 'row' as const },
      { ...base, start: 1 },
      { ...base, end: 2 },
      { ...base, level: 2 },
      { ...base, level: undefined },
      { ...base, label: 'a;' },
      { ...base, label: undefined },
      { ...base, label: 'undefined' },
      { ...base, box: [0, 1, 2, 4] as const },
      { ...base, box: undefined },
      { ...base, confidence: 0.5 },
    ]
    const digests = marks.map(
      (mark) => sealedInput({ ...documents[0]!, marks: [mark] }, 'lines', { id: 'm', dimensions: 2 }).digest,
    )
    expect(new Set(digests).size).toBe(marks.length)
  })
})
