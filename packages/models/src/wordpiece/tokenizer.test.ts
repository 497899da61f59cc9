import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { staticEmbedder } from '../static/static-embedder.js'
import { type WordPieceTokenizer, wordPieceTokenizer } from './tokenizer.js'

interface Sample {
  readonly text: string
  readonly ids: readonly number[]
  readonly ends: readonly number[]
}

const here = fileURLToPath(new URL('.', import.meta.url))
const samples = JSON.parse(readFileSync(join(here, 'fixtures/multilingual.json'), 'utf8')) as Sample[]

/** The teacher's folder lies beside the repository, or where TESSERAE_SHARED says; not everybody has it. */
function teacherFile(name: string): string | undefined {
  const shared = process.env.TESSERAE_SHARED ?? join(here, '../../../../../shared')
  const path = join(shared, 'models/all-MiniLM-L6-v2', name)
  return existsSync(path) ? path : undefined
}

let tokenizer: WordPieceTokenizer
beforeAll(async () => {
  tokenizer = (await staticEmbedder()).tokenizer
})

describe('the tokenizer of the shipped vocabulary', () => {
  it.each(samples.map((sample) => [sample.text.slice(0, 40), sample] as const))(
    'gives the reference tokenizer’s ids and ends for %j',
    (_, sample) => {
      expect([...tokenizer.ids(sample.text)]).toEqual(sample.ids)
      expect([...tokenizer.ends(sample.text)]).toEqual(sample.ends)
    },
  )

  const reference = teacherFile('reference-vectors.json')
  it.skipIf(reference === undefined)(
    'gives the ids of the teacher’s 45 texts (skipped without the teacher’s folder)',
    () => {
      const { items } = JSON.parse(readFileSync(reference!, 'utf8')) as {
        items: { text: string; ids: number[]; fullLength: number }[]
      }
      expect(items).toHaveLength(45)
      for (const { text, ids, fullLength } of items) {
        const own = tokenizer.ids(text)
        expect(own.length + 2).toBe(fullLength)
        expect([...own.subarray(0, ids.length - 2)]).toEqual(ids.slice(1, -1))
      }
    },
  )

  it('knows the size of the whole vocabulary, and names its content', () => {
    expect(tokenizer.vocabularySize).toBe(30522)
    expect(tokenizer.id).toMatch(/^wordpiece@[0-9a-f]{16}$/)
  })
})

const pieceOfText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    ' ',
    '\n',
    '[CLS]',
    '[',
    'the ',
    'e\u0301',
    '\u200b',
    '한국',
    '中文',
    'ﬁ',
    '\ud83d',
    '\u037e',
    '½',
    'İ',
    'x'.repeat(101),
  ),
)
const anyText = fc.array(pieceOfText, { maxLength: 12 }).map((parts) => parts.join(''))

describe('laws of offsets, for any text', () => {
  it('ends are ascending, inside the text, one per id, and never inside a surrogate pair', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const ends = tokenizer.ends(text)
        expect(ends.length).toBe(tokenizer.ids(text).length)
        let previous = 0
        for (const end of ends) {
          expect(end).toBeGreaterThanOrEqual(previous)
          expect(end).toBeGreaterThan(0)
          expect(end).toBeLessThanOrEqual(text.length)
          const pair = text.codePointAt(end - 1)! >= 0x10000
          expect(pair).toBe(false)
          previous = end
        }
      }),
      { numRuns: 500 },
    )
  })

  it('texts put together with a blank have the tokens of both', () => {
    fc.assert(
      fc.property(anyText, anyText, (left, right) => {
        const both = tokenizer.ids(`${left} ${right}`)
        expect([...both]).toEqual([...tokenizer.ids(left), ...tokenizer.ids(right)])
        const shift = left.length + 1
        const ends = [...tokenizer.ends(left), ...[...tokenizer.ends(right)].map((end) => end + shift)]
        expect([...tokenizer.ends(`${left} ${right}`)]).toEqual(ends)
      }),
      { numRuns: 300 },
    )
  })

  it('is linear: a long word and a long text take no longer per character than short ones', () => {
    expect([...tokenizer.ids('x'.repeat(1_000_000))]).toEqual([100])
    expect(tokenizer.ids('é'.repeat(300_000)).length).toBe(1)
    expect(tokenizer.ids('ab '.repeat(100_000)).length).toBe(100_000)
  })
})

describe('wordPieceTokenizer', () => {
  const vocabulary = ['[UNK]', '[CLS]', 'un', '##aff', '##able', 'a', '##b', '.', '字']

  it('takes the longest piece first, and a word with a rest as unknown', () => {
    const own = wordPieceTokenizer({ vocabulary })
    expect([...own.ids('Unaffable.')]).toEqual([2, 3, 4, 7])
    expect([...own.ends('Unaffable.')]).toEqual([2, 5, 9, 10])
    expect([...own.ids('unaffables a字ab, [CLS]')]).toEqual([0, 5, 8, 5, 6, 0, 1])
    expect(own.vocabularySize).toBe(9)
  })

  it('has an id that follows the vocabulary', () => {
    const other = wordPieceTokenizer({ vocabulary: vocabulary.with(5, 'b') })
    expect(other.id).not.toBe(wordPieceTokenizer({ vocabulary }).id)
    expect(wordPieceTokenizer({ vocabulary, id: 'mine' }).id).toBe('mine')
  })

  it('agrees with the shipped vocabulary when given the teacher’s pieces', () => {
    const path = teacherFile('vocab.txt')
    if (path === undefined) return
    const full = wordPieceTokenizer({ vocabulary: readFileSync(path, 'utf8').trimEnd().split('\n') })
    for (const { text, ids } of samples) expect([...full.ids(text)]).toEqual(ids)
  })

  it('refuses what is not a vocabulary', () => {
    expect(() => wordPieceTokenizer({ vocabulary: [] })).toThrow(/at least one piece/)
    expect(() => wordPieceTokenizer({ vocabulary: ['[UNK]', 'a\nb'] })).toThrow(/line breaks/)
    expect(() => wordPieceTokenizer({ vocabulary: ['a'] })).toThrow(
      expect.objectContaining({ code: 'incompatible' }),
    )
    expect(() => tokenizer.ids(5 as unknown as string)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})
