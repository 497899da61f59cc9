import type { Tokenizer } from '@tesserae/core'
import { pieceTokenizer } from '@tesserae/core'
import { type ChunkerLawOptions, chunkerLaws } from '@tesserae/core/testing'
import { describe, it } from 'vitest'
import type { FixedChunkerOptions } from './fixed.js'
import { fixedChunker } from './fixed.js'
import { wordTokenizer } from './internal/words.js'
import { lawShare, lawTexts } from './testing/law-texts.js'
import { wholeChunker } from './whole.js'

/** One token per UTF-16 code unit, as `maxChars` counts. */
const unitTokenizer: Tokenizer = {
  id: 'units',
  ends: (text) => Uint32Array.from({ length: text.length }, (_, index) => index + 1),
}
const pieces = pieceTokenizer()

const subjects: readonly (readonly [FixedChunkerOptions, ChunkerLawOptions & { readonly count: number }])[] =
  [
    [
      { maxTokens: 40, snap: 'none' },
      { maxTokens: 40, tokenizer: pieces, count: 1500 },
    ],
    [
      { maxTokens: 50, overlapTokens: 49 },
      { maxTokens: 50, tokenizer: pieces, count: 400 },
    ],
    [
      { maxTokens: 64, overlapPercent: 20, snap: 'sentence' },
      { maxTokens: 64, tokenizer: pieces, count: 3000 },
    ],
    [
      { maxTokens: 80, overlapPercent: 10, snap: 'paragraph' },
      { maxTokens: 80, tokenizer: pieces, count: 2500, markdown: true },
    ],
    [
      { maxChars: 100, overlapPercent: 15, snap: 'grapheme' },
      { maxTokens: 100, tokenizer: unitTokenizer, count: 1500 },
    ],
    [
      { maxChars: 2, snap: 'grapheme', trim: false },
      { maxTokens: 2, tokenizer: unitTokenizer, count: 150, hugeLineUnits: 200 },
    ],
    [
      { maxWords: 15, overlapPercent: 30 },
      { maxTokens: 15, tokenizer: wordTokenizer, count: 1500 },
    ],
  ]

for (const [index, [options, laws]] of subjects.entries()) {
  describe(`laws: fixed ${JSON.stringify(options)}`, () => {
    const make = () => fixedChunker(options)
    const count = lawShare(laws.count)
    for (const law of chunkerLaws(make, { hugeLineUnits: 2000, seed: 20 + index, ...laws, count })) {
      it(law.name, () => law.run())
    }
  })
}

describe('laws: whole', () => {
  for (const law of chunkerLaws(wholeChunker, { count: lawTexts, seed: 40 })) it(law.name, () => law.run())
})
