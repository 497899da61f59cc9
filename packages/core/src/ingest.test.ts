import { describe, expect, it } from 'vitest'
import type { ChunkSpan } from './chunk.js'
import type { Chunker } from './chunker.js'
import type { Document } from './document.js'
import type { Embedder } from './embedder.js'
import { ModelError, RagError } from './errors.js'
import { ingest } from './ingest.js'
import type { IngestOptions } from './ingest-options.js'
import type { IngestedDocument, IngestProgress } from './ingest-report.js'
import type { Loaded } from './loader.js'
import type { RagEvent } from './observer.js'
import type { Entry, Store } from './store.js'

function document(id: string, text: string, more: Partial<Document> = {}): Document {
  return { id, text, marks: [], metadata: {}, uri: id, ...more }
}

function loaded(...documents: Document[]): Loaded[] {
  return documents.map((item) => ({ type: 'document', document: item }))
}

/** One chunk per line; blank lines give blank spans. */
function lineChunker(id = 'lines', context?: string): Chunker {
  return {
    id,
    async split({ text }) {
      const spans: ChunkSpan[] = []
      let start = 0
      for (const line of text.split('\n')) {
        const end = start + line.length
        if (line !== '') spans.push({ start, end, ...(context !== undefined && { context }) })
        start = end + 1
      }
      return spans
    },
  }
}

interface FakeEmbedder extends Embedder {
  readonly calls: string[][]
  running: number
  mostRunning: number
}

interface FakeEmbedderOptions {
  readonly id?: string
  readonly maxBatchSize?: number
  readonly maxBatchTokens?: number
  readonly before?: (texts: readonly string[], signal: AbortSignal | undefined) => Promise<void> | void
}

function fakeEmbedder(options: FakeEmbedderOptions = {}): FakeEmbedder {
  const calls: string[][] = []
  return {
    id: options.id ?? 'fake',
    dimensions: 2,
    maxBatchSize: options.maxBatchSize ?? 4,
    maxBatchTokens: options.maxBatchTokens,
    calls,
    running: 0,
    mostRunning: 0,
    async embed(texts, { signal }) {
      calls.push([...texts])
      this.running += 1
      this.mostRunning = Math.max(this.mostRunning, this.running)
      try {
        await options.before?.(texts, signal)
      } finally {
        this.running -= 1
      }
      const vectors = new Float32Array(texts.length * 2)
      for (const [row, text] of texts.entries()) vectors.set(vectorOf(text), row * 2)
      return vectors
    },
  }
}

function vectorOf(text: string): [number, number] {
  const angle = text.length + (text.codePointAt(0) ?? 0) / 7
  return [Math.cos(angle), Math.sin(angle)]
}

type Log = ['upsert', ...string[]] | ['delete', ...string[]]

interface FakeStore extends Store {
  readonly entries: Map<string, Entry>
  readonly log: Log[]
}

interface FakeStoreOptions {
  readonly beforeUpsert?: (entries: readonly Entry[]) => Promise<void> | void
  readonly beforeDelete?: (ids: readonly string[]) => Promise<void> | void
  readonly beforeList?: (documentId: string | undefined) => Promise<void> | void
}

function fakeStore(options: FakeStoreOptions = {}): FakeStore {
  const entries = new Map<string, Entry>()
  const log: Log[] = []
  return {
    name: 'fake',
    entries,
    log,
    async upsert(written) {
      await options.beforeUpsert?.(written)
      log.push(['upsert', ...written.map(({ chunk }) => chunk.text)])
      for (const entry of written) entries.set(entry.chunk.id, entry)
    },
    async get(ids) {
      return ids.map((id) => entries.get(id)?.chunk)
    },
    async delete(ids) {
      await options.beforeDelete?.(ids)
      log.push(['delete', ...ids.map((id) => entries.get(id)?.chunk.text ?? '?')])
      for (const id of ids) entries.delete(id)
    },
    async *list({ documentId } = {}) {
      await options.beforeList?.(documentId)
      for (const { chunk, revision } of [...entries.values()]) {
        if (documentId !== undefined && chunk.documentId !== documentId) continue
        yield { id: chunk.id, documentId: chunk.documentId, revision }
      }
    },
  }
}

function texts(store: FakeStore): string[] {
  return [...store.entries.values()].map(({ chunk }) => chunk.text).sort()
}

function deferred() {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 1))

function setup(options: Partial<IngestOptions> & { store?: FakeStore; embedder?: FakeEmbedder } = {}) {
  const store = options.store ?? fakeStore()
  const embedder = options.embedder ?? fakeEmbedder()
  const run = (source: AsyncIterable<Loaded> | Iterable<Loaded>, more: Partial<IngestOptions> = {}) =>
    ingest(source, { chunker: lineChunker(), retry: false, ...options, ...more, store, embedder })
  return { store, embedder, run }
}

describe('ingest: what reaches the store', () => {
  it('writes every chunk with its own vector and reports what it did', async () => {
    const { store, embedder, run } = setup()
    const report = await run(loaded(document('a', 'one\ntwo'), document('b', 'three\nfour\nfive')))
    expect(texts(store)).toEqual(['five', 'four', 'one', 'three', 'two'])
    for (const { chunk, vector } of store.entries.values()) {
      expect(Array.from(vector ?? [])).toEqual(Array.from(Float32Array.from(vectorOf(chunk.text))))
    }
    expect(embedder.calls.map((call) => call.length)).toEqual([4, 1])
    expect(report.documents).toEqual({ loaded: 2, written: 2, unchanged: 0, empty: 0, failed: 0, removed: 0 })
    expect(report.chunks).toEqual({
      total: 5,
      written: 5,
      unchanged: 0,
      embedded: 5,
      reused: 0,
      deleted: 0,
      blank: 0,
    })
    expect(report.embedCalls).toBe(2)
    expect(report.tokens).toBeGreaterThanOrEqual(5)
    expect(report.failures).toEqual([])
  })

  it('writes and embeds nothing on a second run of the same input', async () => {
    const { store, embedder, run } = setup()
    const source = loaded(document('a', 'one\ntwo'), document('b', 'three'), document('c', ''))
    await run(source)
    store.log.length = 0
    embedder.calls.length = 0
    const report = await run(source)
    expect(store.log).toEqual([])
    expect(embedder.calls).toEqual([])
    expect(report.documents).toMatchObject({ loaded: 3, written: 0, unchanged: 2, empty: 1 })
    expect(report.chunks).toMatchObject({ total: 3, written: 0, unchanged: 3 })
  })

  it('rewrites what changed, first writing, then deleting what is stale', async () => {
    const { store, embedder, run } = setup()
    await run(loaded(document('a', 'one\ntwo\nthree'), document('b', 'four')))
    store.log.length = 0
    embedder.calls.length = 0
    const report = await run(loaded(document('a', 'one\nTWO\nthree'), document('b', 'four')))
    expect(store.log).toEqual([
      ['upsert', 'TWO'],
      ['delete', 'two'],
    ])
    expect(embedder.calls).toEqual([['TWO']])
    expect(report.documents).toMatchObject({ written: 1, unchanged: 1 })
    expect(report.chunks).toMatchObject({ written: 1, unchanged: 3, deleted: 1, embedded: 1 })
    expect(texts(store)).toEqual(['TWO', 'four', 'one', 'three'])
  })

  it.each<[string, Partial<Document>]>([
    ['a metadata value', { metadata: { tags: ['x', 'z'], year: 2024 } }],
    ['the type of a metadata value', { metadata: { tags: ['x', 'y'], year: '2024' } }],
    ['a new metadata field', { metadata: { tags: ['x', 'y'], year: 2024, draft: null } }],
    ['the address', { metadata: { tags: ['x', 'y'], year: 2024 }, uri: 'elsewhere' }],
    [
      'a heading',
      {
        metadata: { tags: ['x', 'y'], year: 2024 },
        marks: [{ kind: 'heading', start: 0, end: 3, level: 1, label: 'H' }],
      },
    ],
    [
      'a page label',
      {
        metadata: { tags: ['x', 'y'], year: 2024 },
        marks: [{ kind: 'page', start: 0, end: 3, label: 'iv' }],
      },
    ],
  ])('writes again when %s changes', async (_, change) => {
    const { store, run } = setup()
    await run(loaded(document('a', 'one', { metadata: { tags: ['x', 'y'], year: 2024 } })))
    const report = await run(loaded(document('a', 'one', change)))
    expect(report.chunks).toMatchObject({ written: 1, deleted: 0 })
    expect(store.entries.size).toBe(1)
    expect((await run(loaded(document('a', 'one', change)))).chunks.written).toBe(0)
  })

  it('does not take the order of metadata fields for a change', async () => {
    const { run } = setup()
    await run(loaded(document('a', 'one', { metadata: { x: 1, y: 2 } })))
    expect((await run(loaded(document('a', 'one', { metadata: { y: 2, x: 1 } })))).chunks.written).toBe(0)
  })

  it('writes everything again for another chunker, context, window or embedder', async () => {
    const { store, run } = setup()
    const source = loaded(document('a', 'one\ntwo'))
    const windowed: Chunker = {
      id: 'lines',
      split: async (item, call) =>
        (await lineChunker().split(item, call)).map((span) => ({ ...span, window: { start: 0, end: 7 } })),
    }
    await run(source)
    expect((await run(source, { chunker: lineChunker('lines/2') })).chunks.written).toBe(2)
    expect((await run(source, { chunker: lineChunker('lines/2', 'about numbers') })).chunks.written).toBe(2)
    expect((await run(source, { chunker: windowed })).chunks.written).toBe(2)
    const other = fakeEmbedder({ id: 'other' })
    const report = await ingest(source, { chunker: windowed, store, embedder: other })
    expect(report.chunks).toMatchObject({ written: 2, embedded: 2 })
    expect((await ingest(source, { chunker: windowed, store })).chunks.written).toBe(2)
    expect([...store.entries.values()].every((entry) => entry.vector === undefined)).toBe(true)
  })

  it('reuses vectors of a store that gives them back, unless what they were made from changed', async () => {
    const store = fakeStore()
    const reusing = Object.assign(store, {
      vectors: async (ids: readonly string[]) => ids.map((id) => store.entries.get(id)?.vector),
    })
    const { embedder, run } = setup({ store: reusing })
    await run(loaded(document('a', 'one\ntwo', { metadata: { year: 1 } })))
    const before = new Map([...store.entries].map(([id, entry]) => [id, entry.vector]))
    embedder.calls.length = 0
    const report = await run(loaded(document('a', 'one\ntwo', { metadata: { year: 2 } })))
    expect(embedder.calls).toEqual([])
    expect(report.chunks).toMatchObject({ written: 2, embedded: 0, reused: 2 })
    for (const [id, entry] of store.entries) {
      expect(entry.vector).toEqual(before.get(id))
      expect(entry.chunk.metadata).toEqual({ year: 2 })
    }
    await run(loaded(document('a', 'one\ntwo')), { chunker: lineChunker('lines', 'context') })
    expect(embedder.calls).toEqual([['context\none', 'context\ntwo']])
  })

  it('never indexes a blank span, counts it, and empties a document that has nothing else', async () => {
    const { store, run } = setup()
    await run(loaded(document('a', 'one\ntwo'), document('b', 'three')))
    const seen: string[] = []
    const report = await run(loaded(document('a', ' \n\t'), document('b', '')), {
      onDocument: ({ status, deleted }) => seen.push(`${status} ${deleted}`),
    })
    expect(store.entries.size).toBe(0)
    expect(report.documents.empty).toBe(2)
    expect(report.chunks).toMatchObject({ blank: 2, total: 0, deleted: 3 })
    expect(seen.sort()).toEqual(['empty 1', 'empty 2'])
  })

  it('leaves other documents alone when a store lists too much', async () => {
    const store = fakeStore()
    const all = store.list
    store.list = (options) => all({ signal: options?.signal })
    const { run } = setup({ store })
    await run(loaded(document('a', 'one'), document('b', 'two')))
    expect(texts(store)).toEqual(['one', 'two'])
  })
})

describe('ingest: failures', () => {
  const bad = new RagError('load-failed', 'cannot read it')

  it('records a load failure and goes on', async () => {
    const { store, run } = setup()
    const source: Loaded[] = [
      ...loaded(document('a', 'one')),
      { type: 'failure', uri: 'bad.pdf', error: bad },
      ...loaded(document('b', 'two')),
    ]
    const report = await run(source)
    expect(texts(store)).toEqual(['one', 'two'])
    expect(report.failures).toEqual([
      { uri: 'bad.pdf', code: 'load-failed', message: 'cannot read it', stage: 'load' },
    ])
    expect(report.documents).toMatchObject({ loaded: 2, written: 2, failed: 1 })
  })

  it('refuses the second document of an id', async () => {
    const { store, run } = setup()
    const report = await run(loaded(document('a', 'one'), document('a', 'two'), document('b', 'three')))
    expect(texts(store)).toEqual(['one', 'three'])
    expect(report.failures).toMatchObject([{ documentId: 'a', code: 'duplicate-id', stage: 'load' }])
  })

  it('costs a document whose chunker fails nothing of what the store has', async () => {
    const { store, run } = setup()
    await run(loaded(document('a', 'one'), document('b', 'two')))
    const breaking: Chunker = {
      id: 'breaking',
      async split(item) {
        if (item.id === 'a') throw new TypeError('no grammar')
        if (item.id === 'c') return [{ start: 0, end: 99 }]
        return lineChunker().split(item)
      },
    }
    const report = await run(loaded(document('a', 'ONE'), document('b', 'TWO'), document('c', 'three')), {
      chunker: breaking,
    })
    expect(texts(store)).toEqual(['TWO', 'one'])
    expect(report.failures.map(({ uri, code, stage }) => [uri, code, stage]).sort()).toEqual([
      ['a', 'load-failed', 'split'],
      ['c', 'invalid-span', 'split'],
    ])
  })

  it('fails only documents with a chunk in a failed batch, writes nothing of them, deletes nothing', async () => {
    const embedder = fakeEmbedder({
      maxBatchSize: 2,
      before: (batch) => {
        if (batch.includes('poison')) throw new Error('model is unwell')
      },
    })
    const { store, run } = setup({ embedder })
    await run(loaded(document('b', 'old')))
    const results: IngestedDocument[] = []
    const report = await run(
      loaded(
        document('a', 'a1\na2'),
        document('b', 'b1\npoison\nb3\nb4\nb5'),
        document('c', 'c1\nc2\nc3'),
        document('d', 'd1'),
      ),
      { concurrency: 1, embedConcurrency: 1, onDocument: (result) => results.push(result) },
    )
    expect(texts(store)).toEqual(['a1', 'a2', 'c1', 'c2', 'c3', 'd1', 'old'])
    expect(report.failures).toEqual([
      {
        uri: 'b',
        documentId: 'b',
        code: 'model-failed',
        stage: 'embed',
        message: 'The embedder "fake" failed on 2 texts: model is unwell',
      },
    ])
    expect(results.find(({ status }) => status === 'failed')?.error).toBeInstanceOf(ModelError)
    // The failed document's other texts were no longer sent.
    expect(embedder.calls.flat()).not.toContain('b4')
  })

  it('fails a document with a text that the model would cut silently, before sending anything of it', async () => {
    const embedder = fakeEmbedder({ maxBatchTokens: 10 })
    const { store, run } = setup({ embedder })
    const report = await run(loaded(document('a', `one\n${'x'.repeat(11)}`), document('b', 'two')), {
      tokensOf: (text) => text.length,
    })
    expect(texts(store)).toEqual(['two'])
    expect(report.failures).toMatchObject([{ uri: 'a', code: 'invalid-argument', stage: 'embed' }])
    expect(embedder.calls).toEqual([['two']])
  })

  it('refuses vectors of a wrong size or with numbers that are not finite', async () => {
    const short = { ...fakeEmbedder(), embed: async () => new Float32Array(1) }
    const nan = { ...fakeEmbedder(), embed: async () => new Float32Array([1, Number.NaN]) }
    for (const embedder of [short, nan]) {
      const { store, run } = setup({ embedder })
      const report = await run(loaded(document('a', 'one')))
      expect(store.entries.size).toBe(0)
      expect(report.failures).toMatchObject([{ code: 'invalid-vector', stage: 'embed' }])
    }
  })

  it('retries what is retryable and counts the calls', async () => {
    let failures = 2
    const embedder = fakeEmbedder({
      before: () => {
        if (failures-- > 0) throw new ModelError('throttled', { retryable: true })
      },
    })
    const { store, run } = setup({ embedder })
    const report = await run(loaded(document('a', 'one')), { retry: { baseMs: 0 } })
    expect(report.embedCalls).toBe(3)
    expect(texts(store)).toEqual(['one'])
  })

  it('blames only the document at fault when a group cannot be written', async () => {
    const gate = deferred()
    let first = true
    const store = fakeStore({
      async beforeUpsert(entries) {
        if (first) {
          first = false
          await gate.promise
        }
        if (entries.some(({ chunk }) => chunk.text === 'poison')) throw new Error('constraint')
      },
    })
    const { run } = setup({ store })
    const source = async function* () {
      yield* loaded(document('a', 'one\n1\n2\n3'))
      yield* loaded(document('b', 'two\n4'), document('c', 'poison\n5'), document('d', 'three\n6\n7\n8'))
      await turn()
      gate.resolve()
    }
    const report = await run(source())
    expect(report.failures).toMatchObject([{ uri: 'c', code: 'store-failed', stage: 'store' }])
    expect(report.documents).toMatchObject({ written: 3, failed: 1 })
    expect(texts(store)).toEqual(['1', '2', '3', '4', '6', '7', '8', 'one', 'three', 'two'])
    // The group went together once: a, then b with c and d, then each of them alone.
    expect(store.log.map((entry) => entry[1])).toEqual(['one', 'two', 'three'])
  })

  it('keeps stale chunks when they cannot be deleted, and deletes them in the next run', async () => {
    let broken = false
    const store = fakeStore({
      beforeDelete: () => {
        if (broken) throw new RagError('store-failed', 'disk full')
      },
    })
    const { run } = setup({ store })
    await run(loaded(document('a', 'one')))
    broken = true
    const report = await run(loaded(document('a', 'two')))
    expect(report.failures).toMatchObject([{ uri: 'a', stage: 'store', message: 'disk full' }])
    expect(texts(store)).toEqual(['one', 'two'])
    broken = false
    expect((await run(loaded(document('a', 'two')))).chunks).toMatchObject({ written: 0, deleted: 1 })
    expect(texts(store)).toEqual(['two'])
  })

  it('records a store that cannot be asked what it has', async () => {
    const store = fakeStore({
      beforeList: (id) => {
        if (id === 'a') throw new Error('timeout')
      },
    })
    const { run } = setup({ store })
    const report = await run(loaded(document('a', 'one'), document('b', 'two')))
    expect(report.failures).toMatchObject([{ uri: 'a', code: 'store-failed', stage: 'store' }])
    expect(texts(store)).toEqual(['two'])
  })

  it('finishes what it was given and then rejects when the source itself throws', async () => {
    const { store, run } = setup()
    await run(loaded(document('old', 'zero')))
    const source = async function* () {
      yield* loaded(document('a', 'one'), document('b', 'two'))
      throw new Error('connection lost')
    }
    await expect(run(source(), { removeMissing: true })).rejects.toMatchObject({
      code: 'load-failed',
      message: 'The source stopped with an error after 2 documents, which were finished: connection lost',
    })
    expect(texts(store)).toEqual(['one', 'two', 'zero'])
    const unsupported = new RagError('unsupported', 'install the parser')
    const typed = async function* () {
      yield* loaded(document('c', 'three'))
      throw unsupported
    }
    await expect(run(typed())).rejects.toBe(unsupported)
    expect(texts(store)).toContain('three')
  })

  it('rejects with what a callback throws', async () => {
    const { run } = setup()
    const mistake = new Error('my own mistake')
    const throwing = () => {
      throw mistake
    }
    const source = loaded(document('a', 'one'), document('b', 'two'))
    await expect(run(source, { onDocument: throwing })).rejects.toBe(mistake)
    await expect(run(source, { onProgress: throwing })).rejects.toBe(mistake)
    const failing: Loaded[] = [{ type: 'failure', uri: 'x', error: bad }]
    await expect(run(failing, { onDocument: throwing })).rejects.toBe(mistake)
  })

  it('ignores an observer that throws', async () => {
    const { store, run } = setup()
    await run(loaded(document('a', 'one')), {
      observer: () => {
        throw new Error('metrics are down')
      },
    })
    expect(texts(store)).toEqual(['one'])
  })
})

describe('ingest: removing what is missing', () => {
  const bad: Loaded = {
    type: 'failure',
    uri: 'docs/archive',
    error: new RagError('load-failed', 'cannot read it'),
  }

  async function filled() {
    const made = setup()
    await made.run(
      loaded(
        document('docs/a', 'one'),
        document('docs/archive/b', 'two\nthree'),
        document('id-c', 'four', { uri: 'docs/archive#c' }),
        document('id-d', 'five', { uri: undefined }),
        document('docs/e', 'six'),
      ),
    )
    made.store.log.length = 0
    return made
  }

  it('is off unless asked for', async () => {
    const { store, run } = await filled()
    const report = await run(loaded(document('docs/a', 'one')))
    expect(report.removal).toBe('off')
    expect(store.log).toEqual([])
  })

  it('removes what the source no longer gives', async () => {
    const { store, run } = await filled()
    const seen: IngestedDocument[] = []
    const report = await run(loaded(document('docs/a', 'one'), document('docs/e', 'six')), {
      removeMissing: true,
      onDocument: (result) => seen.push(result),
    })
    expect(report).toMatchObject({ removal: 'done', documents: { removed: 3 }, chunks: { deleted: 4 } })
    expect(texts(store)).toEqual(['one', 'six'])
    expect(store.log).toEqual([['delete', 'two', 'three', 'four', 'five']])
    expect(seen.filter(({ status }) => status === 'removed').map(({ documentId }) => documentId)).toEqual([
      'docs/archive/b',
      'id-c',
      'id-d',
    ])
  })

  it('removes nothing when something could not be loaded', async () => {
    const { store, run } = await filled()
    const report = await run([...loaded(document('docs/a', 'one')), bad], { removeMissing: true })
    expect(report).toMatchObject({ removal: 'kept-load-failures', documents: { removed: 0 } })
    expect(store.log).toEqual([])
  })

  it('removes what cannot have to do with the failures, when told so', async () => {
    const { store, run } = await filled()
    const report = await run([...loaded(document('docs/a', 'one')), bad], { removeMissing: 'unrelated' })
    expect(report).toMatchObject({ removal: 'done', documents: { removed: 1 } })
    expect(texts(store)).toEqual(['five', 'four', 'one', 'three', 'two'])
  })

  it('removes nothing when the source gives nothing, or what another source owns', async () => {
    const { store, run } = await filled()
    expect((await run([], { removeMissing: true })).removal).toBe('kept-no-documents')
    await run(loaded(document('docs/a', 'one')), {
      removeMissing: true,
      owns: (id) => id.startsWith('docs/'),
    })
    expect(texts(store)).toEqual(['five', 'four', 'one'])
  })

  it('keeps a document that was given and failed', async () => {
    const { store, run } = await filled()
    const chunker: Chunker = { id: 'broken', split: async () => Promise.reject(new Error('no')) }
    const report = await run(loaded(document('docs/a', 'ONE')), { removeMissing: true, chunker })
    expect(report.documents).toMatchObject({ failed: 1, removed: 4 })
    expect(texts(store)).toEqual(['one'])
  })

  it('reports what could not be removed', async () => {
    const { store, run } = await filled()
    store.delete = async () => Promise.reject(new RagError('store-failed', 'read only'))
    const report = await run(loaded(document('docs/a', 'one')), { removeMissing: true })
    expect(report.failures.map(({ documentId, stage }) => [documentId, stage])).toEqual([
      ['docs/archive/b', 'store'],
      ['id-c', 'store'],
      ['id-d', 'store'],
      ['docs/e', 'store'],
    ])
    expect(report.documents).toMatchObject({ removed: 0, failed: 4 })
  })
})

describe('ingest: streaming', () => {
  async function* many(count: number, chunksEach: number, onPull?: (n: number) => void) {
    for (let n = 0; n < count; n++) {
      onPull?.(n)
      const lines = Array.from({ length: chunksEach }, (_, line) => `d${n} line ${line}`)
      yield* loaded(document(`doc ${n}`, lines.join('\n')))
    }
  }

  it('pulls the source no further than its queue allows', async () => {
    let pulled = 0
    let finished = 0
    let mostAhead = 0
    const embedder = fakeEmbedder({ maxBatchSize: 8, before: turn })
    const { store, run } = setup({ embedder })
    await run(
      many(200, 3, (n) => {
        pulled = n + 1
        mostAhead = Math.max(mostAhead, pulled - finished)
      }),
      { maxQueuedChunks: 30, concurrency: 2, onDocument: () => void finished++ },
    )
    expect(store.entries.size).toBe(600)
    // 10 documents of 3 chunks in the queue, 2 being prepared, 1 being pulled.
    expect(mostAhead).toBeLessThanOrEqual(13)
    expect(mostAhead).toBeGreaterThan(5)
  })

  it('lets a document larger than the queue through, whole', async () => {
    const { store, run } = setup()
    const upserts: number[] = []
    const write = store.upsert
    store.upsert = async (entries) => {
      upserts.push(entries.length)
      await write(entries)
    }
    const source = [...loaded(document('s', 'small')), ...loaded(document('l', 'x\n'.repeat(500)))]
    const chunker = lineChunker()
    const report = await run([...source, ...loaded(document('t', 'tiny'))], {
      chunker,
      maxQueuedChunks: 10,
      maxWriteChunks: 10,
    })
    expect(report.documents).toMatchObject({ written: 3, failed: 0 })
    expect(store.entries.size).toBe(502)
    expect(upserts).toContain(500)
  })

  it('fills batches across documents and caps them by tokens', async () => {
    const { embedder, run } = setup({ embedder: fakeEmbedder({ maxBatchSize: 5 }) })
    await run(many(20, 2))
    expect(embedder.calls.map((call) => call.length)).toEqual(Array.from({ length: 8 }, () => 5))
    const capped = setup({ embedder: fakeEmbedder({ maxBatchSize: 100, maxBatchTokens: 7 }) })
    await capped.run(many(6, 2), { tokensOf: () => 3 })
    expect(capped.embedder.calls.map((call) => call.length)).toEqual([2, 2, 2, 2, 2, 2])
  })

  it('runs no more calls at once than asked', async () => {
    for (const embedConcurrency of [1, 3]) {
      const { embedder, run } = setup({ embedder: fakeEmbedder({ maxBatchSize: 2, before: turn }) })
      await run(many(20, 2), { embedConcurrency })
      expect(embedder.mostRunning).toBe(embedConcurrency)
    }
  })

  it('splits as many documents at once as asked', async () => {
    for (const concurrency of [1, 3]) {
      let running = 0
      let most = 0
      const chunker: Chunker = {
        id: 'slow',
        async split(item) {
          running += 1
          most = Math.max(most, running)
          await turn()
          running -= 1
          return lineChunker().split(item)
        },
      }
      const { run } = setup()
      await run(many(20, 2), { chunker, concurrency })
      expect(most).toBe(concurrency)
    }
  })

  it('does not make a slow source wait for a full batch', async () => {
    const { store, run } = setup({ embedder: fakeEmbedder({ maxBatchSize: 100 }) })
    const slow = async function* () {
      yield* loaded(document('a', 'one'))
      // Goes on only when the first document is in the store.
      while (store.entries.size === 0) await turn()
      yield* loaded(document('b', 'two'))
    }
    await run(slow(), { maxBatchDelayMs: 1 })
    expect(texts(store)).toEqual(['one', 'two'])
  })

  it('writes what gathers in as few calls as the limit allows', async () => {
    const store = fakeStore({ beforeUpsert: async () => void (await turn()) })
    const { run } = setup({ store, embedder: fakeEmbedder({ maxBatchSize: 100 }) })
    await run(many(40, 5), { maxWriteChunks: 20 })
    const sizes = store.log.map((entry) => entry.length - 1)
    expect(Math.max(...sizes)).toBe(20)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(200)
    expect(sizes.length).toBeLessThan(20)
  })

  it('asks the quota before each call', async () => {
    const asked: number[] = []
    const limiter = {
      tokensPerMinute: 8,
      acquire: async (tokens = 0) => void asked.push(tokens),
      usage: () => ({ requests: 0, tokens: 0 }),
    }
    const { run } = setup()
    await run(many(4, 2), { limiter, tokensOf: () => 3 })
    expect(asked).toEqual([6, 6, 6, 6])
  })
})

describe('ingest: abort', () => {
  it('rejects with the reason after what is running has stopped, and keeps what was acknowledged', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const embedder = fakeEmbedder({
      maxBatchSize: 1,
      before: async (batch, signal) => {
        if (batch[0] !== 'three') return
        controller.abort(reason)
        await turn()
        signal?.throwIfAborted()
      },
    })
    const { store, run } = setup({ embedder })
    const source = async function* () {
      yield* loaded(document('a', 'one'))
      while (store.entries.size < 1) await turn()
      yield* loaded(document('b', 'two\nthree'), document('c', 'four'))
    }
    await expect(run(source(), { signal: controller.signal })).rejects.toBe(reason)
    expect(embedder.running).toBe(0)
    const calls = embedder.calls.length
    await turn()
    expect(texts(store)).toEqual(['one'])
    expect(embedder.calls.length).toBe(calls)
    const report = await run(loaded(document('a', 'one'), document('b', 'two\n3'), document('c', 'four')))
    expect(report.documents).toMatchObject({ written: 2, unchanged: 1 })
  })

  it('does not start when aborted before', async () => {
    const { store, run } = setup()
    const signal = AbortSignal.abort(new Error('no'))
    await expect(run(loaded(document('a', 'one')), { signal })).rejects.toThrow('no')
    expect(store.entries.size).toBe(0)
  })

  it('does not wait for a source that never answers', async () => {
    const controller = new AbortController()
    const { run } = setup()
    const source = async function* (): AsyncGenerator<Loaded> {
      yield* loaded(document('a', 'one'))
      setTimeout(() => controller.abort(new Error('stop')), 5)
      await new Promise(() => {})
    }
    await expect(run(source(), { signal: controller.signal })).rejects.toThrow('stop')
  })

  it('can be aborted in the middle of a synchronous source', async () => {
    const controller = new AbortController()
    const { run } = setup()
    setTimeout(() => controller.abort(new Error('stop')), 20)
    const endless = function* () {
      for (let n = 0; ; n++) yield* loaded(document(`${n}`, ''))
    }
    await expect(run(endless(), { signal: controller.signal })).rejects.toThrow('stop')
  })

  it('takes an abort that is not the caller’s for a failure of the document', async () => {
    const chunker: Chunker = {
      id: 'timeout',
      split: async () => {
        throw new DOMException('took too long', 'AbortError')
      },
    }
    const { run } = setup()
    const report = await run(loaded(document('a', 'one')), { chunker })
    expect(report.failures).toMatchObject([{ uri: 'a', stage: 'split', message: 'took too long' }])
  })
})

describe('ingest: progress and events', () => {
  it('tells progress no more often than asked, and at the end', async () => {
    let time = 0
    const progress: IngestProgress[] = []
    const { run } = setup()
    const source = Array.from({ length: 10 }, (_, n) => document(`${n}`, 'x\ny'))
    await run(loaded(...source), {
      now: () => time,
      progressIntervalMs: 100,
      onDocument: () => {
        time += 30
      },
      onProgress: (event) => progress.push(event),
    })
    expect(progress.map(({ milliseconds }) => milliseconds)).toEqual([30, 150, 270, 300])
    expect(progress.at(-1)).toEqual({
      documents: 10,
      chunks: 20,
      failures: 0,
      embedded: 20,
      skipped: 0,
      deleted: 0,
      milliseconds: 300,
      current: expect.any(String),
    })
  })

  it('tells each document’s outcome with its metadata, and the observer without any text', async () => {
    const events: RagEvent[] = []
    const results: IngestedDocument[] = []
    const { run } = setup()
    const secret = 'the secret text'
    await run(loaded(document('a', secret, { metadata: { acl: ['staff'] } })), {
      onDocument: (result) => results.push(result),
      observer: (event) => events.push(event),
    })
    expect(results).toMatchObject([
      { status: 'written', documentId: 'a', uri: 'a', metadata: { acl: ['staff'] }, chunks: 1, written: 1 },
    ])
    expect(events.map(({ type }) => type)).toEqual(['embed.batch', 'ingest.document', 'ingest.run'])
    expect(JSON.stringify(events)).not.toContain('secret')
    expect(events[1]?.counts).toMatchObject({ chunks: 1, written: 1, embedded: 1 })
  })

  it.each<[string, Partial<IngestOptions>]>([
    ['concurrency', { concurrency: 0 }],
    ['embedConcurrency', { embedConcurrency: 1.5 }],
    ['maxQueuedChunks', { maxQueuedChunks: 0 }],
    ['maxWriteChunks', { maxWriteChunks: -1 }],
    ['maxBatchDelayMs', { maxBatchDelayMs: Number.NaN }],
    ['progressIntervalMs', { progressIntervalMs: -1 }],
  ])('refuses a wrong %s before pulling anything', async (name, options) => {
    let pulled = false
    const source = (function* (): Generator<Loaded> {
      pulled = true
      yield* loaded(document('a', 'one'))
    })()
    await expect(setup().run(source, options)).rejects.toMatchObject({
      code: 'invalid-argument',
      details: { argument: name },
    })
    expect(pulled).toBe(false)
  })
})
