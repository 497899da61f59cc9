import { pieceTokenizer, tokenRuler } from '@tesserae/core'
import { describe, expect, it } from 'vitest'
import type { FixedChunkerOptions } from './fixed.js'
import { fixedChunker } from './fixed.js'
import { fixed400, fixed1000, sentence300 } from './presets.js'
import { wholeChunker } from './whole.js'

async function chunksOf(options: FixedChunkerOptions, text: string): Promise<string[]> {
  const spans = await fixedChunker(options).split({ id: 'd', text, marks: [], metadata: {} })
  return spans.map((span) => text.slice(span.start, span.end))
}

describe('fixedChunker', () => {
  it('moves on by size minus overlap, token for token', async () => {
    // Words of up to six letters are one token each.
    const text = Array.from({ length: 1000 }, (_, i) => `w${String.fromCharCode(97 + (i % 26))}`).join(' ')
    const chunker = fixedChunker({ maxTokens: 400, overlapPercent: 20, snap: 'none' })
    const spans = await chunker.split({ id: 'd', text, marks: [], metadata: {} })
    const ruler = tokenRuler(pieceTokenizer(), text)
    expect(spans.map((span) => ruler.count(0, span.end) - span.tokens!)).toEqual([0, 320, 640])
    expect(spans.map((span) => span.tokens)).toEqual([400, 400, 360])
  })

  it('stops when the text is used up, without a chunk that only repeats', async () => {
    expect(await chunksOf({ maxTokens: 4, overlapTokens: 3 }, 'a b c d e')).toEqual(['a b c d', 'b c d e'])
    expect(await chunksOf({ maxTokens: 5, overlapTokens: 4 }, 'a b c d e')).toEqual(['a b c d e'])
  })

  it('snaps as far as it is told', async () => {
    const text = 'Alpha beta. Gamma delta\n\nepsilon e\u0301e\u0301e\u0301e\u0301e\u0301.'
    expect((await chunksOf({ maxChars: 14, snap: 'none' }, text))[0]).toBe('Alpha beta. Ga')
    expect((await chunksOf({ maxChars: 14, snap: 'word' }, text))[0]).toBe('Alpha beta.')
    expect((await chunksOf({ maxChars: 20, snap: 'word' }, text))[0]).toBe('Alpha beta. Gamma')
    expect((await chunksOf({ maxChars: 20, snap: 'sentence' }, text))[0]).toBe('Alpha beta.')
    expect((await chunksOf({ maxChars: 40, snap: 'paragraph' }, text))[0]).toBe('Alpha beta. Gamma delta')
    expect(await chunksOf({ maxChars: 5, snap: 'grapheme' }, 'e\u0301'.repeat(4))).toEqual([
      'e\u0301e\u0301',
      'e\u0301e\u0301',
    ])
    expect((await chunksOf({ maxChars: 5, snap: 'none' }, 'e\u0301'.repeat(4)))[0]).toBe('e\u0301e\u0301e')
  })

  it('steps back at most half its size', async () => {
    const text = `Short one. Long ${'word '.repeat(20)}`
    expect((await chunksOf({ maxChars: 40, snap: 'sentence' }, text))[0]!.length).toBeGreaterThan(20)
  })

  it('counts words, and characters of scripts without blanks', async () => {
    expect(await chunksOf({ maxWords: 3 }, 'one, two three  four\nfive')).toEqual([
      'one, two three',
      'four\nfive',
    ])
    expect(await chunksOf({ maxWords: 4, snap: 'none' }, '敷金は、五月ok。')).toEqual([
      '敷金は、五',
      '月ok。',
    ])
  })

  it('tells tokens only where it counts them', async () => {
    const document = { id: 'd', text: 'one two', marks: [], metadata: {} }
    expect(await fixedChunker().split(document)).toEqual([{ start: 0, end: 7, tokens: 2 }])
    expect(await fixedChunker({ maxChars: 9 }).split(document)).toEqual([{ start: 0, end: 7 }])
  })
})

describe('presets and wholeChunker', () => {
  const text = 'It was a bright cold day in April. The clocks were striking thirteen. '.repeat(200)
  const document = { id: 'd', text, marks: [], metadata: {} }

  it('fill their size with whole sentences and overlap by a fifth', async () => {
    for (const [chunker, size] of [
      [fixed400(), 400],
      [fixed1000(), 1000],
    ] as const) {
      const spans = await chunker.split(document)
      for (const [index, span] of spans.entries()) {
        expect(text.slice(span.start, span.end)).toMatch(/^(It|The).*\.$/s)
        if (index === spans.length - 1) continue
        expect(span.tokens).toBeGreaterThan(size * 0.9)
        const ruler = tokenRuler(pieceTokenizer(), text)
        const repeated = ruler.count(spans[index + 1]!.start, span.end)
        expect(repeated).toBeGreaterThan(size * 0.15)
        expect(repeated).toBeLessThanOrEqual(size * 0.2)
      }
    }
    for (const span of await sentence300().split(document)) expect(span.tokens).toBeLessThanOrEqual(300)
  })

  it('leave a document whole on request', async () => {
    expect(await wholeChunker().split(document)).toEqual([{ start: 0, end: text.trimEnd().length }])
  })
})
