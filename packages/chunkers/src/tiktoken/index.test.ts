import type { Tokenizer } from '@tesserae/core'
import { isRagError } from '@tesserae/core'
import { chunkerLaws } from '@tesserae/core/testing'
import { get_encoding } from 'tiktoken'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { fixedChunker, recursiveChunker, sentenceChunker } from '../index.js'
import { type TiktokenEncoding, type TiktokenTokenizer, tiktokenTokenizer } from './index.js'

let loaded: TiktokenTokenizer
beforeAll(async () => {
  loaded = await tiktokenTokenizer()
})
afterAll(() => loaded.free())
/** Stands for the tokenizer while tests are collected, before it is loaded. */
const cl100k: Tokenizer = { id: 'tiktoken', ends: (text) => loaded.ends(text) }

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

  it('counts without making the ends', () => {
    for (const text of ['', 'hello world!', '敷金は五月一日', 'a 😀 b'.repeat(9000)]) {
      expect(loaded.count(text)).toBe(loaded.ends(text).length)
    }
  })

  it('refuses to work once freed, and an encoding it does not know', async () => {
    const tokenizer = await tiktokenTokenizer('r50k_base')
    tokenizer.free()
    tokenizer.free()
    expect(() => tokenizer.ends('text')).toThrow(/freed/)
    expect(() => tokenizer.count('text')).toThrow(/freed/)
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
    vi.doMock('tiktoken/encoders/cl100k_base', () => {
      throw new Error('not installed')
    })
    const fresh = await import('./index.js')
    const failing = fresh.tiktokenTokenizer()
    await expect(failing).rejects.toThrow(/npm install tiktoken/)
    await expect(failing).rejects.toSatisfy((error) => isRagError(error, 'unsupported'))
    vi.doUnmock('tiktoken/encoders/cl100k_base')
  })

  it('names the vocabulary in its id', () => {
    expect(loaded.id).toBe('tiktoken-cl100k_base')
  })
})

const options = {
  maxTokens: 50,
  tokenizer: cl100k,
  count: 250,
  hugeLineUnits: 2000,
}
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
