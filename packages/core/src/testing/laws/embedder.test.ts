import { describe, expect, it } from 'vitest'
import type { Embedder } from '../../embedder.js'
import { fakeEmbedder } from '../fakes/embedder.js'
import { LawViolation } from '../law.js'
import { embedderLaws } from './embedder.js'

describe('embedderLaws hold for the fake embedder', () => {
  for (const law of embedderLaws(fakeEmbedder({ dimensions: 24 }))) it(law.name, () => law.run())
})

describe('embedderLaws hold when only one text fits a call', () => {
  for (const law of embedderLaws(() => Promise.resolve(fakeEmbedder({ maxBatchSize: 1 }))))
    it(law.name, () => law.run())
})

function mutant(change: (inner: Embedder) => Partial<Embedder>): () => Embedder {
  return () => {
    const inner = fakeEmbedder()
    return { ...inner, ...change(inner) }
  }
}

/** Changes the numbers that come out; `texts` are what went in. */
function altering(
  alter: (vectors: Float32Array, texts: readonly string[], call: number) => Float32Array,
): () => Embedder {
  return mutant((inner) => {
    let call = 0
    return {
      embed: async (texts, options) => {
        call += 1
        return alter(await inner.embed(texts, options), texts, call)
      },
    }
  })
}

const scratch = new Float32Array(32)
const mutants: readonly { readonly law: string; readonly why: string; readonly make: () => Embedder }[] = [
  { law: 'id, dimensions and batch size are declared', why: 'has no id', make: mutant(() => ({ id: '' })) },
  {
    law: 'id, dimensions and batch size are declared',
    why: 'declares a batch of 0',
    make: mutant(() => ({ maxBatchSize: 0 })),
  },
  {
    law: 'one row per text, dimensions wide',
    why: 'drops the last number',
    make: altering((vectors) => vectors.slice(0, -1)),
  },
  {
    law: 'one row per text, dimensions wide',
    why: 'declares other dimensions',
    make: mutant(() => ({ dimensions: 31 })),
  },
  {
    law: 'no texts give an empty array',
    why: 'returns a row for nothing',
    make: altering((vectors) => (vectors.length ? vectors : new Float32Array(32))),
  },
  {
    law: 'every number is finite and every vector has unit length',
    why: 'scales its vectors',
    make: altering((vectors) => vectors.map((value) => value * 2)),
  },
  {
    law: 'every number is finite and every vector has unit length',
    why: 'gives NaN for blank text',
    make: altering((vectors, texts) =>
      texts.some((text) => text.trim() === '') ? vectors.fill(Number.NaN) : vectors,
    ),
  },
  {
    law: 'vectors do not depend on the batch',
    why: 'pads to the longest text',
    make: altering((vectors, texts) =>
      texts.length > 1 ? vectors.map((value, i) => (i % 32 === 0 ? value + 0.01 : value)) : vectors,
    ),
  },
  {
    law: 'the order of texts is kept',
    why: 'embeds sorted by length',
    make: mutant((inner) => ({
      embed: (texts, options) =>
        inner.embed(
          texts.toSorted((a, b) => a.length - b.length),
          options,
        ),
    })),
  },
  {
    law: 'embedding again gives the same vectors',
    why: 'drifts with each call',
    make: altering((vectors, _, call) => vectors.map((value) => value + call * 1e-5)),
  },
  {
    law: 'one text too many is embedded or refused, never dropped',
    why: 'drops what is over its batch size',
    make: mutant((inner) => ({
      embed: (texts, options) => inner.embed(texts.slice(0, inner.maxBatchSize), options),
    })),
  },
  {
    law: 'different texts have different vectors',
    why: 'gives one vector to everything',
    make: mutant((inner) => ({
      embed: (texts, options) =>
        inner.embed(
          texts.map(() => 'x'),
          options,
        ),
    })),
  },
  {
    law: 'the texts are left as they were',
    why: 'sorts its input',
    make: mutant((inner) => ({
      embed: (texts, options) => inner.embed((texts as string[]).sort(), options),
    })),
  },
  {
    law: 'a result is not overwritten by the next call',
    why: 'returns its scratch memory',
    make: mutant((inner) => ({
      embed: async (texts, options) => {
        const vectors = await inner.embed(texts, options)
        if (vectors.length > scratch.length) return vectors
        scratch.set(vectors)
        return scratch.subarray(0, vectors.length)
      },
    })),
  },
  {
    law: 'an abort rejects with the reason of the signal',
    why: 'ignores the signal',
    make: mutant((inner) => ({ embed: (texts, { role }) => inner.embed(texts, { role }) })),
  },
]

describe('embedderLaws catch', () => {
  for (const { law: name, why, make } of mutants)
    it(`an embedder that ${why}: ${name}`, async () => {
      const law = embedderLaws(make).find((candidate) => candidate.name === name)
      expect(law, `no law "${name}"`).toBeDefined()
      await expect(law?.run()).rejects.toBeInstanceOf(LawViolation)
    })

  it('has a mutant for every law', () => {
    const caught = new Set(mutants.map(({ law }) => law))
    expect(
      embedderLaws(fakeEmbedder())
        .map((law) => law.name)
        .filter((name) => !caught.has(name)),
    ).toEqual([])
  })
})

it('a tolerance lets small differences pass, and only those', async () => {
  const make = altering((vectors, texts) =>
    texts.length > 1 ? vectors.map((value) => value + 1e-4) : vectors,
  )
  const run = (tolerance: number): Promise<void> =>
    embedderLaws(make, { tolerance })
      .find((law) => law.name === 'vectors do not depend on the batch')!
      .run()
  await expect(run(1e-3)).resolves.toBeUndefined()
  await expect(run(1e-5)).rejects.toBeInstanceOf(LawViolation)
})
