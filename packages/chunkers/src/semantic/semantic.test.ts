import type { Embedder } from '@tesserae/core'
import { cachedEmbedder, isRagError, ModelError, memoryCache, pieceTokenizer, toChunks } from '@tesserae/core'
import { fakeEmbedder, markedDocument } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { semantic400, semanticChunker } from './semantic.js'

const document = (text: string) => ({ id: 'd', text, marks: [], metadata: {} })

/** Each text gets the direction of the subject it mentions most, so that distances are 0 or 1 without a buffer. */
function subjectEmbedder(subjects: readonly string[]): Embedder & { readonly texts: string[] } {
  const texts: string[] = []
  return {
    id: 'subjects',
    dimensions: subjects.length,
    maxBatchSize: 4,
    texts,
    async embed(batch) {
      texts.push(...batch)
      const rows = new Float32Array(batch.length * subjects.length)
      for (const [row, text] of batch.entries()) {
        for (const [column, subject] of subjects.entries()) {
          rows[row * subjects.length + column] = text.split(subject).length - 1
        }
      }
      return rows
    },
  }
}

const cats = 'The cat sleeps. A cat eats. Every cat purrs. That cat hunts.'
const cars = 'The car stops. A car drives. Every car rusts. That car honks.'
const both = `${cats} ${cars}`

async function textsOf(options: Parameters<typeof semanticChunker>[0], text: string): Promise<string[]> {
  const chunks = toChunks(document(text), await semanticChunker(options).split(document(text)))
  return chunks.map((chunk) => chunk.text)
}

describe('semanticChunker', () => {
  const embedder = subjectEmbedder(['cat', 'car'])

  it('cuts where the subject changes', async () => {
    expect(await textsOf({ embedder, bufferSentences: 0 }, both)).toEqual([cats, cars])
    expect(await textsOf({ embedder }, both)).toEqual([cats, cars])
  })

  it.each([
    { method: 'percentile', percentile: 90 },
    { method: 'standard-deviation', amount: 2 },
    { method: 'interquartile', amount: 1 },
  ] as const)('cuts there by $method', async (breakpoint) => {
    expect(await textsOf({ embedder, breakpoint, bufferSentences: 0 }, both)).toEqual([cats, cars])
  })

  it('cuts by gradient where the distances begin to rise', async () => {
    const breakpoint = { method: 'gradient', percentile: 90 } as const
    const [first] = await textsOf({ embedder, breakpoint, bufferSentences: 0 }, both)
    // Central differences are largest one place before the peak.
    expect(first).toBe('The cat sleeps. A cat eats. Every cat purrs.')
  })

  it('embeds each sentence with its neighbours, the document role, and each text once', async () => {
    const fake = fakeEmbedder({ maxBatchSize: 3 })
    await semanticChunker({ embedder: fake }).split(document('One a. Two b. Three c. Four d. Five e.'))
    expect(fake.calls.flatMap((call) => call.texts)).toEqual([
      'One a. Two b.',
      'One a. Two b. Three c.',
      'Two b. Three c. Four d.',
      'Three c. Four d. Five e.',
      'Four d. Five e.',
    ])
    expect(fake.calls.map((call) => call.texts.length)).toEqual([3, 2])
    expect(new Set(fake.calls.map((call) => call.role))).toEqual(new Set(['document']))
    const same = fakeEmbedder()
    await semanticChunker({ embedder: same, bufferSentences: 0 }).split(document('Yes. '.repeat(500)))
    expect(same.calls.map((call) => call.texts)).toEqual([['Yes.']])
  })

  it('asks nothing twice behind a cache', async () => {
    const fake = fakeEmbedder()
    const chunker = semanticChunker({ embedder: cachedEmbedder(fake, memoryCache({ maxEntries: 100 })) })
    const first = await chunker.split(document(both))
    const calls = fake.calls.length
    expect(await chunker.split(document(both))).toEqual(first)
    expect(fake.calls.length).toBe(calls)
  })

  it('makes one chunk of one or two sentences, without a model call', async () => {
    const fake = fakeEmbedder()
    expect(await textsOf({ embedder: fake }, '  Only one.\n')).toEqual(['Only one.'])
    expect(await textsOf({ embedder: fake }, 'A cat sleeps. A car stops.')).toEqual([
      'A cat sleeps. A car stops.',
    ])
    expect(await textsOf({ embedder: fake }, ' \n\t')).toEqual([])
    // The cap still holds.
    expect(await textsOf({ embedder: fake, maxTokens: 4 }, 'A cat sleeps. A car stops.')).toEqual([
      'A cat sleeps.',
      'A car stops.',
    ])
    expect(fake.calls).toEqual([])
  })

  it('keeps identical sentences together up to the cap', async () => {
    const fake = fakeEmbedder()
    const text = 'The same words again. '.repeat(30).trim()
    expect(await textsOf({ embedder: fake }, text)).toEqual([text])
    const spans = await semanticChunker({ embedder: fake, maxTokens: 20 }).split(document(text))
    expect(spans.map((span) => span.tokens)).toEqual([20, 20, 20, 20, 20, 20, 20, 10])
  })

  it('cuts what is over the cap at the largest distance inside', async () => {
    const text = `${cats} ${cars}`
    const breakpoint = { method: 'percentile', percentile: 100 } as const
    const parts = await textsOf({ embedder, breakpoint, bufferSentences: 0, maxTokens: 24 }, text)
    expect(parts).toEqual([cats, cars])
    // Nothing stands out inside each subject: as much as fits.
    const tighter = await textsOf({ embedder, breakpoint, bufferSentences: 0, maxTokens: 12 }, cats)
    expect(tighter).toEqual(['The cat sleeps. A cat eats. Every cat purrs.', 'That cat hunts.'])
  })

  it('divides a sentence that alone is over the cap, losing nothing', async () => {
    const text = `Short. ${'word '.repeat(50).trim()}. Short again.`
    const parts = await textsOf({ embedder: fakeEmbedder(), maxTokens: 10 }, text)
    expect(parts.join(' ').replace(/\s+/g, ' ')).toBe(text)
    expect(parts.length).toBeGreaterThan(5)
  })

  it('joins small chunks to the neighbour that is closer in meaning', async () => {
    const text = `${cats} Hm. ${cars}`
    const options = {
      embedder: subjectEmbedder(['cat', 'car', 'Hm']),
      bufferSentences: 0,
      breakpoint: { method: 'percentile', percentile: 70 },
    } as const
    expect(await textsOf(options, text)).toEqual([cats, 'Hm.', cars])
    const joined = await textsOf({ ...options, minTokens: 5 }, text)
    expect(joined).toEqual([`${cats} Hm.`, cars])
    // Not where the cap forbids it.
    expect(await textsOf({ ...options, minTokens: 5, maxTokens: 16 }, text)).toEqual([cats, 'Hm.', cars])
    // Chunks that have become large enough are left alone.
    expect(await textsOf({ ...options, minTokens: 200 }, text)).toEqual([text])
  })

  it('joins exactly what is below `minTokens`, up to exactly the cap', async () => {
    const options = {
      embedder: subjectEmbedder(['cat', 'car']),
      bufferSentences: 0,
      breakpoint: { method: 'percentile', percentile: 0 },
    } as const
    const text = 'A cat sleeps. A cat eats. A car stops. A car rusts.'
    const halves = ['A cat sleeps. A cat eats.', 'A car stops. A car rusts.']
    expect(await textsOf({ ...options, minTokens: 8 }, text)).toEqual(halves)
    expect(await textsOf({ ...options, minTokens: 9, maxTokens: 15 }, text)).toEqual(halves)
    expect(await textsOf({ ...options, minTokens: 9, maxTokens: 16 }, text)).toEqual([text])
  })

  it('joins on the side that is closer', async () => {
    const text = 'Cat cat one. Dog dog two. Mixed cat car dog dog. Car car three. Car car four.'
    const options = {
      embedder: subjectEmbedder(['at', 'ar', 'og']),
      bufferSentences: 0,
      breakpoint: { method: 'percentile', percentile: 0 },
      minTokens: 6,
      maxTokens: 10,
    } as const
    // Distances: cat and dog 1, dog and mixed .18, mixed and car .59, car and car 0.
    expect(await textsOf(options, text)).toEqual([
      'Cat cat one.',
      'Dog dog two. Mixed cat car dog dog.',
      'Car car three. Car car four.',
    ])
  })

  it('never compares with a vector of zeros', async () => {
    const text = 'A cat sleeps. Nothing here. A cat eats. A car stops. A car drives.'
    const breakpoint = { method: 'percentile', percentile: 70 } as const
    expect(await textsOf({ embedder, breakpoint, bufferSentences: 0 }, text)).toEqual([
      'A cat sleeps. Nothing here. A cat eats.',
      'A car stops. A car drives.',
    ])
  })

  it('keeps headings with their body, and tables and code whole', async () => {
    const text =
      '# Cats\n\nThe cat sleeps. A cat eats.\n\n```\ncat = 1.\ncar = 2.\n```\n\n# Cars\n\nThe car stops.'
    const marked = markedDocument('d', text)
    const spans = await semanticChunker({
      embedder,
      bufferSentences: 0,
      maxTokens: 20,
      breakpoint: { method: 'percentile', percentile: 0 },
    }).split(marked)
    const parts = toChunks(marked, spans).map((chunk) => chunk.text)
    expect(parts.some((part) => part.startsWith('# Cars') && part.includes('The car stops.'))).toBe(true)
    expect(parts.some((part) => part.includes('```\ncat = 1.\ncar = 2.\n```'))).toBe(true)
  })

  it('embeds the beginning of a text that is over the limit of the embedder', async () => {
    const fake = fakeEmbedder({ maxBatchTokens: 12 })
    const long = `${'stone '.repeat(30).trim()}.`
    const text = `${long} Two b. ${long} Four d.`
    const spans = await semanticChunker({ embedder: fake, maxTokens: 400 }).split(document(text))
    expect(spans.length).toBeGreaterThan(0)
    const count = (part: string) => pieceTokenizer().ends(part).length
    for (const { texts } of fake.calls) {
      expect(texts.reduce((sum, part) => sum + count(part), 0)).toBeLessThanOrEqual(12)
    }
  })

  it('rejects with the error of the embedder', async () => {
    const failing = fakeEmbedder({ failOn: (text) => text.includes('cat') && new ModelError('out of order') })
    await expect(semanticChunker({ embedder: failing }).split(document(both))).rejects.toThrow('out of order')
    const broken: Embedder = {
      id: 'nan',
      dimensions: 2,
      maxBatchSize: 9,
      embed: async (texts) => new Float32Array(texts.length * 2).fill(Number.NaN),
    }
    const error = await semanticChunker({ embedder: broken })
      .split(document(both))
      .catch((reason: unknown) => reason)
    expect(isRagError(error, 'invalid-vector')).toBe(true)
  })

  it('stops in the middle of a call when it is aborted', async () => {
    const controller = new AbortController()
    const slow = fakeEmbedder({ delayMs: 10_000 })
    const split = semanticChunker({ embedder: slow }).split(document(both), { signal: controller.signal })
    const reason = new Error('enough')
    setTimeout(() => controller.abort(reason), 5)
    await expect(split).rejects.toBe(reason)
  })

  it('has a preset of 400 tokens above the 95th percentile', () => {
    expect(semantic400({ embedder }).id).toBe(semanticChunker({ embedder }).id)
    const other = semanticChunker({ embedder, breakpoint: { method: 'percentile', percentile: 94 } })
    expect(other.id).not.toBe(semanticChunker({ embedder }).id)
  })

  it.each([
    [{ maxTokens: 0 }, '`maxTokens` must be an integer of at least 1, got 0.'],
    [{ bufferSentences: -1 }, '`bufferSentences` must be an integer from 0 to 100, got -1.'],
    [{ minTokens: 500 }, '`minTokens` must be at most `maxTokens` (400), got 500.'],
    [{ breakpoint: { method: 'median' } }, '`breakpoint.method` must be one of "percentile"'],
    [{ breakpoint: 95 }, '`breakpoint` must be an object'],
    [
      { breakpoint: { method: 'percentile', percentile: 101 } },
      '`breakpoint.percentile` must be a finite number from 0 to 100',
    ],
    [{ breakpoint: { method: 'gradient', amount: 3 } }, '`amount` must be an option of breakpoint'],
    [
      { breakpoint: { method: 'interquartile', amount: -1 } },
      '`breakpoint.amount` must be a finite number of at least 0',
    ],
    [{ locale: 'not a tag' }, '`locale` must be a BCP 47'],
    [{ maxToken: 3 }, '`maxToken` must be an option of semanticChunker'],
    [{ embedder: undefined }, '`embedder` must be an Embedder'],
  ])('refuses %j', (wrong, message) => {
    const options = { embedder: fakeEmbedder(), ...wrong } as Parameters<typeof semanticChunker>[0]
    expect(() => semanticChunker(options)).toThrow(message)
  })
})
