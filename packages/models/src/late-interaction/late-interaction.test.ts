import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { staticEmbedder } from '../static/static-embedder.js'
import { sharedModel } from '../testing/shared.js'
import { type TransformersEmbedder, transformersEmbedder } from '../transformers/embedder.js'
import { lateInteractionModel } from './late-interaction-model.js'
import { maxSim } from './max-sim.js'
import type { TokenEmbedder } from './token-embedder.js'

const asDocument = { role: 'document' } as const
const passages = [
  'Quiet hours start at ten in the evening.',
  'The tenant pays a deposit of two months of rent.',
  'Pets are welcome in every flat.',
]

describe('maxSim', () => {
  const rows = (...values: number[]) => ({ vectors: Float32Array.from(values) })

  it('takes the best match of each token of the query, and the weighted mean of them', () => {
    const query = rows(1, 0, 0, 1)
    const passage = rows(0.6, 0.8, -1, 0)
    expect(maxSim(query, passage, 2)).toBeCloseTo((0.6 + 0.8) / 2, 6)
    const weighted = { ...query, weights: Float32Array.of(3, 1) }
    expect(maxSim(weighted, passage, 2)).toBeCloseTo((9 * 0.6 + 0.8) / 10, 6)
    expect(maxSim(query, query, 2)).toBe(1)
  })

  it('has an answer where there are no tokens', () => {
    expect(maxSim(rows(1, 0), rows(), 2)).toBe(-1)
    expect(maxSim(rows(), rows(1, 0), 2)).toBe(0)
    expect(maxSim({ ...rows(1, 0), weights: Float32Array.of(0) }, rows(1, 0), 2)).toBe(0)
  })
})

describe('over the static table', () => {
  it('finds the passage, each score as if it were alone', async () => {
    const model = lateInteractionModel({ tokens: await staticEmbedder(), maxBatchSize: 2 })
    const scores = await model.score('who pays the deposit?', passages)
    expect(scores.indexOf(Math.max(...scores))).toBe(1)
    for (const [place, passage] of passages.entries())
      expect((await model.score('who pays the deposit?', [passage]))[0]).toBe(scores[place])
    expect((await model.score('deposit', ['deposit']))[0]).toBeCloseTo(1, 5)
    expect([...(await model.score('deposit', ['', ' ']))]).toEqual([-1, -1])
    expect([...(await model.score('', passages))]).toEqual([0, 0, 0])
    expect(await model.score('deposit', [])).toHaveLength(0)
    expect(model.id).toMatch(/^late-interaction:tesserae-static-en-384@/)
  })

  it('lets rare words count more than common ones, unless told otherwise', async () => {
    const tokens = await staticEmbedder()
    const weighted = lateInteractionModel({ tokens })
    const equal = lateInteractionModel({ tokens, queryWeights: 'equal' })
    const pair = ['the of and in', 'deposit']
    const [common, rare] = await weighted.score('the deposit of', pair)
    const [commonEqual, rareEqual] = await equal.score('the deposit of', pair)
    expect(rare! - common!).toBeGreaterThan(rareEqual! - commonEqual!)
    expect(equal.id).toMatch(/:equal$/)
  })

  it('gives a row of unit length to each distinct token', async () => {
    const embedder = await staticEmbedder()
    const [first, empty] = await embedder.embedTokens(['stone stone mosaic', ''], asDocument)
    expect(first?.vectors.length).toBe(2 * embedder.tokenDimensions)
    expect(first?.weights).toHaveLength(2)
    const rows = first!.vectors
    for (const start of [0, 384]) expect(Math.hypot(...rows.subarray(start, start + 384))).toBeCloseTo(1, 5)
    expect(first!.weights![0]).toBeGreaterThan(0)
    expect(empty?.vectors).toHaveLength(0)
    // The text's vector is the sum of its tokens' vectors by their weights.
    const [vector] = [await embedder.embed(['stone stone mosaic'], asDocument)]
    const sum = Float64Array.from({ length: 384 }, (_, d) =>
      [0, 1].reduce((total, row) => total + rows[row * 384 + d]! * first!.weights![row]!, 0),
    )
    const length = Math.hypot(...sum)
    for (const [d, value] of vector.entries()) expect(value).toBeCloseTo(sum[d]! / length, 5)
  })

  it('is aborted, and refuses what does not fit', async () => {
    const tokens = await staticEmbedder()
    const model = lateInteractionModel({ tokens })
    const reason = new Error('enough')
    await expect(model.score('a', passages, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const running = model.score('who pays the deposit and when', Array(20_000).fill(passages[1]), {
      signal: controller.signal,
    })
    setTimeout(() => controller.abort(reason), 5)
    await expect(running).rejects.toBe(reason)
    // @ts-expect-error: callers without types exist.
    await expect(model.score(1, [])).rejects.toThrow('`query` must be a string')
    // @ts-expect-error: callers without types exist.
    await expect(model.score('a', [1])).rejects.toThrow('`passages[0]` must be a string')
    // @ts-expect-error: callers without types exist.
    expect(() => lateInteractionModel({ tokens: {} })).toThrow(
      '`tokens` must be an embedder with `embedTokens`',
    )
    expect(() => lateInteractionModel({ tokens, maxBatchSize: 0 })).toThrow('`maxBatchSize`')
    // @ts-expect-error: callers without types exist.
    expect(() => lateInteractionModel({ tokens, queryWeights: 'idf' })).toThrow('`queryWeights`')
    const broken: TokenEmbedder = {
      id: 'broken',
      tokenDimensions: 4,
      embedTokens: async (texts) => texts.map(() => ({ vectors: new Float32Array(6) })),
    }
    await expect(lateInteractionModel({ tokens: broken }).score('a', ['b'])).rejects.toThrow(
      '"late-interaction:broken" got token vectors that do not fit: there must be rows of 4 numbers for each text',
    )
  })
})

const { folder, present, reason: absent } = sharedModel('all-MiniLM-L6-v2')
describe.skipIf(!present)(`over the token vectors of a transformer${absent}`, () => {
  let embedder: TransformersEmbedder
  beforeAll(async () => {
    embedder = await transformersEmbedder({ path: folder, dataType: 'q8', maxTokens: 16 })
  })
  afterAll(() => embedder.dispose())

  it('has a row per token, all of a long text, none for special tokens', async () => {
    const long = passages.join(' ')
    const texts = [passages[0]!, long, '']
    const rows = await embedder.embedTokens(texts, asDocument)
    expect(rows.map(({ vectors }) => vectors.length / 384)).toEqual([...(await embedder.countTokens(texts))])
    expect(rows[1]!.vectors.length / 384).toBeGreaterThan(16)
    expect(Math.hypot(...rows[1]!.vectors.subarray(384, 768))).toBeCloseTo(1, 5)
    expect(await embedder.embedTokens([], asDocument)).toEqual([])
  })

  it('finds the passage', async () => {
    const model = lateInteractionModel({ tokens: embedder })
    const scores = await model.score('who has to leave money with the landlord?', passages)
    expect(scores.indexOf(Math.max(...scores))).toBe(1)
  })
})
