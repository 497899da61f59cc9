import { cachedEmbedder, memoryCache } from '@tesserae/core'
import { describe, expect, it } from 'vitest'
import { managedEmbedder } from '../managed/embedder.js'
import { scriptsOf } from './scripts.js'
import { staticEmbedder } from './static-embedder.js'

const words = (count: number, letters: string) =>
  Array.from({ length: count }, (_, i) => letters[i % letters.length]! + letters[i % 7]!)

describe('what the embedder in the box says of itself', () => {
  it('is that its table has words of Latin letters only', async () => {
    for (const size of ['full', 'small'] as const) {
      const embedder = await staticEmbedder({ size })
      expect(embedder.scripts).toEqual(['Latin'])
      expect(embedder.vectorShare).toBe(0.15)
    }
  })

  it('is not lost behind a cache, or what makes batches', async () => {
    const embedder = await staticEmbedder()
    for (const wrapped of [
      cachedEmbedder(embedder, memoryCache({ maxEntries: 9 })),
      managedEmbedder(embedder),
    ]) {
      expect(wrapped.vectorShare).toBe(0.15)
      expect(wrapped.scripts).toEqual(['Latin'])
    }
  })
})

describe('scripts of a vocabulary', () => {
  it('are those of a fiftieth of the pieces, words and ends of words alike', () => {
    const pieces = [...words(90, 'abcdefg'), ...words(9, 'абвгдежз').map((piece) => `##${piece}`), 'αβ']
    expect(scriptsOf(pieces.join('\n'))).toEqual(['Latin', 'Cyrillic'])
  })

  it('are not told by single letters, which every vocabulary has', () => {
    expect(scriptsOf([...words(50, 'abcdefg'), ...'абвгдежзиклмн'].join('\n'))).toEqual(['Latin'])
    expect(scriptsOf('')).toEqual([])
  })

  it('count Chinese by its signs, of which a table that knows it has thousands', () => {
    const signs = Array.from({ length: 2000 }, (_, i) => String.fromCodePoint(0x4e00 + i))
    expect(scriptsOf(signs.join('\n'))).toEqual(['Han'])
    expect(scriptsOf([...signs.slice(1), ...words(50, 'abcdefg')].join('\n'))).toEqual(['Latin'])
  })
})
