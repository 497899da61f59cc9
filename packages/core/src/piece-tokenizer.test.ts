import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSafeCut } from './boundaries.js'
import { pieceTokenizer } from './piece-tokenizer.js'

const tokenizer = pieceTokenizer()

function pieces(text: string): string[] {
  const parts: string[] = []
  let start = 0
  for (const end of tokenizer.ends(text)) {
    parts.push(text.slice(start, end))
    start = end
  }
  return parts
}

const text = fc.string({
  unit: fc.constantFrom(
    ...[
      'a',
      'Z',
      'word',
      '7',
      '42',
      ' ',
      '\t',
      '\n',
      '\r\n',
      '\r',
      '.',
      '(',
      '-',
      '😀',
      '👩‍👩‍👧',
      '\ud83d',
      '\ude00',
    ],
    ...['漢', 'ก', 'ё', 'é', 'e\u0301', 'ع', 'न', '한', '\0', '\u00a0', '\u3000', '\ufeff'],
  ),
})

describe('pieceTokenizer', () => {
  it.each([
    ['', []],
    ['a', ['a']],
    ['The quick fox.', ['The', ' quick', ' fox', '.']],
    ['retrieval', ['retrie', 'val']],
    ['internationalisation', ['intern', 'atio', 'nali', 'sati', 'on']],
    ['x = 12345;', ['x', ' =', ' 12', '34', '5', ';']],
    ['abc12', ['abc', '12']],
    ['  \n\tnext', ['  \n\tnext']],
    ['end \r\n ', ['end', ' \r\n ']],
    ['   ', ['   ']],
    ['漢字 かな', ['漢', '字', ' か', 'な']],
    ['ไทย', ['ไ', 'ท', 'ย']],
    ['été', ['ét', 'é']],
    ['дом', ['до', 'м']],
    ['νέα', ['ν', 'έ', 'α']],
    ['😀 👍', ['😀', ' 👍']],
    ['a\ud83db', ['a', '\ud83d', 'b']],
    ['a×b', ['a', '×', 'b']],
    ['chạy', ['ch', 'ạ', 'y']],
    ['a\u0085b', ['a', '\u0085b']],
    ['don’t', ['don', '’', 't']],
  ])('cuts %j into %j', (value, expected) => {
    expect(pieces(value)).toEqual(expected)
  })

  it('tiles any text with whole characters, at most 6 code units a token after its blanks', () => {
    fc.assert(
      fc.property(text, (value) => {
        const parts = pieces(value)
        expect(parts.join('')).toBe(value)
        let offset = 0
        for (const [index, part] of parts.entries()) {
          offset += part.length
          expect(part).not.toBe('')
          expect(isSafeCut(value, offset)).toBe(true)
          const solid = part.replace(/^[\s\u0085]+/, '')
          expect(solid.length).toBeLessThanOrEqual(6)
          expect(solid).not.toMatch(/[\s\u0085]/)
          if (solid === '') expect(index).toBe(parts.length - 1)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('counts a little more than cl100k_base on English', () => {
    const english =
      'The tenant pays the deposit before moving in. It is kept on a separate account and returned within ' +
      'thirty days after the end of the lease, less the cost of repairs that go beyond ordinary wear. If ' +
      'the apartment is handed over late, the landlord may charge one day of rent for each day of delay; ' +
      'disagreements are settled by the mediation office of the county.'
    // Counted once with the published cl100k_base vocabulary.
    const reference = 72
    const ratio = tokenizer.ends(english).length / reference
    expect(ratio).toBeGreaterThanOrEqual(1)
    expect(ratio).toBeLessThanOrEqual(1.25)
  })

  it('reads one huge line without words or blanks in linear time and memory', () => {
    expect(tokenizer.ends('x'.repeat(3_000_002)).length).toBe(1 + 749_999)
  })
})
