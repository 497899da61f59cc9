import type { Document, Tokenizer } from '@tesserae/core'
import { pieceTokenizer } from '@tesserae/core'
import { chunkerLaws, randomText, seededRandom } from '@tesserae/core/testing'
import { describe, it } from 'vitest'
import { codeChunker } from './code.js'
import type { CodeLanguage } from './languages.js'
import { LANGUAGES } from './languages.js'

const pieces = pieceTokenizer()
/** One token per UTF-16 code unit, so that every cap is exact. */
const units: Tokenizer = {
  id: 'units',
  ends: (text) => Uint32Array.from({ length: text.length }, (_, index) => index + 1),
}

/** Tokens that make sources of every language above, well and badly formed. */
const WORDS = [
  'class Foo', 'function f', 'def f(a):', 'fn f', 'func f', 'struct S', 'namespace n', 'impl T for S', 'interface I',
  'enum E', 'module M', 'end', 'if', 'else', 'for', 'return', 'const x =', 'let y =', 'import a', '#include <a>',
  '#ifdef X', '#endif', '@Log', '#[test]', '// note', '/* note */', '# note', '"""doc"""', "'text'", '"text"', '`text`', '`$', '`',
  '=>', '->', '::', 'template <typename T>', 'public', 'static', '<div>', '</div>', '<?php', '{', '}', '(', ')', '[', ']',
  ';', ',', ':', '.', '=', '+', '\n', '\n\n', '\r\n', '\n    ', '\n\t', '  ', '😀', '漢字', '👩‍👩‍👧', '\u0000', '\ud83d', '\\\n',
] // biome-ignore format: one list

function codeTexts(seed: number, count: number): readonly string[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, (_, index) => {
    if (index % 8 === 7) return randomText(random)
    const parts: string[] = index % 5 === 0 ? ['\ufeff'] : []
    const length = random.integer(1, 160)
    for (let i = 0; i < length; i++) parts.push(random.pick(WORDS), random.chance() ? ' ' : '')
    return parts.join('')
  })
}

const plain = (id: string, text: string): Document => ({ id, text, marks: [], metadata: {} })

function subject(language: CodeLanguage, maxTokens: number, tokenizer: Tokenizer, count: number) {
  return { language, maxTokens, tokenizer, count }
}

const subjects = [
  ...LANGUAGES.map((language) => subject(language, 40, pieces, 40)),
  subject('typescript', 12, units, 60),
  subject('cpp', 1, units, 30),
  subject('python', 100, units, 100),
]

for (const [index, { language, maxTokens, tokenizer, count }] of subjects.entries()) {
  describe(`laws: ${language}, at most ${maxTokens} ${tokenizer.id}`, () => {
    const laws = chunkerLaws(() => codeChunker({ language, maxTokens, tokenizer }), {
      texts: codeTexts(index + 1, count),
      maxTokens,
      tokenizer,
      document: plain,
      hugeLineUnits: 2000,
    })
    for (const law of laws) it(law.name, () => law.run())
  })
}

describe('laws: lines', () => {
  const laws = chunkerLaws(() => codeChunker({ maxTokens: 30 }), {
    texts: codeTexts(99, 800),
    maxTokens: 30,
    tokenizer: pieces,
    document: plain,
    hugeLineUnits: 2000,
  })
  for (const law of laws) it(law.name, () => law.run())
})
