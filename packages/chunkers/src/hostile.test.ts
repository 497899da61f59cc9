import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Chunker } from '@tesserae/core'
import { pieceTokenizer, tokenRuler } from '@tesserae/core'
import { chunkerLaws } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { fixedChunker, recursiveChunker, sentenceChunker } from './index.js'

const shared = process.env.TESSERAE_SHARED ?? join(import.meta.dirname, '../../../../shared')
const naughtyStrings = join(shared, 'data/hostile/blns/blns.json')
const hasShared = existsSync(naughtyStrings)

const chunkers: Readonly<Record<string, Chunker>> = {
  recursive: recursiveChunker({ maxTokens: 200, overlapPercent: 10 }),
  fixed: fixedChunker({ maxTokens: 200, overlapPercent: 20, snap: 'paragraph' }),
  sentence: sentenceChunker({ maxTokens: 200, overlapSentences: 1, windowSentences: 1 }),
}

const huge: Readonly<Record<string, () => string>> = {
  'a line of 2 MB without a blank': () => 'QUJDRA0k'.repeat(250_000),
  '1 MB of Chinese without a blank': () => '租客在五月一日之前支付押金'.repeat(26_000),
  '1 MB of Chinese sentences': () => '合同结束了吗？租客支付押金。'.repeat(24_000),
  'a line of 2 MB of words': () => 'lorem ipsum '.repeat(170_000),
  '1 MB of full stops': () => '.'.repeat(1_000_000),
  '1 MB of line breaks and dots': () => '.\n'.repeat(500_000),
  '1 MB of blanks between two words': () => `a${' '.repeat(1_000_000)}b`,
  '1 MB of joined emoji': () => '👨‍👩‍👧‍👦'.repeat(45_000),
  'one grapheme of 200,000 marks': () => `e${'\u0301'.repeat(200_000)}`,
  '200,000 lone surrogates': () => '\ud83d'.repeat(200_000),
  '1 MB of "a.b. "': () => 'a.b. '.repeat(200_000),
  '1 MB of quotation marks behind a stop': () => `x.${'"'.repeat(1_000_000)}y`,
}

describe.each(Object.entries(huge))('%s', (_, make) => {
  const text = make()
  const document = { id: 'd', text, marks: [], metadata: {} }
  const ruler = tokenRuler(pieceTokenizer(), text)
  it.each(Object.entries(chunkers))('%s covers it under the cap', async (_name, chunker) => {
    const spans = await chunker.split(document)
    let covered = 0
    for (const { start, end } of spans) {
      if (start > covered) expect(text.slice(covered, start).trim()).toBe('')
      expect(end).toBeGreaterThan(covered)
      covered = end
      expect(ruler.count(start, end)).toBeLessThanOrEqual(200)
    }
    expect(text.slice(covered).trim()).toBe('')
  })
})

describe.skipIf(!hasShared)('the big list of naughty strings (needs the shared data folder)', () => {
  const strings = hasShared ? (JSON.parse(readFileSync(naughtyStrings, 'utf8')) as string[]) : ['']
  const texts = [...strings, strings.join('\n'), strings.join('')]
  for (const [name, make] of [
    ['recursive', () => recursiveChunker({ maxTokens: 12, overlapTokens: 3 })],
    ['fixed', () => fixedChunker({ maxTokens: 12, snap: 'none' })],
    ['sentence', () => sentenceChunker({ maxTokens: 12, overlapSentences: 1, windowSentences: 1 })],
  ] as const) {
    describe(name, () => {
      const laws = { texts, maxTokens: 12, tokenizer: pieceTokenizer(), hugeLineUnits: 1000 }
      for (const law of chunkerLaws(make, laws)) it(law.name, () => law.run())
    })
  }
})
