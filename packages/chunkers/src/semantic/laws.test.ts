import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Chunker, Tokenizer } from '@tesserae/core'
import { pieceTokenizer } from '@tesserae/core'
import { chunkerLaws, fakeEmbedder } from '@tesserae/core/testing'
import { describe, it } from 'vitest'
import { lawShare } from '../testing/law-texts.js'
import { clusterChunker } from './cluster.js'
import { semanticChunker } from './semantic.js'

const count = lawShare(3000)
const shared = process.env.TESSERAE_SHARED ?? join(import.meta.dirname, '../../../../../shared')
const naughtyStrings = join(shared, 'data/hostile/blns/blns.json')
const hasShared = existsSync(naughtyStrings)

/** One token per UTF-16 code unit: every cap is exact. */
const unitTokenizer: Tokenizer = {
  id: 'units',
  ends: (text) => Uint32Array.from({ length: text.length }, (_, index) => index + 1),
}
const pieces = pieceTokenizer()
const embedder = fakeEmbedder({ dimensions: 8 })

interface Subject {
  readonly name: string
  readonly maxTokens: number
  readonly tokenizer: Tokenizer
  readonly make: () => Chunker
}

const subjects: readonly Subject[] = [
  {
    name: 'semantic 40',
    maxTokens: 40,
    tokenizer: pieces,
    make: () => semanticChunker({ embedder, maxTokens: 40 }),
  },
  {
    name: 'semantic 60, many cuts, small ones joined',
    maxTokens: 60,
    tokenizer: pieces,
    make: () =>
      semanticChunker({
        embedder,
        maxTokens: 60,
        minTokens: 20,
        bufferSentences: 0,
        breakpoint: { method: 'standard-deviation', amount: 0 },
      }),
  },
  {
    name: 'semantic 30 by gradient',
    maxTokens: 30,
    tokenizer: pieces,
    make: () =>
      semanticChunker({ embedder, maxTokens: 30, breakpoint: { method: 'gradient', percentile: 50 } }),
  },
  {
    name: 'semantic 17 code units',
    maxTokens: 17,
    tokenizer: unitTokenizer,
    make: () => semanticChunker({ embedder, maxTokens: 17, tokenizer: unitTokenizer }),
  },
  {
    name: 'cluster 40',
    maxTokens: 40,
    tokenizer: pieces,
    make: () => clusterChunker({ embedder, maxTokens: 40, pieceTokens: 10 }),
  },
  {
    name: 'cluster 60, sentence by sentence',
    maxTokens: 60,
    tokenizer: pieces,
    make: () => clusterChunker({ embedder, maxTokens: 60, pieceTokens: 1 }),
  },
  {
    name: 'cluster 17 code units',
    maxTokens: 17,
    tokenizer: unitTokenizer,
    make: () => clusterChunker({ embedder, maxTokens: 17, tokenizer: unitTokenizer }),
  },
]

for (const [index, { name, make, maxTokens, tokenizer }] of subjects.entries()) {
  describe(`laws: ${name}`, () => {
    const options = { maxTokens, tokenizer, count, seed: 100 + index, hugeLineUnits: 1500 }
    for (const law of chunkerLaws(make, options)) it(law.name, () => law.run())
  })
}

describe.skipIf(!hasShared)('the big list of naughty strings (needs the shared data folder)', () => {
  const strings = hasShared ? (JSON.parse(readFileSync(naughtyStrings, 'utf8')) as string[]) : ['']
  const texts = [...strings, strings.join('\n'), strings.join('')]
  const makers: Readonly<Record<string, () => Chunker>> = {
    semantic: () => semanticChunker({ embedder, maxTokens: 12 }),
    cluster: () => clusterChunker({ embedder, maxTokens: 12, pieceTokens: 4 }),
  }
  for (const [name, make] of Object.entries(makers)) {
    describe(name, () => {
      const laws = { texts, maxTokens: 12, tokenizer: pieces, hugeLineUnits: 1000 }
      for (const law of chunkerLaws(make, laws)) it(law.name, () => law.run())
    })
  }
})
