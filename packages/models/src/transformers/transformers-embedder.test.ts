import type { RagEvent } from '@tesserae/core'
import { embedderLaws } from '@tesserae/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { referenceVectors, sharedModel } from '../testing/shared.js'
import { type TransformersEmbedder, transformersEmbedder } from './embedder.js'

const { folder, present, reason } = sharedModel('all-MiniLM-L6-v2')
const asDocument = { role: 'document' } as const

function cosine(vectors: Float32Array, row: number, expected: readonly number[]): number {
  let product = 0
  let squares = 0
  for (const [d, value] of expected.entries()) {
    product += vectors[row * expected.length + d]! * value
    squares += value * value
  }
  return product / Math.sqrt(squares)
}

describe.skipIf(!present)(`all-MiniLM-L6-v2 in fp32${reason}`, () => {
  const items = present ? referenceVectors(folder) : []
  const texts = items.map(({ text }) => text)
  let embedder: TransformersEmbedder
  beforeAll(async () => {
    embedder = await transformersEmbedder({ path: folder, oversize: 'truncate' })
  })
  afterAll(() => embedder.dispose())

  it('takes pooling and window from the folder', () => {
    expect(embedder).toMatchObject({ dimensions: 384, maxTokens: 256, pooling: 'mean' })
    expect(embedder.prefixes).toEqual({ query: '', document: '' })
    expect(embedder.id).toMatch(/^transformers:all-MiniLM-L6-v2:fp32:384@[0-9a-f]{8}$/)
  })

  it('gives the reference vector of every text, long ones included', async () => {
    const vectors = await embedder.embed(texts, asDocument)
    for (const [row, { vector }] of items.entries()) {
      expect(cosine(vectors, row, vector), JSON.stringify(texts[row]!.slice(0, 40))).toBeGreaterThan(0.99999)
    }
  })

  it('counts the tokens of every text, past the limits that tokenizer.json asks for', async () => {
    const counts = await embedder.countTokens(texts)
    expect([...counts]).toEqual(items.map(({ fullLength }) => fullLength - 2))
    expect(Math.max(...counts)).toBeGreaterThan(256)
  })

  it('tells what it cut', async () => {
    const events: RagEvent[] = []
    await embedder.embed(texts.slice(-3), { ...asDocument, observer: (event) => events.push(event) })
    const cut = items.slice(-2).reduce((sum, { fullLength }) => sum + fullLength - 256, 0)
    expect(events.map(({ type }) => type)).toEqual(['embed.run', 'embed.oversize'])
    expect(events[1]).toMatchObject({
      counts: { texts: 2, pieces: 2, dropped: cut },
      labels: { action: 'truncate' },
    })
  })

  it('does not let a vector depend on what is embedded beside it', async () => {
    const some = texts.slice(4, 20)
    const together = await embedder.embed(some, asDocument)
    for (const [row, text] of some.entries()) {
      const alone = await embedder.embed([text], asDocument)
      const apart = alone.reduce(
        (most, value, d) => Math.max(most, Math.abs(value - together[row * 384 + d]!)),
        0,
      )
      expect(apart, text).toBeLessThan(1e-6)
    }
  })

  it('answers calls made at the same time each with its own', async () => {
    const pair = texts.slice(5, 7)
    const [a, b] = await Promise.all(pair.map((text) => embedder.embed([text], asDocument)))
    expect(cosine(a!, 0, items[5]!.vector)).toBeGreaterThan(0.99999)
    expect(cosine(b!, 0, items[6]!.vector)).toBeGreaterThan(0.99999)
  })

  it('stops between runs on abort', async () => {
    const controller = new AbortController()
    const running = embedder.embed(texts, { ...asDocument, signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 1)
    await expect(running).rejects.toThrow('enough')
    expect(await embedder.embed(['still there'], asDocument)).toHaveLength(384)
  })

  it('refuses what is no text', async () => {
    // @ts-expect-error: callers without types exist.
    await expect(embedder.embed(['a', 3], asDocument)).rejects.toThrow('`texts[1]` must be a string, got 3.')
    // @ts-expect-error: the role decides on the prefix.
    await expect(embedder.embed(['a'], {})).rejects.toThrow('`role` must be one of "query", "document"')
  })
})

describe.skipIf(!present)(`all-MiniLM-L6-v2 in int8${reason}`, () => {
  const items = present ? referenceVectors(folder) : []
  const long = items.at(-1)?.text ?? ''
  let embedder: TransformersEmbedder
  beforeAll(async () => {
    embedder = await transformersEmbedder({ path: folder, dataType: 'q8', oversize: 'truncate' })
  })
  afterAll(() => embedder.dispose())

  it('is within 0.97 of the reference on every text', async () => {
    const texts = items.map(({ text }) => text)
    const vectors = await embedder.embed(texts, asDocument)
    for (const [row, { vector }] of items.entries())
      expect(cosine(vectors, row, vector), texts[row]).toBeGreaterThan(0.97)
  })

  describe('obeys the laws, since its texts run one by one', () => {
    for (const law of embedderLaws(() => embedder, { maxTextUnits: 60 })) it(law.name, () => law.run())
  })

  it('reads all of a long text in pieces by default, and says so', async () => {
    const split = await transformersEmbedder({ path: folder, dataType: 'q8' })
    const events: RagEvent[] = []
    const tail = 'Quarterly revenue of the shipping division fell sharply. '.repeat(60)
    const vectors = await split.embed([long, long + tail], {
      ...asDocument,
      observer: (event) => events.push(event),
    })
    expect(events[1]).toMatchObject({ type: 'embed.oversize', labels: { action: 'split' } })
    expect(events[1]?.counts).toMatchObject({ texts: 2, dropped: 0 })
    expect(cosine(vectors, 1, [...vectors.subarray(0, 384)])).toBeLessThan(0.9)
    expect(Math.hypot(...vectors.subarray(384))).toBeCloseTo(1, 5)
    const cut = await embedder.embed([long, long + tail], asDocument)
    expect(cosine(cut, 1, [...cut.subarray(0, 384)])).toBeCloseTo(1, 5)
    expect(split.id).not.toBe(embedder.id)
    await split.dispose()
  })

  it('refuses a long text when asked to, naming it and the limit', async () => {
    const strict = await transformersEmbedder({ path: folder, dataType: 'q8', oversize: 'refuse' })
    await expect(strict.embed(['short', long], asDocument)).rejects.toMatchObject({
      code: 'invalid-argument',
      message:
        'Text 1 has 529 tokens, the model reads 254. Make smaller chunks, or set `oversize` to "split" or "truncate".',
      details: { index: 1, tokens: 529, limit: 254 },
    })
    await strict.dispose()
    await expect(strict.embed(['after'], asDocument)).rejects.toThrow(
      'The model "all-MiniLM-L6-v2" was disposed of. Load it again to use it.',
    )
  })

  it('puts the prefix of the role in front, and of every piece', async () => {
    const prefixed = await transformersEmbedder({
      path: folder,
      dataType: 'q8',
      prefixes: { query: 'query: ' },
      maxTokens: 64,
    })
    const asQuery = await prefixed.embed(['blue whales'], { role: 'query' })
    const same = await prefixed.embed(['query: blue whales'], asDocument)
    expect(asQuery).toEqual(same)
    const events: RagEvent[] = []
    await prefixed.embed([long], { role: 'query', observer: (event) => events.push(event) })
    // 529 tokens in windows of 64 less [CLS], [SEP] and the two tokens of the prefix.
    expect(events[1]?.counts?.pieces).toBe(Math.ceil(529 / 60))
    expect(events[0]?.counts?.tokens).toBe(529 + 4 * Math.ceil(529 / 60))
    await prefixed.dispose()
  })

  it('keeps the first numbers, at unit length, and pools as told', async () => {
    const small = await transformersEmbedder({ path: folder, dataType: 'q8', dimensions: 64 })
    const full = await embedder.embed(['blue whales'], asDocument)
    const first = await small.embed(['blue whales'], asDocument)
    expect(first).toHaveLength(64)
    const length = Math.hypot(...full.subarray(0, 64))
    for (const [d, value] of first.entries()) expect(value).toBeCloseTo(full[d]! / length, 5)
    await small.dispose()
    const vectors = new Set<string>()
    for (const pooling of ['mean', 'cls', 'last'] as const) {
      const other = await transformersEmbedder({ path: folder, dataType: 'q8', pooling })
      vectors.add((await other.embed(['blue whales'], asDocument)).slice(0, 4).join())
      await other.dispose()
    }
    expect(vectors.size).toBe(3)
  })
})

describe('loading', () => {
  it('says what is missing where', async () => {
    await expect(transformersEmbedder({ path: '/nowhere/model' })).rejects.toMatchObject({
      code: 'load-failed',
      message: expect.stringMatching(
        /^The model "model" \(fp32\) must load from the folder .*nowhere.model, and that failed\. It must hold config\.json/,
      ),
    })
  })

  it.skipIf(!present)('tells the data type that a folder does not have', async () => {
    await expect(transformersEmbedder({ path: folder, dataType: 'q4' })).rejects.toThrow(
      'the ONNX file for "q4"',
    )
  })

  it.skipIf(!present)('knows the window of the model', async () => {
    await expect(transformersEmbedder({ path: folder, maxTokens: 600 })).rejects.toThrow(
      '`maxTokens` must be at most 512, the positions of this model, got 600.',
    )
    await expect(transformersEmbedder({ path: folder, dataType: 'q8', dimensions: 385 })).rejects.toThrow(
      '`dimensions` must be at most 384, the width of this model, got 385.',
    )
  })

  it('checks its options before anything is loaded', async () => {
    const rejected = (options: object) => expect(transformersEmbedder(options)).rejects
    await rejected({ model: 'a/b', path: 'c' }).toThrow('`model` and `path` must not both be given.')
    await rejected({ model: '' }).toThrow('`model` must be a string with something in it, got "".')
    await rejected({ path: 'x', dataType: 'int4' }).toThrow('`dataType` must be one of "fp32"')
    await rejected({ path: 'x', backend: 'cuda' }).toThrow('`backend` must be one of "native", "wasm"')
    await rejected({ path: 'x', oversize: 'cut' }).toThrow('`oversize` must be one of "split"')
    await rejected({ path: 'x', pooling: 'max' }).toThrow('`pooling` must be one of "mean"')
    await rejected({ path: 'x', prefixes: { query: 3 } }).toThrow('`prefixes.query` must be a string')
    await rejected({ path: 'x', maxTokens: 2 }).toThrow('`maxTokens` must be an integer of at least 3')
    await rejected({ path: 'x', threads: 0 }).toThrow('`threads` must be an integer')
    await rejected({ path: 'x', textsPerRun: 0 }).toThrow('`textsPerRun` must be an integer')
    await rejected({ path: 'x', worker: 'yes' }).toThrow('`worker` must be true or false')
  })

  it('ends with the abort', async () => {
    const reason = new Error('not wanted')
    await expect(transformersEmbedder({ path: folder, signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    )
    const controller = new AbortController()
    const loading = transformersEmbedder({ path: folder, signal: controller.signal })
    controller.abort(reason)
    await expect(loading).rejects.toBe(reason)
  })
})
