import type { Chunker, Tokenizer } from '@tesserae/core'
import { pieceTokenizer } from '@tesserae/core'
import { chunkerLaws } from '@tesserae/core/testing'
import { describe, it } from 'vitest'
import { recursiveChunker } from './recursive.js'
import { lawShare } from './testing/law-texts.js'

/** One token per UTF-16 code unit: the finest ruler there is, so that every cap is exact. */
const unitTokenizer: Tokenizer = {
  id: 'units',
  ends: (text) => Uint32Array.from({ length: text.length }, (_, index) => index + 1),
}
/** Five tokens per code point that share its end, as byte-level tokens of a rare character do. */
const crowdedTokenizer: Tokenizer = {
  id: 'crowded',
  ends(text) {
    const ends: number[] = []
    let end = 0
    for (const character of text) {
      end += character.length
      for (let i = 0; i < 5; i++) ends.push(end)
    }
    return Uint32Array.from(ends)
  },
}
const pieces = pieceTokenizer()

interface Subject {
  readonly name: string
  readonly make: () => Chunker
  readonly maxTokens?: number
  readonly tokenizer?: Tokenizer
  /** Texts of 10,000 over all subjects. */
  readonly count: number
  /** Small for small caps: the suite counts the tokens of each span from scratch. */
  readonly hugeLineUnits?: number
}

const subjects: readonly Subject[] = [
  {
    name: 'recursive 40',
    make: () => recursiveChunker({ maxTokens: 40 }),
    maxTokens: 40,
    tokenizer: pieces,
    hugeLineUnits: 2000,
    count: 4000,
  },
  {
    name: 'recursive 60, overlap 25 %',
    make: () => recursiveChunker({ maxTokens: 60, overlapPercent: 25 }),
    maxTokens: 60,
    tokenizer: pieces,
    hugeLineUnits: 2000,
    count: 3000,
  },
  {
    name: 'recursive 17 code units, overlap 16, not trimmed',
    make: () => recursiveChunker({ maxTokens: 17, overlapTokens: 16, tokenizer: unitTokenizer, trim: false }),
    maxTokens: 17,
    tokenizer: unitTokenizer,
    count: 600,
    hugeLineUnits: 500,
  },
  {
    name: 'recursive 1 code unit',
    make: () => recursiveChunker({ maxTokens: 1, tokenizer: unitTokenizer }),
    maxTokens: 1,
    tokenizer: unitTokenizer,
    count: 150,
    hugeLineUnits: 200,
  },
  {
    name: 'recursive 12, five tokens a character',
    make: () => recursiveChunker({ maxTokens: 12, overlapTokens: 7, tokenizer: crowdedTokenizer }),
    maxTokens: 12,
    tokenizer: crowdedTokenizer,
    count: 200,
    hugeLineUnits: 500,
  },
  {
    name: 'recursive with separators',
    make: () => recursiveChunker({ maxTokens: 30, separators: [{ before: '\n#' }, { after: ',' }, 'line'] }),
    maxTokens: 30,
    tokenizer: pieces,
    hugeLineUnits: 2000,
    count: 2500,
  },
]

for (const [index, { name, make, count, ...options }] of subjects.entries()) {
  describe(`laws: ${name}`, () => {
    for (const law of chunkerLaws(make, { ...options, count: lawShare(count), seed: index + 1 })) {
      it(law.name, () => law.run())
    }
  })
}
