import { describe, expect, it } from 'vitest'
import { RagError } from '../../errors.js'
import type { Entry } from '../../store.js'
import { type FakeStore, fakeStore } from '../fakes/store.js'
import { LawViolation } from '../law.js'
import { type StoreLawOptions, type StoreUnderTest, storeLaws } from './store.js'

const dimensions = 8
const everything: StoreLawOptions = { vector: dimensions, text: true, count: 40, reopen: (store) => store }

describe('storeLaws hold for the fake store', () => {
  for (const law of storeLaws(() => fakeStore({ dimensions }), everything)) it(law.name, () => law.run())
})

describe('storeLaws without searches', () => {
  it('runs no law of a search', () => {
    expect(storeLaws(() => fakeStore()).filter((law) => law.name.includes('search:'))).toEqual([])
  })
})

it('every store that was made is closed', async () => {
  const made: StoreUnderTest[] = []
  const closed: StoreUnderTest[] = []
  const make = (): StoreUnderTest => {
    const store = fakeStore({ dimensions })
    made.push(store)
    return store
  }
  for (const law of storeLaws(make, { close: (store) => void closed.push(store) })) await law.run()
  expect(made.length).toBeGreaterThan(5)
  expect(closed).toEqual(made)
})

type Change = (inner: FakeStore) => Partial<StoreUnderTest>

function mutant(change: Change): () => StoreUnderTest {
  return () => {
    const inner = fakeStore({ dimensions })
    return { ...inner, ...change(inner) }
  }
}

const mutants: readonly {
  readonly laws: string | string[]
  readonly why: string
  readonly change: Change
}[] = [
  {
    laws: 'what was written comes back whole',
    why: 'drops headings',
    change: (inner) => ({
      get: async (ids) => (await inner.get(ids)).map((chunk) => chunk && { ...chunk, headings: [] }),
    }),
  },
  {
    laws: 'what was written comes back whole',
    why: 'leaves unknown ids out',
    change: (inner) => ({
      get: async (ids) => (await inner.get(ids)).filter((chunk) => chunk !== undefined),
    }),
  },
  {
    laws: 'an id already there is replaced',
    why: 'keeps the first entry',
    change: (inner) => {
      const known = new Set<string>()
      return {
        upsert: async (entries, options) => {
          await inner.upsert(
            entries.filter(({ chunk }) => !known.has(chunk.id)),
            options,
          )
          for (const { chunk } of entries) known.add(chunk.id)
        },
      }
    },
  },
  {
    laws: 'deleted chunks are gone',
    why: 'deletes the first id only',
    change: (inner) => ({ delete: (ids) => inner.delete(ids.slice(0, 1)) }),
  },
  {
    laws: 'deleted chunks are gone',
    why: 'fails on unknown ids',
    change: (inner) => ({
      delete: async (ids) => {
        if ((await inner.get(ids)).includes(undefined)) throw new RagError('store-failed', 'unknown id')
        await inner.delete(ids)
      },
    }),
  },
  {
    laws: 'list tells the chunks of one document',
    why: 'lists by prefix',
    change: (inner) => ({
      async *list(options) {
        for await (const ref of inner.list())
          if (ref.documentId.startsWith(options?.documentId?.slice(0, -1) ?? '')) yield ref
      },
    }),
  },
  {
    laws: 'a bad entry leaves nothing of its upsert behind',
    why: 'writes one by one',
    change: (inner) => ({
      upsert: async (entries, options) => {
        const seen = new Set<string>()
        for (const entry of entries) {
          if (seen.has(entry.chunk.id)) throw new RagError('duplicate-id', 'twice')
          seen.add(entry.chunk.id)
          await inner.upsert([entry], options)
        }
      },
    }),
  },
  {
    laws: 'a bad entry leaves nothing of its upsert behind',
    why: 'lets the last of two equal ids win',
    change: (inner) => ({
      upsert: (entries, options) =>
        inner.upsert([...new Map(entries.map((entry) => [entry.chunk.id, entry])).values()], options),
    }),
  },
  {
    laws: 'reading changes nothing',
    why: 'returns what it holds',
    change: (inner) => {
      const held = new Map<string, Entry>()
      return {
        upsert: async (entries, options) => {
          await inner.upsert(entries, options)
          for (const entry of entries) held.set(entry.chunk.id, structuredClone(entry))
        },
        get: async (ids) => ids.map((id) => held.get(id)?.chunk),
      }
    },
  },
  {
    laws: 'what was given is not kept',
    why: 'keeps what it was given',
    change: (inner) => {
      const held = new Map<string, Entry>()
      return {
        upsert: async (entries, options) => {
          await inner.upsert(entries, options)
          for (const entry of entries) held.set(entry.chunk.id, entry)
        },
        get: async (ids) => structuredClone(ids.map((id) => held.get(id)?.chunk)),
      }
    },
  },
  {
    laws: 'calls about nothing do nothing',
    why: 'gives everything when asked for nothing',
    change: (inner) => ({
      get: async (ids) => {
        if (ids.length > 0) return inner.get(ids)
        const all: string[] = []
        for await (const { id } of inner.list()) all.push(id)
        return inner.get(all)
      },
    }),
  },
  {
    laws: 'hostile ids, keys and strings come back',
    why: 'assigns keys to a plain object',
    change: (inner) => ({
      get: async (ids) =>
        (await inner.get(ids)).map((chunk) => {
          if (!chunk) return undefined
          const metadata: Record<string, (typeof chunk.metadata)[string]> = {}
          for (const [key, value] of Object.entries(chunk.metadata)) metadata[key] = value
          return { ...chunk, metadata }
        }),
    }),
  },
  {
    laws: 'hostile ids, keys and strings come back',
    why: 'stops strings at NUL',
    change: (inner) => ({
      upsert: (entries, options) =>
        inner.upsert(
          entries.map((entry) => ({ ...entry, revision: entry.revision.split('\0')[0]! })),
          options,
        ),
    }),
  },
  {
    laws: 'lone surrogates come back',
    why: 'stores UTF-8',
    change: (inner) => ({
      get: async (ids) =>
        (await inner.get(ids)).map(
          (chunk) =>
            chunk && { ...chunk, text: new TextDecoder().decode(new TextEncoder().encode(chunk.text)) },
        ),
    }),
  },
  {
    laws: 'numbers come back as they were',
    why: 'stores 32-bit numbers',
    change: (inner) => ({
      get: async (ids) =>
        (await inner.get(ids)).map(
          (chunk) =>
            chunk && {
              ...chunk,
              metadata: Object.fromEntries(
                Object.entries(chunk.metadata).map(([key, value]) => [
                  key,
                  typeof value === 'number' ? Math.fround(value) : value,
                ]),
              ),
            },
        ),
    }),
  },
  {
    laws: 'calls made at the same time do not disturb each other',
    why: 'reads, waits and writes the whole',
    change: (inner) => {
      let all: Entry[] = []
      return {
        upsert: async (entries) => {
          const before = all
          await Promise.resolve()
          all = [...before, ...entries]
          await inner.delete(entries.map(({ chunk }) => chunk.id))
          await inner.upsert(all)
          const ids = new Set(all.map(({ chunk }) => chunk.id))
          for await (const { id } of inner.list()) if (!ids.has(id)) await inner.delete([id])
        },
      }
    },
  },
  {
    laws: 'an abort rejects with the reason of the signal and writes nothing',
    why: 'ignores the signal',
    change: (inner) => ({ get: (ids) => inner.get(ids) }),
  },
  {
    laws: 'an abort rejects with the reason of the signal and writes nothing',
    why: 'writes before it looks',
    change: (inner) => ({
      delete: async (ids, options) => {
        await inner.delete(ids)
        options?.signal?.throwIfAborted()
      },
    }),
  },
  {
    laws: 'what was written survives closing and opening',
    why: 'loses its last write',
    change: (inner) => {
      const deleted: string[] = []
      return {
        delete: async (ids) => {
          deleted.push(...ids)
        },
        list: (options) => inner.list(options),
      }
    },
  },
]

describe('storeLaws catch', () => {
  for (const { laws: names, why, change } of mutants)
    for (const name of [names].flat())
      it(`a store that ${why}: ${name}`, async () => {
        const law = storeLaws(mutant(change), everything).find((candidate) => candidate.name === name)
        expect(law, `no law "${name}"`).toBeDefined()
        await expect(law?.run()).rejects.toBeInstanceOf(LawViolation)
      })

  it('has a mutant for every law', () => {
    const caught = new Set(mutants.flatMap(({ laws }) => laws))
    const names = storeLaws(() => fakeStore({ dimensions }), everything)
      .map((law) => law.name)
      .filter((name) => !name.includes('search:'))
    expect(names.filter((name) => !caught.has(name))).toEqual([])
  })
})
