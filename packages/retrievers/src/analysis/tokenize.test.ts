import { generateTexts } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { TokenSpans } from './analyzer.js'
import { tokenizeWords } from './tokenize.js'

function tokensOf(text: string): string[] {
  const tokens = new TokenSpans()
  tokenizeWords(text, tokens)
  return Array.from({ length: tokens.count }, (_, i) => text.slice(tokens.starts[i]!, tokens.ends[i]!))
}

function cutsPair(text: string, offset: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(Math.max(0, offset - 1), offset + 1))
}

describe('tokenizeWords', () => {
  it.each([
    ['words and their punctuation', 'Hello, world! (again)', ['Hello', 'world', 'again']],
    ['apostrophes of both kinds', "don't can’t 'quoted'", ["don't", 'can’t', 'quoted']],
    [
      'hyphens and slashes between words',
      'state-of-the-art and/or',
      ['state', 'of', 'the', 'art', 'and', 'or'],
    ],
    ['hyphens and slashes near digits', 'IL-6, A-123/b, 2024-01-15', ['IL-6', 'A-123/b', '2024-01-15']],
    ['quarters', "Q2'24 Q2’24", ["Q2'24", 'Q2’24']],
    ['names with signs', 'C++, C# and F#. CD4+ (Na+)', ['C++', 'C#', 'and', 'F#', 'CD4+', 'Na+']],
    ['signs that are no part of a name', 'a+b C+++ 1+1', ['a', 'b', 'C', '1', '1']],
    ['leading dots', 'use .NET or ".env" ...then a.b', ['use', '.NET', 'or', '.env', 'then', 'a.b']],
    ['numbers', '1,000 3.14 1.2.3 5, 6', ['1,000', '3.14', '1.2.3', '5', '6']],
    ['addresses', 'me@x.org https://x.org/a/b?c=d', ['me@x.org', 'https', 'x.org/a/b', 'c', 'd']],
    ['underscores', 'snake_case __init__', ['snake_case', '__init__']],
    ['ends of sentences', 'The end. Next one.', ['The', 'end', 'Next', 'one']],
    ['ampersands', 'AT&T, R & D', ['AT&T', 'R', 'D']],
    ['marks inside words', 'e\u0301te\u0301 co\u00adop नमस्ते', ['e\u0301te\u0301', 'co\u00adop', 'नमस्ते']],
    ['Han and kana by pairs', '東京都に', ['東京', '京都', '都に']],
    ['a single character', '水 の', ['水', 'の']],
    ['Hangul by pairs within a word', '한국어 책', ['한국', '국어', '책']],
    ['Thai by pairs of characters with their marks', 'ที่นี่', ['ที่นี่']],
    ['scripts that meet', 'Q4业绩2024年', ['Q4', '业绩', '2024', '年']],
    ['characters beyond the BMP', '𠀀𠀁 𝒜𝒷', ['𠀀𠀁', '𝒜𝒷']],
    ['emoji and lone surrogates', '👩‍👩‍👧 a\ud800b \udc00', ['a', 'b']],
    ['nothing', ' \r\n\t\0', []],
  ])('finds %s', (_, text, expected) => {
    expect(tokensOf(text)).toEqual(expected)
  })

  it('gives spans that ascend, lie in the text and cut no character', () => {
    const tokens = new TokenSpans()
    let seen = 0
    for (const text of generateTexts({ seed: 4, count: 3000 })) {
      tokenizeWords(text, tokens)
      seen += tokens.count
      let previous = -1
      let reached = 0
      for (let i = 0; i < tokens.count; i++) {
        const start = tokens.starts[i]!
        const end = tokens.ends[i]!
        const ascends = start > previous && start < end && end >= reached && end <= text.length
        if (!ascends || cutsPair(text, start) || cutsPair(text, end))
          expect.fail(`token ${start}–${end} of ${JSON.stringify(text)}`)
        previous = start
        reached = end
      }
    }
    expect(seen).toBeGreaterThan(10_000)
  })

  it('leaves no letter or digit out', () => {
    let found = 0
    const tokens = new TokenSpans()
    for (const text of generateTexts({ seed: 9, count: 1000 })) {
      tokenizeWords(text, tokens)
      const covered = new Uint8Array(text.length)
      for (let i = 0; i < tokens.count; i++) covered.fill(1, tokens.starts[i]!, tokens.ends[i]!)
      for (const match of text.matchAll(/[\p{L}\p{N}]/gu)) {
        if (covered[match.index] === 0)
          expect.fail(`${match[0]} at ${match.index} of ${JSON.stringify(text)}`)
        found++
      }
    }
    expect(found).toBeGreaterThan(10_000)
  })

  it('cuts endless words into pieces of bounded length', () => {
    for (const piece of ['a', 'é', '𝒜', 'a-', 'a.b/', '1,', 'a\u0301']) {
      const tokens = tokensOf(piece.repeat(20_000))
      expect(tokens.length).toBeGreaterThan(10)
      for (const token of tokens) expect(token.length).toBeLessThanOrEqual(258)
    }
  })
})
