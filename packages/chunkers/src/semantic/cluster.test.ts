import { cachedEmbedder, ModelError, memoryCache, toChunks } from '@tesserae/core'
import { fakeEmbedder, seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { clusterChunker } from './cluster.js'
import { bestRuns, type SimilarityBand } from './optimal-runs.js'

const document = (text: string) => ({ id: 'd', text, marks: [], metadata: {} })
const cats = 'Cat cat sleeps. Cat cat eats. Cat cat purrs. Cat cat hunts.'
const cars = 'Car car stops. Car car drives. Car car rusts. Car car honks.'

/** A band in which each piece reaches `reach` pieces back. */
function bandOf(
  cosine: (a: number, b: number) => number,
  size: number,
  reach: number,
  mean: number,
): SimilarityBand {
  const firsts = Uint32Array.from({ length: size }, (_, i) => Math.max(0, i - reach))
  const offsets = new Uint32Array(size + 1)
  const cosines: number[] = []
  for (let i = 0; i < size; i++) {
    for (let j = firsts[i]!; j < i; j++) cosines.push(cosine(i, j))
    offsets[i + 1] = cosines.length
  }
  return { size, firsts, offsets, cosines: Float32Array.from(cosines), mean }
}

function sumOf(bounds: readonly number[], cosine: (a: number, b: number) => number, mean: number): number {
  let sum = 0
  let first = 0
  for (const last of bounds) {
    for (let i = first; i < last; i++) for (let j = first; j < i; j++) sum += Math.fround(cosine(i, j)) - mean
    first = last
  }
  return sum
}

describe('bestRuns', () => {
  it('finds the best of all segmentations, by comparison with every one of them', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = seededRandom(seed)
      const size = 1 + (seed % 11)
      const reach = 1 + (seed % 5)
      const matrix = Array.from({ length: size }, () => Array.from({ length: size }, () => random() * 2 - 1))
      const cosine = (a: number, b: number) => matrix[Math.max(a, b)]![Math.min(a, b)]!
      const mean = random() * 0.5
      let best = Number.NEGATIVE_INFINITY
      for (let mask = 0; mask < 1 << (size - 1); mask++) {
        const bounds: number[] = []
        for (let i = 1; i < size; i++) if (mask & (1 << (i - 1))) bounds.push(i)
        bounds.push(size)
        const isAllowed = bounds.every((last, i) => last - (i === 0 ? 0 : bounds[i - 1]!) <= reach + 1)
        if (isAllowed) best = Math.max(best, sumOf(bounds, cosine, mean))
      }
      const found = [...(await bestRuns(bandOf(cosine, size, reach, mean), undefined))]
      expect(sumOf(found, cosine, mean)).toBeCloseTo(best, 5)
      expect(found.every((last, i) => last - (i === 0 ? 0 : found[i - 1]!) <= reach + 1)).toBe(true)
    }
  })

  it('prefers the longest run where all are equally similar, also by rounding only', async () => {
    const cosine = (a: number, b: number) => 0.7 + ((a + b) % 3) * 1e-7
    expect([...(await bestRuns(bandOf(cosine, 10, 9, 0.7), undefined))]).toEqual([10])
    expect([...(await bestRuns(bandOf(cosine, 10, 3, 0.7), undefined))]).toEqual([2, 6, 10])
  })

  it('gives nothing for nothing', async () => {
    expect([
      ...(await bestRuns(
        bandOf(() => 0, 0, 3, 0),
        undefined,
      )),
    ]).toEqual([])
  })

  it('stops when it is aborted', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const runs = bestRuns(
      bandOf(() => 0.5, 20_000, 2, 0.1),
      controller.signal,
    )
    controller.abort(reason)
    await expect(runs).rejects.toBe(reason)
  })
})

describe('clusterChunker', () => {
  const textsOf = async (options: Parameters<typeof clusterChunker>[0], text: string) =>
    toChunks(document(text), await clusterChunker(options).split(document(text))).map((chunk) => chunk.text)

  it('parts what is not alike', async () => {
    const embedder = fakeEmbedder()
    expect(await textsOf({ embedder, pieceTokens: 1 }, `${cats} ${cars}`)).toEqual([cats, cars])
    // In any order: what is far away does not matter, only the mean does.
    expect(await textsOf({ embedder, pieceTokens: 1 }, `${cats} ${cars} ${cats}`)).toEqual([cats, cars, cats])
  })

  it('keeps the cap where more would be alike', async () => {
    const spans = await clusterChunker({ embedder: fakeEmbedder(), pieceTokens: 1, maxTokens: 12 }).split(
      document(`${cats} ${cars}`),
    )
    expect(spans.every((span) => span.tokens! <= 12)).toBe(true)
    expect(spans).toHaveLength(4)
  })

  it('fills a chunk to exactly the cap', async () => {
    const spans = await clusterChunker({ embedder: fakeEmbedder(), pieceTokens: 1, maxTokens: 16 }).split(
      document(`${cats} ${cars}`),
    )
    expect(spans.map((span) => span.tokens)).toEqual([16, 16])
  })

  it('compares the right pieces also where long ones narrow the band', async () => {
    const long = `Fox ${'fox '.repeat(16)}.`
    const embedder = fakeEmbedder()
    const options = { embedder, pieceTokens: 1, maxTokens: 20 }
    expect(await textsOf(options, `${cats} ${cars} ${long}`)).toEqual([cats, cars, long])
    expect(await textsOf(options, `${long} ${cats} ${cars}`)).toEqual([long, cats, cars])
  })

  it('compares pieces of about `pieceTokens`, each once, with whole sentences', async () => {
    const embedder = fakeEmbedder({ maxBatchSize: 2 })
    await clusterChunker({ embedder, pieceTokens: 8 }).split(document(`${cats} ${cars} ${cats}`))
    expect(embedder.calls.map((call) => call.texts)).toEqual([
      ['Cat cat sleeps. Cat cat eats.', 'Cat cat purrs. Cat cat hunts.'],
      ['Car car stops. Car car drives.', 'Car car rusts. Car car honks.'],
    ])
  })

  it('needs no model for a document of one piece', async () => {
    const embedder = fakeEmbedder()
    expect(await textsOf({ embedder }, 'One. Two.')).toEqual(['One. Two.'])
    expect(await textsOf({ embedder }, ' ')).toEqual([])
    expect(embedder.calls).toEqual([])
    expect(await textsOf({ embedder, pieceTokens: 1 }, 'One one. One one.')).toEqual(['One one. One one.'])
  })

  it('asks nothing twice behind a cache', async () => {
    const fake = fakeEmbedder()
    const embedder = cachedEmbedder(fake, memoryCache({ maxEntries: 100 }))
    const first = await textsOf({ embedder, pieceTokens: 1 }, `${cats} ${cars}`)
    const calls = fake.calls.length
    expect(await textsOf({ embedder, pieceTokens: 1 }, `${cats} ${cars}`)).toEqual(first)
    expect(fake.calls.length).toBe(calls)
  })

  it('grows linearly: a document of many pieces is cut within a band', async () => {
    const text = `${cats} ${cars} `.repeat(2000)
    const spans = await clusterChunker({ embedder: fakeEmbedder(), pieceTokens: 1, maxTokens: 40 }).split(
      document(text),
    )
    expect(spans.length).toBe(4000)
  })

  it('rejects with the error of the embedder', async () => {
    const embedder = fakeEmbedder({
      failOn: (text) => text.includes('stops') && new ModelError('out of order'),
    })
    const split = clusterChunker({ embedder, pieceTokens: 1 }).split(document(`${cats} ${cars}`))
    await expect(split).rejects.toThrow('out of order')
  })

  it.each([
    [{ pieceTokens: 500 }, '`pieceTokens` must be at most `maxTokens` (400), got 500.'],
    [{ pieceTokens: 0 }, '`pieceTokens` must be an integer of at least 1'],
    [{ maxTokens: 1.5 }, '`maxTokens` must be an integer'],
    [{ minTokens: 10 }, '`minTokens` must be an option of clusterChunker'],
    [{ embedder: {} }, '`embedder` must be an Embedder'],
  ])('refuses %j', (wrong, message) => {
    const options = { embedder: fakeEmbedder(), ...wrong } as Parameters<typeof clusterChunker>[0]
    expect(() => clusterChunker(options)).toThrow(message)
  })

  it('accepts a cap below the usual piece', async () => {
    expect(await textsOf({ embedder: fakeEmbedder(), maxTokens: 4 }, 'Cat one. Cat two.')).toHaveLength(2)
  })
})
