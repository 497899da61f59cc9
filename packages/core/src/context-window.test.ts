import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contextWindow, queryComplexity } from './context-window.js'
import { generateTexts } from './testing/index.js'

const simple = ['who pays the deposit?', 'Q4 revenue', 'A-123/b', '', '押金多少？', 'قيمة الإيجار؟']
const middling = ['who pays the deposit, and when does it come back after the lease has ended?']
const complex = [
  'Compare the deposit, the notice period and the rules on pets of the leases in Paris, Rome and Madrid, and explain which is the strictest.',
  'Why did revenue fall in the third quarter? How did it differ from the year before; what did the board say about it, and which regions were hit hardest?',
]

describe('queryComplexity', () => {
  it('tells facts from comparisons', () => {
    for (const query of simple) expect(queryComplexity(query), query).toBeLessThan(0.1)
    for (const query of middling) {
      expect(queryComplexity(query), query).toBeGreaterThan(0.1)
      expect(queryComplexity(query), query).toBeLessThan(0.6)
    }
    for (const query of complex) expect(queryComplexity(query), query).toBeGreaterThan(0.7)
  })

  it('counts each sign by itself', () => {
    const words = 'the deposit notice rent pets keys fees garden parking cellar'
    expect(queryComplexity('deposit of the lease')).toBe(0)
    expect(queryComplexity(words)).toBeCloseTo(0.4 * (5 / 20), 12)
    expect(queryComplexity('deposit, notice and pets')).toBeCloseTo(0.3 * (2 / 3), 12)
    expect(queryComplexity('押金，通知')).toBeCloseTo(0.3 / 3, 12)
    expect(queryComplexity('explain the deposit')).toBeCloseTo(0.3, 12)
    expect(queryComplexity('allowance of the deposit')).toBe(0)
  })

  it('is a number from 0 to 1 for any text, and soon there for a huge one', () => {
    const texts = generateTexts({ seed: 3, count: 60 })
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...texts), fc.string({ unit: 'grapheme' })), (text) => {
        const complexity = queryComplexity(text)
        expect(complexity).toBeGreaterThanOrEqual(0)
        expect(complexity).toBeLessThanOrEqual(1)
      }),
    )
    expect(queryComplexity(', and '.repeat(1_000_000))).toBeLessThanOrEqual(1)
    expect(queryComplexity(`${'differ'.repeat(100_000)} x`)).toBeLessThanOrEqual(1)
  })
})

describe('contextWindow', () => {
  const sizes = { minTokens: 500, maxTokens: 4000 }

  it('grows with the question, from the least to the most', () => {
    expect(contextWindow('who pays the deposit?', sizes)).toEqual({ complexity: 0, limit: 3, maxTokens: 500 })
    const large = contextWindow(complex[0]!, { ...sizes, minHits: 4, maxHits: 20 })
    expect(large.maxTokens).toBe(Math.round(500 + large.complexity * 3500))
    expect(large.limit).toBe(Math.round(4 + large.complexity * 16))
    expect(large.limit).toBeGreaterThan(14)
    expect(contextWindow('x', { ...sizes, complexityOf: () => 1 })).toEqual({
      complexity: 1,
      limit: 12,
      maxTokens: 4000,
    })
    expect(contextWindow('x', { ...sizes, minHits: 30, complexityOf: () => 1 }).limit).toBe(30)
  })

  it('refuses sizes and complexities that make no sense', () => {
    expect(() => contextWindow('x', { minTokens: 500, maxTokens: 400 })).toThrow('maxTokens')
    expect(() => contextWindow('x', { ...sizes, minHits: 5, maxHits: 4 })).toThrow('maxHits')
    expect(() => contextWindow('x', { ...sizes, complexityOf: () => 2 })).toThrow('complexityOf')
    expect(() => contextWindow('x', { ...sizes, complexityOf: () => Number.NaN })).toThrow('complexityOf')
  })
})
