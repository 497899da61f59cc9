import { describe, expect, it } from 'vitest'
import { PieceCache } from './piece-cache.js'

function viewOf(text: string): DataView {
  const bytes = new Uint8Array(text.length + 8)
  bytes.set(Buffer.from(text, 'latin1'))
  return new DataView(bytes.buffer)
}

function read(cache: PieceCache, text: string): number[] {
  const ends = new Uint32Array(32)
  return [...ends.subarray(0, cache.read(viewOf(text), 0, text.length, ends, 0))]
}

function keep(cache: PieceCache, text: string, ends: readonly number[]): void {
  read(cache, text)
  cache.keep(0, text.length, Uint32Array.from(ends), 0, ends.length)
}

describe('PieceCache', () => {
  it('gives back what it was told last, for each piece', () => {
    const cache = new PieceCache()
    const pieces = Array.from({ length: 16 }, (_, i) => 'abcdefghijklmnop'.slice(0, i + 1))
    for (const piece of pieces) {
      expect(read(cache, piece)).toEqual([])
      const ends = piece.length === 1 ? [1] : [1, piece.length]
      keep(cache, piece, ends)
      expect(read(cache, piece)).toEqual(ends)
    }
  })

  it('tells pieces apart by length where they differ in zero bytes only', () => {
    const cache = new PieceCache()
    keep(cache, 'ab', [2])
    for (const other of ['ab\0', 'ab\0\0', 'ab\0\0\0\0\0\0\0', 'a']) expect(read(cache, other)).toEqual([])
  })

  it('appends to the ends that stand there', () => {
    const cache = new PieceCache()
    const text = 'xxxabc'
    const ends = Uint32Array.of(3, 0, 0)
    expect(cache.read(viewOf(text), 3, 6, ends, 1)).toBe(1)
    cache.keep(3, 6, Uint32Array.of(3, 5, 6), 1, 3)
    expect(cache.read(viewOf(text), 3, 6, ends, 1)).toBe(3)
    expect([...ends]).toEqual([3, 5, 6])
  })

  it('does not keep pieces that are too long or of too many tokens', () => {
    const cache = new PieceCache()
    keep(cache, 'a'.repeat(17), [8, 17])
    expect(read(cache, 'a'.repeat(17))).toEqual([])
    keep(cache, 'abcdefg', [1, 2, 3, 4, 5, 6, 7])
    expect(read(cache, 'abcdefg')).toEqual([])
  })

  it('forgets a piece when another takes its place, never mixing them', () => {
    const cache = new PieceCache()
    const names = Array.from({ length: 40_000 }, (_, i) => `name${i}`)
    for (const name of names) keep(cache, name, [4, name.length])
    let known = 0
    for (const name of names) {
      const ends = read(cache, name)
      if (ends.length > 0) {
        known++
        expect(ends).toEqual([4, name.length])
      }
    }
    expect(known).toBeGreaterThan(5000)
    expect(known).toBeLessThan(20_000)
  })
})
