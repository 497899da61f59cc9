import { type Hit, isRagError, ModelError } from '@tesserae/core'
import { fakeRetriever, rerankerLaws } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { lateInteractionReranker, type TokenRows, type TokenSource } from './late-interaction.js'
import { reranked } from './reranked.js'

const directions: Record<string, readonly number[]> = {
  east: [1, 0],
  north: [0, 1],
  west: [-1, 0],
  northeast: [0.6, 0.8],
}

/** A table of four words; every other word points east by a quarter. Records what it is asked for. */
function tokenTable(weights?: Record<string, number>): TokenSource & { readonly asked: string[][] } {
  const asked: string[][] = []
  return {
    id: 'table',
    tokenDimensions: 2,
    asked,
    async embedTokens(texts, { signal }) {
      signal?.throwIfAborted()
      asked.push([...texts])
      return texts.map((text): TokenRows => {
        const words = text.split(/\s+/).filter((word) => word !== '')
        const vectors = Float32Array.from(
          words.flatMap((word) => (Object.hasOwn(directions, word) ? directions[word]! : [0.28, 0.96])),
        )
        return weights === undefined
          ? { vectors }
          : { vectors, weights: Float32Array.from(words, (word) => weights[word] ?? 1) }
      })
    },
  }
}
const hitsOf = (...texts: string[]): Hit[] =>
  texts.map((text, place) => ({
    chunk: {
      id: `${place}`,
      documentId: 'd',
      index: place,
      start: 0,
      end: text.length,
      text,
      headings: [],
      metadata: {},
    },
    score: texts.length - place,
    trace: [],
  }))
const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

describe('lateInteractionReranker', () => {
  it('takes the best match of each token of the query, by hand', async () => {
    const reranker = lateInteractionReranker({ tokens: tokenTable(), weight: 1 })
    const result = await reranker.rerank('east north', hitsOf('west', 'northeast', 'north east', ''))
    expect(result.map(({ chunk, score }) => [chunk.text, Number(score.toFixed(6))])).toEqual([
      ['north east', 1],
      ['northeast', 0.7],
      ['west', -0.5],
      ['', -1],
    ])
    expect(result[0]!.trace.at(-1)).toMatchObject({ stage: 'late-interaction', kind: 'relevance', rank: 1 })
  })

  it('lets heavy tokens count by the square of their weight, or all alike', async () => {
    const tokens = tokenTable({ east: 3 })
    const scoreBy = async (queryWeights: 'tokens' | 'equal') => {
      const reranker = lateInteractionReranker({ tokens, queryWeights, weight: 1 })
      return (await reranker.rerank('east north', hitsOf('northeast')))[0]!.score
    }
    expect(await scoreBy('tokens')).toBeCloseTo((9 * 0.6 + 0.8) / 10, 6)
    expect(await scoreBy('equal')).toBeCloseTo(0.7, 6)
  })

  it('asks once for the tokens of a passage while they are kept', async () => {
    const tokens = tokenTable()
    const hits = hitsOf('east', 'north', 'west')
    // Room for all three: a row of two numbers takes 8 bytes, a letter of the text 2.
    const reranker = lateInteractionReranker({ tokens, maxCachedBytes: 1_000 })
    const first = await reranker.rerank('east', hits)
    expect(await reranker.rerank('east', hits)).toEqual(first)
    expect(tokens.asked).toEqual([['east'], ['east', 'north', 'west'], ['east']])
    const small = lateInteractionReranker({ tokens, maxCachedBytes: 8 + 2 * 4 })
    tokens.asked.length = 0
    await small.rerank('east', hitsOf('west'))
    await small.rerank('east', hitsOf('east'))
    await small.rerank('east', hitsOf('west'))
    expect(tokens.asked.flat().filter((text) => text === 'west').length).toBe(2)
  })

  it('falls back to the given order when the embedder fails or lies, or throws when told to', async () => {
    const hits = hitsOf('west', 'east')
    const broken: TokenSource['embedTokens'][] = [
      async () => {
        throw new ModelError('down')
      },
      async () => [],
      async (texts) => texts.map(() => ({ vectors: new Float32Array(3) })),
      async (texts) => texts.map(() => ({ vectors: new Float32Array(2), weights: new Float32Array(2) })),
      async (texts) => texts.map(() => ({ vectors: Float32Array.of(Number.POSITIVE_INFINITY, 1) })),
    ]
    for (const embedTokens of broken) {
      const tokens: TokenSource = { id: 'broken', tokenDimensions: 2, embedTokens }
      expect(await lateInteractionReranker({ tokens }).rerank('east', hits)).toEqual(hits)
      const strict = lateInteractionReranker({ tokens, failure: 'throw' })
      expect(isRagError(await errorOf(strict.rerank('east', hits)), 'model-failed')).toBe(true)
    }
    const stuck: TokenSource = { id: 'stuck', tokenDimensions: 2, embedTokens: () => new Promise(() => {}) }
    expect(await lateInteractionReranker({ tokens: stuck, timeoutMs: 10 }).rerank('east', hits)).toEqual(hits)
  })

  it('wraps a retriever, and checks its options', async () => {
    const retriever = reranked(
      fakeRetriever(hitsOf('west', 'east')),
      lateInteractionReranker({ tokens: tokenTable(), weight: 1 }),
    )
    expect((await retriever.retrieve('east', { limit: 1 }))[0]!.chunk.text).toBe('east')
    for (const options of [
      { tokens: {} as never },
      { tokens: tokenTable(), weight: 2 },
      { tokens: tokenTable(), maxCachedBytes: -1 },
      { tokens: tokenTable(), queryWeights: 'idf' as never },
    ])
      expect(() => lateInteractionReranker(options)).toThrow('must be')
  })

  for (const law of rerankerLaws(() =>
    lateInteractionReranker({ tokens: tokenTable(), maxCachedBytes: 2_000 }),
  ))
    it(law.name, () => law.run())
})
