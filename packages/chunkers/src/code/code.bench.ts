import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Document } from '@tesserae/core'
import { bench, describe } from 'vitest'
import { recursiveChunker } from '../recursive.js'
import { codeChunker } from './code.js'

const folder = dirname(createRequire(import.meta.url).resolve('typescript'))
const read = (name: string) => readFileSync(join(folder, name), 'utf8').slice(0, 1_000_000)

const sources: readonly (readonly [string, 'typescript' | 'javascript', string])[] = [
  ['of a JavaScript program', 'javascript', read('typescript.js')],
  ['of TypeScript declarations', 'typescript', read('lib.dom.d.ts')],
  ['of minified JavaScript', 'javascript', 'function a(b){return b.c(d,{e:1})?f:g};x=y;'.repeat(23_256)],
]

for (const [name, language, text] of sources) {
  const document: Document = { id: 'bench', text, marks: [], metadata: {} }
  describe(`1 MB ${name}`, () => {
    bench('codeChunker', async () => {
      await codeChunker({ language }).split(document)
    })
    bench('codeChunker, by lines', async () => {
      await codeChunker({ language, maxParseChars: 0 }).split(document)
    })
    bench('recursiveChunker', async () => {
      await recursiveChunker().split(document)
    })
  })
}
