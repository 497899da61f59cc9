import { describe, expect, it } from 'vitest'
import { tokensFromCharacters, tokensFromWords } from './sizes.js'

describe('sizes said in other units', () => {
  it('become tokens, upwards', () => {
    expect([0, 1, 300, 500].map((words) => tokensFromWords(words))).toEqual([0, 2, 399, 665])
    expect([0, 1, 1000, 1001].map((characters) => tokensFromCharacters(characters))).toEqual([0, 1, 200, 201])
  })

  it('take a rate of another language', () => {
    expect(tokensFromWords(100, 2)).toBe(200)
    expect(tokensFromCharacters(100, 0.5)).toBe(200)
  })

  it('refuse what is no size and no rate', () => {
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => tokensFromWords(bad)).toThrow('words')
      expect(() => tokensFromCharacters(bad)).toThrow('characters')
    }
    for (const bad of [0, -1, Number.NaN]) {
      expect(() => tokensFromWords(1, bad)).toThrow('tokensPerWord')
      expect(() => tokensFromCharacters(1, bad)).toThrow('charactersPerToken')
    }
  })
})
