import type { Reranker } from '../../reranker.js'
import type { Hit } from '../../retriever.js'
import { expectAbort, expectRagError, expectSame } from '../assert.js'
import { commonWord, inventedWords, randomChunks } from '../data.js'
import { broken, type Checks, type Law, type LawOptions, makeLaws } from '../law.js'
import { type Random, seededRandom } from '../random.js'
import { edgeTexts, oddities } from '../texts/phrases.js'
import { checkHits } from './hit-rules.js'

export interface RerankerLawOptions extends LawOptions {
  /** Whether all hits come back when there is no limit; false for rerankers that cut. @default true */
  readonly keepsAll?: boolean | undefined
  /** Whether the order of the given hits may change the result; true for rerankers that use it. @default false */
  readonly usesOrder?: boolean | undefined
  /** Hits to rerank. @default 30 */
  readonly count?: number | undefined
  /** Makes the hits given to the reranker from generated ones, to add the metadata it needs. @default as generated */
  readonly prepare?: ((hit: Hit, position: number) => Hit) | undefined
}

/** Hits as a vector search would give them: falling scores, one trace entry. */
export function randomHits(random: Random, count: number): Hit[] {
  return randomChunks(random, count).map((chunk, position) => {
    const score = Math.fround(1 - position / (count + 1))
    return { chunk, score, trace: [{ stage: 'first', kind: 'vector', rank: position + 1, score }] }
  })
}

/** The laws of `Reranker`. */
export function rerankerLaws(
  make: () => Reranker | Promise<Reranker>,
  options: RerankerLawOptions = {},
): readonly Law[] {
  const seed = options.seed ?? 1
  const prepare = options.prepare ?? ((hit: Hit): Hit => hit)
  const hits = randomHits(seededRandom(seed), options.count ?? 30).map(prepare)
  const chunks = hits.map(({ chunk }) => chunk)
  const queries = (): string[] => {
    const random = seededRandom(seed + 1)
    return Array.from({ length: 10 }, () =>
      [commonWord, random.pick(inventedWords), random.pick(inventedWords)].join(' '),
    )
  }
  const query = queries()[0]!

  const checks: Checks = {
    'the reranker has a name': async () => {
      const { name } = await make()
      if (typeof name !== 'string' || name.trim() === '') broken('the reranker has no name', { actual: name })
    },
    'hits are given ones, unchanged, best first, none twice': async () => {
      const reranker = await make()
      for (const asked of queries()) checkHits(await reranker.rerank(asked, hits), chunks, hits.length, asked)
    },
    'at most the limit comes back, the best of all': async () => {
      const reranker = await make()
      const all = await reranker.rerank(query, hits)
      for (const limit of [1, 3, hits.length + 10]) {
        const some = await reranker.rerank(query, hits, { limit })
        checkHits(some, chunks, limit, query)
        expectSame(
          some.map(({ chunk }) => chunk.id),
          all.slice(0, limit).map(({ chunk }) => chunk.id),
          `limit ${limit} does not give the start of the whole list`,
        )
      }
    },
    ...(options.keepsAll === false
      ? {}
      : {
          'without a limit every hit comes back': async () => {
            const back = await (await make()).rerank(query, hits)
            expectSame(
              back.map(({ chunk }) => chunk.id).toSorted(),
              chunks.map(({ id }) => id).toSorted(),
              'hits are lost',
            )
          },
        }),
    'the trace of a hit is kept and goes on': async () => {
      const given = new Map(hits.map((hit) => [hit.chunk.id, hit]))
      for (const { chunk, trace } of await (await make()).rerank(query, hits)) {
        const before = given.get(chunk.id)?.trace ?? []
        expectSame(
          trace.slice(0, before.length),
          before,
          'the trace of a hit does not begin with what it was',
        )
        if (trace.length <= before.length) broken('reranking adds nothing to the trace', { actual: trace })
      }
    },
    'no hits give no hits': async () => {
      expectSame(await (await make()).rerank(query, []), [], 'something comes out of nothing')
    },
    'one hit comes back alone': async () => {
      const back = await (await make()).rerank(query, hits.slice(0, 1))
      checkHits(back, chunks.slice(0, 1), 1, query)
    },
    'equal scores come in order of chunk id': async () => {
      const alike = seededRandom(seed)
        .shuffle(hits)
        .map((hit) => ({ ...hits[0]!, chunk: { ...chunks[0]!, id: hit.chunk.id } }))
      checkHits(
        await (await make()).rerank(query, alike),
        alike.map(({ chunk }) => chunk),
        alike.length,
        query,
      )
    },
    ...(options.usesOrder
      ? {}
      : {
          'the order of the given hits does not matter': async () => {
            const reranker = await make()
            const forward = await reranker.rerank(query, hits)
            const shuffled = await reranker.rerank(query, seededRandom(seed).shuffle(hits))
            expectSame(
              shuffled.map(({ chunk }) => chunk.id),
              forward.map(({ chunk }) => chunk.id),
              'another order of the given hits gives another result',
            )
          },
        }),
    'the given hits are left as they were': async () => {
      const given = structuredClone(hits)
      await (await make()).rerank(query, given, { limit: 3 })
      expectSame(given, hits, 'reranking changed what it was given')
    },
    'reranking again gives the same hits': async () => {
      const reranker = await make()
      const first = structuredClone(await reranker.rerank(query, hits))
      expectSame(await reranker.rerank(query, hits), first, 'a second call gives another result')
    },
    'hostile queries and texts are reranked': async () => {
      const reranker = await make()
      const texts = [...edgeTexts, ...oddities]
      const hostile = texts.map((text, position) => {
        const hit = hits[position % hits.length]!
        const id = `hostile-${String(position).padStart(2, '0')}`
        const rank = position + 1
        return {
          ...hit,
          chunk: { ...hit.chunk, id, text, end: hit.chunk.start + text.length },
          trace: hit.trace.map((entry) => ({ ...entry, rank })),
        }
      })
      for (const asked of ['', ' ', '(.*)+', '[^', '\0', '\ud800', '😀', query, 'x'.repeat(5_000)])
        checkHits(
          await reranker.rerank(asked, hostile),
          hostile.map(({ chunk }) => chunk),
          hostile.length,
          asked,
        )
    },
    'a bad limit is refused': async () => {
      const reranker = await make()
      for (const limit of [0, -1, 1.5, Number.NaN])
        await expectRagError(
          () => reranker.rerank(query, hits, { limit }),
          ['invalid-argument'],
          `limit ${limit}`,
        )
    },
    'an abort rejects with the reason of the signal': async () => {
      const reranker = await make()
      await expectAbort((signal) => reranker.rerank(query, hits, { signal }))
    },
  }
  return makeLaws(checks, { ...options, seed })
}
