import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Document, RagEvent } from '@tesserae/core'
import { pieceTokenizer, toChunks } from '@tesserae/core'
import { describe, expect, it } from 'vitest'
import { type CodeChunkerOptions, codeChunker } from './code.js'
import { loadGrammar } from './grammar.js'
import { detectLanguage } from './languages.js'
import { parseText } from './parse.js'

const require = createRequire(import.meta.url)
const grammarFile = (name: string) =>
  require.resolve(`@vscode/tree-sitter-wasm/wasm/tree-sitter-${name}.wasm`)

function documentOf(text: string, uri?: string, metadata: Document['metadata'] = {}): Document {
  return { id: 'a', text, marks: [], metadata, uri }
}

async function chunksOf(text: string, options: CodeChunkerOptions, uri?: string) {
  const document = documentOf(text, uri)
  return toChunks(document, await codeChunker(options).split(document))
}

const METHODS = `class Counter {
  one() {
    return this.add(1)
  }

  two() {
    return this.add(2)
  }
}`

describe('options', () => {
  it.each<[string, unknown]>([
    ['maxTokens', 0],
    ['maxTokens', 1.5],
    ['language', 'cobol'],
    ['signatureContext', 'yes'],
    ['onMissingGrammar', 'ignore'],
    ['maxParseChars', -1],
    ['grammars', 'tree-sitter-python.wasm'],
    ['maxToken', 100],
  ])('refuse %s = %s', (name, value) => {
    expect(() => codeChunker({ [name]: value })).toThrow(`\`${name}\` must be`)
  })

  it('make the id', () => {
    expect(codeChunker().id).toBe(codeChunker({ maxTokens: 400, language: 'auto' }).id)
    const ids = [
      codeChunker(),
      codeChunker({ maxTokens: 300 }),
      codeChunker({ language: 'python' }),
      codeChunker({ signatureContext: false }),
      codeChunker({ onMissingGrammar: 'lines' }),
      codeChunker({ maxParseChars: 0 }),
      codeChunker({ tokenizer: { id: 'other', ends: pieceTokenizer().ends } }),
    ].map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('signatureContext: false leaves context out and its room to the text', async () => {
    const withContext = await chunksOf(METHODS, { language: 'javascript', maxTokens: 18 })
    expect(withContext.map((chunk) => chunk.context)).toEqual([undefined, 'class Counter'])
    const without = await chunksOf(METHODS, {
      language: 'javascript',
      maxTokens: 18,
      signatureContext: false,
    })
    expect(without.every((chunk) => chunk.context === undefined)).toBe(true)
  })

  it('maxParseChars divides longer documents at lines', async () => {
    const parsed = await chunksOf(METHODS, {
      language: 'javascript',
      maxTokens: 18,
      maxParseChars: METHODS.length,
    })
    expect(parsed[1]?.context).toBe('class Counter')
    const lines = await chunksOf(METHODS, {
      language: 'javascript',
      maxTokens: 18,
      maxParseChars: METHODS.length - 1,
    })
    expect(lines.some((chunk) => chunk.context !== undefined)).toBe(false)
  })
})

describe('the language', () => {
  it.each([
    ['src/a.ts', undefined, 'typescript'],
    ['file:///x/A.PY?raw#top', undefined, 'python'],
    ['C:\\code\\main.rs', undefined, 'rust'],
    ['a.b/c.hpp', undefined, 'cpp'],
    ['a.c', undefined, 'c'],
    ['a.tsx', undefined, 'tsx'],
    ['a.mjs', 'typescript', 'typescript'],
    ['a.go', 'en', 'go'],
    [undefined, 'Java', 'java'],
    ['a.rs/readme', undefined, undefined],
    ['ts', undefined, undefined],
    ['a.txt', undefined, undefined],
    ['', undefined, undefined],
  ])('of %s with metadata %s is %s', (uri, language, expected) => {
    expect(detectLanguage(documentOf('', uri, language ? { language } : {}))).toBe(expected)
  })

  it('option wins over the file name', async () => {
    const chunks = await chunksOf(METHODS, { language: 'javascript', maxTokens: 18 }, 'a.txt')
    expect(chunks[1]?.context).toBe('class Counter')
  })
})

describe('syntax', () => {
  it('with errors: what the parser understood behind them stays whole', async () => {
    const good = `function after(a) {
  return a.filter((one) => one.isOpen)
}`
    const text = `function broken( {
  if (x {
}

class {{ ] =

${good}

${good.replace('after', 'later')}`
    const chunks = await chunksOf(text, { language: 'javascript', maxTokens: 30 })
    expect(chunks.filter((chunk) => chunk.text === good)).toHaveLength(1)
    expect(chunks.filter((chunk) => chunk.text === good.replace('after', 'later'))).toHaveLength(1)
  })

  it('leaves the head of a class to a chunk of its own where its first method then stays whole', async () => {
    const method = `  async read(first, second, third, fourth) {
    return this.open(first, second, third, fourth)
  }`
    const text = `/** Reads. */\nclass Reader extends Base {\n${method}\n}`
    const chunks = await chunksOf(text, { language: 'javascript', maxTokens: 33 })
    expect(chunks.map(({ context, text: part }) => [context, part])).toEqual([
      [undefined, '/** Reads. */\nclass Reader extends Base {'],
      ['class Reader extends Base', `${method}\n}`],
    ])
  })

  it('keeps comments with what they are about: below, or on the same line', async () => {
    const text = `// Of the whole file, which is not about the first function.

// About one.
function one() {} // behind one

function two() {
  // last words in two
}
// About three.
function three() {}`
    const chunks = await chunksOf(text, { language: 'javascript', maxTokens: 17 })
    expect(chunks.map((chunk) => chunk.text)).toEqual([
      text.slice(0, text.indexOf('\n\n// About one')),
      text.slice(text.indexOf('// About one'), text.indexOf('\n\nfunction two')),
      text.slice(text.indexOf('function two'), text.indexOf('\n// About three')),
      text.slice(text.indexOf('// About three')),
    ])
  })

  it('is read right behind emoji, ideographs and tabs', async () => {
    const text = `# 👩‍👩‍👧 漢字
def 数える(項目):
\treturn "😀" + 項目

def zählen(größe):
\treturn "é" * größe`
    const chunks = await chunksOf(text, { language: 'python', maxTokens: 25 })
    expect(chunks.map((chunk) => chunk.text)).toEqual(text.split('\n\n'))
  })

  it('prefers to cut at blank lines between statements', async () => {
    const text = `const a = load(1)
const b = load(2)
const c = load(3)

const d = load(4)
const e = load(5)`
    const chunks = await chunksOf(text, { language: 'javascript', maxTokens: 30 })
    expect(chunks.map((chunk) => chunk.text)).toEqual(text.split('\n\n'))
  })
})

describe('documents of unknown languages', () => {
  it('are cut at blank lines of the least indentation, else at lines', async () => {
    const text = `task build {
    clean

    compile all of the sources

    link
}

task test {
    run every test
}`
    const chunks = await chunksOf(text, { maxTokens: 15 }, 'build.unknown')
    expect(chunks.map((chunk) => chunk.text)).toEqual([
      text.slice(0, text.indexOf('\n\ntask test')),
      text.slice(text.indexOf('task test')),
    ])
  })

  it('keep comments with what they are about, and closing lines with what they close', async () => {
    const text = `let one = compute(1, 2)
let two = compute(3, 4)
# the third
let three = compute(5, 6)
{
  four
}`
    const chunks = await chunksOf(text, { maxTokens: 22 }, 'a.xyz')
    expect(chunks.map((chunk) => chunk.text.split('\n')[0])).toEqual([
      'let one = compute(1, 2)',
      '# the third',
    ])
  })
})

describe('grammars', () => {
  it('may come as bytes or as a path, and are asked for once', async () => {
    const asked: string[] = []
    const bytes = codeChunker({
      maxTokens: 18,
      language: 'javascript',
      grammars: async (language) => {
        asked.push(language)
        return new Uint8Array(await readFile(grammarFile('javascript')))
      },
    })
    const [first, again] = await Promise.all([
      bytes.split(documentOf(METHODS)),
      bytes.split(documentOf(METHODS)),
    ])
    expect(first?.[1]?.context).toBe('class Counter')
    expect(again).toEqual(first)
    expect(asked).toEqual(['javascript'])

    const path = codeChunker({
      maxTokens: 18,
      language: 'javascript',
      grammars: async () => grammarFile('javascript'),
    })
    expect(await path.split(documentOf(METHODS))).toEqual(first)
  })

  it('that are none reject with load-failed, also with onMissingGrammar, and are tried again', async () => {
    let calls = 0
    const chunker = codeChunker({
      language: 'go',
      onMissingGrammar: 'lines',
      grammars: async () => {
        calls++
        return new Uint8Array([1, 2, 3])
      },
    })
    for (let i = 0; i < 2; i++) {
      await expect(chunker.split(documentOf('package a'))).rejects.toMatchObject({ code: 'load-failed' })
    }
    expect(calls).toBe(2)
  })
})

describe('split', () => {
  it('tells the observer one event', async () => {
    const events: RagEvent[] = []
    await codeChunker({ language: 'javascript', maxTokens: 18 }).split(documentOf(METHODS), {
      observer: (event) => events.push(event),
    })
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject({ counts: { chunks: 2, codeUnits: METHODS.length } })
  })

  it('gives way to the event loop while it parses, and stops there when aborted', async () => {
    const text = 'const value = [1, 2, 3].map((one) => one + 1)\n'.repeat(20_000)
    const controller = new AbortController()
    const reason = new Error('enough')
    setTimeout(() => controller.abort(reason), 0)
    const split = codeChunker({ language: 'javascript' }).split(documentOf(text), {
      signal: controller.signal,
    })
    await expect(split).rejects.toBe(reason)
  })

  it('gives way while it packs, and stops there when aborted', async () => {
    const text = 'value = compute(1, 2)\n'.repeat(100_000)
    const controller = new AbortController()
    const reason = new Error('enough')
    setTimeout(() => controller.abort(reason), 0)
    const split = codeChunker({ maxParseChars: 0, maxTokens: 20 }).split(documentOf(text, 'a.py'), {
      signal: controller.signal,
    })
    await expect(split).rejects.toBe(reason)
  })
})

describe('parseText', () => {
  it('gives up on texts that take too many steps', async () => {
    const grammar = await loadGrammar('typescript')
    const text = 'const a = 1\n'.repeat(5000)
    expect(await parseText(grammar, text, undefined, 100)).toBeUndefined()
    const tree = await parseText(grammar, text, undefined)
    expect(tree?.rootNode.endIndex).toBe(text.length)
    tree?.delete()
  })

  it('counts offsets in UTF-16 code units, behind characters of any size', async () => {
    const grammar = await loadGrammar('typescript')
    const text = '\ufeff// 👩‍👩‍👧 漢字 é\nconst a = "😀\ud83d"; function f() {}'
    const tree = await parseText(grammar, text, undefined)
    const parts = tree?.rootNode.namedChildren.map((node) => text.slice(node.startIndex, node.endIndex))
    tree?.delete()
    expect(parts).toEqual(['// 👩‍👩‍👧 漢字 é', 'const a = "😀\ud83d";', 'function f() {}'])
  })
})
