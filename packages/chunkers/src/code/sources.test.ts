import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ChunkSpan, Document } from '@tesserae/core'
import { pieceTokenizer, tokenRuler } from '@tesserae/core'
import { chunkerLaws } from '@tesserae/core/testing'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { recursiveChunker } from '../recursive.js'
import { codeChunker } from './code.js'
import { detectLanguage } from './languages.js'

const require = createRequire(import.meta.url)
const typescriptFolder = dirname(require.resolve('typescript'))
const runtimeFolder = dirname(require.resolve('web-tree-sitter'))
const coreFolder = fileURLToPath(new URL('../../../core/src/', import.meta.url))

const tokenizer = pieceTokenizer()
const maxTokens = 120

function read(folder: string, names: readonly string[]): Document[] {
  return names.map((name) => {
    const uri = join(folder, name)
    return { id: name, text: readFileSync(uri, 'utf8').slice(0, 100_000), marks: [], metadata: {}, uri }
  })
}

const ownSources = read(
  coreFolder,
  readdirSync(coreFolder).filter((name) => name.endsWith('.ts')),
)
const published = [
  ...read(typescriptFolder, ['lib.es5.d.ts', 'lib.dom.d.ts', 'typescript.js', '_tsc.js']),
  ...read(runtimeFolder, ['web-tree-sitter.js', 'web-tree-sitter.cjs', 'web-tree-sitter.d.ts']),
]

describe('laws on real sources', () => {
  const documents = [...ownSources.slice(0, 30), ...published]
  const byText = new Map(documents.map((document) => [document.text, document]))
  const laws = chunkerLaws(() => codeChunker({ maxTokens, tokenizer }), {
    texts: [...byText.keys()],
    maxTokens,
    tokenizer,
    document: (id, text) => byText.get(text) ?? { id, text, marks: [], metadata: {}, uri: 'a.ts' },
  })
  for (const law of laws) it(law.name, () => law.run())

  it('are all of known languages', () => {
    expect(documents.length).toBeGreaterThan(20)
    expect(documents.filter((document) => detectLanguage(document) === undefined)).toEqual([])
  })
})

/** Spans of declarations by TypeScript's own parser: top-level statements and members of classes. */
function declarationsOf({ text, uri }: Document): { readonly top: ts.Node[]; readonly members: ts.Node[] } {
  const source = ts.createSourceFile(uri ?? 'a.ts', text, ts.ScriptTarget.ESNext, true)
  const members: ts.Node[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isClassLike(node)) members.push(...node.members)
    node.forEachChild(visit)
  }
  visit(source)
  return { top: [...source.statements], members }
}

describe('declarations', () => {
  /** Share of the nodes of at most `limit` tokens that lie in one chunk. */
  async function wholeShare(
    split: (document: Document) => Promise<readonly ChunkSpan[]>,
    kind: 'top' | 'members',
    limit: number,
  ): Promise<{ readonly share: number; readonly count: number }> {
    let count = 0
    let whole = 0
    for (const document of [...ownSources, ...published.slice(-3)]) {
      const spans = await split(document)
      const ruler = tokenRuler(tokenizer, document.text)
      for (const node of declarationsOf(document)[kind]) {
        const [start, end] = [node.getStart(undefined, true), node.getEnd()]
        if (ruler.count(start, end) > limit) continue
        count++
        if (spans.some((span) => span.start <= start && span.end >= end)) whole++
      }
    }
    return { share: whole / count, count }
  }

  it('at the top level that fit are whole, all of them', async () => {
    const chunker = codeChunker({ maxTokens, tokenizer })
    const { share, count } = await wholeShare((document) => chunker.split(document), 'top', maxTokens)
    expect(count).toBeGreaterThan(300)
    expect(share).toBe(1)
  })

  it('in classes that fit beside their context are whole, more often than by lines and sentences', async () => {
    const code = codeChunker({ maxTokens, tokenizer })
    const recursive = recursiveChunker({ maxTokens, tokenizer })
    const limit = maxTokens * 0.7
    const { share, count } = await wholeShare((document) => code.split(document), 'members', limit)
    const baseline = await wholeShare((document) => recursive.split(document), 'members', limit)
    expect(count).toBeGreaterThan(50)
    expect(share).toBeGreaterThan(0.97)
    expect(share).toBeGreaterThan(baseline.share)
  })
})
