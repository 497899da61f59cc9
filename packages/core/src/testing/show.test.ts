import { describe, expect, it } from 'vitest'
import { escapeText, showValue } from './show.js'

describe('escapeText', () => {
  it('writes a literal of printable ASCII that evaluates to the text', () => {
    const text = 'a"b\\c\r\n\t\0\ud800😀é\u2028'
    const literal = escapeText(text)
    expect(literal).toMatch(/^[\x20-\x7e]*$/)
    expect(JSON.parse(literal)).toBe(text)
  })

  it('shows both ends of a long text and its length', () => {
    const shown = escapeText(`start${'x'.repeat(10_000)}end`)
    expect(shown.length).toBeLessThan(700)
    expect(shown).toContain('"start')
    expect(shown).toContain('end"')
    expect(shown).toContain('10008 code units')
  })
})

describe('showValue', () => {
  it.each([
    [undefined, 'undefined'],
    [Number.NaN, 'NaN'],
    [new Error('no'), 'Error: no'],
    [Float32Array.of(1, 0.5), 'Float32Array [1, 0.5]'],
    [new Uint8Array(50), `Uint8Array [${Array<string>(40).fill('0').join(', ')}, … 10 more]`],
    [
      { at: Uint32Array.of(3), value: Number.POSITIVE_INFINITY },
      '{"at":"Uint32Array [3]","value":"Infinity"}',
    ],
  ])('shows %o', (value, shown) => {
    expect(showValue(value)).toBe(shown)
  })

  it('ends on a value that holds itself', () => {
    const value: { self?: unknown } = {}
    value.self = value
    expect(showValue(value)).toBe('{"self":"…"}')
  })
})
