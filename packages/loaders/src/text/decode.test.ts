import { readFileSync } from 'node:fs'
import { isRagError } from '@tesserae/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hasSharedData, sharedData } from '../testing/shared.js'
import { decodeText } from './decode.js'
import { textFormat } from './index.js'

const decode = (
  bytes: Uint8Array | readonly number[],
  options: { encoding?: string; charset?: string } = {},
) => decodeText(Uint8Array.from(bytes), { uri: 'a.txt', ...options })

function utf16(text: string, littleEndian: boolean): number[] {
  return Array.from({ length: text.length }, (_, at) => text.charCodeAt(at)).flatMap((code) =>
    littleEndian ? [code & 255, code >> 8] : [code >> 8, code & 255],
  )
}

function utf32(text: string, littleEndian: boolean): number[] {
  return [...text].flatMap((character) => {
    const code = character.codePointAt(0)!
    const bytes = [code & 255, (code >> 8) & 255, (code >> 16) & 255, 0]
    return littleEndian ? bytes : bytes.reverse()
  })
}

describe('decodeText', () => {
  const text = 'Zürich: 10 Grad, heiter.\r\nŁódź und 東京 😀'

  it('removes the byte order mark and nothing else', () => {
    for (const [mark, bytes, encoding] of [
      [[0xef, 0xbb, 0xbf], [...new TextEncoder().encode(text)], 'utf-8'],
      [[0xff, 0xfe], utf16(text, true), 'utf-16le'],
      [[0xfe, 0xff], utf16(text, false), 'utf-16be'],
      [[0xff, 0xfe, 0, 0], utf32(text, true), 'utf-32le'],
      [[0, 0, 0xfe, 0xff], utf32(text, false), 'utf-32be'],
    ] as const) {
      expect(decode([...mark, ...bytes])).toEqual({ text, encoding, invalidBytes: 0 })
    }
  })

  it('finds UTF-16 and UTF-32 without a mark by their zero bytes', () => {
    expect(decode(utf16(text, true)).text).toBe(text)
    expect(decode(utf16(text, false)).text).toBe(text)
    expect(decode(utf32(text, true)).text).toBe(text)
    expect(decode(utf32(text, false)).text).toBe(text)
  })

  it('gives every well-formed text back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (generated) => {
        // Controls are how binary content is told; a leading mark is removed by contract.
        const plain = `x${generated.replace(/[\0-\x1f]/g, '')}`
        expect(decode(new TextEncoder().encode(plain)).text).toBe(plain)
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    [
      'windows-1252',
      [0x4d, 0xfc, 0x6c, 0x6c, 0x65, 0x72, 0x20, 0x93, 0x61, 0x94, 0x20, 0x80],
      'Müller “a” €',
    ],
    [
      'shift_jis',
      [
        0x93, 0xfa, 0x96, 0x7b, 0x8c, 0xea, 0x82, 0xcc, 0x83, 0x65, 0x83, 0x4c, 0x83, 0x58, 0x83, 0x67, 0x82,
        0xc5, 0x82, 0xb7, 0x81, 0x42,
      ],
      '日本語のテキストです。',
    ],
    [
      'euc-jp',
      [
        0xc6, 0xfc, 0xcb, 0xdc, 0xb8, 0xec, 0xa4, 0xce, 0xa5, 0xc6, 0xa5, 0xad, 0xa5, 0xb9, 0xa5, 0xc8, 0xa4,
        0xc7, 0xa4, 0xb9, 0xa1, 0xa3,
      ],
      '日本語のテキストです。',
    ],
    [
      'windows-1251',
      [
        0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2, 0x2c, 0x20, 0xec, 0xe8, 0xf0, 0x21, 0x20, 0xca, 0xe0, 0xea, 0x20,
        0xe4, 0xe5, 0xeb, 0xe0, 0x3f,
      ],
      'Привет, мир! Как дела?',
    ],
    ['iso-2022-jp', [0x1b, 0x24, 0x42, 0x46, 0x7c, 0x4b, 0x5c, 0x1b, 0x28, 0x42], '日本'],
  ] as const)('guesses %s', (encoding, bytes, expected) => {
    expect(decode(bytes)).toEqual({ text: expected, encoding, invalidBytes: 0 })
  })

  it('keeps UTF-8 with a few broken bytes as UTF-8 and counts them', () => {
    const bytes = [...new TextEncoder().encode('äöüß äöüß'), 0xff, 0x61]
    expect(decode(bytes)).toEqual({ text: 'äöüß äöüß\ufffda', encoding: 'utf-8', invalidBytes: 1 })
  })

  it('uses what it is told before it guesses', () => {
    const hebrew = [0xf9, 0xec, 0xe5, 0xed]
    expect(decode(hebrew, { charset: 'iso-8859-8' }).text).toBe('שלום')
    const broken = [0x82, 0xcc, 0x82, 0xa0, 0xff, 0x82, 0xcc]
    expect(decode(broken, { charset: 'shift_jis' })).toMatchObject({ encoding: 'shift_jis', invalidBytes: 1 })
    expect(decode(hebrew, { encoding: 'windows-1252' }).text).toBe('ùìåí')
    expect(decode(hebrew, { charset: 'no-such-charset' }).encoding).toBe('windows-1252')
    expect(() => textFormat({ encoding: 'no-such-charset' })).toThrow(/`encoding` must be/)
  })

  it('refuses empty and binary content with the reason', () => {
    const reasonOf = (bytes: readonly number[]): unknown => {
      try {
        return decode(bytes).text
      } catch (error) {
        return isRagError(error, 'load-failed') ? error.details.reason : error
      }
    }
    expect(reasonOf([])).toBe('empty')
    expect(reasonOf(new Array(1000).fill(0))).toBe('binary')
    const noise = Array.from({ length: 5000 }, (_, at) => (at * at * 31 + at * 7) % 256)
    expect(reasonOf(noise)).toBe('binary')
    expect(
      reasonOf([
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 1,
      ]),
    ).toBe('binary')
  })

  it.skipIf(!hasSharedData)('reads real files in their encodings', () => {
    const read = (name: string) => decode(readFileSync(`${sharedData}/docs/unstructured/${name}`))
    expect(read('fake-text-utf-16-le.txt').text).toContain('This is a test document to use for unit tests.')
    expect(read('fake-text-utf-32.txt').text).toContain('This is a test document to use for unit tests.')
    expect(read('fake-text-utf-32.txt').encoding).toMatch(/^utf-32/)
    expect(read('umlauts-non-utf8.md').text).toMatch(/[äöü]/)
    expect(read('umlauts-non-utf8.md').encoding).toBe('windows-1252')
    expect(read('stanley-cups-utf-16.csv').text).toContain('Maple Leafs')
    expect(read('norwich-city.txt').invalidBytes).toBe(0)
  })
})

describe('textFormat', () => {
  const parse = (bytes: Uint8Array) => textFormat().parse({ bytes, uri: 'a.txt' })

  it('keeps the file as it is, line endings included', async () => {
    const text = 'one\r\ntwo\rthree\n\n  four\t'
    expect(await parse(new TextEncoder().encode(text))).toEqual({ text, marks: [], metadata: {} })
  })

  it('marks pages that form feeds end', async () => {
    const { text, marks } = await parse(new TextEncoder().encode('first\f\fthird'))
    expect(marks.map(({ kind, start, end, label }) => [kind, text.slice(start, end), label])).toEqual([
      ['page', 'first\f', '1'],
      ['page', '\f', '2'],
      ['page', 'third', '3'],
    ])
  })

  it('refuses a file of blanks', async () => {
    await expect(parse(new TextEncoder().encode(' \n\t \n'))).rejects.toThrow(/only blanks/)
  })
})
