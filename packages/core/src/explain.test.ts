import { describe, expect, it } from 'vitest'
import type { Chunk } from './chunk.js'
import type { ExplainableRetriever } from './explain.js'
import { eq } from './filter/build.js'
import { matchesFilter } from './filter/matches.js'
import * as core from './index.js'
import type { Retriever } from './retriever.js'
import { checkExplanation, fakeEmbedder, fakeRetriever } from './testing/index.js'

const chunkOf = (id: string, tenant: string): Chunk => ({
  id,
  documentId: id,
  index: 0,
  start: 0,
  end: 4,
  text: 'text',
  headings: [],
  metadata: { tenant },
})
const hits = [
  { chunk: chunkOf('mine', 'a'), score: 3 },
  { chunk: chunkOf('other', 'b'), score: 2 },
  { chunk: chunkOf('last', 'a'), score: 1 },
].map((hit, place) => ({
  ...hit,
  trace: [{ stage: 'words', kind: 'lexical' as const, rank: place + 1, score: hit.score }],
}))

/** Explains every chunk it has, whatever the filter, as a lexical index does. */
function words(name = 'words'): ExplainableRetriever {
  return {
    ...fakeRetriever(hits, { name }),
    async explain(_query, chunkId, { filter } = {}) {
      const hit = hits.find(({ chunk }) => chunk.id === chunkId)
      if (hit === undefined) return undefined
      const narrowed = filter === undefined || matchesFilter(filter, hit.chunk.metadata)
      const details = [
        { value: hit.score - 1, description: `one, ${name}`, details: [] },
        { value: 1, description: narrowed ? 'two' : 'two, past the filter', details: [] },
      ]
      return { value: hit.score, description: 'score of the words = sum', details }
    },
  }
}

const version = () => '1'
const failing = () => fakeRetriever([], { name: 'failing', failWith: new Error('gone') })
/** Every factory of a retriever that this package has: one that is missing here fails the first test. */
const factories: { readonly [name: string]: (inner: Retriever) => ExplainableRetriever } = {
  scopeRetriever: (inner) => core.scopeRetriever(inner, eq('tenant', 'a')),
  fallbackRetriever: (inner) => core.fallbackRetriever([failing(), inner]),
  cachedRetriever: (inner) => core.cachedRetriever(inner, core.memoryCache({ maxEntries: 9 }), { version }),
  semanticallyCachedRetriever: (inner) =>
    core.semanticallyCachedRetriever(inner, { embedder: fakeEmbedder(), version }),
  meteredRetriever: (inner) => core.meteredRetriever(inner),
  swappableRetriever: (inner) => core.swappableRetriever(inner),
}

describe('explaining through wrappers', () => {
  it('knows every wrapper', () => {
    const exported = Object.keys(core).filter((name) => name.endsWith('Retriever'))
    expect(exported.sort()).toEqual(Object.keys(factories).sort())
  })

  for (const [name, make] of Object.entries(factories)) {
    it(`${name} gives the tree of what it wraps`, async () => {
      const retriever = make(words())
      const found = await retriever.retrieve('q')
      expect(found.length).toBeGreaterThan(1)
      for (const hit of found) {
        const tree = await retriever.explain('q', hit.chunk.id)
        expect(tree).toEqual(await words().explain('q', hit.chunk.id))
        expect(tree?.value).toBe(hit.score)
        checkExplanation(tree!)
        expect(await core.explainHit(retriever, 'q', hit)).toEqual(tree)
      }
      expect(await retriever.explain('q', 'nowhere')).toBeUndefined()
    })

    it(`${name} leaves explainHit the trace of what does not explain itself`, async () => {
      const retriever = make(fakeRetriever(hits, { name: 'words' }))
      const [hit] = await retriever.retrieve('q')
      expect((await core.explainHit(retriever, 'q', hit!)).description).toContain('by its trace')
    })
  }

  it('tells nothing about a chunk outside of the scope, or of the filter inside it', async () => {
    const scoped = core.scopeRetriever(words(), eq('tenant', 'a'))
    expect(await words().explain('q', 'other', { filter: eq('tenant', 'a') })).toBeDefined()
    expect(await scoped.explain('q', 'other')).toBeUndefined()
    expect(await scoped.explain('q', 'other', { filter: eq('tenant', 'b') })).toBeUndefined()
    expect(await scoped.explain('q', 'mine', { filter: eq('tenant', 'b') })).toBeUndefined()
    const denied = core.scopeRetriever(words(), () => undefined)
    expect(await denied.explain('q', 'mine')).toBeUndefined()
    const metered = core.meteredRetriever(scoped)
    expect(await metered.explain('q', 'other')).toBeUndefined()
  })

  it('is the ranking, and below each rank the score', async () => {
    const scoped = core.scopeRetriever(words(), eq('tenant', 'a'))
    const tree = await core.explainQuery(scoped, 'q', { limit: 2 })
    checkExplanation(tree)
    expect(core.explanationText(tree)).toBe(
      [
        `2  hits of "${scoped.name}" = count`,
        '  3  rank 1, chunk "mine" of "mine": unchanged',
        '    3  score of the words = sum',
        '      2  one, words',
        '      1  two',
        '  1  rank 2, chunk "last" of "last": unchanged',
        '    1  score of the words = sum',
        '      0  one, words',
        '      1  two',
      ].join('\n'),
    )
    const nothing = await core.explainQuery(
      core.scopeRetriever(words(), () => undefined),
      'q',
    )
    expect(nothing).toMatchObject({ value: 0, details: [] })
  })

  it('asks the retriever that serves', async () => {
    const retriever = core.fallbackRetriever([words('first'), words('second')], { minScore: 9 })
    const tree = await retriever.explain('q', 'mine')
    expect(tree?.details[0]?.description).toBe('one, first')
    const degraded = await core.fallbackRetriever([failing(), words('second')]).explain('q', 'mine')
    expect(degraded?.details[0]?.description).toBe('one, second')
    const swapped = core.swappableRetriever(words('first'))
    swapped.swap(words('second'))
    expect((await swapped.explain('q', 'mine'))?.details[0]?.description).toBe('one, second')
  })
})
