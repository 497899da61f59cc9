import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Chunker, Tokenizer } from '@tesserae/core'
import { pieceTokenizer } from '@tesserae/core'
import { chunkerLaws, fakeLanguageModel, seededRandom } from '@tesserae/core/testing'
import { describe, it } from 'vitest'
import { recursiveChunker } from '../recursive.js'
import { lawShare } from '../testing/law-texts.js'
import { contextualChunker } from './contextual.js'
import { languageModelChunker } from './language-model-chunker.js'

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

/** Answers by the length of the question: contexts of all kinds, and failures. */
const writer = () =>
  fakeLanguageModel((request) => {
    const passage = request.messages[2]!.content
    const kind = passage.length % 7
    if (kind === 0) return ''
    if (kind === 1) return 'word '.repeat(500)
    if (kind === 2) return 'e\u0301'.repeat(300)
    if (kind === 3) return '\u202e👨‍👩‍👧‍👦'.repeat(50)
    return `It is about ${passage}`
  })
/** Proposes boundaries at random, and sometimes nonsense. */
const divider = () =>
  fakeLanguageModel((request) => {
    const content = request.messages[0]!.content
    const last = Number(/from 1 to (\d+)\}$/.exec(content)?.[1] ?? /from 1 to (\d+)/.exec(content)![1])
    const random = seededRandom(content.length)
    if (random.chance(0.2)) return random.chance() ? 'No idea.' : '[3, 2, 1]'
    const begins: number[] = []
    for (let number = 1; number <= last; number++) if (random.chance(0.3)) begins.push(number)
    return JSON.stringify({ begins })
  })

interface Subject {
  readonly name: string
  readonly maxTokens: number
  readonly tokenizer: Tokenizer
  readonly make: () => Chunker
}

const subjects: readonly Subject[] = [
  {
    name: 'contextual 60 over recursive 40',
    maxTokens: 60,
    tokenizer: pieces,
    make: () =>
      contextualChunker(recursiveChunker({ maxTokens: 40 }), {
        model: writer(),
        maxTokens: 60,
        maxContextTokens: 30,
        maxDocumentTokens: 300,
      }),
  },
  {
    name: 'contextual without room to spare, in code units',
    maxTokens: 40,
    tokenizer: unitTokenizer,
    make: () =>
      contextualChunker(recursiveChunker({ maxTokens: 40, overlapTokens: 10, tokenizer: unitTokenizer }), {
        model: writer(),
        maxTokens: 40,
        maxDocumentTokens: 120,
        tokenizer: unitTokenizer,
      }),
  },
  {
    name: 'language model 40',
    maxTokens: 40,
    tokenizer: pieces,
    make: () => languageModelChunker({ model: divider(), maxTokens: 40, pieceTokens: 10, windowTokens: 120 }),
  },
  {
    name: 'language model 17 code units',
    maxTokens: 17,
    tokenizer: unitTokenizer,
    make: () =>
      languageModelChunker({
        model: divider(),
        maxTokens: 17,
        windowTokens: 60,
        maxCalls: 20,
        tokenizer: unitTokenizer,
      }),
  },
]

for (const [index, { name, make, maxTokens, tokenizer }] of subjects.entries()) {
  describe(`laws: ${name}`, () => {
    const options = { maxTokens, tokenizer, count, seed: 200 + index, hugeLineUnits: 1500 }
    for (const law of chunkerLaws(make, options)) it(law.name, () => law.run())
  })
}

describe.skipIf(!hasShared)('the big list of naughty strings (needs the shared data folder)', () => {
  const strings = hasShared ? (JSON.parse(readFileSync(naughtyStrings, 'utf8')) as string[]) : ['']
  const texts = [...strings, strings.join('\n')]
  const makers: Readonly<Record<string, () => Chunker>> = {
    contextual: () =>
      contextualChunker(recursiveChunker({ maxTokens: 12 }), {
        model: writer(),
        maxTokens: 24,
        maxContextTokens: 12,
      }),
    'language model': () => languageModelChunker({ model: divider(), maxTokens: 24, pieceTokens: 6 }),
  }
  for (const [name, make] of Object.entries(makers)) {
    describe(name, () => {
      const laws = { texts, maxTokens: 24, tokenizer: pieces, hugeLineUnits: 1000 }
      for (const law of chunkerLaws(make, laws)) it(law.name, () => law.run())
    })
  }
})
