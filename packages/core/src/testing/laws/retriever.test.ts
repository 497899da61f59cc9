import { describe, expect, it } from 'vitest'
import type { Chunk } from '../../chunk.js'
import { matchesFilter } from '../../filter/matches.js'
import type { Hit, RetrieveOptions, Retriever } from '../../retriever.js'
import { wordOverlap } from '../fakes/relevance-model.js'
import { fakeRetriever } from '../fakes/retriever.js'
import { LawViolation } from '../law.js'
import { retrieverLaws } from './retriever.js'

/** A correct retriever: scores all chunks by shared words and leaves the rest to the fake. */
function overlapRetriever(chunks: readonly Chunk[]): Retriever {
  return fakeRetriever((query) => {
    const scored = chunks.map((chunk) => ({ chunk, score: Math.fround(wordOverlap(query, chunk.text)) }))
    scored.sort((a, b) => b.score - a.score || (a.chunk.id < b.chunk.id ? -1 : 1))
    return scored.map(({ chunk, score }, index) => ({
      chunk,
      score,
      trace: [{ stage: 'overlap', kind: 'lexical', rank: index + 1, score }],
    }))
  })
}

describe('retrieverLaws hold for a retriever that scans everything', () => {
  for (const law of retrieverLaws(overlapRetriever)) it(law.name, () => law.run())
})

type Retrieve = (query: string, options: RetrieveOptions) => Promise<readonly Hit[]>

function mutant(
  change: (
    retrieve: Retrieve,
    query: string,
    options: RetrieveOptions,
    chunks: readonly Chunk[],
    call: number,
  ) => Promise<readonly Hit[]>,
): (chunks: readonly Chunk[]) => Retriever {
  return (chunks) => {
    const inner = overlapRetriever(chunks)
    let call = 0
    return {
      name: 'mutant',
      retrieve: (query, options = {}) => {
        call += 1
        return change((asked, changed) => inner.retrieve(asked, changed), query, options, chunks, call)
      },
    }
  }
}

const after = (
  change: (hits: Hit[], options: RetrieveOptions) => readonly Hit[],
): ((chunks: readonly Chunk[]) => Retriever) =>
  mutant(async (retrieve, query, options) => change([...(await retrieve(query, options))], options))

const sound = 'hits are stored chunks, best first, none twice, each with its trace'
const mutants: readonly {
  readonly law: string
  readonly why: string
  readonly make: (chunks: readonly Chunk[]) => Retriever
}[] = [
  {
    law: 'the retriever has a name',
    why: 'has no name',
    make: (chunks) => ({ ...overlapRetriever(chunks), name: ' ' }),
  },
  {
    law: 'at most the limit comes back, five by default',
    why: 'gives ten by default',
    make: mutant((retrieve, query, options) => retrieve(query, { limit: 10, ...options })),
  },
  {
    law: 'at most the limit comes back, five by default',
    why: 'gives one more',
    make: mutant((retrieve, query, options) =>
      retrieve(query, { ...options, limit: (options.limit ?? 5) + 1 }),
    ),
  },
  { law: sound, why: 'gives the worst first', make: after((hits) => hits.reverse()) },
  {
    law: sound,
    why: 'gives a chunk twice',
    make: after((hits, { limit = 5 }) => hits.flatMap((hit) => [hit, hit]).slice(0, limit)),
  },
  {
    law: sound,
    why: 'trims texts',
    make: after((hits) =>
      hits.map((hit) => ({ ...hit, chunk: { ...hit.chunk, text: hit.chunk.text.slice(1) } })),
    ),
  },
  {
    law: sound,
    why: 'invents a chunk',
    make: after((hits) =>
      hits.map((hit, index) => (index ? hit : { ...hit, chunk: { ...hit.chunk, id: 'invented' } })),
    ),
  },
  { law: sound, why: 'gives no trace', make: after((hits) => hits.map((hit) => ({ ...hit, trace: [] }))) },
  {
    law: sound,
    why: 'numbers ranks from 0',
    make: after((hits) =>
      hits.map((hit, rank) => ({ ...hit, trace: hit.trace.map((entry) => ({ ...entry, rank })) })),
    ),
  },
  {
    law: sound,
    why: 'gives every hit rank 1',
    make: after((hits) =>
      hits.map((hit) => ({ ...hit, trace: hit.trace.map((entry) => ({ ...entry, rank: 1 })) })),
    ),
  },
  {
    law: sound,
    why: 'traces another score',
    make: after((hits) => hits.map((hit) => ({ ...hit, score: hit.score / 2 }))),
  },
  {
    law: 'every hit passes the filter',
    why: 'ignores the filter',
    make: mutant((retrieve, query, { limit }) => retrieve(query, { limit })),
  },
  {
    law: 'as many come back as match the filter, up to the limit',
    why: 'filters after the search',
    make: mutant(async (retrieve, query, { limit, filter }) =>
      (await retrieve(query, { limit })).filter(
        ({ chunk }) => !filter || matchesFilter(filter, chunk.metadata),
      ),
    ),
  },
  {
    law: 'equal scores come in order of chunk id',
    why: 'keeps the order of the chunks',
    make: (chunks) => ({
      name: 'unsorted',
      retrieve: async (_, options = {}) =>
        chunks.slice(0, options.limit ?? 5).map((chunk, index) => ({
          chunk,
          score: 1,
          trace: [{ stage: 'all', kind: 'lexical', rank: index + 1, score: 1 }],
        })),
    }),
  },
  {
    law: 'retrieving again gives the same hits',
    why: 'drops the best every other time',
    make: mutant(async (retrieve, query, options, _, call) =>
      (await retrieve(query, options)).slice(call % 2),
    ),
  },
  {
    law: 'hostile queries are queries',
    why: 'makes the query a regular expression',
    make: mutant((retrieve, query, options) => {
      new RegExp(query).test('')
      return retrieve(query, options)
    }),
  },
  {
    law: 'hostile queries are queries',
    why: 'divides by the length of the query',
    make: mutant(async (retrieve, query, options) =>
      (await retrieve(query, options)).map((hit) => ({ ...hit, score: hit.score / query.trim().length })),
    ),
  },
  {
    law: 'an index of nothing finds nothing',
    why: 'fails on nothing',
    make: mutant((retrieve, query, options, chunks) =>
      chunks.length ? retrieve(query, options) : Promise.reject(new Error('empty')),
    ),
  },
  {
    law: 'a bad limit is refused',
    why: 'takes 0 for the default',
    make: mutant((retrieve, query, options) => retrieve(query, { ...options, limit: options.limit || 5 })),
  },
  {
    law: 'an abort rejects with the reason of the signal',
    why: 'ignores the signal',
    make: mutant((retrieve, query, { limit, filter }) => retrieve(query, { limit, filter })),
  },
  {
    law: 'an abort rejects with the reason of the signal',
    why: 'gives what it has when aborted',
    make: mutant((retrieve, query, options) => retrieve(query, options).catch(() => [])),
  },
]

describe('retrieverLaws catch', () => {
  for (const { law: name, why, make } of mutants)
    it(`a retriever that ${why}: ${name}`, async () => {
      const law = retrieverLaws(make).find((candidate) => candidate.name === name)
      expect(law, `no law "${name}"`).toBeDefined()
      await expect(law?.run()).rejects.toBeInstanceOf(LawViolation)
    })

  it('has a mutant for every law', () => {
    const caught = new Set(mutants.map(({ law }) => law))
    expect(
      retrieverLaws(overlapRetriever)
        .map((law) => law.name)
        .filter((name) => !caught.has(name)),
    ).toEqual([])
  })
})
