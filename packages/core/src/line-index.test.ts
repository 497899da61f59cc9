import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lineIndex } from './line-index.js'

const text = fc.string({ unit: fc.constantFrom('a', '\r', '\n', '\r\n', '😀', '\u2028', '漢', '\0', ' ') })

describe('lineIndex', () => {
  it('counts \\n, \\r\\n and a lone \\r as one line ending each', () => {
    const lines = lineIndex('a\nb\r\nc\rd\n')
    expect(lines.lineCount).toBe(5)
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(lines.lineOf)).toEqual([1, 1, 2, 2, 2, 3, 3, 4, 4, 5])
    expect(lines.columnOf(4)).toBe(3)
    expect(lines.lineSpan(2)).toEqual({ start: 2, end: 5 })
    expect(lines.lineSpan(5)).toEqual({ start: 9, end: 9 })
  })

  it('has one empty line in an empty text', () => {
    const lines = lineIndex('')
    expect([lines.lineCount, lines.lineOf(0), lines.columnOf(0)]).toEqual([1, 1, 1])
    expect(lines.lineSpan(1)).toEqual({ start: 0, end: 0 })
  })

  it('agrees with splitting the text, and its lines tile it', () => {
    fc.assert(
      fc.property(text, (value) => {
        const lines = lineIndex(value)
        const expected = value.split(/(?<=\r\n|\n|\r(?!\n))/)
        if (/[\r\n]$/.test(value)) expected.push('')
        expect(lines.lineCount).toBe(expected.length)
        let start = 0
        for (const [index, line] of expected.entries()) {
          expect(lines.lineSpan(index + 1)).toEqual({ start, end: start + line.length })
          for (let offset = start; offset < start + line.length; offset++) {
            expect(lines.lineOf(offset)).toBe(index + 1)
            expect(lines.columnOf(offset)).toBe(offset - start + 1)
          }
          start += line.length
        }
        expect(lines.lineOf(value.length)).toBe(expected.length)
      }),
    )
  })

  it('grows past its first buffer', () => {
    const lines = lineIndex('x\n'.repeat(1000))
    expect(lines.lineCount).toBe(1001)
    for (let line = 1; line <= 1000; line++)
      expect(lines.lineSpan(line)).toEqual({ start: 2 * line - 2, end: 2 * line })
  })

  it('refuses offsets and lines outside the text', () => {
    const lines = lineIndex('ab')
    expect(() => lines.lineOf(3)).toThrow('`offset` must be an integer from 0 to 2, got 3')
    expect(() => lines.columnOf(-1)).toThrow('`offset`')
    expect(() => lines.lineSpan(0)).toThrow('`line` must be an integer from 1 to 1, got 0')
  })
})
