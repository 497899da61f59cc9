import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Chunker, Tokenizer } from '@tesserae/core'
import { seededRandom } from '@tesserae/core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { fixed400, fixed1000, fixedChunker, recursiveChunker, sentenceChunker } from './index.js'
import { rulerOf } from './internal/ruler.js'
import { capFaults, capTexts, plainDocument } from './testing/cap.js'
import { type TiktokenTokenizer, tiktokenTokenizer } from './tiktoken/index.js'

const documents = capTexts.map((text, index) => plainDocument(`document-${index}`, text))

const subjects: readonly (readonly [string, number, (tokenizer: Tokenizer) => Chunker])[] = [
  ['fixed', 512, (tokenizer) => fixedChunker({ maxTokens: 512, tokenizer })],
  ['sentence', 512, (tokenizer) => sentenceChunker({ maxTokens: 512, tokenizer })],
  ['recursive', 512, (tokenizer) => recursiveChunker({ maxTokens: 512, tokenizer })],
  ['fixed400', 400, (tokenizer) => fixed400({ tokenizer })],
  ['fixed1000', 1000, (tokenizer) => fixed1000({ tokenizer })],
  ['fixed without snap', 300, (tokenizer) => fixedChunker({ maxTokens: 300, snap: 'none', tokenizer })],
  ['fixed, not trimmed', 150, (tokenizer) => fixedChunker({ maxTokens: 150, trim: false, tokenizer })],
  ['recursive, small', 12, (tokenizer) => recursiveChunker({ maxTokens: 12, overlapTokens: 5, tokenizer })],
  ['recursive, smallest', 1, (tokenizer) => recursiveChunker({ maxTokens: 1, tokenizer })],
  ['fixed, smallest', 2, (tokenizer) => fixedChunker({ maxTokens: 2, snap: 'none', tokenizer })],
]

describe.each(['cl100k_base', 'o200k_base'] as const)('the cap for a text alone, %s', (encoding) => {
  let tokenizer: TiktokenTokenizer
  beforeAll(async () => {
    tokenizer = await tiktokenTokenizer(encoding)
  })

  it.each(subjects)('%s', async (_, maxTokens, make) => {
    // Tiny chunks of long texts are many, and slow to look at one by one.
    const seen = maxTokens < 5 ? documents.filter(({ text }) => text.length < 60_000) : documents
    expect(await capFaults(make(tokenizer), maxTokens, tokenizer.count, seen)).toEqual([])
  })

  it('counts any span as its text alone has tokens', () => {
    const random = seededRandom(9)
    const below = (limit: number) => Math.floor(random() * limit)
    for (const text of capTexts) {
      const ruler = rulerOf(tokenizer, text)
      for (let i = 0; i < 150; i++) {
        const start = below(text.length - 1)
        const end = Math.min(text.length, start + 1 + below(3000))
        const count = tokenizer.count(text.slice(start, end))
        expect({ start, end, count: ruler.alone(start, end) }).toEqual({ start, end, count })
      }
    }
  })

  it('tokenises little more than the document', async () => {
    const prose = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
    let units = 0
    const ends = (text: string) => {
      units += text.length
      return tokenizer.ends(text)
    }
    await fixedChunker({ maxTokens: 512, tokenizer: { id: tokenizer.id, ends } }).split({
      id: 'document',
      text: prose,
      marks: [],
      metadata: {},
    })
    expect(units).toBeLessThan(prose.length * 1.2)
  })
})
