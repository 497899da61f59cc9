import { describe, expect, it } from 'vitest'
import type { Tokenizer } from '../../tokenizer.js'
import { cutsPair, tellingTokens, tokenCounter, withinCap } from './chunker-rules.js'

const given = (...ends: number[]): Tokenizer => ({ id: 'given', ends: () => Uint32Array.from(ends) })

describe('tokenCounter', () => {
  it('counts the tokens that a span overlaps', () => {
    const count = tokenCounter(given(3, 5, 5, 9), 'abcdefghi')
    expect(count(0, 9)).toBe(4)
    expect(count(0, 3)).toBe(1)
    expect(count(0, 2)).toBe(1)
    expect(count(3, 5)).toBe(2)
    expect(count(2, 4)).toBe(2)
    expect(count(5, 6)).toBe(1)
    expect(count(6, 9)).toBe(1)
  })

  it('counts nothing after the last token', () => {
    expect(tokenCounter(given(2), 'ab   ')(2, 5)).toBe(0)
  })
})

describe('cutsPair', () => {
  it('is true inside a surrogate pair and inside CRLF only', () => {
    const text = 'a😀\r\n\n\ud83d'
    expect(Array.from({ length: text.length + 1 }, (_, offset) => cutsPair(text, offset))).toEqual([
      false,
      false,
      true,
      false,
      true,
      false,
      false,
      false,
    ])
  })
})

describe('withinCap', () => {
  const units: Tokenizer = {
    id: 'units',
    ends: (text) => Uint32Array.from({ length: text.length }, (_, index) => index + 1),
  }
  const check = (text: string, context?: string) => () =>
    withinCap(units, 4)([{ start: 0, end: text.length, context }], { id: 'd', text, marks: [], metadata: {} })

  it('counts the context and the line break after it', () => {
    expect(check('abcd')).not.toThrow()
    expect(check('abcde')).toThrow('5 tokens')
    expect(check('ab', 'c')).not.toThrow()
    expect(check('abc', 'c')).toThrow('3 tokens and 2 of context')
  })

  it('lets a character through that cannot be cut, but not its context alone over the cap', () => {
    expect(check('😀', 'abc')).toThrow('2 tokens and 4 of context')
    expect(check('😀', 'ab')).not.toThrow()
    expect(check('a😀', 'ab')).toThrow('3 tokens and 3 of context')
  })
})

/** A word with the space in front of it is one token; a word without one is a token for each letter. */
const spaced: Tokenizer = {
  id: 'spaced',
  ends: (text) =>
    Uint32Array.from([...text.matchAll(/ \w+|./gs)], ({ index, 0: token }) => index + token.length),
}
const document = { id: 'd', text: 'a word', marks: [], metadata: {} }

describe('a text that has more tokens alone than in its document', () => {
  const word = { start: 2, end: 6 }

  it('is over a cap that its place in the document is not', () => {
    expect(() => withinCap(spaced, 4)([word], document)).not.toThrow()
    expect(() => withinCap(spaced, 3)([word], document)).toThrow(
      '1 tokens and 0 of context, 4 as it is embedded',
    )
  })

  it('may tell either count, and no other', () => {
    const tells = (tokens: number) => () => tellingTokens(spaced)([{ ...word, tokens }], document)
    expect(tells(4)).not.toThrow()
    expect(tells(1)).not.toThrow()
    expect(tells(2)).toThrow('is not the number of tokens')
    expect(tells(5)).toThrow('is not the number of tokens')
  })
})
