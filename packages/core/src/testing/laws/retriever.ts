import type { Chunk } from '../../chunk.js'
import type { Filter } from '../../filter/filter.js'
import { matchesFilter } from '../../filter/matches.js'
import type { Retriever } from '../../retriever.js'
import { expectAbort, expectRagError, expectSame } from '../assert.js'
import { commonWord, inventedWords, randomChunks, randomFilter } from '../data.js'
import { broken, type Checks, type Law, type LawOptions, makeLaws } from '../law.js'
import { type Random, seededRandom } from '../random.js'
import { edgeTexts, oddities } from '../texts/phrases.js'
import { checkHits } from './hit-rules.js'

export type MakeRetriever = (chunks: readonly Chunk[]) => Retriever | Promise<Retriever>

export interface RetrieverLawOptions extends LawOptions {
  /** A query that matches every chunk. @default a word that stands in every generated chunk */
  readonly query?: string | undefined
  /** Chunks to search. @default 60 */
  readonly count?: number | undefined
  /** Random filters to try. @default 40 */
  readonly filters?: number | undefined
}

/**
 * The laws of `Retriever`. `make` gives a retriever over exactly these chunks, whatever stores and models it
 * needs for that; it is called once for most laws, which do not write.
 */
export function retrieverLaws(make: MakeRetriever, options: RetrieverLawOptions = {}): readonly Law[] {
  const seed = options.seed ?? 1
  const query = options.query ?? commonWord
  const chunks = randomChunks(seededRandom(seed), options.count ?? 60)
  let made: Promise<Retriever> | undefined
  const retriever = (): Promise<Retriever> => {
    made ??= Promise.resolve(make(chunks))
    return made
  }
  const randomQuery = (random: Random): string =>
    [query, random.pick(inventedWords), random.pick(inventedWords)].join(' ')
  const filters = (): Filter[] => {
    const random = seededRandom(seed + 1)
    return [
      { op: 'and', filters: [] },
      { op: 'or', filters: [] },
      ...Array.from({ length: options.filters ?? 40 }, () => randomFilter(random, 2)),
    ]
  }

  const checks: Checks = {
    'the retriever has a name': async () => {
      const { name } = await retriever()
      if (typeof name !== 'string' || name.trim() === '')
        broken('the retriever has no name', { actual: name })
    },
    'at most the limit comes back, five by default': async () => {
      const search = await retriever()
      for (const limit of [undefined, 1, 3, 17, chunks.length + 10]) {
        const hits = await search.retrieve(query, limit === undefined ? {} : { limit })
        const most = limit ?? 5
        if (hits.length > most)
          broken(`more hits than the limit ${limit ?? '(default)'}`, { expected: most, actual: hits.length })
      }
      expectSame(
        (await search.retrieve(query)).length,
        Math.min(5, chunks.length),
        'without options other than five hits come back',
      )
    },
    'hits are stored chunks, best first, none twice, each with its trace': async () => {
      const random = seededRandom(seed + 2)
      for (let trial = 0; trial < 15; trial += 1) {
        const asked = randomQuery(random)
        for (const limit of [1, 10, chunks.length])
          checkHits(await (await retriever()).retrieve(asked, { limit }), chunks, limit, asked)
      }
    },
    'every hit passes the filter': async () => {
      for (const filter of filters())
        for (const { chunk } of await (await retriever()).retrieve(query, { limit: chunks.length, filter }))
          if (!matchesFilter(filter, chunk.metadata))
            broken(`a hit does not pass ${JSON.stringify(filter)}`, { actual: chunk.metadata })
    },
    'as many come back as match the filter, up to the limit': async () => {
      for (const filter of filters()) {
        const matching = chunks.filter(({ metadata }) => matchesFilter(filter, metadata)).length
        for (const limit of [1, 4, chunks.length]) {
          const hits = await (await retriever()).retrieve(query, { limit, filter })
          checkHits(hits, chunks, limit, query)
          expectSame(
            hits.length,
            Math.min(limit, matching),
            `${JSON.stringify(filter)} with limit ${limit} gives another number of hits`,
          )
        }
      }
    },
    'equal scores come in order of chunk id': async () => {
      const alike = seededRandom(seed)
        .shuffle(chunks)
        .map(({ id }) => ({ ...chunks[0]!, id }))
      const hits = await (await make(alike)).retrieve(query, { limit: alike.length })
      checkHits(hits, alike, alike.length, query)
    },
    'retrieving again gives the same hits': async () => {
      const random = seededRandom(seed + 3)
      for (let trial = 0; trial < 5; trial += 1) {
        const asked = randomQuery(random)
        const first = structuredClone(await (await retriever()).retrieve(asked, { limit: 10 }))
        expectSame(
          await (await retriever()).retrieve(asked, { limit: 10 }),
          first,
          'the same query gives other hits',
          { text: asked },
        )
      }
    },
    'hostile queries are queries': async () => {
      for (const asked of [...edgeTexts, ...oddities, 'a AND (b OR', 'x'.repeat(10_000)])
        checkHits(await (await retriever()).retrieve(asked, { limit: 5 }), chunks, 5, asked)
    },
    'an index of nothing finds nothing': async () => {
      expectSame(await (await make([])).retrieve(query), [], 'a retriever over no chunks finds something')
    },
    'a bad limit is refused': async () => {
      const search = await retriever()
      for (const limit of [0, -1, 1.5, Number.NaN])
        await expectRagError(() => search.retrieve(query, { limit }), ['invalid-argument'], `limit ${limit}`)
    },
    'an abort rejects with the reason of the signal': async () => {
      const search = await retriever()
      await expectAbort((signal) => search.retrieve(query, { signal }))
    },
  }
  return makeLaws(checks, { ...options, seed })
}
