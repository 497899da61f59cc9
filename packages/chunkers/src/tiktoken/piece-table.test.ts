import { describe, expect, it } from 'vitest'
import { PieceTable } from './piece-table.js'
import { loadVocabulary, PADDING, parseRanks } from './vocabulary.js'

describe('PieceTable', () => {
  it('finds every token of a vocabulary by its bytes, and no other', async () => {
    const vocabulary = await loadVocabulary('r50k_base')
    const table = new PieceTable(vocabulary)
    const { bytes, offsets, size } = vocabulary
    const view = new DataView(bytes.buffer)
    const known = new Set<string>()
    const key = (start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString('latin1')
    let wrong = 0
    for (let token = 0; token < size; token++) {
      const start = offsets[token]!
      const end = offsets[token + 1]!
      if (end === start) continue
      known.add(key(start, end))
      if (table.find(view, start, end - start) !== token) wrong++
    }
    // A window over the tokens' bytes holds runs of the same bytes that are tokens and such that are not.
    for (let start = 0; start + 24 < bytes.length - PADDING; start += 7) {
      const length = 1 + (start % 24)
      if (table.find(view, start, length) >= 0 !== known.has(key(start, start + length))) wrong++
    }
    expect(wrong).toBe(0)
    expect(table.longest).toBeGreaterThan(8)
  })

  it('tells tokens apart that differ in zero bytes only', () => {
    const tokens = Array.from({ length: 256 }, (_, byte) => [byte])
    tokens.push([0, 0], [0, 0, 0], [97, 0], [97, 0, 0, 0, 0])
    const base64 = tokens.map((token) => Buffer.from(token).toString('base64')).join(' ')
    const vocabulary = parseRanks(`! 0 ${base64}`)
    const table = new PieceTable(vocabulary)
    const find = (token: readonly number[]) => {
      const bytes = new Uint8Array(token.length + PADDING).fill(255)
      bytes.set(token)
      return table.find(new DataView(bytes.buffer), 0, token.length)
    }
    expect(tokens.map(find)).toEqual(tokens.map((_, id) => id))
    expect(find([97, 0, 0])).toBe(-1)
    expect(find([0, 0, 0, 0])).toBe(-1)
  })
})
