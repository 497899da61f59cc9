import {
  cachedRetriever,
  type Embedder,
  type EmbedderProfile,
  eq,
  type Hit,
  memoryCache,
  meteredRetriever,
  scopeRetriever,
  semanticallyCachedRetriever,
  shareOf,
  swappableRetriever,
} from '@tesserae/core'
import { fakeEmbedder, fakeRetriever } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { denseRetriever } from '../dense.js'
import { normalizedRetriever } from '../expand/normalize-query.js'
import { synonymRetriever } from '../expand/synonyms.js'
import { groupByDocument } from '../group.js'
import { hybridRetriever } from '../hybrid.js'
import { lexicalRetriever } from '../lexical.js'
import { memoryStore } from '../memory-store/store.js'
import { windowRetriever } from '../windows.js'
import { convexFusion, weightsByKind } from './convex.js'
import { dynamicVectorShare } from './dynamic-share.js'
import { fuse, resolveWeights } from './fusion.js'
import { shareByProfile } from './leg-share.js'
import { reciprocalRankFusion } from './reciprocal-rank.js'

const chunk = (id: string) => ({
  id,
  documentId: id,
  index: 0,
  start: 0,
  end: 1,
  text: 'x',
  headings: [],
  metadata: {},
})
const lexical = () =>
  fakeRetriever(
    [
      { chunk: chunk('a'), score: 8, trace: [{ stage: 'lexical', kind: 'lexical', rank: 1, score: 8 }] },
    ] as Hit[],
    { name: 'lexical' },
  )

describe('what an embedder declares', () => {
  it('is handed on by what is around a dense leg and keeps its scores', () => {
    const embedder = { ...fakeEmbedder({ dimensions: 4 }), vectorShare: 0.2, scripts: ['Latin'] }
    const leg = denseRetriever({ store: memoryStore({ dimensions: 4 }), embedder })
    const version = () => '1'
    const around = [
      scopeRetriever(leg, eq('tenant', 'a')),
      cachedRetriever(leg, memoryCache<readonly Hit[]>({ maxEntries: 1 }), { version }),
      semanticallyCachedRetriever(leg, { embedder, version }),
      meteredRetriever(leg),
      swappableRetriever(leg),
      normalizedRetriever(leg),
      groupByDocument(leg),
      windowRetriever(leg, {
        documentOf: async (id) => ({ id, text: '', marks: [], metadata: {} }),
      }),
    ]
    for (const retriever of around) {
      expect(shareOf(retriever, 'who pays?')).toBe(0.2)
      expect(shareOf(retriever, '谁付')).toBe(0)
    }
    expect(shareOf(meteredRetriever(lexical()), 'who pays?')).toBeUndefined()
  })

  it('is its share times the known part of the letters', () => {
    const share = shareByProfile({ vectorShare: 0.2, scripts: ['Latin'] }, 0.3)
    expect(share('who pays?')).toBe(0.2)
    expect(share('من يدفع')).toBe(0)
    expect(share('谁付 ab')).toBeCloseTo(0.1, 12)
    expect(share('naïve cafe\u0301')).toBe(0.2)
    expect(share('2023 – 4')).toBe(0.2)
    expect(share('')).toBe(0.2)
  })

  it('leaves a script it knows to the fusion, and takes from the usual share for another', () => {
    const share = shareByProfile({ scripts: ['Latin', 'Greek'] }, 0.3)
    expect(share('ποιος pays')).toBeUndefined()
    expect(share('кто')).toBe(0)
    expect(share('кто abc')).toBeCloseTo(0.15, 12)
    expect(shareByProfile({}, 0.3)('кто')).toBeUndefined()
  })

  it('reads no more of a query than its beginning', () => {
    const share = shareByProfile({ vectorShare: 1, scripts: ['Latin'] }, 0.3)
    expect(share(`${'a'.repeat(2000)}${'人'.repeat(1e6)}`)).toBe(1)
  })

  it('is checked', () => {
    expect(() => shareByProfile({ vectorShare: 2 }, 0.3)).toThrow('embedder.vectorShare')
    expect(() => shareByProfile({ scripts: ['Elvish'] }, 0.3)).toThrow('embedder.scripts')
    // @ts-expect-error what callers without types may pass
    expect(() => shareByProfile({ scripts: 'Latin' }, 0.3)).toThrow('embedder.scripts')
    expect(() => shareOf({ vectorShare: () => Number.NaN }, 'q')).toThrow('vectorShare')
    expect(shareOf({ vectorShare: 3 }, 'q')).toBeUndefined()
  })
})

describe('hybrid weights', () => {
  const filled = async (profile: EmbedderProfile) => {
    const embedder: Embedder & EmbedderProfile = { ...fakeEmbedder({ dimensions: 8 }), ...profile }
    const store = memoryStore({ dimensions: 8 })
    const vector = await embedder.embed(['x'], { role: 'document' })
    await store.upsert([{ chunk: chunk('v'), vector, revision: '1' }])
    return denseRetriever({ store, embedder })
  }
  const scores = async (profile: EmbedderProfile, query: string, fusion = convexFusion()) => {
    const hits = await hybridRetriever([await filled(profile), lexical()], { fusion }).retrieve(query)
    return Object.fromEntries(hits.map(({ chunk: { id }, score }) => [id, score]))
  }

  it('go by what the dense leg says, query by query', async () => {
    expect(await scores({}, 'who')).toEqual({ v: 0.3, a: 0.7 })
    expect(await scores({ vectorShare: 0.15, scripts: ['Latin'] }, 'who')).toEqual({ v: 0.15, a: 0.85 })
    expect(await scores({ vectorShare: 0.15, scripts: ['Latin'] }, 'кто')).toEqual({ a: 1 })
    expect(await scores({ scripts: ['Latin'] }, 'кто')).toEqual({ a: 1 })
  })

  it('are the caller’s where the caller says so, and a function is told what the legs say', async () => {
    const profile = { vectorShare: 0.15, scripts: ['Latin'] }
    expect(await scores(profile, 'кто', convexFusion({ vectorShare: 0.5 }))).toEqual({ v: 0.5, a: 0.5 })
    const dynamic = convexFusion({ vectorShare: dynamicVectorShare() })
    expect(await scores(profile, 'who pays the rent', dynamic)).toEqual({ v: 0.15, a: 0.85 })
    expect(await scores(profile, 'кто', dynamic)).toEqual({ a: 1 })
    expect((await scores({}, 'who pays the rent', dynamic)).v).toBe(0.3)
  })

  it('give each of several vector legs its part of its own share', () => {
    const weights = weightsByKind(['vector', 'lexical', 'vector'], [0.2, undefined, undefined])
    expect(weights).toEqual([0.1, 0.75, 0.15])
    const options = { kinds: ['lexical', 'vector'], shares: [undefined, 0.4] } as const
    expect(resolveWeights(convexFusion(), 2, options)).toEqual([0.6, 0.4])
    expect(resolveWeights(reciprocalRankFusion(), 2, options)).toEqual([1, 1])
  })
})

describe('scales by kind', () => {
  const list = [
    { id: 'a', score: 8 },
    { id: 'b', score: 6 },
  ]
  const only = (kind: 'lexical' | 'vector', items = list) =>
    fuse([items], convexFusion(), { kinds: [kind] }).map(({ score }) => score)

  it('divide lexical scores by the best and stretch others from worst to best', () => {
    expect(only('lexical')).toEqual([1, 0.75])
    expect(only('vector')).toEqual([1, 0])
    expect(fuse([list], convexFusion()).map(({ score }) => score)).toEqual([1, 0])
  })

  it('count what a cut list does not have as its last hit, and what a whole one does not have as nothing', () => {
    const other = [
      { id: 'c', score: 0.9 },
      { id: 'd', score: 0.1 },
    ]
    const options = { kinds: ['lexical', 'vector'], weights: [0.5, 0.5] } as const
    const scores = (asked: number) =>
      Object.fromEntries(
        fuse([list, other], convexFusion(), { ...options, asked }).map(({ id, score }) => [id, score]),
      )
    expect(scores(2)).toEqual({ a: 0.5, b: 0.375, c: 0.875, d: 0.375 })
    expect(scores(3)).toEqual({ a: 0.5, b: 0.375, c: 0.5, d: 0 })
  })

  it('stretch lexical scores that go below 0, and take scores of 0 for equal', () => {
    expect(
      only('lexical', [
        { id: 'a', score: 1 },
        { id: 'b', score: -1 },
      ]),
    ).toEqual([1, 0])
    expect(only('lexical', [{ id: 'a', score: 0 }])).toEqual([1])
  })
})

describe('explanations', () => {
  const items = ['a', 'b', 'c'].map((id, place) => ({
    chunk: { ...chunk(id), text: `rent ${'deposit '.repeat(place)}` },
    revision: '1',
  }))
  const filled = async () => {
    const store = memoryStore()
    await store.upsert(items)
    return lexicalRetriever({ store })
  }

  it('tell the very values, of lists that were cut and of lists whose kind nobody told', async () => {
    const leg = await filled()
    const other = fakeRetriever([{ chunk: chunk('z'), score: 1, trace: [] }] as Hit[], { name: 'other' })
    const retrievers = [
      hybridRetriever([leg, other], { candidates: 2 }),
      hybridRetriever([leg, other]),
      synonymRetriever(leg, { synonyms: [['rent', 'deposit']], fusion: convexFusion() }),
    ]
    for (const retriever of retrievers) {
      const hits = await retriever.retrieve('rent', { limit: 2 })
      expect(hits).toHaveLength(2)
      for (const hit of hits) {
        const tree = (await retriever.explain('rent', hit.chunk.id, { limit: 2 }))!
        expect(tree.value).toBe(hit.score)
        expect(tree.details.reduce((sum, { value }) => sum + value, 0)).toBeCloseTo(hit.score, 12)
      }
    }
  })
})

describe('ties of reciprocal ranks', () => {
  const legs = [
    [
      { id: 'a', score: 9 },
      { id: 'b', score: 8 },
      { id: 'c', score: 1 },
    ],
    [
      { id: 'b', score: 0.9 },
      { id: 'a', score: 0.2 },
      { id: 'c', score: 0.1 },
    ],
  ]
  const order = (ties: 'id' | 'scores') =>
    fuse(legs, reciprocalRankFusion({ ties })).map(({ id, score }) => [id, score] as const)

  it('go by id, or to the item whose scores are nearer to the best', () => {
    expect(order('id').map(([id]) => id)).toEqual(['a', 'b', 'c'])
    expect(order('scores').map(([id]) => id)).toEqual(['b', 'a', 'c'])
    for (const [place, [, score]] of order('scores').entries())
      expect(Math.abs(score - order('id')[place]![1])).toBeLessThan(3e-12)
  })

  it('change no order that ranks decide', () => {
    const long = (from: number) =>
      Array.from({ length: 200 }, (_, rank) => ({ id: `${(rank * from) % 211}`, score: 200 - rank }))
    const lists = [long(7), long(12)]
    const plain = fuse(lists, reciprocalRankFusion({ ties: 'id' }))
    const places = new Map(fuse(lists, reciprocalRankFusion()).map(({ id }, place) => [id, place]))
    for (const [rank, item] of plain.entries())
      for (const below of plain.slice(rank + 1))
        if (item.score - below.score > 1e-15) expect(places.get(item.id)!).toBeLessThan(places.get(below.id)!)
  })

  it('know no third way', () => {
    // @ts-expect-error: what callers without types may pass
    expect(() => reciprocalRankFusion({ ties: 'luck' })).toThrow('ties')
  })
})
