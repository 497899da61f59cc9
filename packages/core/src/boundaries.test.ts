import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSafeCut, safeCutAfter, safeCutBefore } from './boundaries.js'

const text = fc.string({
  unit: fc.constantFrom('a', '\r', '\n', '\r\n', '😀', '\ud83d', '\ude00', '漢', '\0'),
})

describe('isSafeCut', () => {
  it.each([
    ['', 0, true],
    ['ab', 0, true],
    ['ab', 1, true],
    ['ab', 2, true],
    ['\r\n', 1, false],
    ['\n\r', 1, true],
    ['\r\r\n', 1, true],
    ['\r\r\n', 2, false],
    ['😀', 1, false],
    ['\ud83da', 1, true],
    ['a\ude00', 1, true],
    ['\ude00\ud83d', 1, true],
    ['ab', -1, false],
    ['ab', 3, false],
    ['ab', 0.5, false],
    ['ab', Number.NaN, false],
  ])('%j at %d: %s', (value, offset, expected) => {
    expect(isSafeCut(value, offset)).toBe(expected)
  })

  it('keeps code points and line ends whole: a text cut at every safe place has only whole parts', () => {
    fc.assert(
      fc.property(text, (value) => {
        const parts: string[] = []
        let start = 0
        for (let offset = 1; offset <= value.length; offset++) {
          if (!isSafeCut(value, offset)) continue
          parts.push(value.slice(start, offset))
          start = offset
        }
        const expected = [...value.matchAll(/\r\n|[\s\S]/gu)].map(([part]) => part)
        expect(parts).toEqual(expected)
      }),
    )
  })
})

describe('safeCutBefore and safeCutAfter', () => {
  it('find the nearest safe cut on their side', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: -3, max: 40 }), (value, offset) => {
        const inside = Math.min(Math.max(offset, 0), value.length)
        let before = inside
        while (!isSafeCut(value, before)) before--
        let after = inside
        while (!isSafeCut(value, after)) after++
        expect(safeCutBefore(value, offset)).toBe(before)
        expect(safeCutAfter(value, offset)).toBe(after)
      }),
    )
  })

  it('round a fraction towards their side', () => {
    expect(safeCutBefore('abc', 1.5)).toBe(1)
    expect(safeCutAfter('abc', 1.5)).toBe(2)
  })
})
