import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  and,
  type Document,
  type ExplainableRetriever,
  type Explanation,
  eq,
  explainHit,
  explanationText,
  type Hit,
  type Retriever,
  scopeRetriever,
  toChunks,
} from '@tesserae/core'
import {
  checkExplanation,
  explanationNodes,
  fakeEmbedder,
  fakeLanguageModel,
  fakeRelevanceModel,
} from '@tesserae/core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import * as expand from './expand/index.js'
import * as main from './index.js'
import { sqliteStore } from './sqlite/index.js'

const sections = [
  'The deposit of the lease is two months of rent. It comes back when the lease ends.',
  'The notice period of the lease is three months. Notice is given in writing.',
  'Pets are allowed in the flat with the consent of the owner. Fish need none.',
  'Late rent costs a fee of five euros a day. The fee is due with the rent.',
]
const documents = ['a', 'b'].map((id): Document => {
  const text = sections.map((section) => `${section} (lease ${id.toUpperCase()})`).join('\n\n')
  return { id, text, marks: [], metadata: { lease: id, year: id === 'a' ? 2022 : 2023 } }
})
/** A chunk a sentence, each in the window of its section, each leading to the next one. */
const chunks = documents.flatMap((document) => {
  const spans = [...document.text.matchAll(/[^\n]*?(?:\.|\(lease .\))(?= |\n|$)/g)].map(
    ({ 0: text, index }) => {
      const start = document.text.lastIndexOf('\n', index) + 1
      const end = document.text.indexOf('\n', index)
      const window = { start, end: end < 0 ? document.text.length : end }
      return { start: index, end: index + text.length, window }
    },
  )
  const cut = toChunks(document, spans)
  return cut.map((chunk, place) => {
    const next = cut[place + 1]
    return next === undefined ? chunk : { ...chunk, metadata: { ...chunk.metadata, 'ref.next': next.id } }
  })
})
const questions = chunks.flatMap((chunk) =>
  expand.standIns(
    chunk,
    [`What about it: ${chunk.text.slice(0, 30)}?`, `Lease, ${chunk.text.slice(-20)}`],
    'question',
  ),
)
const summaries = documents.flatMap((document) =>
  expand.standIns(
    toChunks(document, [{ start: 0, end: 40 }])[0]!,
    [`Lease ${document.id}: deposit, notice, pets`],
    'summary',
  ),
)
const embedder = fakeEmbedder({ dimensions: 24, maxBatchSize: 4 })
const store = main.memoryStore({ dimensions: 24 })
const euclidean = main.memoryStore({
  dimensions: 24,
  vectorIndex: (dimensions) => main.flatIndex({ dimensions, metric: 'euclidean' }),
})
const dotted = main.memoryStore({
  dimensions: 24,
  vectorIndex: (dimensions) => main.flatIndex({ dimensions, metric: 'dot' }),
})
const coarse = main.memoryStore({
  dimensions: 24,
  vectorIndex: (dimensions) => main.flatIndex({ dimensions, metric: 'cosine', quantization: 'int8' }),
})
/** Every formula, over fields too. */
const variants = Object.fromEntries(
  (['lucene', 'robertson', 'atire', 'bm25+', 'bm25l'] as const).flatMap((variant) => [
    [variant, main.memoryStore({ lexicalIndex: () => main.bm25Index({ variant }) })],
    [
      `${variant} over fields`,
      main.memoryStore({
        lexicalIndex: () => main.bm25Index({ variant, fields: { lease: { weight: 2.5 }, body: {} } }),
        indexedText: ({ text, documentId }) => ({ lease: `lease ${documentId}`, body: text }),
      }),
    ],
  ]),
)
const standInStore = main.memoryStore()
const summaryStore = main.memoryStore()

beforeAll(async () => {
  const vectors = new Map<string, Float32Array>()
  for (const chunk of chunks) vectors.set(chunk.id, await embedder.embed([chunk.text], { role: 'document' }))
  const entries = chunks.map((chunk) => ({ chunk, vector: vectors.get(chunk.id)!, revision: '1' }))
  await Promise.all([store, euclidean, coarse].map((one) => one.upsert(entries)))
  const words = chunks.map((chunk) => ({ chunk, revision: '1' }))
  await Promise.all(Object.values(variants).map((one) => one.upsert(words)))
  // Vectors of other lengths than 1, so that a dot product is no cosine.
  await dotted.upsert(
    entries.map((entry, place) => ({ ...entry, vector: entry.vector.map((x) => x * (place + 1)) })),
  )
  await standInStore.upsert(questions.map((chunk) => ({ chunk, revision: '1' })))
  await summaryStore.upsert(summaries.map((chunk) => ({ chunk, revision: '1' })))
})

const query = 'deposit of the lease, notice and rent'
const lexical = (): Retriever => main.lexicalRetriever({ store })
const dense = () => main.denseRetriever({ store, embedder })
const hybrid = () => main.hybridRetriever([dense(), lexical()])
const saying = (value: unknown) => fakeLanguageModel(() => JSON.stringify(value))
const documentOf = async (id: string) => documents.find((document) => document.id === id)!
const graded =
  (grades: (hits: readonly Hit[]) => number[]): expand.Grader =>
  async (_, hits) =>
    grades(hits)
const schema = { year: { type: 'number' as const } }

/** Every factory of a retriever that this package has: one that is missing here fails the first test. */
const factories: { readonly [name: string]: { readonly [kind: string]: () => ExplainableRetriever } } = {
  lexicalRetriever: {
    plain: () => main.lexicalRetriever({ store }),
    ...Object.fromEntries(
      Object.entries(variants).map(([variant, store]) => [variant, () => main.lexicalRetriever({ store })]),
    ),
  },
  denseRetriever: {
    cosine: dense,
    euclidean: () => main.denseRetriever({ store: euclidean, embedder }),
    'dot product': () => main.denseRetriever({ store: dotted, embedder }),
    quantised: () => main.denseRetriever({ store: coarse, embedder }),
    'a store that gives no vectors': () =>
      main.denseRetriever({
        store: { dimensions: 24, searchByVector: store.searchByVector.bind(store) },
        embedder,
      }),
  },
  hybridRetriever: {
    'by default': hybrid,
    rrf: () => main.hybridRetriever([dense(), lexical()], { fusion: main.reciprocalRankFusion() }),
    'rrf, ranks weighted': () =>
      main.hybridRetriever([dense(), lexical()], {
        fusion: main.reciprocalRankFusion({ weighting: 'rank' }),
        weights: [1, 3],
      }),
    'z-score': () =>
      main.hybridRetriever([dense(), lexical()], { fusion: main.convexFusion({ normalize: 'z-score' }) }),
    dbsf: () =>
      main.hybridRetriever([dense(), lexical()], { fusion: main.convexFusion({ normalize: 'dbsf' }) }),
    'of hybrids': () =>
      main.hybridRetriever([hybrid(), expand.synonymRetriever(lexical(), { synonyms: [['rent', 'fee']] })]),
  },
  windowRetriever: { plain: () => main.windowRetriever(hybrid(), { documentOf }) },
  autoMergeRetriever: { plain: () => main.autoMergeRetriever(hybrid(), { documentOf, share: 0.6 }) },
  groupByDocument: { plain: () => main.groupByDocument(hybrid(), { chunksPerDocument: 2 }) },
  multiQueryRetriever: {
    plain: () => expand.multiQueryRetriever(hybrid(), { model: saying({ queries: ['rent', 'pets'] }) }),
    'without a model': () => expand.multiQueryRetriever(hybrid(), { model: fakeLanguageModel(() => '') }),
  },
  decomposeRetriever: {
    plain: () =>
      expand.decomposeRetriever(hybrid(), { model: saying({ questions: ['deposit?', 'notice?'] }) }),
  },
  stepBackRetriever: {
    plain: () => expand.stepBackRetriever(hybrid(), { model: saying({ question: 'what do tenants owe?' }) }),
  },
  rewriteRetriever: {
    plain: () => expand.rewriteRetriever(hybrid(), { model: saying({ rewritten: 'security of the lease' }) }),
    'without the original': () =>
      expand.rewriteRetriever(hybrid(), {
        model: saying({ rewritten: 'deposit and notice' }),
        originalWeight: 0,
      }),
  },
  keywordRetriever: {
    plain: () => expand.keywordRetriever(hybrid(), { model: saying({ keywords: ['security', 'rent'] }) }),
  },
  condenseRetriever: {
    plain: () =>
      expand.condenseRetriever(hybrid(), { model: saying({ question: 'the deposit of lease a' }) }),
  },
  hydeRetriever: {
    plain: () =>
      expand.hydeRetriever({
        store,
        embedder,
        model: saying({ passages: ['Two months of rent are the deposit.', 'Notice is three months.'] }),
        hypotheticals: 2,
        originalWeight: 0.5,
      }),
    'by passages alone': () =>
      expand.hydeRetriever({
        store: dotted,
        embedder,
        model: saying({ passages: ['A deposit.'] }),
        originalWeight: 0,
      }),
    euclidean: () =>
      expand.hydeRetriever({ store: euclidean, embedder, model: saying({ passages: ['A deposit.'] }) }),
    'without a model': () => expand.hydeRetriever({ store, embedder, model: fakeLanguageModel(() => '') }),
  },
  timeRetriever: {
    plain: () => expand.timeRetriever(hybrid(), { now: () => Date.UTC(2024, 1, 10) }),
  },
  selfQueryRetriever: {
    plain: () =>
      expand.selfQueryRetriever(hybrid(), {
        schema,
        model: saying({ query: 'deposit', filter: { op: 'eq', field: 'year', value: 2023 } }),
      }),
  },
  synonymRetriever: {
    plain: () =>
      expand.synonymRetriever(hybrid(), {
        synonyms: [
          ['deposit', 'security'],
          ['rent', 'fee'],
        ],
      }),
  },
  spellingRetriever: {
    plain: () => expand.spellingRetriever(hybrid(), { vocabulary: spelling }),
  },
  feedbackRetriever: {
    rm3: () => expand.feedbackRetriever(lexical()),
    rocchio: () => expand.feedbackRetriever(lexical(), { method: 'rocchio', documents: 2 }),
  },
  normalizedRetriever: { plain: () => expand.normalizedRetriever(hybrid()) },
  aggregateRetriever: {
    'of a search': () => expand.aggregateRetriever(hybrid(), { store, filterOf: () => undefined }),
    'of a scan': () =>
      expand.aggregateRetriever(hybrid(), {
        store,
        filterOf: () => eq('year', 2023),
        isAggregate: () => true,
      }),
  },
  correctiveRetriever: {
    correct: () => expand.correctiveRetriever(hybrid(), { grade: graded((hits) => hits.map(() => 0.9)) }),
    ambiguous: () =>
      expand.correctiveRetriever(hybrid(), {
        grade: graded((hits) => hits.map((_, place) => (place % 2) / 2)),
        refine: () => 'deposit',
        fallback: main.lexicalRetriever({ store, name: 'elsewhere' }),
      }),
    incorrect: () =>
      expand.correctiveRetriever(main.groupByDocument(lexical()), {
        grade: graded((hits) => hits.map(() => 0)),
        fallback: main.lexicalRetriever({ store, name: 'elsewhere' }),
      }),
    ungraded: () =>
      expand.correctiveRetriever(hybrid(), {
        grade: expand.modelGrader({ model: fakeLanguageModel(() => '') }),
      }),
    'by a model': () =>
      expand.correctiveRetriever(hybrid(), { grade: expand.relevanceGrader(fakeRelevanceModel()) }),
  },
  iterativeRetriever: {
    'two rounds': () =>
      expand.iterativeRetriever(hybrid(), {
        candidates: 3,
        model: fakeLanguageModel((_, call) =>
          JSON.stringify(call % 2 === 1 ? { queries: ['pets and fish'] } : { enough: true }),
        ),
      }),
    'one round': () => expand.iterativeRetriever(hybrid(), { model: saying({ enough: true }) }),
  },
  routerRetriever: {
    plain: () =>
      expand.routerRetriever(
        [
          { name: 'leases', description: 'leases', retriever: hybrid(), when: /lease/ },
          { name: 'nothing', description: 'talk', retriever: 'none' },
        ],
        { otherwise: 'nothing' },
      ),
  },
  neighborRetriever: {
    plain: () => expand.neighborRetriever(hybrid(), { store }),
    'below zero': () =>
      expand.neighborRetriever(main.denseRetriever({ store: euclidean, embedder }), {
        store,
        after: 2,
        decay: 0.5,
      }),
  },
  referenceRetriever: {
    added: () => expand.referenceRetriever(hybrid(), { store, follow: { next: 'add' }, depth: 2 }),
    replaced: () => expand.referenceRetriever(hybrid(), { store, follow: { next: 'replace' } }),
  },
  sourceRetriever: {
    plain: () => expand.sourceRetriever(main.lexicalRetriever({ store: standInStore }), { store }),
  },
  summaryRetriever: {
    plain: () =>
      expand.summaryRetriever({
        summaries: main.lexicalRetriever({ store: summaryStore, name: 'summary words' }),
        chunks: hybrid(),
        field: 'lease',
      }),
  },
}
const spelling = main.bm25Index()
for (const [ordinal, { text }] of chunks.entries()) spelling.set(ordinal, text)

const told = (tree: Explanation) => explanationNodes(tree).map(({ description }) => description)
/** A score of words, down to the weights of terms, or of vectors, down to a distance. */
const reachesTheGround = (tree: Explanation) =>
  told(tree).some((line) => /^idf = |^distance, |^dot, /.test(line))

describe('explaining any query', () => {
  it('knows every retriever', () => {
    const exported = Object.keys({ ...main, ...expand }).filter((name) =>
      /Retriever$|^groupByDocument$/.test(name),
    )
    expect(exported.sort()).toEqual(Object.keys(factories).sort())
  })

  for (const [name, kinds] of Object.entries(factories))
    for (const [kind, make] of Object.entries(kinds)) {
      const where = and(eq('year', 2022))
      for (const [how, call] of [
        ['', { limit: 6 }],
        [', filtered', { limit: 3, filter: where }],
      ] as const)
        it(`${name} (${kind}${how}): every hit, from its score down to terms and distances`, async () => {
          const retriever = make()
          const asked = name === 'timeRetriever' ? `${query} in 2022` : query
          const hits = await retriever.retrieve(asked, call)
          const scansAnotherYear = kind === 'of a scan' && how !== ''
          const selfQueried = name === 'selfQueryRetriever' && how !== ''
          if (!scansAnotherYear) expect(hits.length).toBeGreaterThan(1)
          for (const hit of hits) {
            const tree = await retriever.explain(asked, hit.chunk.id, call)
            expect(tree, hit.chunk.id).toBeDefined()
            expect(Math.abs(tree!.value - hit.score)).toBeLessThanOrEqual(1e-9)
            checkExplanation(tree!)
            expect(await explainHit(retriever, asked, hit, call)).toEqual(tree)
            const ends = kind === 'of a scan' || kind === 'a store that gives no vectors'
            if (!ends && !selfQueried) expect(reachesTheGround(tree!), explanationText(tree!)).toBe(true)
          }
          expect(await retriever.explain(asked, 'nowhere', call)).toBeUndefined()
        })

      it(`${name} (${kind}): explains nothing outside of a scope around it`, async () => {
        const scoped = scopeRetriever(make(), eq('lease', 'a'))
        for (const { id, documentId } of chunks)
          if (documentId === 'b') expect(await scoped.explain(query, id, { limit: 20 })).toBeUndefined()
      })
    }
})

describe('what vectors say', () => {
  it('has the very distance, and what quantisation adds', async () => {
    const [exact, rough] = [dense(), main.denseRetriever({ store: coarse, embedder })]
    const asked = await embedder.embed([query], { role: 'query' })
    for (const [retriever, most] of [
      [exact, 1e-6],
      [rough, 0.05],
    ] as const)
      for (const hit of await retriever.retrieve(query)) {
        const tree = await retriever.explain(query, hit.chunk.id)
        const [distance, rounding] = tree!.details
        const own = await embedder.embed([hit.chunk.text], { role: 'document' })
        const dot = own.reduce((sum, x, i) => sum + x * asked[i]!, 0)
        if (retriever === exact) expect(distance!.value).toBeCloseTo(1 - dot, 6)
        expect(Math.abs(rounding!.value)).toBeLessThan(most)
        expect(distance!.details.map(({ description }) => description[0])).toEqual(['d', 'q', 'c'])
      }
  })

  it('takes a made-up passage apart from the query', async () => {
    const retriever = factories.hydeRetriever!.plain!()
    const [best] = await retriever.retrieve(query)
    const tree = await retriever.explain(query, best!.chunk.id)
    const lines = told(tree!)
    for (const label of ['original', 'hypothetical-1', 'hypothetical-2'])
      expect(lines).toContain(`"${label}": share × dot`)
  })

  it('is told of a store in a file as well', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'explain-'))
    const file = await sqliteStore({ path: join(folder, 'chunks.db'), dimensions: 24 })
    try {
      await file.upsert(
        await Promise.all(
          chunks.map(async (chunk) => ({
            chunk,
            vector: await embedder.embed([chunk.text], { role: 'document' }),
            revision: '1',
          })),
        ),
      )
      const retriever = main.hybridRetriever([
        main.denseRetriever({ store: file, embedder }),
        main.lexicalRetriever({ store: file }),
      ])
      for (const hit of await retriever.retrieve(query)) {
        const tree = await retriever.explain(query, hit.chunk.id)
        expect(tree!.value).toBe(hit.score)
        checkExplanation(tree!)
        expect(told(tree!)).toContain('distance, of the cosine = 1 − dot / (q × c)')
      }
    } finally {
      await file.close()
      rmSync(folder, { recursive: true })
    }
  })
})

it('reads as text, from the rank in the fused list down to term weights and distances', async () => {
  const legs = [dense(), lexical()]
  const fused = main.hybridRetriever(legs, { fusion: main.reciprocalRankFusion() })
  const retriever = expand.neighborRetriever(fused, { store, before: 0 })
  const hits = await retriever.retrieve('pets', { limit: 3 })
  const beside = hits.findIndex(({ trace }) => trace.some(({ stage }) => stage === 'neighbors/after'))
  expect(beside).toBeGreaterThan(0)
  const text = explanationText(await explainHit(retriever, 'pets', hits[beside]!, { limit: 3 }))
  // What rounding adds is the machine's affair.
  expect(text.replaceAll(/\S+(?= {2}rounding)/g, '…')).toMatchInlineSnapshot(`
    "0.02623  "neighbors/after", by chunk "4a83e69e79024149938494432fec8bf7": score × decay ^ steps
      0.03279  score, of the hit: unchanged
        0.03279  "hybrid": sum over 2 legs by reciprocal-rank
          0.01639  leg "dense": weight × value
            1  weight
            0.01639  value = 1 / (60 + rank)
              0.3015  score, at rank 1 of "dense": unchanged
                0.3015  "dense": 1 − distance + rounding
                  0.6985  distance, of the cosine = 1 − dot / (q × c)
                    0.3015  dot, the product of the vectors
                    1  q, length of the query's vector
                    1  c, length of the chunk's vector
                  …  rounding, by the numbers that the index holds
              1  rank
          0.01639  leg "lexical": weight × value
            1  weight
            0.01639  value = 1 / (60 + rank)
              0.8798  score, at rank 1 of "lexical": unchanged
                0.8798  "lexical": sum
                  0.8798  sum over the terms of the query
                    0.8798  "pet": times in the query × idf × saturated frequency
                      1  times in the query, with boost and similarity
                      2.303  idf = ln(1 + (N − n + 0.5) / (n + 0.5))
                        24  N, documents
                        2  n, documents with the term
                      0.3821  saturated frequency = f / (f + k1 (1 − b + b · dl / avgdl))
                        1  f, times in the document
                        1.2  k1
                        0.75  b
                        5  dl, terms in the document
                        3.417  avgdl, mean terms in a document
                  …  rounding, to 32 bits
              1  rank
      0.8  decay
      1  steps"
  `)
})
