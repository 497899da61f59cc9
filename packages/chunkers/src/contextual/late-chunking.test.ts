import type { Tokenizer } from '@tesserae/core'
import { isRagError, pieceTokenizer } from '@tesserae/core'
import { generateTexts, hashEmbedding } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { rulerOf } from '../internal/ruler.js'
import { recursiveChunker } from '../recursive.js'
import type { TokenEmbedder } from './late-chunking.js'
import { lateChunkVectors, tokenWindows } from './late-chunking.js'

const tokenizer = pieceTokenizer()
const dimensions = 16
const document = (text: string) => ({ id: 'd', text, marks: [], metadata: {} })

/** Each token gets the vector of its own text: what it is worth does not depend on the window. */
function fakeTokenEmbedder(
  maxTokens: number,
  tokens: Tokenizer = tokenizer,
): TokenEmbedder & { readonly texts: string[] } {
  const texts: string[] = []
  return {
    id: 'fake-tokens',
    dimensions,
    maxTokens,
    texts,
    async embedTokens(text, options) {
      options?.signal?.throwIfAborted()
      texts.push(text)
      // A model reads as much as it can and drops the rest.
      const ends = tokens.ends(text).slice(0, maxTokens)
      const vectors = new Float32Array(ends.length * dimensions)
      for (let token = 0; token < ends.length; token++) {
        const part = text.slice(token === 0 ? 0 : ends[token - 1], ends[token])
        vectors.set(hashEmbedding(part.trim(), dimensions), token * dimensions)
      }
      return { vectors, ends }
    },
  }
}

/** Mean of the vectors of the tokens that overlap the span, of unit length, straight from the definition. */
function expected(text: string, start: number, end: number): Float32Array {
  const sum = new Float64Array(dimensions)
  let before = 0
  for (const tokenEnd of tokenizer.ends(text)) {
    if (before < end && tokenEnd > start) {
      const vector = hashEmbedding(text.slice(before, tokenEnd).trim(), dimensions)
      for (let d = 0; d < dimensions; d++) sum[d]! += vector[d]!
    }
    before = tokenEnd
  }
  const length = Math.hypot(...sum)
  return Float32Array.from(sum, (value) => value / length)
}

const text =
  'The tenant pays the deposit. It is kept in an account. The owner pays for repairs, and for nothing else.'

describe('lateChunkVectors', () => {
  it('pools the tokens of each span', async () => {
    const model = fakeTokenEmbedder(1000)
    const spans = [
      { start: 0, end: 28 },
      { start: 29, end: 55 },
      { start: 0, end: text.length },
    ]
    const rows = await lateChunkVectors(document(text), spans, model)
    expect(rows.length).toBe(3 * dimensions)
    for (const [row, { start, end }] of spans.entries()) {
      const vector = rows.subarray(row * dimensions, (row + 1) * dimensions)
      const wanted = expected(text, start, end)
      for (let d = 0; d < dimensions; d++) expect(vector[d]).toBeCloseTo(wanted[d]!, 5)
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
    }
    expect(model.texts).toEqual([text])
  })

  it('gives the same through windows, where tokens do not depend on them', async () => {
    const long = `${text} `.repeat(20).trim()
    const spans = await recursiveChunker({ maxTokens: 23 }).split(document(long))
    const whole = await lateChunkVectors(document(long), spans, fakeTokenEmbedder(10_000))
    for (const windowTokens of [7, 30, 64]) {
      for (const overlapTokens of [0, 1, 3]) {
        const model = fakeTokenEmbedder(windowTokens + 1)
        const rows = await lateChunkVectors(document(long), spans, model, { windowTokens, overlapTokens })
        expect(model.texts.length).toBeGreaterThan(5)
        for (let i = 0; i < rows.length; i++) expect(rows[i]).toBeCloseTo(whole[i]!, 4)
      }
    }
  })

  it('counts a token on the border of two windows once', async () => {
    const units: Tokenizer = {
      id: 'units',
      ends: (part) => Uint32Array.from({ length: part.length }, (_, i) => i + 1),
    }
    const words = Array.from({ length: 40 }, (_, i) => `w${100 + i}`)
    const source = words.join(' ')
    for (const windowTokens of [41, 42, 43, 44, 45]) {
      const options = { windowTokens, overlapTokens: 20, tokenizer: units }
      const spans = [{ start: 0, end: source.length }]
      const row = await lateChunkVectors(document(source), spans, fakeTokenEmbedder(1000), options)
      const wanted = expected(source, 0, source.length)
      for (let d = 0; d < dimensions; d++) expect(row[d]).toBeCloseTo(wanted[d]!, 5)
    }
  })

  it('takes a token from the window that shows more of its surroundings', async () => {
    const windows = tokenWindows('a b c d e f g h i j', rulerOf(tokenizer, 'a b c d e f g h i j'), 6, 2)
    expect(windows).toEqual([
      { start: 0, end: 11, ownedStart: 0, ownedEnd: 9 },
      { start: 7, end: 19, ownedStart: 9, ownedEnd: 19 },
    ])
  })

  it('covers every text with windows whose parts adjoin', () => {
    for (const sample of generateTexts({ seed: 3, count: 200, hugeLineUnits: 800 })) {
      for (const [size, overlap] of [
        [1, 0],
        [5, 2],
        [40, 10],
      ] as const) {
        const windows = tokenWindows(sample, rulerOf(tokenizer, sample), size, overlap)
        let at = 0
        for (const window of windows) {
          expect(window.ownedStart).toBe(at)
          expect(window.start).toBeLessThanOrEqual(window.ownedStart)
          expect(window.ownedEnd).toBeLessThanOrEqual(window.end)
          at = window.ownedEnd
        }
        expect(at).toBe(sample.length)
      }
    }
  })

  it('reads only windows that hold a span, and nothing for no spans', async () => {
    const long = `${text} `.repeat(20)
    const model = fakeTokenEmbedder(40)
    await lateChunkVectors(document(long), [{ start: 0, end: 28 }], model)
    expect(model.texts).toHaveLength(1)
    expect(await lateChunkVectors(document(long), [], model)).toEqual(new Float32Array(0))
    expect(model.texts).toHaveLength(1)
  })

  it('notices a model that did not read the whole window', async () => {
    const split = lateChunkVectors(document(text), [{ start: 0, end: 28 }], fakeTokenEmbedder(5), {
      windowTokens: 1000,
    })
    await expect(split).rejects.toThrow('the window is longer than it can take')
  })

  const answering = (answer: Partial<Awaited<ReturnType<TokenEmbedder['embedTokens']>>>): TokenEmbedder => ({
    ...fakeTokenEmbedder(1000),
    embedTokens: async () => ({
      vectors: new Float32Array(dimensions).fill(1),
      ends: Uint32Array.of(text.length),
      ...answer,
    }),
  })

  it.each([
    ['too few numbers', { vectors: new Float32Array(3) }, 'invalid-vector'],
    ['NaN', { vectors: new Float32Array(dimensions).fill(Number.NaN) }, 'invalid-vector'],
    ['no direction', { vectors: new Float32Array(dimensions) }, 'invalid-vector'],
    ['ends past the text', { ends: Uint32Array.of(9999) }, 'model-failed'],
    [
      'ends that descend',
      { ends: Uint32Array.of(9, 3), vectors: new Float32Array(2 * dimensions) },
      'model-failed',
    ],
  ] as const)('refuses %s', async (_, answer, code) => {
    const error = await lateChunkVectors(document(text), [{ start: 0, end: 28 }], answering(answer)).catch(
      (reason: unknown) => reason,
    )
    expect(isRagError(error, code)).toBe(true)
  })

  it.each([
    [{ start: 5, end: 5 }],
    [{ start: -1, end: 5 }],
    [{ start: 0, end: 9999 }],
    [{ start: 0.5, end: 5 }],
  ])('refuses the span %j', async (span) => {
    const error = await lateChunkVectors(document(text), [span], fakeTokenEmbedder(50)).catch(
      (reason: unknown) => reason,
    )
    expect(isRagError(error, 'invalid-span')).toBe(true)
  })

  it('refuses an overlap of half a window, and stops when aborted', async () => {
    const spans = [{ start: 0, end: 5 }]
    await expect(
      lateChunkVectors(document(text), spans, fakeTokenEmbedder(10), { overlapTokens: 5 }),
    ).rejects.toThrow('`overlapTokens` must be below half of `windowTokens` (10), got 5.')
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    await expect(lateChunkVectors(document(text), spans, fakeTokenEmbedder(10), { signal })).rejects.toBe(
      reason,
    )
  })
})
