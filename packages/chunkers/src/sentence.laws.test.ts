import { pieceTokenizer } from '@tesserae/core'
import { type ChunkerLawOptions, chunkerLaws } from '@tesserae/core/testing'
import { describe, it } from 'vitest'
import type { SentenceChunkerOptions } from './sentence.js'
import { sentenceChunker } from './sentence.js'
import { lawShare } from './testing/law-texts.js'

const subjects: readonly (readonly [
  SentenceChunkerOptions,
  ChunkerLawOptions & { readonly count: number },
])[] = [
  [{ maxTokens: 60 }, { count: 3000 }],
  [{ maxTokens: 50, overlapSentences: 1, windowSentences: 2 }, { count: 2500 }],
  [
    { maxTokens: 40, overlapTokens: 12, locale: 'de' },
    { count: 2000, markdown: true },
  ],
  [{ maxTokens: 30, maxSentences: 1, windowSentences: 1, trim: false }, { count: 1500 }],
  [
    { maxTokens: 5, overlapSentences: 3 },
    { count: 400, hugeLineUnits: 500 },
  ],
  [{ maxTokens: 90, maxSentences: 4, overlapSentences: 3, locale: 'el' }, { count: 800 }],
]

for (const [index, [options, laws]] of subjects.entries()) {
  describe(`laws: sentence ${JSON.stringify(options)}`, () => {
    const count = lawShare(laws.count)
    const own = { maxTokens: options.maxTokens, tokenizer: pieceTokenizer() }
    const make = () => sentenceChunker(options)
    for (const law of chunkerLaws(make, { hugeLineUnits: 2000, seed: 60 + index, ...own, ...laws, count })) {
      it(law.name, () => law.run())
    }
  })
}
