import type { MetadataValue } from '../../document.js'
import type { Entry } from '../../store.js'
import { collect, expectAbort, expectRagError, expectSame } from '../assert.js'
import { randomMetadata, randomUnitVector } from '../data.js'
import { broken, type Checks, type Law, type LawOptions, makeLaws } from '../law.js'
import { seededRandom } from '../random.js'
import {
  expectContent,
  hostileStrings,
  randomEntries,
  referencesOf,
  type StoreUnderTest,
} from './store-rules.js'
import { searchChecks } from './store-search.js'

export type { StoreUnderTest } from './store-rules.js'

export interface StoreLawOptions extends LawOptions {
  /** Dimensions of the store's vectors: runs the laws of `VectorSearch`. @default not run */
  readonly vector?: number | undefined
  /** Runs the laws of `TextSearch`. @default false */
  readonly text?: boolean | undefined
  /** Whether a vector search must find exactly the nearest. @default true */
  readonly exact?: boolean | undefined
  /** Closes the store and opens what it left behind: runs the law of durability. @default not run */
  readonly reopen?: ((store: StoreUnderTest) => StoreUnderTest | Promise<StoreUnderTest>) | undefined
  /** Called with every store once a law is done with it. @default nothing */
  readonly close?: ((store: StoreUnderTest) => void | Promise<void>) | undefined
  /** Chunks in the generated collections. @default 80 */
  readonly count?: number | undefined
}

/** The laws of `Store`, and of `VectorSearch` and `TextSearch` where the options say so. `make` gives an empty store. */
export function storeLaws(
  make: () => StoreUnderTest | Promise<StoreUnderTest>,
  options: StoreLawOptions = {},
): readonly Law[] {
  const seed = options.seed ?? 1
  const count = options.count ?? 80
  const dimensions = options.vector
  const generate = (): Entry[] => randomEntries(seededRandom(seed), count, dimensions)
  const using = (check: (store: StoreUnderTest) => Promise<void>) => async (): Promise<void> => {
    const store = await make()
    try {
      await check(store)
    } finally {
      await options.close?.(store)
    }
  }
  const filled = (check: (store: StoreUnderTest, entries: Entry[]) => Promise<void>): (() => Promise<void>) =>
    using(async (store) => {
      const entries = generate()
      await store.upsert(structuredClone(entries))
      await check(store, entries)
    })

  const checks: Checks = {
    'what was written comes back whole': filled(async (store, entries) => {
      await expectContent(store, entries, 'after one upsert')
      const [first, second] = entries as [Entry, Entry]
      const got = await store.get([second.chunk.id, 'no such id', first.chunk.id, second.chunk.id])
      expectSame(
        got,
        [second.chunk, undefined, first.chunk, second.chunk],
        'get does not answer id by id, in order',
      )
    }),
    'an id already there is replaced': filled(async (store, entries) => {
      const random = seededRandom(seed + 1)
      const changed = entries.map((entry, position) =>
        position % 3 > 0
          ? entry
          : {
              ...entry,
              revision: `${entry.revision}b`,
              chunk: {
                ...entry.chunk,
                text: `${entry.chunk.text} anew`,
                end: entry.chunk.end + 5,
                metadata: randomMetadata(random),
              },
            },
      )
      await store.upsert(changed.filter((entry, position) => entry !== entries[position]))
      await expectContent(store, changed, 'after some entries were replaced')
    }),
    'deleted chunks are gone': filled(async (store, entries) => {
      const gone = entries.filter((_, position) => position % 4 === 1).map(({ chunk }) => chunk.id)
      await store.delete([...gone, 'no such id'])
      expectSame(
        await store.get(gone),
        gone.map(() => undefined),
        'a deleted chunk can still be got',
      )
      await expectContent(
        store,
        entries.filter((_, position) => position % 4 !== 1),
        'after a deletion',
      )
      await store.delete(gone)
      await store.upsert(entries.slice(1, 2))
      expectSame(
        await store.get([entries[1]!.chunk.id]),
        [entries[1]!.chunk],
        'a deleted id cannot be written again',
      )
      await store.delete(entries.map(({ chunk }) => chunk.id))
      await expectContent(store, [], 'after everything was deleted')
    }),
    'list tells the chunks of one document': filled(async (store, entries) => {
      for (const documentId of new Set(entries.map(({ chunk }) => chunk.documentId))) {
        const listed = (await collect(store.list({ documentId }))).toSorted((a, b) => (a.id < b.id ? -1 : 1))
        expectSame(
          listed,
          referencesOf(entries.filter(({ chunk }) => chunk.documentId === documentId)),
          `list of ${documentId}`,
        )
      }
      expectSame(
        await collect(store.list({ documentId: 'no such document' })),
        [],
        'an unknown document has chunks',
      )
    }),
    'a bad entry leaves nothing of its upsert behind': filled(async (store, entries) => {
      const random = seededRandom(seed + 2)
      const fresh = randomEntries(random, 6, dimensions).map((entry) => ({
        ...entry,
        chunk: { ...entry.chunk, id: `new-${entry.chunk.id}` },
      }))
      const replacing = {
        ...entries[0]!,
        revision: 'other',
        chunk: { ...entries[0]!.chunk, metadata: { changed: true } },
      }
      await expectRagError(
        () => store.upsert([replacing, ...fresh, fresh[2]!]),
        ['duplicate-id'],
        'an upsert with an id twice',
      )
      await expectContent(store, entries, 'after an upsert with an id twice')
      if (dimensions === undefined) return
      for (const vector of [
        new Float32Array(dimensions + 1),
        new Float32Array(dimensions).fill(Number.NaN),
      ]) {
        await expectRagError(
          () => store.upsert([replacing, ...fresh.slice(1), { ...fresh[0]!, vector }]),
          ['invalid-vector'],
          'an upsert with a bad vector',
        )
        await expectContent(store, entries, 'after an upsert with a bad vector')
      }
    }),
    'reading changes nothing': filled(async (store, entries) => {
      const ids = entries.map(({ chunk }) => chunk.id)
      const { chunk, vector } = entries[0]!
      const search = async (): Promise<unknown[]> => [
        ...(dimensions === undefined ? [] : await store.searchByVector!(vector!, { limit: count })),
        ...(options.text ? await store.searchByText!(chunk.text, { limit: count }) : []),
      ]
      const before = structuredClone(await search())
      for (const read of await store.get(ids)) spoil(read)
      for await (const ref of store.list()) spoil(ref)
      for (const hit of await search()) spoil(hit)
      await expectContent(store, entries, 'after what was returned was changed')
      expectSame(await search(), before, 'changing what a search returned changed what is found')
    }),
    'what was given is not kept': using(async (store) => {
      const [entries, given] = [generate(), generate()]
      await store.upsert(given)
      expectSame(given, entries, 'upsert changed its entries')
      for (const entry of given) spoil(entry)
      await expectContent(store, entries, 'after the given entries were changed')
      if (dimensions === undefined || !store.searchByVector) return
      const query = entries[3]!.vector!
      const [best] = await store.searchByVector(query, { limit: 1 })
      expectSame(best?.chunk.id, entries[3]!.chunk.id, 'changing the given vectors changed what is found')
    }),
    'calls about nothing do nothing': filled(async (store, entries) => {
      await store.upsert([])
      await store.delete([])
      expectSame(await store.get([]), [], 'get of no ids gives something')
      await expectContent(store, entries, 'after empty calls')
    }),
    'hostile ids, keys and strings come back': using(async (store) => {
      const template = generate()[0]!
      const metadata: [string, MetadataValue][] = hostileStrings.map((key, position) => [
        key,
        position % 2 ? key : [key, key],
      ])
      const entries = hostileStrings.map((name) => ({
        ...template,
        revision: name,
        chunk: {
          ...template.chunk,
          id: `id ${name}`,
          documentId: `document ${name}`,
          text: `text ${name}`,
          end: template.chunk.start + 5 + name.length,
          headings: [name],
          context: name,
          page: name,
          uri: name,
          metadata: Object.fromEntries(metadata),
        },
      }))
      await store.upsert(entries)
      await expectContent(store, entries, 'hostile entries')
      for (const entry of entries) {
        const listed = await collect(store.list({ documentId: entry.chunk.documentId }))
        expectSame(listed, referencesOf([entry]), 'list of a document with a hostile id')
      }
      await store.delete(entries.slice(1).map(({ chunk }) => chunk.id))
      await expectContent(store, entries.slice(0, 1), 'after hostile ids were deleted')
    }),
    'lone surrogates come back': using(async (store) => {
      const template = generate()[0]!
      const text = 'a \ud800 b \udc00'
      const chunk = {
        ...template.chunk,
        text,
        end: template.chunk.start + text.length,
        metadata: { 'k\udfff': 'v\ud8ff' },
      }
      await store.upsert([{ ...template, chunk }])
      expectSame(await store.get([chunk.id]), [chunk], 'a lone surrogate was replaced')
    }),
    'numbers come back as they were': using(async (store) => {
      const template = generate()[0]!
      const metadata = {
        large: Number.MAX_SAFE_INTEGER,
        small: 5e-324,
        fraction: 0.1,
        huge: 1e308,
        negative: -1e-7,
        whole: 3,
        list: [0.1, 2, -3e22],
        yes: true,
        no: false,
        nothing: null,
        one: 1,
        text: '1',
        empty: [],
      }
      const chunk = {
        ...template.chunk,
        tokens: 0,
        window: { start: 0, end: template.chunk.end + 9 },
        metadata,
      }
      await store.upsert([{ ...template, chunk }])
      expectSame(await store.get([chunk.id]), [chunk], 'a value changed its number or its type')
    }),
    'calls made at the same time do not disturb each other': using(async (store) => {
      const entries = generate()
      const batches = Array.from({ length: 8 }, (_, batch) =>
        entries.filter((_, position) => position % 8 === batch),
      )
      await Promise.all([
        ...batches.map((batch) => store.upsert(batch)),
        store.get(['chunk-000']),
        collect(store.list()),
      ])
      await expectContent(store, entries, 'after upserts made at the same time')
      await Promise.all(batches.slice(1).map((batch) => store.delete(batch.map(({ chunk }) => chunk.id))))
      await expectContent(store, batches[0]!, 'after deletions made at the same time')
    }),
    'an abort rejects with the reason of the signal and writes nothing': filled(async (store, entries) => {
      const ids = entries.map(({ chunk }) => chunk.id)
      await expectAbort((signal) => store.get(ids, { signal }))
      await expectAbort((signal) => collect(store.list({ signal })))
      const stopped = AbortSignal.abort(new Error('stopped'))
      const refused = async (call: Promise<void>): Promise<void> => {
        const outcome = await call.then(
          () => 'resolved',
          (error: unknown) => error,
        )
        if (outcome !== stopped.reason)
          broken('an aborted write does not reject with the reason of the signal', {
            expected: stopped.reason,
            actual: outcome,
          })
      }
      await refused(store.upsert([{ ...entries[0]!, revision: 'never' }], { signal: stopped }))
      await refused(store.delete(ids, { signal: stopped }))
      await expectContent(store, entries, 'after aborted writes')
      if (dimensions !== undefined)
        await expectAbort((signal) =>
          store.searchByVector!(randomUnitVector(seededRandom(seed), dimensions), { limit: 3 }, { signal }),
        )
      if (options.text) await expectAbort((signal) => store.searchByText!('word', { limit: 3 }, { signal }))
    }),
    ...searchChecks(filled, using, { ...options, seed, count }),
    ...(options.reopen === undefined
      ? {}
      : {
          'what was written survives closing and opening': filled(async (store, entries) => {
            await store.delete(entries.slice(0, 5).map(({ chunk }) => chunk.id))
            const rest = entries.slice(5)
            const search = async (searched: StoreUnderTest): Promise<unknown> => [
              dimensions === undefined ? [] : await searched.searchByVector!(rest[0]!.vector!, { limit: 20 }),
              options.text ? await searched.searchByText!(rest[0]!.chunk.text, { limit: 20 }) : [],
            ]
            const before = await search(store)
            const opened = await options.reopen!(store)
            try {
              await expectContent(opened, rest, 'after closing and opening')
              expectSame(await search(opened), before, 'searches answer otherwise after closing and opening')
              await opened.upsert(entries.slice(0, 5))
              await expectContent(opened, entries, 'after writing to the opened store')
            } finally {
              await options.close?.(opened)
            }
          }),
        }),
  }
  return makeLaws(checks, { ...options, seed })
}

/** Changes everything in a value that lets itself be changed. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if (value instanceof Float32Array) {
    value.fill(9)
    return
  }
  const fields = value as { [key: string]: unknown }
  for (const key of Object.keys(fields)) {
    spoil(fields[key])
    // A frozen value refuses, which protects the store as well as a copy does.
    if (typeof fields[key] !== 'object') Reflect.set(fields, key, 'spoiled')
  }
  if (Array.isArray(value) && !Object.isFrozen(value)) value.push('spoiled')
  else Reflect.set(fields, 'spoiled', true)
}
