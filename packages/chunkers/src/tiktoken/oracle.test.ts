import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateTexts, seededRandom } from '@tesserae/core/testing'
import fc from 'fast-check'
import { get_encoding, type Tiktoken } from 'tiktoken'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TiktokenTokenizer, tiktokenTokenizer } from './index.js'

const shared = process.env.TESSERAE_SHARED ?? join(import.meta.dirname, '../../../../../shared')
const realTexts = [
  'data/chunking/chroma/wikitexts.md',
  'data/chunking/chroma/state_of_the_union.md',
  'data/docs/commonmark/spec.txt',
  'data/hostile/blns/blns.txt',
].map((path) => join(shared, path))
const hasShared = realTexts.every((path) => existsSync(path))

/** Runs that hold no border between words, in lengths the oracle can still bear. */
const hostile: readonly (readonly [string, string])[] = [
  ['one letter', 'a'.repeat(3000)],
  ['spaces', ' '.repeat(3000)],
  ['tabs and line breaks', '\t\n\r\n'.repeat(700)],
  ['ideographs', '字数据库'.repeat(500)],
  ['base64', Buffer.from(Array.from({ length: 1500 }, (_, i) => (i * i * 31) & 255)).toString('base64')],
  ['digits', '1234567890'.repeat(200)],
  ['apostrophes', "a's'".repeat(500)],
  ['capitals and marks', 'A\u0301BC'.repeat(500)],
  ['lone surrogates', '\ud83d\udc00'.repeat(10) + '\udc00\ud83d'.repeat(300)],
  ['joined emoji', '👨‍👩‍👧‍👦'.repeat(150)],
  ['NUL', '\0'.repeat(2000)],
  ['rules', `${'-'.repeat(1500)}\n${'=*='.repeat(500)}`],
  ['short texts', "a 😀 b👨‍👩‍👧‍👦🇫🇷Größe ü é 敷金は五月一日\ud83d alone x\r\n\r\ny it's I'LL <|endoftext|>"],
  ['long s', "it'ſ 'S 'Re 'LL x'Ve".repeat(50)],
]

describe.each(['cl100k_base', 'o200k_base', 'p50k_base', 'p50k_edit', 'r50k_base', 'gpt2'] as const)(
  'tokens of tiktoken in %s',
  (encoding) => {
    let tokenizer: TiktokenTokenizer
    let oracle: Tiktoken
    let lengths: Map<number, number>
    beforeAll(async () => {
      tokenizer = await tiktokenTokenizer(encoding)
      oracle = get_encoding(encoding)
      lengths = new Map()
    })
    afterAll(() => {
      tokenizer.free()
      oracle.free()
    })

    /** Where each token's last byte lies, in code units, rounded up to a character. */
    function oracleEnds(text: string): number[] {
      const ends: number[] = []
      let at = 0
      let behind = 0
      let byte = 0
      for (const token of oracle.encode_ordinary(text)) {
        let length = lengths.get(token)
        if (length === undefined) {
          length = oracle.decode_single_token_bytes(token).length
          lengths.set(token, length)
        }
        byte += length
        while (behind < byte) {
          const code = text.codePointAt(at)!
          behind += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
          at += code < 0x10000 ? 1 : 2
        }
        ends.push(at)
      }
      return ends
    }

    function expectSame(text: string): void {
      const ends = tokenizer.ends(text)
      const expected = oracleEnds(text)
      const same = ends.length === expected.length && expected.every((end, i) => end === ends[i])
      if (!same) expect([...ends], JSON.stringify(text.slice(0, 300))).toEqual(expected)
      expect(tokenizer.count(text)).toBe(expected.length)
    }

    const isMain = encoding === 'cl100k_base' || encoding === 'o200k_base'

    it('ends where they end in generated text', () => {
      const count = isMain ? 2000 : 300
      for (const text of generateTexts({ seed: 7, count, hugeLineUnits: 900 })) expectSame(text)
    })

    it('ends where they end in random text', () => {
      fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 120 }), expectSame), { numRuns: 200 })
      fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 120 }), expectSame), { numRuns: 200 })
      const letters = fc.string({ unit: fc.constantFrom(..."eatinorsETA '.\n"), maxLength: 200 })
      fc.assert(fc.property(letters, expectSame), { numRuns: 300 })
    })

    it.each(hostile)('ends where they end in runs of %s', (_name, text) => {
      expectSame(text)
      expectSame(`A sentence before. ${text} And one after.`)
    })

    it('ends where they end in text longer than a window, whatever stands at the border', () => {
      const random = seededRandom(17)
      const texts = [...generateTexts({ seed: 23, count: isMain ? 400 : 60, hugeLineUnits: 500 })]
      for (let n = 0; n < (isMain ? 4 : 1); n++) {
        let text = ''
        while (text.length < 100_000) text += texts[Math.floor(random() * texts.length)]!
        expectSame(text)
      }
    })

    it('ends where they end in the source of this package', () => {
      const folder = join(import.meta.dirname, '..')
      for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        if (name.endsWith('.ts')) expectSame(readFileSync(join(folder, name), 'utf8'))
      }
    })

    it.skipIf(!hasShared)(
      'ends where they end in real and hostile text (needs the shared data folder)',
      () => {
        for (const path of realTexts) expectSame(readFileSync(path, 'utf8'))
      },
    )
  },
)

describe('work on hostile text', () => {
  it('is done where merging pair by pair would take minutes', async () => {
    const tokenizer = await tiktokenTokenizer()
    for (const unit of ['字', 'a', ' ', '\u0301', 'ab', '😀', '\n']) {
      const text = unit.repeat(1_000_000 / unit.length)
      const ends = tokenizer.ends(text)
      expect(ends.at(-1)).toBe(text.length)
      expect(tokenizer.count(text)).toBe(ends.length)
    }
    tokenizer.free()
  })
})
