import type { Filter } from '../../filter/filter.js'
import { matchesFilter } from '../../filter/matches.js'
import type { Entry, Ranked, SearchRequest } from '../../store.js'
import { expectRagError, expectSame } from '../assert.js'
import { commonWord, inventedWords, randomFilter, randomUnitVector } from '../data.js'
import { broken, type Checks } from '../law.js'
import { type Random, seededRandom } from '../random.js'
import { edgeTexts, oddities } from '../texts/phrases.js'
import { dotProduct } from '../vectors.js'
import type { StoreLawOptions } from './store.js'
import { checkRanked, hostileStrings, idsOf, type StoreUnderTest } from './store-rules.js'

type Filled = (check: (store: StoreUnderTest, entries: Entry[]) => Promise<void>) => () => Promise<void>
type Using = (check: (store: StoreUnderTest) => Promise<void>) => () => Promise<void>
type Search = (request: SearchRequest) => Promise<readonly Ranked[]>

/** Share of the true nearest ten that an approximate store must find. */
const minRecall = 0.9

/** Random filters, and filters on keys that query languages stumble over. */
function filters(random: Random): Filter[] {
  const hostile = hostileStrings.flatMap((field): Filter[] => [
    { op: 'exists', field },
    { op: 'ne', field, value: field },
    { op: 'startsWith', field: 'title', value: field },
    { op: 'includes', field: 'title', value: field },
    { op: 'has', field: 'tags', value: field },
  ])
  return [
    { op: 'and', filters: [] },
    { op: 'or', filters: [] },
    ...Array.from({ length: 150 }, () => randomFilter(random)),
    ...hostile,
  ]
}

/** The laws of both searches that do not depend on how scores are made. `search` must match every entry. */
async function checkFilters(search: Search, entries: readonly Entry[], random: Random): Promise<void> {
  const scores = new Map(
    (await search({ limit: entries.length })).map(({ chunk, score }) => [chunk.id, score]),
  )
  for (const filter of filters(random)) {
    const expected = entries
      .filter(({ chunk }) => matchesFilter(filter, chunk.metadata))
      .map(({ chunk }) => chunk.id)
    const told = JSON.stringify(filter)
    const all = await search({ limit: entries.length, filter })
    checkRanked(all, entries.length, entries)
    expectSame(
      idsOf(all).toSorted(),
      expected.toSorted(),
      `the filter ${told} lets other chunks through than the reference`,
    )
    for (const { chunk, score } of all) {
      const free = scores.get(chunk.id) ?? Number.NaN
      if (!(Math.abs(score - free) <= 1e-5 * Math.max(1, Math.abs(free))))
        broken(`the filter ${told} changes a score`, { expected: free, actual: score })
    }
    const some = await search({ limit: 3, filter })
    checkRanked(some, 3, entries)
    expectSame(some.length, Math.min(3, expected.length), `the filter ${told} leaves too few for limit 3`)
  }
}

async function checkLimits(search: Search, entries: readonly Entry[]): Promise<void> {
  for (const limit of [1, 5, entries.length, entries.length + 100]) {
    const found = await search({ limit })
    checkRanked(found, limit, entries)
    expectSame(found.length, Math.min(limit, entries.length), `limit ${limit} gives another number of hits`)
  }
  for (const limit of [0, -1, 1.5, Number.NaN])
    await expectRagError(() => search({ limit }), ['invalid-argument'], `limit ${limit}`)
}

/** All entries alike but for their ids: only the ids can decide. */
async function checkTies(
  store: StoreUnderTest,
  search: Search,
  entries: readonly Entry[],
  random: Random,
): Promise<void> {
  const first = entries[0]!
  const alike = random
    .shuffle(entries)
    .map((entry) => ({ ...first, chunk: { ...first.chunk, id: entry.chunk.id } }))
  await store.upsert(alike)
  const sorted = alike.map(({ chunk }) => chunk.id).toSorted()
  for (const limit of [4, alike.length])
    expectSame(
      idsOf(await search({ limit })),
      sorted.slice(0, limit),
      `equal scores do not come in order of chunk id (limit ${limit})`,
    )
}

function vectorChecks(filled: Filled, using: Using, options: StoreLawOptions, dimensions: number): Checks {
  const random = (): Random => seededRandom((options.seed ?? 1) + 3)
  const searching = (store: StoreUnderTest, vector: Float32Array): Search => {
    if (!store.searchByVector) broken('the store has no searchByVector')
    return (request) => store.searchByVector!(vector, request)
  }
  return {
    'vector search: dimensions are told': using(async (store) => {
      expectSame(store.dimensions, dimensions, 'the store tells other dimensions')
    }),
    'vector search: the nearest are found': filled(async (store, entries) => {
      const source = random()
      let [wanted, got] = [0, 0]
      for (let trial = 0; trial < 20; trial += 1) {
        const query = trial % 2 ? randomUnitVector(source, dimensions) : entries[trial]!.vector!
        const found = await searching(store, query)({ limit: 10 })
        checkRanked(found, 10, entries)
        const near = new Map(entries.map(({ chunk, vector }) => [chunk.id, dotProduct(query, vector!)]))
        const tenth = [...near.values()].toSorted((a, b) => b - a)[Math.min(10, near.size) - 1]!
        wanted += Math.min(10, near.size)
        got += found.filter(({ chunk }) => near.get(chunk.id)! >= tenth - 1e-4).length
        for (const [rank, { chunk }] of found.entries())
          if (rank > 0 && near.get(chunk.id)! > near.get(found[rank - 1]!.chunk.id)! + 1e-3)
            broken('a nearer vector comes after a farther one', { actual: idsOf(found) })
      }
      if (got < (options.exact === false ? minRecall : 1) * wanted)
        broken('not the nearest are found', { expected: wanted, actual: got })
    }),
    'vector search: filters keep their meaning': filled(async (store, entries) => {
      const source = random()
      await checkFilters(searching(store, randomUnitVector(source, dimensions)), entries, source)
    }),
    'vector search: limits are kept': filled((store, entries) =>
      checkLimits(searching(store, entries[0]!.vector!), entries),
    ),
    'vector search: equal scores come in order of chunk id': filled((store, entries) =>
      checkTies(store, searching(store, entries[1]!.vector!), entries, random()),
    ),
    'vector search: chunks without a vector are not found': filled(async (store, entries) => {
      const { vector, ...bare } = entries[0]!
      await store.upsert([{ ...bare, chunk: { ...bare.chunk, id: 'never had one' } }, bare])
      const found = idsOf(await searching(store, vector!)({ limit: entries.length + 1 }))
      expectSame(
        found.toSorted(),
        entries
          .slice(1)
          .map(({ chunk }) => chunk.id)
          .toSorted(),
        'chunks without a vector are found, or others lost',
      )
    }),
    'vector search: deleted and replaced vectors are not found': filled(async (store, entries) => {
      const [gone, moved, ...rest] = entries as [Entry, Entry, ...Entry[]]
      const opposite = moved.vector!.map((value) => -value)
      await store.delete([gone.chunk.id])
      await store.upsert([{ ...moved, vector: opposite }])
      const found = await searching(store, gone.vector!)({ limit: entries.length })
      expectSame(
        idsOf(found).toSorted(),
        [moved, ...rest].map(({ chunk }) => chunk.id).toSorted(),
        'a deleted vector is found, or others lost',
      )
      const [best] = await searching(store, opposite)({ limit: 1 })
      expectSame(best?.chunk.id, moved.chunk.id, 'a replaced vector is not found in its new place')
    }),
    'vector search: a bad query vector is refused': filled(async (store) => {
      for (const vector of [
        new Float32Array(dimensions + 1),
        new Float32Array(0),
        new Float32Array(dimensions).fill(Number.NaN),
        new Float32Array(dimensions).fill(Number.POSITIVE_INFINITY),
      ])
        await expectRagError(
          () => searching(store, vector)({ limit: 3 }),
          ['invalid-vector'],
          `a query vector of ${vector.length} numbers, ${vector[0]} the first`,
        )
    }),
    'vector search: an empty store finds nothing': using(async (store) => {
      expectSame(
        await searching(store, randomUnitVector(random(), dimensions))({ limit: 3 }),
        [],
        'an empty store finds something',
      )
    }),
  }
}

function textChecks(filled: Filled, using: Using, options: StoreLawOptions): Checks {
  const random = (): Random => seededRandom((options.seed ?? 1) + 4)
  const searching = (store: StoreUnderTest, query: string): Search => {
    if (!store.searchByText) broken('the store has no searchByText')
    return (request) => store.searchByText!(query, request)
  }
  return {
    'text search: exactly the chunks that share a word are found': filled(async (store, entries) => {
      const source = random()
      for (let trial = 0; trial < 20; trial += 1) {
        const words = [source.pick(inventedWords), source.pick(inventedWords)]
        const found = await searching(store, words.join(' '))({ limit: entries.length })
        checkRanked(found, entries.length, entries)
        const expected = entries.filter(({ chunk }) =>
          chunk.text.split(' ').some((word) => words.includes(word)),
        )
        expectSame(
          idsOf(found).toSorted(),
          expected.map(({ chunk }) => chunk.id).toSorted(),
          `the query "${words.join(' ')}" finds other chunks`,
        )
      }
    }),
    'text search: the context of a chunk is searched too': filled(async (store, entries) => {
      const word = 'kantrovel'
      expectSame(idsOf(await searching(store, word)({ limit: 3 })), [], 'a word that no chunk has is found')
      await store.upsert([{ ...entries[4]!, chunk: { ...entries[4]!.chunk, context: `About ${word}` } }])
      expectSame(
        idsOf(await searching(store, word)({ limit: 3 })),
        [entries[4]!.chunk.id],
        'a word of the context is not found',
      )
    }),
    'text search: filters keep their meaning': filled((store, entries) =>
      checkFilters(searching(store, commonWord), entries, random()),
    ),
    'text search: limits are kept': filled((store, entries) =>
      checkLimits(searching(store, commonWord), entries),
    ),
    'text search: equal scores come in order of chunk id': filled((store, entries) =>
      checkTies(store, searching(store, commonWord), entries, random()),
    ),
    'text search: deleted and replaced texts are not found': filled(async (store, entries) => {
      const [gone, changed, ...rest] = entries as [Entry, Entry, ...Entry[]]
      const text = 'quite another matter'
      await store.delete([gone.chunk.id])
      await store.upsert([
        { ...changed, chunk: { ...changed.chunk, text, end: changed.chunk.start + text.length } },
      ])
      const found = await searching(store, commonWord)({ limit: entries.length })
      expectSame(
        idsOf(found).toSorted(),
        rest.map(({ chunk }) => chunk.id).toSorted(),
        'a deleted or replaced text is found',
      )
    }),
    'text search: hostile queries are queries': filled(async (store) => {
      for (const query of [
        ...edgeTexts,
        ...oddities,
        ...hostileStrings,
        'a AND (b OR',
        'title:x^2 ~',
        'NEAR(',
        'x'.repeat(20_000),
      ]) {
        const found = await searching(store, query)({ limit: 3 })
        if (found.length > 0)
          broken('a query without a word of any chunk has hits', { text: query, actual: idsOf(found) })
      }
    }),
    'text search: an empty store finds nothing': using(async (store) => {
      expectSame(await searching(store, commonWord)({ limit: 3 }), [], 'an empty store finds something')
    }),
  }
}

/** The laws of the searches that the options declare. */
export function searchChecks(filled: Filled, using: Using, options: StoreLawOptions): Checks {
  return {
    ...(options.vector === undefined ? {} : vectorChecks(filled, using, options, options.vector)),
    ...(options.text ? textChecks(filled, using, options) : {}),
  }
}
