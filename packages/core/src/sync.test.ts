import { describe, expect, it } from 'vitest'
import type { Loaded, Loader } from './loader.js'
import { documentSync } from './sync.js'
import {
  deferred,
  document,
  lineChunker,
  loaded,
  recordingEmbedder,
  recordingStore,
  texts,
  turn,
} from './testing/fakes/recording.js'

function setup(options: Parameters<typeof recordingStore>[0] = {}) {
  const store = recordingStore(options)
  const embedder = recordingEmbedder()
  const base = documentSync({ chunker: lineChunker(), embedder, store, retry: false, maxBatchDelayMs: 0 })
  return { store, embedder, base }
}

/** A source that gives one document, waits for the test, and gives the rest. */
function halting(first: Loaded[], rest: Loaded[]) {
  const reached = deferred()
  const go = deferred()
  const source = (async function* () {
    yield* first
    reached.resolve()
    await go.promise
    yield* rest
  })()
  return { source, reached: reached.promise, go: go.resolve }
}

describe('documentSync: sync', () => {
  it('brings the store up to date with a loader, removals included', async () => {
    const { store, base } = setup()
    await base.sync(loaded(document('a', 'one'), document('b', 'two')))
    const given: unknown[] = []
    const signal = new AbortController().signal
    const loader: Loader = {
      name: 'loader',
      async *load(options) {
        given.push(options?.signal)
        yield* loaded(document('a', 'ONE'))
      },
    }
    const report = await base.sync(loader, { signal })
    expect(given).toEqual([signal])
    expect(report).toMatchObject({ superseded: 0, removal: 'done', documents: { written: 1, removed: 1 } })
    expect(texts(store)).toEqual(['ONE'])
  })

  it('runs one after the other, also when the one between gives up', async () => {
    const { base, store } = setup()
    const { source, reached, go } = halting(loaded(document('a', 'first')), [])
    const first = base.sync(source)
    await reached
    const stop = new AbortController()
    const second = base.sync(loaded(document('a', 'second')), { signal: stop.signal })
    const third = base.sync(loaded(document('a', 'third')))
    stop.abort(new Error('enough'))
    await expect(second).rejects.toThrow('enough')
    await turn()
    expect(texts(store)).not.toContain('third')
    go()
    await Promise.all([first, third])
    expect(texts(store)).toEqual(['third'])
  })

  it('does not remove what another source owns', async () => {
    const store = recordingStore()
    const options = { chunker: lineChunker(), store, owns: (id: string) => id.startsWith('docs/') }
    await documentSync({ ...options, removeMissing: false }).sync(loaded(document('mail/1', 'mail')))
    await documentSync(options).sync(loaded(document('docs/a', 'one')))
    expect(texts(store)).toEqual(['mail', 'one'])
  })
})

describe('documentSync: events', () => {
  it('upserts and removes one document, and tells how it fared', async () => {
    const { store, base } = setup()
    expect(await base.upsert(document('a', 'one\ntwo'))).toMatchObject({ status: 'written', written: 2 })
    expect(await base.upsert(document('a', 'one\ntwo'))).toMatchObject({ status: 'unchanged' })
    expect(await base.upsert(document('b', 'three'))).toMatchObject({ status: 'written' })
    expect(await base.remove('a')).toBe(2)
    expect(await base.remove('a')).toBe(0)
    expect(texts(store)).toEqual(['three'])
    store.upsert = async () => Promise.reject(new Error('disk full'))
    expect(await base.upsert(document('c', 'four'))).toMatchObject({ status: 'failed', stage: 'store' })
  })

  it('about one document happen in the order of their calls, about others at once', async () => {
    const hold = deferred()
    const { store, base } = setup({
      beforeUpsert: ([entry]) => (entry?.chunk.text === 'slow' ? hold.promise : undefined),
    })
    const order = [
      base.upsert(document('a', 'slow')),
      base.upsert(document('a', 'middle')),
      base.remove('a'),
      base.upsert(document('a', 'last')),
    ]
    await base.upsert(document('b', 'quick'))
    expect(texts(store)).toEqual(['quick'])
    hold.resolve()
    await Promise.all(order)
    expect(texts(store)).toEqual(['last', 'quick'])
    expect(store.log.map(([kind, text]) => `${kind} ${text}`)).toEqual([
      'upsert quick',
      'upsert slow',
      'upsert middle',
      'delete slow',
      'delete middle',
      'upsert last',
    ])
  })

  it('let no one past when one gives up waiting', async () => {
    const hold = deferred()
    const { store, base } = setup({
      beforeUpsert: ([entry]) => (entry?.chunk.text === 'slow' ? hold.promise : undefined),
    })
    const stop = new AbortController()
    const first = base.upsert(document('a', 'slow'))
    const second = base.upsert(document('a', 'never'), { signal: stop.signal })
    const third = base.upsert(document('a', 'third'))
    stop.abort(new Error('enough'))
    await expect(second).rejects.toThrow('enough')
    await turn()
    hold.resolve()
    await Promise.all([first, third])
    expect(texts(store)).toEqual(['third'])
  })
})

describe('documentSync: events during a run', () => {
  it('are not undone by what the run loads after them, and do not wait for it', async () => {
    const { store, base } = setup()
    await base.sync(loaded(document('a', 'a0'), document('b', 'b0'), document('c', 'c0')))
    const { source, reached, go } = halting(
      loaded(document('a', 'a1')),
      loaded(document('b', 'b1 old'), document('c', 'c1 old')),
    )
    const run = base.sync(source)
    await reached
    await base.upsert(document('b', 'b2'))
    await base.remove('c')
    await base.upsert(document('new', 'n'))
    expect(texts(store)).toContain('b2')
    go()
    const report = await run
    expect(report.superseded).toBe(2)
    expect(report.documents).toMatchObject({ removed: 0 })
    expect(texts(store)).toEqual(['a1', 'b2', 'n'])
  })

  it('wait for their document when the run is just writing it', async () => {
    const hold = deferred()
    const begun = deferred()
    const { store, base } = setup({
      beforeUpsert: async ([entry]) => {
        if (entry?.chunk.text !== 'from the run') return
        begun.resolve()
        await hold.promise
      },
    })
    const run = base.sync(loaded(document('a', 'from the run')))
    await begun.promise
    const event = base.upsert(document('a', 'from the event'))
    await turn()
    hold.resolve()
    await Promise.all([run, event])
    expect(texts(store)).toEqual(['from the event'])
  })

  it('wait for the removals at the end of the run, which would not see them', async () => {
    const hold = deferred()
    const begun = deferred()
    const { store, base } = setup({
      beforeDelete: async (ids) => {
        if (ids.length === 0) return
        begun.resolve()
        await hold.promise
      },
    })
    await base.sync(loaded(document('a', 'one'), document('b', 'two')))
    const run = base.sync(loaded(document('a', 'one')))
    await begun.promise
    // The run is deleting b because the source did not have it; now it has.
    const event = base.upsert(document('b', 'two'))
    await turn()
    hold.resolve()
    await Promise.all([run, event])
    expect(texts(store)).toEqual(['one', 'two'])
  })

  it('that began before the run are finished first', async () => {
    const hold = deferred()
    const { store, base } = setup({
      beforeUpsert: ([entry]) => (entry?.chunk.text === 'event' ? hold.promise : undefined),
    })
    const event = base.upsert(document('a', 'event'))
    const run = base.sync(loaded(document('b', 'b'), document('a', 'run')))
    await turn()
    hold.resolve()
    await Promise.all([event, run])
    expect(texts(store)).toEqual(['b', 'run'])
  })

  it('are let go when the run fails', async () => {
    const hold = deferred()
    const { store, base } = setup()
    const source = (async function* (): AsyncGenerator<Loaded> {
      yield* loaded(document('a', 'one'))
      await hold.promise
      throw new Error('source gone')
    })()
    const run = base.sync(source)
    await turn()
    const event = base.upsert(document('a', 'two'))
    hold.resolve()
    await expect(run).rejects.toThrow('source gone')
    await event
    expect(texts(store)).toEqual(['two'])
  })
})
