import { describe, expect, it } from 'vitest'
import type { Chunk } from './chunk.js'
import { type DeduplicatedStore, type DroppedChunk, deduplicatedStore } from './deduplicate.js'
import type { Document, Metadata } from './document.js'
import { ModelError } from './errors.js'
import { ingest } from './ingest.js'
import { comparableText, jaccard, shingleSet } from './minhash.js'
import { planIngest } from './plan-ingest.js'
import { shelfStore } from './shelf-store.js'
import { removeDocument } from './sync.js'
import { document, lineChunker, loaded, recordingEmbedder } from './testing/fakes/recording.js'
import { fakeStore, seededRandom, storeLaws } from './testing/index.js'

const long = 'The deposit is returned within thirty days after the keys were handed over to the landlord'

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

async function setup(options: Partial<Parameters<typeof deduplicatedStore>[0]> = {}) {
  const kept = options.kept ?? fakeStore({ dimensions: 2 })
  const dropped = options.dropped ?? shelfStore()
  const make = () => deduplicatedStore({ within: ['tenant'], ...options, kept, dropped })
  const store = await make()
  const embedder = recordingEmbedder()
  const run = (...documents: Document[]) =>
    ingest(loaded(...documents), { chunker: lineChunker(), embedder, store, retry: false, concurrency: 1 })
  return { kept, dropped, store, embedder, run, make }
}

const of = (id: string, text: string, metadata: Metadata = { tenant: 't' }) =>
  document(id, text, { metadata })

async function searched(kept: ReturnType<typeof fakeStore> | Awaited<ReturnType<typeof setup>>['kept']) {
  const ids = (await collect(kept.list())).map(({ id }) => id)
  const chunks = await kept.get(ids)
  return chunks.flatMap((chunk) => (chunk === undefined ? [] : [`${chunk.documentId}: ${chunk.text}`])).sort()
}

/** Dropped chunks by document, with the document of what they duplicate. */
async function drops(store: DeduplicatedStore): Promise<string[]> {
  const all: DroppedChunk[] = await collect(store.dropped())
  const kept = await store.get(all.map(({ keptId }) => keptId))
  return all.map(({ documentId, kind }, n) => `${documentId} ${kind} ${kept[n]?.documentId}`).sort()
}

describe('deduplicatedStore keeps the laws of a store', () => {
  for (const law of storeLaws(() => deduplicatedStore({ kept: fakeStore(), within: [] }))) {
    it(law.name, () => law.run())
  }
})

describe('shelfStore keeps the laws of a store', () => {
  for (const law of storeLaws(() => shelfStore())) it(law.name, () => law.run())
})

describe('deduplicatedStore', () => {
  it('searches one of the same text, lists the others with what they duplicate, and gives their sources', async () => {
    const { kept, store, run } = await setup()
    const report = await run(
      of('a', `${long}\nother`),
      of('b', `  ${long.toUpperCase()}`),
      of('c', `${long}!`),
    )
    expect(report.documents.written).toBe(3)
    expect(await searched(kept)).toEqual([`a: ${long}`, 'a: other'])
    expect(await drops(store)).toEqual(['b exact a', 'c near a'])
    const [near] = (await collect(store.dropped())).filter(({ kind }) => kind === 'near')
    const similarity = jaccard(shingleSet(comparableText(long)), shingleSet(comparableText(`${long}!`)))
    expect(near?.similarity).toBe(similarity)
    expect(similarity).toBeGreaterThan(0.9)
    const [sources] = await store.sourcesOf([near?.keptId ?? '', 'nobody'])
    expect(sources?.map(({ documentId, uri, start }) => [documentId, uri, start])).toEqual([
      ['b', 'b', 0],
      ['c', 'c', 0],
    ])
  })

  it('never compares across tenants or access levels, and takes groups for a set', async () => {
    const { store, run } = await setup({ within: ['tenant', 'groups'] })
    await run(
      of('a', long, { tenant: 't', groups: ['x', 'y'] }),
      of('b', long, { tenant: 'u', groups: ['x', 'y'] }),
      of('c', long, { tenant: 't', groups: ['x'] }),
      of('d', long, { tenant: 't' }),
      of('e', long, { tenant: 't', groups: ['y', 'x'] }),
    )
    expect(await drops(store)).toEqual(['e exact a'])
  })

  it('leaves texts alone that are less alike than the threshold, or not equal without one', async () => {
    const exact = await setup({ threshold: false })
    await exact.run(of('a', long), of('b', `${long}!`), of('c', long))
    expect(await drops(exact.store)).toEqual(['c exact a'])
    const near = await setup()
    await near.run(of('a', long), of('b', 'quite another text about the same landlord and the same keys'))
    expect(await drops(near.store)).toEqual([])
  })

  it('drops exactly what comparing every pair in full would drop, for the most alike', async () => {
    const random = seededRandom(9)
    const { store, run } = await setup({ threshold: 0.8 })
    const words = () => Array.from({ length: 60 }, () => `word${random.integer(0, 9_999)}`)
    const documents: Document[] = []
    for (let tenant = 0; tenant < 40; tenant++) {
      const base = words()
      const edited = words()
      for (let n = 0; n < 8; n++) {
        // Each of eight places is edited or not: two of the texts differ in four places on average.
        const text = base.map((word, at) => (at % 7 === 3 && random.integer(0, 1) === 1 ? edited[at] : word))
        documents.push(of(`${tenant}/${n}`, text.join(' '), { tenant }))
      }
    }
    await run(...documents)

    const chunks = new Map<string, Chunk>()
    for (const { id } of await collect(store.list())) chunks.set(id, (await store.get([id]))[0] as Chunk)
    const sets = new Map([...chunks].map(([id, { text }]) => [id, shingleSet(comparableText(text))]))
    const kept: Chunk[] = []
    const expected: string[] = []
    let close = 0
    let choices = 0
    for (const { id: documentId } of documents) {
      const chunk = [...chunks.values()].find((item) => item.documentId === documentId) as Chunk
      const alike = kept
        .filter(({ metadata }) => metadata.tenant === chunk.metadata.tenant)
        .map(({ id }) => ({ id, similarity: jaccard(sets.get(id)!, sets.get(chunk.id)!) }))
        .sort((a, b) => b.similarity - a.similarity || (a.id < b.id ? -1 : 1))
      const [best, second] = alike
      if (second !== undefined && second.similarity >= 0.8) choices += 1
      if (best !== undefined && best.similarity > 0.7 && best.similarity < 0.8) close += 1
      if (best === undefined || best.similarity < 0.8) kept.push(chunk)
      else expected.push(`${documentId} ${best.id} ${best.similarity}`)
    }
    const found = (await collect(store.dropped())).map(
      ({ documentId, keptId, similarity }) => `${documentId} ${keptId} ${similarity}`,
    )
    expect(found.sort()).toEqual(expected.sort())
    expect(expected.length).toBeGreaterThan(50)
    expect(close).toBeGreaterThan(10)
    expect(choices).toBeGreaterThan(10)
  })

  it('writes nothing on a second run, and nothing after being opened again', async () => {
    const { run, embedder, make, store } = await setup()
    const source = [of('a', long), of('b', long), of('c', 'x')]
    await run(...source)
    const before = await collect(store.dropped())
    embedder.calls.length = 0
    expect((await run(...source)).chunks).toMatchObject({ written: 0, unchanged: 3 })
    const opened = await make()
    const again = await ingest(loaded(...source), { chunker: lineChunker(), embedder, store: opened })
    expect(again.chunks).toMatchObject({ written: 0, unchanged: 3 })
    expect(embedder.calls).toEqual([])
    expect(await collect(opened.dropped())).toEqual(before)
  })

  it('promotes the next one, with its vector, when the kept one goes', async () => {
    const { kept, store, run, embedder } = await setup()
    await run(of('a', long), of('c', `${long}!`), of('b', long))
    embedder.calls.length = 0
    expect(await removeDocument(store, 'a')).toBe(1)
    expect(await searched(kept)).toEqual([`b: ${long}`])
    expect(await drops(store)).toEqual(['c near b'])
    const hits = await (kept as ReturnType<typeof fakeStore>).searchByVector(new Float32Array([1, 0]), {
      limit: 9,
    })
    expect(hits.map(({ chunk }) => chunk.documentId)).toEqual(['b'])
    expect(await removeDocument(store, 'b')).toBe(1)
    expect(await removeDocument(store, 'c')).toBe(1)
    expect(await searched(kept)).toEqual([])
    expect(await drops(store)).toEqual([])
    expect(embedder.calls).toEqual([])
  })

  it('promotes the next one when the kept one moves to another tenant, and back', async () => {
    const { kept, store, run } = await setup()
    await run(of('a', long), of('b', long))
    await run(of('a', long, { tenant: 'u' }))
    expect(await searched(kept)).toEqual([`a: ${long}`, `b: ${long}`])
    await run(of('a', long))
    expect(await drops(store)).toEqual(['a exact b'])
  })

  it('gives back vectors of both, so that a change of metadata embeds nothing', async () => {
    const inner = shelfStore()
    const { store, run, embedder } = await setup({ kept: inner })
    await run(of('a', long), of('b', long))
    embedder.calls.length = 0
    const report = await run(of('a', long, { tenant: 't', year: 1 }), of('b', long, { tenant: 't', year: 1 }))
    expect(embedder.calls).toEqual([])
    expect(report.chunks).toMatchObject({ written: 2, reused: 2 })
    expect(await drops(store)).toEqual(['b exact a'])
  })

  it('with a model, embeds duplicates of what is there only when they take its place', async () => {
    const embedder = recordingEmbedder()
    const kept = shelfStore()
    const { store, run, embedder: outside, make } = await setup({ kept, embedder })
    await run(of('a', `${long}\nother`))
    outside.calls.length = 0
    const report = await run(of('b', `${long}!\nnew`), of('c', long))
    expect(outside.calls).toEqual([['new']])
    expect(report.chunks).toMatchObject({ written: 3, embedded: 1, reused: 1 })
    expect(await drops(store)).toEqual(['b near a', 'c exact a'])
    const again = await run(of('a', `${long}\nother`), of('b', `${long}!\nnew`), of('c', long))
    expect(again.chunks).toMatchObject({ written: 0 })
    expect(embedder.calls).toEqual([])

    await removeDocument(await make(), 'a')
    expect(embedder.calls).toEqual([[`${long}!`]])
    const ids = (await collect(kept.list())).map(({ id }) => id)
    expect((await kept.vectors(ids)).every((vector) => vector?.length === 2)).toBe(true)
    expect(await searched(kept)).toEqual([`b: ${long}!`, 'b: new'])
  })

  it('with a model, embeds what comes several times in one run once, and keeps the first', async () => {
    const embedder = recordingEmbedder()
    const kept = shelfStore()
    const { store, run, embedder: outside } = await setup({ kept, embedder })
    const source = [
      of('a', `${long}\n${long.toUpperCase()}\nsomething else that is long enough to have shingles`),
      of('b', `${long}!\nnew`),
      of('c', long),
      of('d', long, { tenant: 'other' }),
    ]
    const plan = await planIngest(loaded(...source), {
      chunker: lineChunker(),
      embedder: outside,
      store,
      concurrency: 1,
    })
    expect(plan.chunks).toMatchObject({ write: 7, embed: 4 })
    expect(outside.calls).toEqual([])
    const report = await run(...source)
    expect(report.chunks).toMatchObject({ written: 7, embedded: 4 })
    const [first, second] = source[0]!.text.split('\n').filter((_, place) => place !== 1)
    expect(outside.calls.flat().sort()).toEqual([first, second, 'new', long].sort())
    expect(embedder.calls).toEqual([])
    expect(await drops(store)).toEqual(['a exact a', 'b near a', 'c exact a'])
    const ids = (await collect(kept.list())).map(({ id }) => id)
    expect((await kept.vectors(ids)).every((vector) => vector?.length === 2)).toBe(true)
  })

  it('with a model, embeds a duplicate when the one that was to be kept fails', async () => {
    const inside = recordingEmbedder()
    const outside = recordingEmbedder({
      before: (texts) => {
        if (texts.includes('bad')) throw new ModelError('down', { retryable: false })
      },
      maxBatchSize: 2,
    })
    const kept = shelfStore()
    const store = await deduplicatedStore({ kept, within: [], embedder: inside })
    const report = await ingest(loaded(of('a', `bad\n${long}`), of('b', `${long}!`), of('c', long)), {
      chunker: lineChunker(),
      embedder: outside,
      store,
      retry: false,
    })
    expect(report.failures.map(({ documentId }) => documentId)).toEqual(['a'])
    expect(inside.calls).toEqual([[`${long}!`]])
    expect(await searched(kept)).toEqual([`b: ${long}!`])
    expect(await drops(store)).toEqual(['c near b'])
  })

  it('with a model, keeps a document when what should take its place cannot be embedded', async () => {
    let down = true
    const embedder = recordingEmbedder({
      before: () => {
        if (down) throw new ModelError('down')
      },
    })
    const kept = shelfStore()
    const { store, run } = await setup({ kept, embedder })
    await run(of('a', long))
    await run(of('b', `${long}!`))
    await expect(removeDocument(store, 'a')).rejects.toMatchObject({ code: 'model-failed' })
    expect(await searched(kept)).toEqual([`a: ${long}`])
    expect(await drops(store)).toEqual(['b near a'])
    down = false
    await removeDocument(store, 'a')
    expect(await searched(kept)).toEqual([`b: ${long}!`])
  })

  it('puts right what a crash between the two stores left', async () => {
    const { kept, dropped, store, run, make } = await setup()
    await run(of('a', long), of('b', long))
    const [{ chunkId, keptId } = { chunkId: '', keptId: '' }] = await collect(store.dropped())
    // The kept one is gone, and nobody was promoted.
    await kept.delete([keptId])
    expect(await searched(kept)).toEqual([])
    expect(await drops(await make())).toEqual([])
    expect(await searched(kept)).toEqual([`b: ${long}`])
    // A chunk in both: promoted, and not yet taken from the others.
    const [chunk] = await kept.get([chunkId])
    const revision = JSON.stringify(['gone', 'exact', 1, 'r'])
    await dropped.upsert([{ chunk: chunk as Chunk, revision }])
    expect(await drops(await make())).toEqual([])
    expect(await searched(kept)).toEqual([`b: ${long}`])
  })

  it('is as it was when the kept store refuses a write', async () => {
    let fail = false
    const kept = fakeStore({ dimensions: 2, failOn: ({ method }) => fail && method === 'upsert' })
    const { store, run } = await setup({ kept })
    await run(of('a', long))
    fail = true
    await run(of('b', long), of('c', 'new')).catch(() => {})
    fail = false
    expect((await collect(store.list())).map(({ documentId }) => documentId).sort()).toEqual(['a', 'b'])
    await run(of('b', long), of('c', 'new'))
    expect(await searched(kept)).toEqual([`a: ${long}`, 'c: new'])
    expect(await drops(store)).toEqual(['b exact a'])
  })

  it('refuses bad options and a store of others', async () => {
    await expect(setup({ threshold: 0.2 })).rejects.toThrow(/`threshold` must be/)
    await expect(setup({ within: 'tenant' as never })).rejects.toThrow(/`within` must be/)
    await expect(setup({ dropped: fakeStore() as never })).rejects.toThrow(/gives vectors back/)
    const dropped = shelfStore()
    await ingest(loaded(of('a', 'x')), { chunker: lineChunker(), store: dropped })
    await expect(setup({ dropped })).rejects.toMatchObject({ code: 'corrupt-data' })
  })

  it('stands for every text exactly once per tenant, whatever comes and goes', async () => {
    const random = seededRandom(3)
    for (let sequence = 0; sequence < 25; sequence++) {
      const { kept, store, run, make } = await setup({ threshold: false })
      const model = new Map<string, { readonly text: string; readonly tenant: string }>()
      for (let step = 0; step < 12; step++) {
        const id = `d${random.integer(0, 4)}`
        if (random.integer(0, 3) === 0) {
          await removeDocument(store, id)
          model.delete(id)
        } else {
          const lines = new Set(Array.from({ length: 3 }, () => `line ${random.integer(0, 4)}`))
          const item = { text: [...lines].join('\n'), tenant: `t${random.integer(0, 1)}` }
          await run(of(id, item.text, { tenant: item.tenant }))
          model.set(id, item)
        }
        const wanted = [...model.values()].flatMap(({ text, tenant }) =>
          text.split('\n').map((line) => `${tenant}: ${line}`),
        )
        const ids = (await collect(kept.list())).map((ref) => ref.id)
        const found = (await kept.get(ids)).map((chunk) => `${chunk?.metadata.tenant}: ${chunk?.text}`)
        expect(found.sort()).toEqual([...new Set(wanted)].sort())
        const listed = await collect(store.list())
        expect(new Set(listed.map((ref) => ref.id)).size).toBe(wanted.length)
        const sources = (await store.sourcesOf(ids)).flat().length
        expect(sources + ids.length).toBe(wanted.length)
      }
      expect(await collect((await make()).dropped())).toEqual(await collect(store.dropped()))
    }
  })
})
