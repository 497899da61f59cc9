import {
  type ExplainableRetriever,
  type Explanation,
  explainHit,
  explanationText,
  type Hit,
  type LanguageModel,
  ModelError,
  type Reranker,
} from '@tesserae/core'
import {
  checkExplanation,
  explanationNodes,
  fakeEmbedder,
  fakeLanguageModel,
  fakeRelevanceModel,
  fakeRetriever,
  hashEmbedding,
} from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import type { TokenSource } from './index.js'
import * as rerank from './index.js'

const texts = [
  'The deposit is two months of rent.',
  'The deposit comes back when the lease ends.',
  'The lease ends with three months of notice.',
  'Rent is due on the first day of the month.',
  'Pets are allowed with consent.',
  'Late rent costs a fee.',
  'The fee for late rent is five euros.',
  'Keys are handed over at noon.',
]
const query = 'is the deposit rent?'
const hits = texts.map((text, place): Hit => {
  const score = Math.fround(3 / (place + 1.5))
  return {
    chunk: {
      id: `c${place}`,
      documentId: 'lease',
      index: place,
      start: 0,
      end: text.length,
      text,
      headings: [],
      metadata: { modified: Date.UTC(2024, place, 1), views: place * 10 },
    },
    score,
    trace: [{ stage: 'words', kind: 'lexical', rank: place + 1, score }],
  }
})
/** Explains its scores by two numbers. */
const words: ExplainableRetriever = {
  ...fakeRetriever(hits, { name: 'words' }),
  async explain(_, chunkId) {
    const hit = hits.find(({ chunk }) => chunk.id === chunkId)
    if (hit === undefined) return undefined
    const details = [
      { value: hit.score / 2, description: 'idf', details: [] },
      { value: 2, description: 'tf', details: [] },
    ]
    return { value: hit.score, description: '"words": idf × tf', details }
  },
}
const tokens: TokenSource = {
  id: 'tokens',
  tokenDimensions: 8,
  embedTokens: async (given) =>
    given.map((text) => {
      const words = text.toLowerCase().match(/\p{L}+/gu) ?? []
      return {
        vectors: Float32Array.from(words.flatMap((word) => [...hashEmbedding(word, 8)])),
        weights: Float32Array.from(words, (word) => 1 + word.length / 8),
      }
    }),
}
const model = fakeRelevanceModel({ maxBatchSize: 3 })
const embedder = fakeEmbedder({ dimensions: 16, maxBatchSize: 4 })
const order = () => fakeLanguageModel(() => '[3, 1, 2, 8]')
const features = [
  rerank.priorFeature(),
  rerank.freshnessFeature({ halfLifeMs: 86_400_000 * 90, now: () => Date.UTC(2024, 11, 1) }),
  rerank.popularityFeature({ field: 'views', pivot: 20 }),
]
const names = ['prior', 'freshness', 'popularity']
const tree = { feature: [1, -1, 0, -1, -1], threshold: [0.3, 0, 0.3, 0, 0] }
const branches = { left: [1, 0, 3, 0, 0], right: [2, 0, 4, 0, 0], value: [0, -0.25, 0, 0.1, 0.7] }
const tooLate = () =>
  rerank.crossEncoderReranker({ model: fakeRelevanceModel({ delayMs: 60 }), name: 'slow' })
const gone = async () => {
  throw new ModelError('gone')
}
const opaque: Reranker = { name: 'opaque', rerank: async (_, given) => given }

/** Every factory of a reranker that this package has: one that is missing here fails the first test. */
const factories: { readonly [name: string]: { readonly [kind: string]: () => rerank.ExplainableReranker } } =
  {
    crossEncoderReranker: {
      blended: () => rerank.crossEncoderReranker({ model }),
      alone: () => rerank.crossEncoderReranker({ model, weight: 1 }),
      failing: () => rerank.crossEncoderReranker({ model: { ...model, score: gone } }),
    },
    embeddingReranker: {
      blended: () => rerank.embeddingReranker({ embedder, weight: 0.5 }),
      alone: () => rerank.embeddingReranker({ embedder, weight: 1 }),
    },
    lateInteractionReranker: {
      blended: () => rerank.lateInteractionReranker({ tokens }),
      alone: () => rerank.lateInteractionReranker({ tokens, weight: 1, queryWeights: 'equal' }),
    },
    listwiseReranker: {
      blended: () => rerank.listwiseReranker({ model: order() }),
      alone: () => rerank.listwiseReranker({ model: order(), weight: 1 }),
      refusing: () => rerank.listwiseReranker({ model: fakeLanguageModel(() => 'I will not.') }),
    },
    mmrReranker: {
      'by score': () => rerank.mmrReranker({ embedder }),
      'by query': () => rerank.mmrReranker({ embedder, relevance: 'query', lambda: 0.4 }),
      failing: () => rerank.mmrReranker({ embedder: { ...embedder, embed: gone } }),
    },
    cutReranker: {
      threshold: () => rerank.cutReranker({ threshold: 0.6 }),
      gap: () => rerank.cutReranker({ gap: 0.1, minimum: 3 }),
    },
    featureReranker: {
      weighted: () =>
        rerank.featureReranker({
          features: features.map((feature) => ({ feature, weight: 0.5 })),
          priorWeight: 2,
        }),
    },
    learnedReranker: {
      linear: () =>
        rerank.learnedReranker({ features, model: { kind: 'linear', names, weights: [1, 0.5, -0.25] } }),
      trees: () =>
        rerank.learnedReranker({
          features,
          model: { kind: 'trees', names, weights: [1, 0, 0], trees: [{ ...tree, ...branches }] },
        }),
    },
    blendedReranker: {
      'of a model': () => rerank.blendedReranker(rerank.crossEncoderReranker({ model, weight: 1 })),
      'of one that dropped some': () => rerank.blendedReranker(rerank.cutReranker({ threshold: 0.6 })),
      'of one that failed': () =>
        rerank.blendedReranker(rerank.listwiseReranker({ model: fakeLanguageModel(() => '') })),
      'of one that does not explain itself': () => rerank.blendedReranker(opaque),
    },
    cascade: {
      'of three': () =>
        rerank.cascade([
          { reranker: rerank.lateInteractionReranker({ tokens }), limit: 6 },
          { reranker: rerank.crossEncoderReranker({ model }), threshold: 0 },
          rerank.cutReranker({ gap: 10 }),
        ]),
      'with one that is late': () =>
        rerank.cascade([{ reranker: tooLate(), timeoutMs: 5 }, rerank.crossEncoderReranker({ model })]),
      'with the last one late': () =>
        rerank.cascade([rerank.crossEncoderReranker({ model }), { reranker: tooLate(), timeoutMs: 5 }]),
      'with one that does not explain itself': () =>
        rerank.cascade([rerank.mmrReranker({ embedder }), opaque]),
    },
  }
const before = async ({ chunk }: Hit): Promise<Explanation> => (await words.explain(query, chunk.id))!

describe('explaining what a reranker did', () => {
  it('knows every reranker', () => {
    const exported = Object.keys(rerank).filter((name) => /^[a-z]\w*Reranker$|^cascade$/.test(name))
    expect(exported.filter((name) => name !== 'isExplainableReranker').sort()).toEqual(
      Object.keys(factories).sort(),
    )
  })

  for (const [name, kinds] of Object.entries(factories))
    for (const [kind, make] of Object.entries(kinds)) {
      it(`${name} (${kind}): the tree has the score, and its details make it`, async () => {
        const reranker = make()
        for (const limit of [undefined, 3]) {
          const best = await reranker.rerank(query, hits, { limit })
          expect(best.length).toBeGreaterThan(0)
          for (const hit of best) {
            const explanation = await reranker.explain(query, hits, hit.chunk.id, { limit, before })
            expect(explanation?.value).toBeCloseTo(hit.score, 12)
            checkExplanation(explanation!)
          }
          const gone = hits.find(({ chunk }) => best.every((hit) => hit.chunk.id !== chunk.id))
          if (gone !== undefined)
            expect(await reranker.explain(query, hits, gone.chunk.id, { limit, before })).toBeUndefined()
        }
        expect(await reranker.explain(query, hits, 'nowhere', { before })).toBeUndefined()
        expect(await reranker.explain(query, [], 'c0', { before })).toBeUndefined()
      })

      it(`${name} (${kind}): reranked, the tree goes down to what the retriever says`, async () => {
        const retriever = rerank.reranked(words, make())
        const found = await retriever.retrieve(query, { limit: 3 })
        for (const hit of found) {
          const explanation = await explainHit(retriever, query, hit, { limit: 3 })
          expect(explanation.value).toBeCloseTo(hit.score, 12)
          checkExplanation(explanation)
          const told = explanationNodes(explanation).map(({ description }) => description)
          // What asks nobody about the order before has nothing more to tell.
          const alone = /alone|learned|by query/.test(`${name} ${kind}`)
          expect(told.includes('idf')).toBe(!alone)
        }
      })
    }

  it('says which hit a redundant one is like, and which way a tree went', async () => {
    const mmr = rerank.mmrReranker({ embedder: fakeEmbedder({ dimensions: 64 }), lambda: 0.5 })
    const last = (await mmr.rerank(query, hits)).at(-1)!
    const told = explanationNodes((await mmr.explain(query, hits, last.chunk.id, { before }))!)
    expect(
      told.some(({ description }) =>
        /redundancy, the largest cosine, with "c\d", taken before/.test(description),
      ),
    ).toBe(true)
    const learned = factories.learnedReranker!.trees!()
    const explained = await learned.explain(query, hits, 'c7', { before })
    expect(explained!.details.at(-1)!.description).toMatch(
      /^tree 1, "freshness" 0\.\d+ > 0\.3, "prior" 0 ≤ 0\.3$/,
    )
  })

  it('is the trace where nobody says what was before, and a number where a reranker says nothing', async () => {
    const reranker = rerank.cutReranker({ threshold: 0 })
    const explanation = await reranker.explain(query, hits, 'c0')
    expect(explanation!.details[0]!.description).toContain('by its trace')
    const retriever = rerank.reranked(words, opaque)
    expect(await retriever.explain(query, 'c0')).toEqual({
      value: hits[0]!.score,
      description: 'score of "opaque"',
      details: [],
    })
    expect(await retriever.explain(query, 'c7', { limit: 2 })).toBeUndefined()
  })

  it('lets the caller abort', async () => {
    const stuck: LanguageModel = { id: 'stuck', generate: () => new Promise(() => {}) }
    const retriever = rerank.reranked(words, rerank.listwiseReranker({ model: stuck }))
    const controller = new AbortController()
    const reason = new Error('enough')
    setTimeout(() => controller.abort(reason), 5)
    await expect(retriever.explain(query, 'c0', { signal: controller.signal })).rejects.toBe(reason)
  })

  it('reads as text', async () => {
    const retriever = rerank.reranked(words, rerank.crossEncoderReranker({ model }))
    const [, second] = await retriever.retrieve(query)
    expect(explanationText(await explainHit(retriever, query, second!))).toMatchInlineSnapshot(`
      "0.51  "cross-encoder + order": sum
        0.15  new, by the model: weight × scaled
          0.3  weight
          0.5  scaled = (score − min) / (max − min)
            0.5  score: unchanged
              0.5  relevance of the passage to the query, by the model "fake-relevance-model"
            0  min, of the hits
            1  max, of the hits
        0.36  old, by the order before: weight × scaled
          0.7  weight
          0.5143  scaled = (score − min) / (max − min)
            1.2  score: unchanged
              1.2  "words": idf × tf
                0.6  idf
                2  tf
            0.3529  min, of the hits
            2  max, of the hits"
    `)
  })
})
