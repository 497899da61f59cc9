import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Tokenizer } from '@tesserae/core'
import { isRagError } from '@tesserae/core'
import { chunkerLaws, generateTexts } from '@tesserae/core/testing'
import { get_encoding } from 'tiktoken'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { fixedChunker, recursiveChunker, sentenceChunker } from '../index.js'
import { type TiktokenEncoding, type TiktokenTokenizer, tiktokenTokenizer } from './index.js'
import { isSafeBorder, pieceEnd } from './pieces.js'

const shared = process.env.TESSERAE_SHARED ?? join(import.meta.dirname, '../../../../../shared')
const realTexts = [
  'data/chunking/chroma/wikitexts.md',
  'data/docs/commonmark/spec.txt',
  'data/hostile/blns/blns.txt',
].map((path) => join(shared, path))
const hasShared = realTexts.every((path) => existsSync(path))

let loaded: TiktokenTokenizer
beforeAll(async () => {
  loaded = await tiktokenTokenizer()
})
afterAll(() => loaded.free())
/** Stands for the tokenizer while tests are collected, before it is loaded. */
const cl100k: Tokenizer = { id: 'tiktoken', ends: (text) => loaded.ends(text) }

/** True when the text holds a run too long to be encoded whole: the documented exception. */
function isDivided(text: string): boolean {
  for (let start = 0; start < text.length; ) {
    const end = pieceEnd(text, start)
    if (end < text.length && !isSafeBorder(text, end)) return true
    start = end
  }
  return false
}

/** Ends worked out from the bytes alone: where the n-th byte of the text's UTF-8 form lies, rounded up to a character. */
function expectedEnds(text: string, encoding: TiktokenEncoding): number[] {
  const reference = get_encoding(encoding)
  const offsetOfByte: number[] = [0]
  let offset = 0
  for (const character of text) {
    offset += character.length
    const bytes = Buffer.byteLength(character)
    for (let i = 0; i < bytes; i++) offsetOfByte.push(offset)
  }
  let byte = 0
  const ends: number[] = []
  for (const token of reference.encode_ordinary(text)) {
    byte += reference.decode_single_token_bytes(token).length
    ends.push(offsetOfByte[byte]!)
  }
  reference.free()
  return ends
}

describe('tiktokenTokenizer', () => {
  it('gives each token of a known text its end', () => {
    // "hello", " world", "!"
    expect([...cl100k.ends('hello world!')]).toEqual([5, 11, 12])
    expect([...cl100k.ends('')]).toEqual([])
  })

  it.each(['cl100k_base', 'o200k_base', 'gpt2'] as const)('has exact ends in %s', async (encoding) => {
    const tokenizer = await tiktokenTokenizer(encoding)
    const texts = [
      'a 😀 b',
      '👨‍👩‍👧‍👦🇫🇷',
      'Größe ü é',
      '敷金は五月一日',
      '\ud83d alone',
      'x\r\n\r\ny',
      ' '.repeat(40),
      "it's I'LL",
    ]
    for (const text of texts) expect([...tokenizer.ends(text)], text).toEqual(expectedEnds(text, encoding))
    tokenizer.free()
  })

  it('lets tokens of one character share its end', () => {
    const ends = [...cl100k.ends('𓀀')]
    expect(ends.length).toBeGreaterThan(1)
    expect(new Set(ends)).toEqual(new Set([2]))
  })

  it('takes special tokens for text', () => {
    // "a", the special token and " b" would be three.
    const text = 'a <|endoftext|> b'
    expect([...cl100k.ends(text)]).toEqual(expectedEnds(text, 'cl100k_base'))
    expect(cl100k.ends(text).length).toBeGreaterThan(5)
  })

  it.each(['cl100k_base', 'o200k_base', 'p50k_base'] as const)(
    'counts like encode_ordinary on generated texts in %s',
    async (encoding) => {
      const tokenizer = await tiktokenTokenizer(encoding)
      const reference = get_encoding(encoding)
      let compared = 0
      for (const text of generateTexts({ seed: 7, count: 600, hugeLineUnits: 900 })) {
        if (isDivided(text)) continue
        const ends = tokenizer.ends(text)
        expect(ends.length, text).toBe(reference.encode_ordinary(text).length)
        if (text !== '') expect(ends.at(-1)).toBe(text.length)
        compared++
      }
      expect(compared).toBeGreaterThan(550)
      tokenizer.free()
      reference.free()
    },
  )

  it('counts like encode_ordinary across the borders of its pieces', () => {
    const reference = get_encoding('cl100k_base')
    const unit =
      "Don't stop: 12345 items (or 6,789)…  it’s `x += 1;`\n\n\t- naïve café, 字。数据库 — 'tis\r\n"
    const text = unit.repeat(200)
    expect(isDivided(text)).toBe(false)
    expect(cl100k.ends(text).length).toBe(reference.encode_ordinary(text).length)
    reference.free()
  })

  it.skipIf(!hasShared)('counts like encode_ordinary on real texts (needs the shared data folder)', () => {
    const reference = get_encoding('cl100k_base')
    for (const path of realTexts) {
      const text = readFileSync(path, 'utf8')
      expect(isDivided(text), path).toBe(false)
      expect(cl100k.ends(text).length, path).toBe(reference.encode_ordinary(text).length)
    }
    reference.free()
  })

  it('stays linear on runs without a border, a few tokens off at most', () => {
    const reference = get_encoding('cl100k_base')
    const run = 'ab'.repeat(2500)
    const difference = cl100k.ends(run).length - reference.encode_ordinary(run).length
    expect(Math.abs(difference)).toBeLessThan(10)
    // Encoded whole, this one takes more than a minute.
    const ends = cl100k.ends('字'.repeat(100_000))
    expect(ends.at(-1)).toBe(100_000)
    reference.free()
  })

  it('refuses to work once freed, and an encoding it does not know', async () => {
    const tokenizer = await tiktokenTokenizer('r50k_base')
    tokenizer.free()
    tokenizer.free()
    expect(() => tokenizer.ends('text')).toThrow(/freed/)
    const unknown = tiktokenTokenizer('cl101k' as TiktokenEncoding)
    await expect(unknown).rejects.toSatisfy((error) => isRagError(error, 'invalid-argument'))
  })

  it('asks nothing of the network', async () => {
    const fetched = vi.fn(() => Promise.reject(new Error('offline')))
    vi.stubGlobal('fetch', fetched)
    vi.resetModules()
    const fresh = await import('./index.js')
    const tokenizer = await fresh.tiktokenTokenizer('p50k_edit')
    expect(tokenizer.ends('two words')).toHaveLength(2)
    expect(fetched).not.toHaveBeenCalled()
    tokenizer.free()
    vi.unstubAllGlobals()
  })

  it('says what to install when the package is missing', async () => {
    vi.resetModules()
    vi.doMock('tiktoken/lite', () => {
      throw new Error('not installed')
    })
    const fresh = await import('./index.js')
    const failing = fresh.tiktokenTokenizer()
    await expect(failing).rejects.toThrow(/npm install tiktoken/)
    await expect(failing).rejects.toSatisfy((error) => isRagError(error, 'unsupported'))
    vi.doUnmock('tiktoken/lite')
  })

  it('names the vocabulary in its id', () => {
    expect(loaded.id).toBe('tiktoken-cl100k_base')
  })
})

const options = { maxTokens: 50, tokenizer: cl100k, count: 250, hugeLineUnits: 2000 }
const subjects = {
  recursive: recursiveChunker({ maxTokens: 50, overlapTokens: 10, tokenizer: cl100k }),
  fixed: fixedChunker({ maxTokens: 50, overlapPercent: 20, snap: 'sentence', tokenizer: cl100k }),
  sentence: sentenceChunker({ maxTokens: 50, windowSentences: 1, tokenizer: cl100k }),
}
for (const [name, chunker] of Object.entries(subjects)) {
  describe(`laws with tiktoken: ${name}`, () => {
    for (const law of chunkerLaws(chunker, options)) it(law.name, () => law.run())
  })
}
