import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tokenRuler } from './token-ruler.js'
import type { Tokenizer } from './tokenizer.js'

function fixed(...ends: number[]): Tokenizer {
  return { id: 'fixed', ends: () => Uint32Array.from(ends) }
}

/** A text length, and ends that ascend inside it: with ties, and sometimes stopping before the text does. */
const tokenised = fc
  .integer({ min: 0, max: 24 })
  .chain((length) =>
    fc
      .array(fc.integer({ min: Math.min(1, length), max: length }), { maxLength: 30 })
      .map((ends) => ({ length, ends: length === 0 ? [] : ends.sort((a, b) => a - b) })),
  )

/** Tokens overlapping [start, end), one by one; tokens with the same end cover the same characters. */
function naiveCount(ends: readonly number[], start: number, end: number): number {
  return ends.filter((tokenEnd) => {
    const tokenStart = ends.findLast((other) => other < tokenEnd) ?? 0
    return Math.max(tokenStart, start) < Math.min(tokenEnd, end)
  }).length
}

describe('tokenRuler', () => {
  it('counts what lies in a span and one for a token cut by its end', () => {
    const ruler = tokenRuler(fixed(3, 5, 9), 'x'.repeat(9))
    expect(ruler.count(0, 9)).toBe(3)
    expect(ruler.count(0, 3)).toBe(1)
    expect(ruler.count(0, 4)).toBe(2)
    expect(ruler.count(3, 4)).toBe(1)
    expect(ruler.count(1, 2)).toBe(1)
    expect(ruler.count(4, 4)).toBe(0)
    expect(ruler.count(5, 3)).toBe(0)
  })

  it('agrees with a naive count for every span', () => {
    fc.assert(
      fc.property(tokenised, ({ length, ends }) => {
        const ruler = tokenRuler(fixed(...ends), 'x'.repeat(length))
        for (let start = 0; start <= length; start++)
          for (let end = start; end <= length; end++)
            expect(ruler.count(start, end)).toBe(naiveCount(ends, start, end))
      }),
    )
  })

  it('endOfTokens is the largest end within the tokens, and at least one token further', () => {
    fc.assert(
      fc.property(tokenised, fc.integer({ min: 1, max: 6 }), ({ length, ends }, tokens) => {
        const ruler = tokenRuler(fixed(...ends), 'x'.repeat(length))
        let previous = 0
        for (let start = 0; start <= length; start++) {
          const end = ruler.endOfTokens(start, tokens)
          let largest = start
          for (let offset = start; offset <= length; offset++)
            if (naiveCount(ends, start, offset) <= tokens) largest = offset
          const tokenHere = ends.find((tokenEnd) => tokenEnd > start) ?? length
          expect(end).toBe(Math.max(largest, tokenHere))
          expect(end).toBeGreaterThanOrEqual(previous)
          expect(ruler.endOfTokens(start, tokens + 1)).toBeGreaterThanOrEqual(end)
          previous = end
        }
      }),
    )
  })

  it('startOfTokens is the smallest start within the tokens', () => {
    fc.assert(
      fc.property(tokenised, fc.integer({ min: 1, max: 6 }), ({ length, ends }, tokens) => {
        const ruler = tokenRuler(fixed(...ends), 'x'.repeat(length))
        for (let end = 0; end <= length; end++) {
          let smallest = end
          while (smallest > 0 && naiveCount(ends, smallest - 1, end) <= tokens) smallest--
          expect(ruler.startOfTokens(end, tokens)).toBe(smallest)
        }
      }),
    )
  })

  it('steps back before a character that needs more tokens than are left', () => {
    // Three tokens share the character that ends at 4.
    const ruler = tokenRuler(fixed(2, 4, 4, 4, 6), 'x'.repeat(6))
    expect(ruler.endOfTokens(0, 2)).toBe(2)
    expect(ruler.endOfTokens(0, 4)).toBe(4)
    expect(ruler.endOfTokens(2, 1)).toBe(4)
  })

  it('refuses ends that descend or leave the text, and a number of tokens below 1', () => {
    expect(() => tokenRuler(fixed(3, 2), 'abc')).toThrow(
      'must ascend and stay inside the text, got 2 after 3',
    )
    expect(() => tokenRuler(fixed(4), 'abc')).toThrow('got 4 after 0 in a text of 3 from tokenizer "fixed"')
    const ruler = tokenRuler(fixed(3), 'abc')
    expect(() => ruler.endOfTokens(0, 0)).toThrow('`tokens` must be an integer of at least 1, got 0')
    expect(() => ruler.startOfTokens(0, 0.5)).toThrow('`tokens`')
  })

  it('has nothing to count in an empty text', () => {
    const ruler = tokenRuler(fixed(), '')
    expect([ruler.count(0, 0), ruler.endOfTokens(0, 5), ruler.startOfTokens(0, 5)]).toEqual([0, 0, 0])
  })
})
