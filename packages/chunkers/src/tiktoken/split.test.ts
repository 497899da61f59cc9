import { generateTexts, seededRandom } from '@tesserae/core/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Splitter, splitCl100k, splitGpt2, splitO200k } from './split.js'

// The official patterns, in JavaScript: White_Space for Rust's \s, and (?i:…) written out, where ſ is an s.
const blank = '\\p{White_Space}'
const suffix = "'(?:[sSſ]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])"
const lead = '[^\\r\\n\\p{L}\\p{N}]?'
const capitals = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]'
const smalls = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]'
const others = ` ?[^${blank}\\p{L}\\p{N}]+`
const blanks = `${blank}+(?!\\P{White_Space})|${blank}+`
const patterns: readonly (readonly [string, Splitter, RegExp])[] = [
  [
    'cl100k',
    splitCl100k,
    new RegExp(`${suffix}|${lead}\\p{L}+|\\p{N}{1,3}|${others}[\\r\\n]*|${blank}*[\\r\\n]+|${blanks}`, 'gu'),
  ],
  [
    'o200k',
    splitO200k,
    new RegExp(
      `${lead}${capitals}*${smalls}+(?:${suffix})?|${lead}${capitals}+${smalls}*(?:${suffix})?|\\p{N}{1,3}|${others}[\\r\\n/]*|${blank}*[\\r\\n]+|${blanks}`,
      'gu',
    ),
  ],
  ['gpt2', splitGpt2, new RegExp(`'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+|${others}|${blanks}`, 'gu')],
]

const utf8 = new TextEncoder()

function splitWhole(split: Splitter, text: string): number[] {
  const encoded = utf8.encode(text)
  const bytes = new Uint8Array(encoded.length + 8)
  bytes.set(encoded)
  const ends = new Uint32Array(encoded.length)
  return [...ends.subarray(0, split(bytes, 0, encoded.length, ends))]
}

function matchEnds(pattern: RegExp, text: string): number[] {
  let end = 0
  return (text.match(pattern) ?? []).map((match) => {
    end += utf8.encode(match).length
    return end
  })
}

/** One or more of each kind, and every character that a pattern names. */
const characters = [
  ..."abstrevlmdABZSEſ''’  \n\r\t/-.19٣字ーǅʰéÉ\u0301\u0903\u00a0\u3000\u0085\u2028\ufeff\0",
  '😀',
  '𝒜',
  '𝒶',
  '𐐀',
  '\ud800',
  '\udc00',
]

describe.each(patterns)('split of %s', (_name, split, pattern) => {
  it('is the matches of the official pattern, for every short arrangement of what it tells apart', () => {
    const random = seededRandom(11)
    for (let n = 0; n < 40_000; n++) {
      let text = ''
      const length = 1 + Math.floor(random() * 12)
      for (let i = 0; i < length; i++) text += characters[Math.floor(random() * characters.length)]
      const ends = splitWhole(split, text)
      const expected = matchEnds(pattern, text)
      if (ends.join() !== expected.join()) expect(ends, JSON.stringify(text)).toEqual(expected)
    }
  })

  it('is the matches of the official pattern, for generated and random text', () => {
    for (const text of generateTexts({ seed: 3, count: 300 })) {
      expect(splitWhole(split, text)).toEqual(matchEnds(pattern, text))
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(splitWhole(split, text)).toEqual(matchEnds(pattern, text))
      }),
    )
  })

  it('goes on where the room for ends has ended', () => {
    const text = "It's 12,345 items…  naïve 字\n\n\tEND"
    const encoded = utf8.encode(text)
    const bytes = new Uint8Array(encoded.length + 8)
    bytes.set(encoded)
    const found: number[] = []
    const room = new Uint32Array(2)
    for (let at = 0; at < encoded.length; at = found.at(-1)!) {
      const count = split(bytes, at, encoded.length, room)
      expect(count).toBeGreaterThan(0)
      found.push(...room.subarray(0, count))
    }
    expect(found).toEqual(splitWhole(split, text))
  })

  it.each([
    ['letters', 'a'],
    ['capitals', 'A'],
    ['ideographs', '字'],
    ['an ideograph and capitals', '字AAAAAAA'],
    ['digits', '7'],
    ['punctuation', '!'],
    ['slashes and line breaks', '/\n'],
    ['spaces', ' '],
    ['spaces and line breaks', '  \n'],
    ['apostrophes', "'"],
    ['marks', '\u0301'],
  ])('looks at %s a bounded number of times each', (_kind, unit) => {
    const reads = (units: number) => {
      const encoded = utf8.encode(unit.repeat(Math.ceil(units / unit.length)))
      const bytes = new Uint8Array(encoded.length + 8)
      bytes.set(encoded)
      let count = 0
      const counted = new Proxy(bytes, {
        get(target, key) {
          if (typeof key === 'string' && /^\d+$/.test(key)) {
            count++
            return target[Number(key)]
          }
          return Reflect.get(target, key, target)
        },
      })
      split(counted, 0, encoded.length, new Uint32Array(encoded.length))
      return count / encoded.length
    }
    expect(reads(4000)).toBeLessThan(12)
    expect(reads(8000)).toBeLessThan(reads(4000) * 1.05 + 0.1)
  })
})
