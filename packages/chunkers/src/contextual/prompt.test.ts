import { pieceTokenizer } from '@tesserae/core'
import { describe, expect, it } from 'vitest'
import { rulerOf } from '../internal/ruler.js'
import { promptPrefix, promptWindows } from './prompt.js'

/** Words of one token each: token i is [5 i − 1, 5 i + 4), blank in front. */
const text = Array.from({ length: 400 }, (_, i) => `w${String.fromCharCode(97 + (i % 26))}xy`).join(' ')
const document = { id: 'd', text, marks: [], metadata: {} }
const ruler = rulerOf(pieceTokenizer(), text)
/** Spans of so many words each, from the start on. */
const spansOf = (...words: number[]) => {
  let at = 0
  return words.map((count) => {
    const start = at * 5
    at += count
    return { start, end: at * 5 - 1 }
  })
}
const wordsOf = (start: number, end: number) => ruler.count(start, end)

describe('promptWindows', () => {
  it('shows a document that fits as a whole', () => {
    const spans = spansOf(200, 200)
    const whole = { first: 0, last: 2, start: 0, end: text.length, openingEnd: 0 }
    expect(promptWindows(document, spans, ruler, wordsOf(0, text.length))).toEqual([whole])
    expect(promptWindows(document, spans, ruler, wordsOf(0, text.length) - 1)).toHaveLength(2)
  })

  it('starts at the beginning where the opening would overlap', () => {
    const tokens = wordsOf(0, 4)
    const size = 200 * tokens
    // The second core of 95 words has 40 in front of it: 20 words of the document are left, less than the opening.
    const windows = promptWindows(document, spansOf(60, 95, 95, 95), ruler, size)
    expect(windows.map(({ first, last }) => [first, last])).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
    ])
    expect(windows[1]).toMatchObject({ start: 0, openingEnd: 0 })
    expect(wordsOf(0, windows[1]!.end)).toBe(size)
    const third = windows[2]!
    expect(wordsOf(0, third.openingEnd)).toBe(size / 8)
    expect(third.start).toBeGreaterThan(third.openingEnd)
    expect(wordsOf(third.start, third.end)).toBeGreaterThan(size - size / 8 - 3 * tokens)
    expect(wordsOf(third.start, third.end)).toBeLessThanOrEqual(size - size / 8)
    const [before, after] = [155 * 5 - third.start, third.end - (250 * 5 - 1)]
    expect(Math.abs(before - after)).toBeLessThanOrEqual(10)
  })

  it('shows the beginning of a chunk that is larger than a window', () => {
    const windows = promptWindows(document, spansOf(100, 300), ruler, 100)
    expect(windows).toHaveLength(2)
    expect(windows[1]!.start).toBe(500)
    expect(wordsOf(windows[1]!.start, windows[1]!.end)).toBeLessThanOrEqual(100)
  })

  it('has none for no chunks', () => {
    expect(promptWindows(document, [], ruler, 100)).toEqual([])
  })
})

describe('promptPrefix', () => {
  it('shows what was left out, between tags with the hash of what they hold', () => {
    const prefix = promptPrefix(document, { first: 0, last: 1, start: 50, end: 54, openingEnd: 4 })
    expect(prefix.document).toBe(
      `<document-${prefix.seal}>\nwaxy\n[…]\nwkxy\n[…]\n</document-${prefix.seal}>`,
    )
    expect(prefix.hash.startsWith(prefix.seal)).toBe(true)
  })
})
