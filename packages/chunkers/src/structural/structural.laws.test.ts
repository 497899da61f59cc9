import type { Document, Tokenizer } from '@tesserae/core'
import { pieceTokenizer } from '@tesserae/core'
import { chunkerLaws, markedDocument } from '@tesserae/core/testing'
import { describe, it } from 'vitest'
import { lawTexts } from '../testing/law-texts.js'
import type { StructuralChunkerOptions } from './structural.js'
import { structuralChunker } from './structural.js'
import { markdownDocument, randomlyMarkedDocument } from './testing/mark-blocks.js'

const count = lawTexts
const pieces = pieceTokenizer()
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

interface Subject {
  readonly options: StructuralChunkerOptions & { readonly maxTokens: number }
  readonly document?: (id: string, text: string) => Document
  readonly markdown?: boolean
  /** Small where the generated text is split in many chunks. */
  readonly share?: number
}

const subjects: Readonly<Record<string, Subject>> = {
  'Markdown, 40 tokens': { options: { maxTokens: 40 }, document: markdownDocument, markdown: true },
  'Markdown, hard 60, soft 30, no merging': {
    options: { maxTokens: 60, softTokens: 30, minTokens: 0 },
    document: markdownDocument,
    markdown: true,
  },
  'Markdown, everything merged that fits': {
    options: { maxTokens: 200, minTokens: 200, headingContext: { maxTokens: 100 } },
    document: markdownDocument,
    markdown: true,
  },
  'Markdown, 12 tokens': { options: { maxTokens: 12 }, document: markdownDocument, markdown: true },
  'any text, marks of the laws': { options: { maxTokens: 50 }, document: markedDocument },
  'any text, marks at random': { options: { maxTokens: 30 }, document: randomlyMarkedDocument },
  'marks at random, no contexts': {
    options: { maxTokens: 25, softTokens: 20, headingContext: false, blockContext: false },
    document: randomlyMarkedDocument,
  },
  'any text, no marks': {
    options: { maxTokens: 40 },
    document: (id, text) => ({ id, text, marks: [], metadata: {} }),
  },
  'one token': { options: { maxTokens: 1 }, document: markdownDocument, share: 0.2 },
  'five tokens a character': {
    options: { maxTokens: 32, tokenizer: crowdedTokenizer },
    document: markdownDocument,
    share: 0.2,
  },
}

for (const [index, [name, subject]] of Object.entries(subjects).entries()) {
  const { options, document, markdown, share = 1 } = subject
  const laws = chunkerLaws(() => structuralChunker(options), {
    document,
    markdown,
    seed: index + 1,
    count: Math.ceil(count * share),
    hugeLineUnits: 2000,
    maxTokens: options.maxTokens,
    tokenizer: options.tokenizer ?? pieces,
  })
  describe(`laws: structural, ${name}`, () => {
    for (const law of laws) it(law.name, () => law.run())
  })
}
