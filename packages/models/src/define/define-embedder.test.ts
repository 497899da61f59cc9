import { ModelError } from '@tesserae/core'
import { embedderLaws, hashEmbedding } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { defineEmbedder, type EmbedderAnswer } from './define-embedder.js'

const asDocument = { role: 'document' } as const

describe('the laws of core hold for ten lines', () => {
  const embedder = defineEmbedder({
    id: 'hash',
    dimensions: 24,
    maxBatchSize: 5,
    embed: (texts) => texts.map((text) => hashEmbedding(text, 24).map((value) => value * 7)),
  })
  for (const law of embedderLaws(embedder)) it(law.name, () => law.run())
})

describe('an embedder that was defined', () => {
  const answering = (answer: unknown) =>
    defineEmbedder({ id: 'm', dimensions: 2, embed: () => answer as EmbedderAnswer })

  it('sends larger batches in several calls, in order', async () => {
    const calls: string[][] = []
    const embedder = defineEmbedder({
      id: 'm',
      dimensions: 2,
      maxBatchSize: 2,
      prefixes: { query: 'q: ' },
      embed: (texts) => {
        calls.push([...texts])
        return texts.map((text) => [text.length, 0])
      },
    })
    const vectors = await embedder.embed(['a', 'bb', 'ccc'], { role: 'query' })
    expect(calls).toEqual([['q: a', 'q: bb'], ['q: ccc']])
    expect([...vectors]).toEqual([1, 0, 1, 0, 1, 0])
    await embedder.embed(['a'], asDocument)
    expect(calls[2]).toEqual(['a'])
  })

  it('takes rows as lists or all at once, and gives them unit length', async () => {
    for (const answer of [[[3, 4]], [Float64Array.of(3, 4)], Float32Array.of(3, 4)]) {
      const [x, y] = await answering(answer).embed(['a'], asDocument)
      expect([x, y]).toEqual([Math.fround(0.6), Math.fround(0.8)])
    }
  })

  it('tells each wrong answer for what it is', async () => {
    const cases: readonly (readonly [unknown, string])[] = [
      [[], 'The embedder "m" returned 0 vectors for 1 texts.'],
      [Float32Array.of(1, 2, 3, 4), 'The embedder "m" returned 4 numbers for 1 texts of 2 dimensions.'],
      [[[1, 2, 3]], 'The embedder "m" returned 3 numbers for text 0; `dimensions` is 2.'],
      [[null], 'The embedder "m" returned undefined numbers for text 0; `dimensions` is 2.'],
      [[[1, Number.NaN]], 'The embedder "m" returned NaN for text 0; every number must be finite.'],
      [[['1', 2]], 'The embedder "m" returned 1 for text 0; every number must be finite.'],
      [[[0, 0]], 'The embedder "m" returned only zeros for text 0; they have no direction.'],
      [undefined, 'The embedder "m" returned undefined vectors for 1 texts.'],
    ]
    for (const [answer, message] of cases)
      await expect(answering(answer).embed(['a'], asDocument)).rejects.toMatchObject({
        code: 'invalid-vector',
        message,
      })
  })

  it('wraps what the function throws, and decides on a retry by what it can see', async () => {
    const failing = (error: unknown) =>
      defineEmbedder({
        id: 'm',
        dimensions: 2,
        embed: () => {
          throw error
        },
      }).embed(['a'], asDocument)
    await expect(failing(new Error('no luck'))).rejects.toMatchObject({
      code: 'model-failed',
      message: 'The embedder "m" failed: no luck.',
      retryable: false,
    })
    await expect(failing(Object.assign(new Error('slow down'), { status: 429 }))).rejects.toMatchObject({
      message: 'The embedder "m" answered 429: slow down.',
      retryable: true,
    })
    const reset = Object.assign(new Error('fetch failed'), { cause: { code: 'ECONNRESET' } })
    await expect(failing(reset)).rejects.toMatchObject({ retryable: true })
    const own = new ModelError('mine', { retryable: true })
    await expect(failing(own)).rejects.toBe(own)
    const abort = new DOMException('left', 'AbortError')
    await expect(failing(abort)).rejects.toBe(abort)
  })

  it('declares what its definition declares', () => {
    const embed = () => [[1, 0]]
    const profile = { vectorShare: 0.4, scripts: ['Latin', 'Greek'] }
    expect(defineEmbedder({ id: 'a', dimensions: 2, embed, ...profile })).toMatchObject(profile)
    expect(() => defineEmbedder({ id: 'a', dimensions: 2, embed, vectorShare: 2 })).toThrow(/vectorShare/)
  })

  it('checks its definition', () => {
    const embed = () => []
    expect(() => defineEmbedder({ id: ' ', dimensions: 2, embed })).toThrow('`id`')
    expect(() => defineEmbedder({ id: 'm', dimensions: 0, embed })).toThrow('`dimensions`')
    expect(() => defineEmbedder({ id: 'm', dimensions: 2, maxBatchSize: 0, embed })).toThrow('`maxBatchSize`')
    expect(() => defineEmbedder({ id: 'm', dimensions: 2, maxBatchTokens: 0, embed })).toThrow(
      '`maxBatchTokens`',
    )
    // @ts-expect-error: callers without types exist.
    expect(() => defineEmbedder({ id: 'm', dimensions: 2 })).toThrow('`embed` must be a function')
  })
})
