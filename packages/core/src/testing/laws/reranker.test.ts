import { describe, expect, it } from 'vitest'
import { checkInteger } from '../../check.js'
import type { Reranker, RerankOptions } from '../../reranker.js'
import type { Hit } from '../../retriever.js'
import { wordOverlap } from '../fakes/relevance-model.js'
import { LawViolation } from '../law.js'
import { seededRandom } from '../random.js'
import { randomHits, rerankerLaws } from './reranker.js'

/** A correct reranker by shared words. */
function overlapReranker(): Reranker {
  return {
    name: 'overlap',
    async rerank(query, hits, { limit, signal } = {}) {
      await Promise.resolve()
      signal?.throwIfAborted()
      if (limit !== undefined) checkInteger('limit', limit)
      return hits
        .map((hit) => ({ hit, score: wordOverlap(query, hit.chunk.text) }))
        .sort((a, b) => b.score - a.score || (a.hit.chunk.id < b.hit.chunk.id ? -1 : 1))
        .map(({ hit, score }, index) => ({
          ...hit,
          score,
          trace: [...hit.trace, { stage: 'overlap', kind: 'feature' as const, rank: index + 1, score }],
        }))
        .slice(0, limit)
    },
  }
}

describe('rerankerLaws hold for a reranker by shared words', () => {
  for (const law of rerankerLaws(overlapReranker)) it(law.name, () => law.run())
})

it('options leave laws out and prepare hits', async () => {
  const names = rerankerLaws(overlapReranker, { keepsAll: false, usesOrder: true }).map((law) => law.name)
  expect(names).not.toContain('without a limit every hit comes back')
  expect(names).not.toContain('the order of the given hits does not matter')
  const seen: string[] = []
  const reranker: Reranker = {
    name: 'spy',
    rerank: async (_, hits) => {
      seen.push(...hits.map((hit) => String(hit.chunk.metadata.age)))
      return []
    },
  }
  const laws = rerankerLaws(() => reranker, {
    prepare: (hit, age) => ({ ...hit, chunk: { ...hit.chunk, metadata: { age } } }),
  })
  await laws.find((law) => law.name === 'reranking again gives the same hits')?.run()
  expect(seen.slice(0, 3)).toEqual(['0', '1', '2'])
})

type Rerank = (query: string, hits: readonly Hit[], options?: RerankOptions) => Promise<readonly Hit[]>

/** A reranker is generic in its metadata; a mutant works on plain hits, so its answer is matched back by id. */
function reranker(rerank: Rerank, name = 'mutant'): Reranker {
  return {
    name,
    rerank: async (query, hits, options) => {
      const answer = await rerank(query, hits, options)
      return answer.map((hit) => ({
        ...hit,
        chunk: {
          ...hits[0]!.chunk,
          ...hit.chunk,
          metadata: (hits.find(({ chunk }) => chunk.id === hit.chunk.id) ?? hits[0]!).chunk.metadata,
        },
      }))
    },
  }
}

const after =
  (change: (hits: Hit[], options: RerankOptions) => readonly Hit[]): (() => Reranker) =>
  () =>
    reranker(async (query, hits, options = {}) =>
      change([...(await overlapReranker().rerank(query, hits, options))], options),
    )

let calls = 0
const sound = 'hits are given ones, unchanged, best first, none twice'
const invented = randomHits(seededRandom(99), 1).map((hit) => ({
  ...hit,
  chunk: { ...hit.chunk, id: 'invented' },
}))
const mutants: readonly { readonly law: string; readonly why: string; readonly make: () => Reranker }[] = [
  { law: 'the reranker has a name', why: 'has no name', make: () => ({ ...overlapReranker(), name: '' }) },
  {
    law: sound,
    why: 'invents a hit',
    make: after((hits) => [...hits, ...invented.map((hit) => ({ ...hit, score: -1 }))]),
  },
  {
    law: sound,
    why: 'shortens texts',
    make: after((hits) =>
      hits.map((hit) => ({ ...hit, chunk: { ...hit.chunk, text: hit.chunk.text.slice(0, 3) } })),
    ),
  },
  { law: sound, why: 'gives the worst first', make: after((hits) => hits.reverse()) },
  { law: sound, why: 'gives a hit twice', make: after((hits) => hits.flatMap((hit) => [hit, hit])) },
  {
    law: 'at most the limit comes back, the best of all',
    why: 'ignores the limit',
    make: () =>
      reranker((query, hits, options) => overlapReranker().rerank(query, hits, { signal: options?.signal })),
  },
  {
    law: 'at most the limit comes back, the best of all',
    why: 'cuts before it reranks',
    make: () =>
      reranker((query, hits, options) =>
        overlapReranker().rerank(query, hits.slice(0, options?.limit), options),
      ),
  },
  {
    law: 'without a limit every hit comes back',
    why: 'loses the last',
    make: after((hits) => hits.slice(0, -1)),
  },
  {
    law: 'the trace of a hit is kept and goes on',
    why: 'forgets where hits came from',
    make: after((hits) => hits.map((hit) => ({ ...hit, trace: hit.trace.slice(-1) }))),
  },
  {
    law: 'the trace of a hit is kept and goes on',
    why: 'adds nothing',
    make: () => reranker(async (_, hits) => hits),
  },
  {
    law: 'no hits give no hits',
    why: 'gives something for nothing',
    make: after((hits) => (hits.length ? hits : invented)),
  },
  {
    law: 'one hit comes back alone',
    why: 'scales by the range of scores',
    make: after((hits) => {
      const range = hits[0]!.score - hits.at(-1)!.score
      return hits.map((hit) => ({ ...hit, score: hit.score / range }))
    }),
  },
  {
    law: 'equal scores come in order of chunk id',
    why: 'keeps the given order among equals',
    make: () =>
      reranker(async (query, hits) =>
        hits
          .map((hit) => ({ ...hit, score: wordOverlap(query, hit.chunk.text) }))
          .sort((a, b) => b.score - a.score)
          .map((hit, index) => ({
            ...hit,
            trace: [...hit.trace, { stage: 'x', kind: 'feature', rank: index + 1, score: hit.score }],
          })),
      ),
  },
  {
    law: 'the order of the given hits does not matter',
    why: 'keeps the given order',
    make: () => reranker(async (_, hits) => hits),
  },
  {
    law: 'the given hits are left as they were',
    why: 'sorts its input',
    make: () =>
      reranker(async (query, hits, options) => {
        const answer = await overlapReranker().rerank(query, hits, options)
        ;(hits as Hit[]).reverse()
        return answer
      }),
  },
  {
    law: 'reranking again gives the same hits',
    why: 'counts its calls',
    make: after((hits) => {
      calls += 1
      return hits.slice(calls % 2)
    }),
  },
  {
    law: 'hostile queries and texts are reranked',
    why: 'makes the query a regular expression',
    make: () =>
      reranker((query, hits, options) => {
        new RegExp(query).test('')
        return overlapReranker().rerank(query, hits, options)
      }),
  },
  {
    law: 'hostile queries and texts are reranked',
    why: 'divides by the length of texts',
    make: after((hits) => hits.map((hit) => ({ ...hit, score: hit.score / hit.chunk.text.length }))),
  },
  {
    law: 'a bad limit is refused',
    why: 'takes any limit',
    make: () =>
      reranker(async (query, hits, options) =>
        (await overlapReranker().rerank(query, hits)).slice(0, options?.limit),
      ),
  },
  {
    law: 'an abort rejects with the reason of the signal',
    why: 'ignores the signal',
    make: () =>
      reranker((query, hits, options) => overlapReranker().rerank(query, hits, { limit: options?.limit })),
  },
]

describe('rerankerLaws catch', () => {
  for (const { law: name, why, make } of mutants)
    it(`a reranker that ${why}: ${name}`, async () => {
      const law = rerankerLaws(make).find((candidate) => candidate.name === name)
      expect(law, `no law "${name}"`).toBeDefined()
      await expect(law?.run()).rejects.toBeInstanceOf(LawViolation)
    })

  it('has a mutant for every law', () => {
    const caught = new Set(mutants.map(({ law }) => law))
    expect(
      rerankerLaws(overlapReranker)
        .map((law) => law.name)
        .filter((name) => !caught.has(name)),
    ).toEqual([])
  })
})
