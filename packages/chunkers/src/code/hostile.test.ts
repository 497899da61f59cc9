import { pieceTokenizer } from '@tesserae/core'
import { chunkerLaws } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { codeChunker } from './code.js'
import type { CodeLanguage } from './languages.js'

const HOSTILE: readonly (readonly [string, CodeLanguage, string])[] = [
  [
    'a minified line of a megabyte',
    'javascript',
    'function a(b){return b.c(d,{e:1})?f:g};x=y;'.repeat(24_000),
  ],
  ['one expression with 100,000 operands', 'javascript', `x=${'a+'.repeat(100_000)}b`],
  ['one list with 60,001 elements', 'javascript', `x=[${'a,'.repeat(60_000)}b]`],
  ['10,000 nested brackets', 'javascript', '['.repeat(10_000) + ']'.repeat(10_000)],
  ['10,000 brackets that never close', 'typescript', '('.repeat(10_000)],
  ['10,000 nested parentheses of Python', 'python', '('.repeat(10_000) + ')'.repeat(10_000)],
  ['3,000 nested functions', 'javascript', 'a(()=>{b();'.repeat(3000) + '})'.repeat(3000)],
  ['5,000 nested blocks on their lines', 'c', `${'if (a) {\n'.repeat(5000)}${'}\n'.repeat(5000)}`],
  ['prose', 'typescript', 'The tenant pays the deposit. '.repeat(3000)],
  ['a string without an end', 'python', `x = """${'text without an end\n'.repeat(5000)}`],
  ['a comment of a megabyte', 'go', `package a\n/*${'word '.repeat(200_000)}*/\nfunc f() {}`],
  [
    'binary data',
    'rust',
    Array.from({ length: 30_000 }, (_, i) => String.fromCharCode((i * 7919) % 256)).join(''),
  ],
]

describe('hostile sources', () => {
  const maxTokens = 200
  const tokenizer = pieceTokenizer()
  const wanted = [
    'spans are in bounds and not empty',
    'spans are sorted by start',
    'no surrogate pair or CRLF is cut',
    'every character that is not blank is in a chunk',
    'no chunk is over the token cap, context counted',
  ]
  for (const [name, language, text] of HOSTILE) {
    it(`keeps the laws on ${name}`, async () => {
      const laws = chunkerLaws(codeChunker({ maxTokens, language, tokenizer }), {
        texts: [text],
        maxTokens,
        tokenizer,
        document: (id, content) => ({ id, text: content, marks: [], metadata: {} }),
      }).filter((law) => wanted.includes(law.name))
      expect(laws).toHaveLength(wanted.length)
      for (const law of laws) await law.run()
    })
  }

  it('makes few small chunks of a minified line', async () => {
    const text = HOSTILE[0]![2].slice(0, 100_000)
    const spans = await codeChunker({ maxTokens, language: 'javascript' }).split({
      id: 'a',
      text,
      marks: [],
      metadata: {},
    })
    const small = spans.filter((span) => (span.tokens ?? 0) < maxTokens / 2)
    expect(small.length).toBeLessThanOrEqual(1)
    expect(spans.slice(1).every((span) => /^[fx]/.test(text.slice(span.start)))).toBe(true)
  })
})
