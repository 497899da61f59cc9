import { pieceTokenizer } from '@tesserae/core'
import { chunkerLaws } from '@tesserae/core/testing'
import { describe, it } from 'vitest'
import { markdownDocument, randomlyMarkedDocument } from '../structural/testing/mark-blocks.js'
import { lawTexts } from '../testing/law-texts.js'
import type { HierarchicalChunkerOptions } from './hierarchical.js'
import { hierarchicalChunker } from './hierarchical.js'

const count = lawTexts

const subjects: readonly (readonly [
  HierarchicalChunkerOptions & { readonly sizes: readonly number[] },
  boolean,
])[] = [
  [{ sizes: [60, 20] }, false],
  [{ sizes: [200, 60, 15], overlapTokens: 14 }, false],
  [{ sizes: [80, 30], base: 'structural' }, false],
  [{ sizes: [100, 40, 12, 3], overlapTokens: 1, base: 'structural' }, true],
]

for (const [index, [options, isRandom]] of subjects.entries()) {
  const laws = chunkerLaws(() => hierarchicalChunker(options), {
    document: isRandom ? randomlyMarkedDocument : markdownDocument,
    seed: index + 1,
    count: Math.ceil(count / 2),
    hugeLineUnits: 2000,
    maxTokens: options.sizes.at(-1) ?? 0,
    tokenizer: pieceTokenizer(),
  })
  describe(`laws: hierarchical ${JSON.stringify(options)}${isRandom ? ', marks at random' : ''}`, () => {
    for (const law of laws) it(law.name, () => law.run())
  })
}
