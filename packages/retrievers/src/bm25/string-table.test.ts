import { generateTexts, seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { StringTable } from './string-table.js'

describe('StringTable', () => {
  it('agrees with a Map on generated strings, read out of longer texts', () => {
    const random = seededRandom(1)
    const table = new StringTable()
    const ids = new Map<string, number>()
    let repeats = 0
    for (const text of generateTexts({ seed: 3, count: 300, hugeLineUnits: 3000 })) {
      for (let i = 0; i < 60; i++) {
        const start = random.integer(0, text.length)
        const end = random.integer(start, Math.min(text.length, start + 12))
        const piece = text.slice(start, end)
        if (table.find(text, start, end) !== (ids.get(piece) ?? -1)) expect.fail(JSON.stringify(piece))
        if (ids.has(piece)) repeats++
        else ids.set(piece, ids.size)
        if (table.intern(text, start, end) !== ids.get(piece)) expect.fail(JSON.stringify(piece))
      }
    }
    expect(table.size).toBe(ids.size)
    expect(ids.size).toBeGreaterThan(5000)
    expect(repeats).toBeGreaterThan(1000)
    for (const [piece, id] of ids) if (table.text(id) !== piece) expect.fail(JSON.stringify(piece))
  })

  it('tells a string from its beginning, and keeps very long ones', () => {
    const table = new StringTable()
    const long = 'x'.repeat(70_000)
    const lengths = [0, 1, 2, 65_535, 65_536, 70_000]
    for (const [id, length] of lengths.entries()) expect(table.intern(long, 0, length)).toBe(id)
    for (const [id, length] of lengths.entries()) expect(table.text(id)).toBe(long.slice(0, length))
    expect(table.find(long, 0, 3)).toBe(-1)
  })

  it('starts again after clear', () => {
    const table = new StringTable()
    for (let i = 0; i < 2000; i++) table.intern(String(i), 0, String(i).length)
    table.clear()
    expect(table.size).toBe(0)
    expect(table.find('5', 0, 1)).toBe(-1)
    expect(table.intern('b', 0, 1)).toBe(0)
    expect(table.text(0)).toBe('b')
  })
})
