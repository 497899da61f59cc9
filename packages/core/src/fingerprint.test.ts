import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRagError } from './errors.js'
import { fingerprint } from './fingerprint.js'

const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: fc.constantFrom('a', 'n', 's', '1', ':', ';', '[', ']', '{', '}', '\ud83d', '😀') }),
    fc.constantFrom(0, 1, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, true, false, null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', ''), tie('value'), { maxKeys: 3 }),
  ),
})).value

/** Deep equality by another road: JSON with sorted keys and marks for what JSON cannot say. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === 'number' && !Number.isFinite(inner)) return { $number: String(inner) }
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return { $fields: Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)) }
  })
}

describe('fingerprint', () => {
  it('is 32 hexadecimal digits and stays the same between versions', () => {
    expect(fingerprint({ a: [1, 'x', null], b: true })).toMatch(/^[0-9a-f]{32}$/)
    // Pinned: ids and revisions in users' stores depend on the encoding.
    expect(fingerprint(['guide.md', 0, 5, 'Hello'])).toBe('da102882dc16353419cebc3502e233ac')
  })

  it('is equal exactly for equal data', () => {
    fc.assert(
      fc.property(plain, plain, (a, b) => {
        expect(fingerprint(a as object) === fingerprint(b as object)).toBe(canonical(a) === canonical(b))
        expect(fingerprint(structuredClone(a) as object)).toBe(fingerprint(a as object))
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['a number and its text', 1, '1'],
    ['null and the text null', null, 'null'],
    ['null and undefined', null, undefined],
    ['false and zero', false, 0],
    ['a list and an object with the same indexes', ['a'], { 0: 'a' }],
    ['an empty list and an empty object', [], {}],
    ['one string and two', ['ab'], ['a', 'b']],
    ['lists in another order', [1, 2], [2, 1]],
    ['nested and flat lists', [[1], 2], [1, [2]]],
    ['a null field and no field', { a: null }, {}],
    ['a string that looks like an encoding', ['s1:a'], ['a']],
    ['lone surrogates', '\ud83d', '\ude00'],
  ])('tells apart %s', (_name, a, b) => {
    expect(fingerprint(a)).not.toBe(fingerprint(b))
  })

  it.each([
    ['keys in another order', { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }],
    ['a field that is undefined', { a: 1, b: undefined }, { a: 1 }],
    ['minus zero', -0, 0],
    ['NaN', Number.NaN, Number.NaN],
    ['an object without prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ])('does not tell apart %s', (_name, a, b) => {
    expect(fingerprint(a)).toBe(fingerprint(b))
  })

  it('keeps the place of undefined in a list', () => {
    expect(fingerprint([undefined, 1])).not.toBe(fingerprint([1]))
  })

  it('refuses what is not plain data, and cycles', () => {
    const cycle: { self?: object } = {}
    cycle.self = cycle
    for (const value of [new Date(0), new Map(), () => 1, Symbol('s'), 1n, new Uint8Array(1), cycle]) {
      let caught: unknown
      try {
        fingerprint({ nested: [value] })
      } catch (error) {
        caught = error
      }
      expect(isRagError(caught, 'invalid-argument')).toBe(true)
    }
  })
})
