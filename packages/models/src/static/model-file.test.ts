import { describe, expect, it } from 'vitest'
import { checksum } from './checksum.js'
import { readModelFile } from './model-file.js'
import { staticEmbedder } from './static-embedder.js'

interface Table {
  readonly vocabulary: readonly string[]
  readonly runs: readonly (readonly [number, number])[]
  readonly ids: number
  readonly scales: readonly number[]
  readonly rows: readonly (readonly number[])[]
}

/** Writes a table by the layout in model-file.ts, with the right checksum whatever it holds. */
function write({ vocabulary, runs, ids, scales, rows }: Table): Uint8Array {
  const pieces = new TextEncoder().encode(vocabulary.join('\n'))
  const notice = new TextEncoder().encode('made by a test')
  const textAt = 48 + runs.length * 8 + scales.length * 4
  const rowsAt = (textAt + notice.length + pieces.length + 3) & ~3
  const bytes = new Uint8Array(rowsAt + ((rows.flat().length + 3) & ~3))
  const view = new DataView(bytes.buffer)
  bytes.set(new TextEncoder().encode('TESSERAE'))
  const sizes = [1, rows[0]!.length, rows.length, ids, runs.length, notice.length, pieces.length]
  for (const [i, size] of sizes.entries()) view.setUint32(8 + i * 4, size, true)
  for (const [i, value] of runs.flat().entries()) view.setUint32(48 + i * 4, value, true)
  for (const [i, scale] of scales.entries()) view.setFloat32(48 + runs.length * 8 + i * 4, scale, true)
  bytes.set(notice, textAt)
  bytes.set(pieces, textAt + notice.length)
  bytes.set(Int8Array.from(rows.flat()), rowsAt)
  const [first, second] = checksum(bytes, [
    [8, 40],
    [48, bytes.length],
  ])
  view.setUint32(40, first, true)
  view.setUint32(44, second, true)
  return bytes
}

const table: Table = {
  vocabulary: ['[UNK]', 'a', '##b', 'zero'],
  runs: [
    [0, 1],
    [5, 3],
  ],
  ids: 9,
  scales: [1, 0.5, 0.25, 1],
  rows: [
    [0, 0, -3],
    [2, 0, 0],
    [0, 4, 0],
    [0, 0, 0],
  ],
}

const asDocument = { role: 'document' } as const

describe('readModelFile', () => {
  it('gives back what was written', () => {
    const file = readModelFile(write(table))
    expect(file).toMatchObject({ dimensions: 3, vocabularySize: 9, notice: 'made by a test' })
    expect([...file.ids]).toEqual([0, 5, 6, 7])
    expect([...file.scales]).toEqual(table.scales)
    expect([...file.rows]).toEqual(table.rows.flat())
    expect(file.vocabulary.split('\n')).toEqual(table.vocabulary)
  })

  it('hashes content: another number, another hash', () => {
    const other = { ...table, scales: [1, 0.5, 0.25, 0.75] }
    expect(readModelFile(write(other)).hash).not.toBe(readModelFile(write(table)).hash)
  })

  it('refuses sizes and ids that make no sense, even with a right checksum', () => {
    const corrupt = expect.objectContaining({ code: 'corrupt-data' })
    expect(() => readModelFile(write({ ...table, ids: 3 }))).toThrow(corrupt)
    expect(() => readModelFile(write({ ...table, runs: [[0, 3]] }))).toThrow(corrupt)
    const overlapping = {
      ...table,
      runs: [
        [0, 2],
        [1, 2],
      ],
    } as const
    expect(() => readModelFile(write(overlapping))).toThrow(corrupt)
    const outside = { ...table, runs: [[6, 4]] } as const
    expect(() => readModelFile(write(outside))).toThrow(corrupt)
  })
})

describe('an embedder over a table small enough to check by hand', () => {
  const ready = staticEmbedder({ bytes: write(table) })
  const embed = async (text: string) => [...(await (await ready).embed([text], asDocument))]

  it('adds rows times scales and normalises', async () => {
    const [x, y, z] = await embed('ab')
    expect(x).toBeCloseTo(Math.SQRT1_2, 6)
    expect(y).toBeCloseTo(Math.SQRT1_2, 6)
    expect(z).toBe(0)
  })

  it('weighs a token that occurs 16 times eightfold', async () => {
    const [x, y] = await embed(`${'a '.repeat(15)}ab`)
    expect(x! / y!).toBeCloseTo(8, 5)
  })

  it('falls back to the unknown token when nothing has a direction', async () => {
    for (const text of ['', 'zero', 'zero zero', 'unheard'])
      expect(await embed(text), text).toEqual([0, 0, -1])
  })

  it('numbers tokens by the ids of the whole vocabulary', async () => {
    const { tokenizer } = await ready
    expect([...tokenizer.ids('ab zero x')]).toEqual([5, 6, 7, 0])
  })
})
