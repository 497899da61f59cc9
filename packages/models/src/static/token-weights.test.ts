import { embedderLaws } from '@tesserae/core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { type StaticEmbedder, staticEmbedder } from './static-embedder.js'
import { factorsOf, type TokenWeights } from './token-weights.js'

// In this corpus every text is about a rotor, so that the word tells nothing here.
const corpus = [
  'the rotor of the pump',
  'rotor blade pitch',
  'stall of the rotor blade',
  'rotor noise at night',
  'how to paint a rotor red',
]
const asDocument = { role: 'document' } as const

let plain: StaticEmbedder
let weights: TokenWeights
beforeAll(async () => {
  plain = await staticEmbedder()
  weights = await plain.fitWeights(corpus)
})

const asQuery = { role: 'query' } as const

async function cosine(embedder: StaticEmbedder, query: string, document: string): Promise<number> {
  const asked = await embedder.embed([query], asQuery)
  const found = await embedder.embed([document], asDocument)
  let sum = 0
  for (let k = 0; k < embedder.dimensions; k++) sum += asked[k]! * found[k]!
  return sum
}

describe('fitWeights', () => {
  it('counts texts, not occurrences, token by token', async () => {
    const { texts, frequencies } = await plain.fitWeights(['red red red', 'red blue', ''])
    expect(texts).toBe(3)
    expect(frequencies.filter((count) => count === 2)).toHaveLength(1)
    expect(frequencies.filter((count) => count === 1)).toHaveLength(1)
    expect(frequencies.reduce((a, b) => a + b)).toBe(3)
  })

  it('takes what arrives bit by bit, long texts too, and gives the same', async () => {
    const long = [...corpus, 'rotor '.repeat(300_000), 'end']
    async function* arriving() {
      yield* long
    }
    expect(await plain.fitWeights(arriving())).toEqual(await plain.fitWeights(long))
  })

  it('does not depend on the weights that the embedder has, and survives JSON', async () => {
    const weighted = await staticEmbedder({ weights })
    expect(await weighted.fitWeights(corpus)).toEqual(weights)
    const copy = JSON.parse(JSON.stringify(weights)) as TokenWeights
    expect((await staticEmbedder({ weights: copy })).id).toBe(weighted.id)
  })

  it('stops when it is told to', async () => {
    const reason = new Error('enough')
    const controller = new AbortController()
    async function* endless() {
      for (let i = 0; ; i++) {
        if (i === 100) controller.abort(reason)
        yield 'stone'
      }
    }
    await expect(plain.fitWeights(endless(), { signal: controller.signal })).rejects.toBe(reason)
  })

  it('refuses what is no list of texts', async () => {
    const invalid = expect.objectContaining({ code: 'invalid-argument' })
    await expect(plain.fitWeights([])).rejects.toEqual(invalid)
    await expect(plain.fitWeights('rotor')).rejects.toEqual(invalid)
    await expect(plain.fitWeights(['a', 1 as unknown as string])).rejects.toThrow(/texts\[1\]/)
  })
})

describe('an embedder with weights', () => {
  it('hears less of a word that every text has', async () => {
    const weighted = await staticEmbedder({ weights })
    const before = await cosine(plain, 'rotor noise', 'rotor paint')
    const after = await cosine(weighted, 'rotor noise', 'rotor paint')
    expect(after).toBeLessThan(before - 0.05)
  })

  it('embeds documents as the table alone does, so that none must be embedded again', async () => {
    const weighted = await staticEmbedder({ weights })
    expect(await weighted.embed(corpus, asDocument)).toEqual(await plain.embed(corpus, asDocument))
    expect(await weighted.embed(corpus, asQuery)).not.toEqual(await plain.embed(corpus, asQuery))
    const [tokens] = await weighted.embedTokens(['rotor noise'], asQuery)
    const [before] = await plain.embedTokens(['rotor noise'], asQuery)
    expect(tokens!.weights![0]! / tokens!.weights![1]!).toBeLessThan(
      before!.weights![0]! / before!.weights![1]!,
    )
  })

  it('multiplies each token by its inverse document frequency to the power of three quarters', async () => {
    const tokenizer = plain.tokenizer.id
    const rows = weights.frequencies.length
    const factors = factorsOf(weights, tokenizer, rows, 'queries')
    const roots = factorsOf(weights, tokenizer, rows, 'all')
    const everywhere = weights.frequencies.indexOf(5)
    const nowhere = weights.frequencies.indexOf(0)
    expect(roots[everywhere]).toBeCloseTo(Math.sqrt(Math.log(1 + 0.5 / 5.5)), 6)
    expect(factors[everywhere]).toBeCloseTo(Math.log(1 + 0.5 / 5.5) ** 0.75, 6)
    expect(factors[nowhere]).toBeCloseTo(Math.log(1 + 5.5 / 0.5) ** 0.75, 6)
  })

  it('weighs documents too when it is asked to', async () => {
    const all = await staticEmbedder({ weights, weighted: 'all' })
    expect(await all.embed(corpus, asDocument)).toEqual(await all.embed(corpus, asQuery))
    expect(await all.embed(corpus, asDocument)).not.toEqual(await plain.embed(corpus, asDocument))
    expect(all.id).not.toBe((await staticEmbedder({ weights })).id)
    const invalid = expect.objectContaining({ code: 'invalid-argument' })
    await expect(staticEmbedder({ weights, weighted: 'documents' as 'all' })).rejects.toEqual(invalid)
    await expect(staticEmbedder({ weighted: 'all' })).rejects.toEqual(invalid)
  })

  it('is another embedder by id, one per corpus, with the same tokenizer', async () => {
    const weighted = await staticEmbedder({ weights })
    const other = await staticEmbedder({ weights: await plain.fitWeights([...corpus, 'rotor']) })
    expect(new Set([plain.id, weighted.id, other.id]).size).toBe(3)
    expect(weighted.tokenizer.id).toBe(plain.tokenizer.id)
    expect((await weighted.embed([''], asDocument)).length).toBe(plain.dimensions)
  })

  for (const law of embedderLaws(
    async () => staticEmbedder({ weights: await (await staticEmbedder()).fitWeights(corpus) }),
    {
      tolerance: 0,
    },
  ))
    it(law.name, () => law.run())

  it('refuses the weights of another table and numbers that are no counts', async () => {
    const code = (value: string) => expect.objectContaining({ code: value })
    const small = await staticEmbedder({ size: 'small' })
    await expect(staticEmbedder({ weights: await small.fitWeights(corpus) })).rejects.toEqual(
      code('incompatible'),
    )
    await expect(staticEmbedder({ weights: { ...weights, frequencies: [1] } })).rejects.toEqual(
      code('incompatible'),
    )
    for (const texts of [0, 1.5, Number.NaN])
      await expect(staticEmbedder({ weights: { ...weights, texts } })).rejects.toEqual(
        code('invalid-argument'),
      )
    const frequencies = weights.frequencies.with(7, 99)
    await expect(staticEmbedder({ weights: { ...weights, frequencies } })).rejects.toThrow(/frequencies\[7\]/)
  })
})
