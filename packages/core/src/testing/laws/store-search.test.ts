import { describe, expect, it } from 'vitest'
import { matchesFilter } from '../../filter/matches.js'
import type { Ranked, SearchRequest } from '../../store.js'
import { type FakeStore, fakeStore } from '../fakes/store.js'
import { LawViolation } from '../law.js'
import { type StoreLawOptions, type StoreUnderTest, storeLaws } from './store.js'

const dimensions = 8
const everything: StoreLawOptions = { vector: dimensions, text: true, count: 40 }

type Change = (inner: FakeStore) => Partial<StoreUnderTest>

function mutant(change: Change): () => StoreUnderTest {
  return () => {
    const inner = fakeStore({ dimensions })
    return { ...inner, ...change(inner) }
  }
}

/** Both searches with their request or their result changed. */
function searching(
  change: (
    search: (request: SearchRequest) => Promise<readonly Ranked[]>,
    request: SearchRequest,
  ) => Promise<readonly Ranked[]>,
): Change {
  return (inner) => ({
    searchByVector: (vector, request, options) =>
      change((changed) => inner.searchByVector(vector, changed, options), request),
    searchByText: (query, request, options) =>
      change((changed) => inner.searchByText(query, changed, options), request),
  })
}

const byId = (a: Ranked, b: Ranked): number => b.score - a.score || (a.chunk.id < b.chunk.id ? 1 : -1)
const both = (name: string): string[] => [`vector search: ${name}`, `text search: ${name}`]

const mutants: readonly {
  readonly laws: string | string[]
  readonly why: string
  readonly change: Change
}[] = [
  {
    laws: 'vector search: dimensions are told',
    why: 'tells other dimensions',
    change: () => ({ dimensions: 9 }),
  },
  {
    laws: 'vector search: the nearest are found',
    why: 'skips the nearest',
    change: (inner) => ({
      searchByVector: async (vector, request) =>
        (await inner.searchByVector(vector, { ...request, limit: request.limit + 1 })).slice(1),
    }),
  },
  {
    laws: 'vector search: the nearest are found',
    why: 'turns the order round',
    change: (inner) => ({
      searchByVector: async (vector, request) =>
        (await inner.searchByVector(vector, request)).map((hit) => ({ ...hit, score: -hit.score })).reverse(),
    }),
  },
  {
    laws: 'text search: exactly the chunks that share a word are found',
    why: 'returns everything',
    change: (inner) => ({ searchByText: (_, request) => inner.searchByText('mosaiklo', request) }),
  },
  {
    laws: 'text search: the context of a chunk is searched too',
    why: 'searches the text alone',
    change: (inner) => ({
      searchByText: async (query, request) =>
        (await inner.searchByText(query, request)).filter(({ chunk }) =>
          query.split(' ').some((word) => chunk.text.includes(word)),
        ),
    }),
  },
  {
    laws: both('filters keep their meaning'),
    why: 'ignores the filter',
    change: searching((search, { limit }) => search({ limit })),
  },
  {
    laws: both('filters keep their meaning'),
    why: 'filters after the search',
    change: searching(async (search, { limit, filter }) =>
      (await search({ limit })).filter(({ chunk }) => !filter || matchesFilter(filter, chunk.metadata)),
    ),
  },
  {
    laws: both('filters keep their meaning'),
    why: 'halves scores under a filter',
    change: searching(async (search, request) => {
      const found = await search(request)
      return request.filter ? found.map((hit) => ({ ...hit, score: hit.score / 2 })) : found
    }),
  },
  {
    laws: both('filters keep their meaning'),
    why: 'reads inherited properties',
    change: searching(async (search, request) => {
      const { filter } = request
      if (filter?.op !== 'exists') return search(request)
      return (await search({ limit: 999 }))
        .filter(({ chunk }) => chunk.metadata[filter.field] !== undefined)
        .slice(0, request.limit)
    }),
  },
  {
    laws: both('limits are kept'),
    why: 'gives one more',
    change: searching((search, request) => search({ ...request, limit: request.limit + 1 })),
  },
  {
    laws: both('limits are kept'),
    why: 'takes limit 0 for the default',
    change: searching((search, request) => search({ ...request, limit: request.limit || 5 })),
  },
  {
    laws: both('equal scores come in order of chunk id'),
    why: 'breaks ties the other way',
    change: searching(async (search, request) =>
      [...(await search({ ...request, limit: 999 }))].sort(byId).slice(0, request.limit),
    ),
  },
  {
    laws: 'vector search: chunks without a vector are not found',
    why: 'takes no vector for zeros',
    change: (inner) => ({
      upsert: (entries, options) =>
        inner.upsert(
          entries.map((entry) => ({ vector: new Float32Array(dimensions), ...entry })),
          options,
        ),
    }),
  },
  {
    laws: both('deleted and replaced vectors are not found').slice(0, 1),
    why: 'keeps old vectors',
    change: (inner) => {
      const first = new Map<string, Float32Array | undefined>()
      return {
        upsert: (entries, options) =>
          inner.upsert(
            entries.map((entry) => {
              if (!first.has(entry.chunk.id)) first.set(entry.chunk.id, entry.vector)
              return { ...entry, vector: first.get(entry.chunk.id) }
            }),
            options,
          ),
      }
    },
  },
  {
    laws: 'text search: deleted and replaced texts are not found',
    why: 'keeps deleted texts',
    change: (inner) => ({ delete: async () => {}, get: (ids) => inner.get(ids) }),
  },
  {
    laws: 'vector search: a bad query vector is refused',
    why: 'pads the query',
    change: (inner) => ({
      searchByVector: (vector, request) => {
        const padded = new Float32Array(dimensions)
        padded.set(vector.filter(Number.isFinite).slice(0, dimensions))
        return inner.searchByVector(padded, request)
      },
    }),
  },
  {
    laws: 'text search: hostile queries are queries',
    why: 'makes the query a regular expression',
    change: (inner) => ({
      searchByText: (query, request) => {
        new RegExp(query).test('')
        return inner.searchByText(query, request)
      },
    }),
  },
  {
    laws: 'text search: hostile queries are queries',
    why: 'takes no words for everything',
    change: (inner) => ({
      searchByText: (query, request) => inner.searchByText(query.trim() === '' ? 'mosaiklo' : query, request),
    }),
  },
  {
    laws: both('an empty store finds nothing'),
    why: 'finds something in nothing',
    change: (inner) =>
      searching(async (search, request) =>
        inner.size > 0 ? search(request) : [{ chunk: { id: 'x' } as Ranked['chunk'], score: 1 }],
      )(inner),
  },
]

describe('storeLaws of searches catch', () => {
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
      .filter((name) => name.includes('search:'))
    expect(names.filter((name) => !caught.has(name))).toEqual([])
  })
})
