import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { embedderLaws } from '@tesserae/core/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bitWidths, highest, packBits, roundRow, unpackBits } from './bits.js'
import { readModelFile, writeModelFile } from './model-file.js'
import { smallerTable, smallTableOptions } from './smaller-table.js'
import { staticEmbedder } from './static-embedder.js'

const file = (name: string) => readFileSync(fileURLToPath(new URL(`../../data/${name}`, import.meta.url)))
const table = file('static-en-384.bin')
const small = file('static-en-256.bin')
const asDocument = { role: 'document' } as const

describe('numbers of a few bits', () => {
  it('come back as they were packed', () => {
    const width = fc.constantFrom(...bitWidths)
    fc.assert(
      fc.property(width, fc.array(fc.double({ min: -1, max: 1, noNaN: true })), (bits, shares) => {
        const numbers = Int8Array.from(shares, (share) => Math.round(share * highest(bits)))
        const packed = packBits(numbers, bits)
        expect(packed.length).toBe(Math.ceil((numbers.length * bits) / 8))
        expect(unpackBits(packed, numbers.length, bits)).toEqual(numbers)
      }),
    )
  })

  it('tells a code that nothing writes', () => {
    expect(unpackBits(Uint8Array.of(0b11), 1, 2)).toBeUndefined()
    expect(unpackBits(Uint8Array.of(0xf0), 2, 4)).toBeUndefined()
    expect(unpackBits(Uint8Array.of(0x0e), 1, 4)).toEqual(Int8Array.of(7))
  })

  it('turn a row little, the less the more bits there are', () => {
    const row = Float64Array.from({ length: 64 }, (_, i) => Math.sin(i * 12.9898) ** 3)
    const cosine = bitWidths.map((bits) => {
      const { numbers, scale } = roundRow(row, bits)
      expect(scale).toBeGreaterThan(0)
      let product = 0
      let a = 0
      let b = 0
      for (const [k, x] of row.entries()) {
        product += x * numbers[k]!
        a += x * x
        b += numbers[k]! ** 2
      }
      return product / Math.sqrt(a * b)
    })
    expect(cosine[0]).toBeGreaterThan(0.85)
    expect(cosine[1]).toBeGreaterThan(0.99)
    expect(cosine[2]).toBeGreaterThan(0.9999)
    expect(roundRow(new Float64Array(3), 2)).toEqual({ numbers: new Int8Array(3), scale: 0 })
  })
})

describe('smallerTable', () => {
  it('made the small table that ships, to the byte', () => {
    expect(Buffer.compare(smallerTable(table, smallTableOptions), small)).toBe(0)
    expect(small.length).toBeGreaterThan(1_500_000)
    expect(small.length).toBeLessThan(4_000_000)
  })

  it('gives a table that differs in nothing when nothing is asked of it', () => {
    const before = readModelFile(small)
    const after = readModelFile(smallerTable(small))
    expect(Buffer.compare(new Uint8Array(after.rows), new Uint8Array(before.rows))).toBe(0)
    expect(after.vocabulary).toBe(before.vocabulary)
    expect(after.notice).toBe(before.notice)
  })

  it('keeps the first dimensions and the common pieces, and reads rare words as pieces', async () => {
    const full = await staticEmbedder()
    const bytes = smallerTable(table, { dimensions: 64, pieces: 8000 })
    const less = await staticEmbedder({ bytes })
    expect(less.dimensions).toBe(64)
    expect(less.tokenizer.ids('stone').length).toBe(1)
    const word = 'mosaic'
    expect(full.tokenizer.ids(word).length).toBe(1)
    expect(less.tokenizer.ids(word).length).toBeGreaterThan(1)
    expect(readModelFile(bytes).scales.length).toBe(8000)
  })

  it('refuses what the table cannot give', () => {
    const invalid = expect.objectContaining({ code: 'invalid-argument' })
    expect(() => smallerTable(table, { dimensions: 10_000 })).toThrow(invalid)
    expect(() => smallerTable(table, { bits: 3 as 2 })).toThrow(invalid)
    expect(() => smallerTable(table, { pieces: 10 })).toThrow(invalid)
    expect(() => smallerTable(table.subarray(0, 99))).toThrow(
      expect.objectContaining({ code: 'corrupt-data' }),
    )
  })
})

describe('a table of a few bits', () => {
  const parts = {
    dimensions: 3,
    vocabularySize: 9,
    ids: Uint16Array.of(0, 5, 6),
    scales: Float32Array.of(1, 0.5, 2),
    rows: Int8Array.of(1, 0, -1, 0, 1, 1, -1, -1, 0),
    notice: 'made by a test',
    vocabulary: '[UNK]\na\n##b',
  }

  it('is read as it was written', () => {
    for (const bits of bitWidths)
      expect(readModelFile(writeModelFile({ ...parts, bits }))).toMatchObject({ ...parts, bits })
  })

  it('is corrupt when a bit has turned', () => {
    const bytes = writeModelFile({ ...parts, bits: 2 })
    bytes[bytes.length - 4]! ^= 1
    expect(() => readModelFile(bytes)).toThrow(expect.objectContaining({ code: 'corrupt-data' }))
  })
})

describe('the small table', () => {
  for (const law of embedderLaws(() => staticEmbedder({ size: 'small' }), { tolerance: 0 }))
    it(law.name, () => law.run())

  it('puts texts where the full one does', async () => {
    const texts = ['How do I reset my password?', 'I forgot my login credentials', 'Cats sleep on warm roofs']
    const embedder = await staticEmbedder({ size: 'small' })
    const vectors = await embedder.embed(texts, asDocument)
    const cosine = (a: number, b: number) => {
      let sum = 0
      for (let k = 0; k < embedder.dimensions; k++)
        sum += vectors[a * embedder.dimensions + k]! * vectors[b * embedder.dimensions + k]!
      return sum
    }
    expect(cosine(0, 1)).toBeGreaterThan(cosine(0, 2) + 0.1)
    expect(embedder.notice).toMatch(/Apache-2\.0/)
  })

  it('is chosen by `size`, which goes with no other source', async () => {
    const embedder = await staticEmbedder({ size: 'small' })
    expect((await staticEmbedder({ bytes: small })).id).toBe(embedder.id)
    expect((await staticEmbedder({ size: 'full' })).id).not.toBe(embedder.id)
    const invalid = expect.objectContaining({ code: 'invalid-argument' })
    await expect(staticEmbedder({ size: 'tiny' as 'small' })).rejects.toEqual(invalid)
    await expect(staticEmbedder({ size: 'small', bytes: small })).rejects.toEqual(invalid)
  })
})
