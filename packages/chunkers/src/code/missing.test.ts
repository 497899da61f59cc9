import { describe, expect, it, vi } from 'vitest'
import { codeChunker } from './code.js'

vi.mock('web-tree-sitter', () => {
  throw new Error("Cannot find package 'web-tree-sitter'")
})

const document = { id: 'a', text: 'def f():\n    return 1\n', marks: [], metadata: {}, uri: 'a.py' }

describe('without the optional packages', () => {
  it('known languages reject with the packages to install', async () => {
    const split = codeChunker().split(document)
    await expect(split).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('npm install web-tree-sitter @vscode/tree-sitter-wasm'),
      details: { language: 'python' },
    })
  })

  it("onMissingGrammar: 'lines' divides them at lines", async () => {
    expect(await codeChunker({ onMissingGrammar: 'lines' }).split(document)).toEqual([
      { start: 0, end: document.text.length - 1, tokens: 7 },
    ])
  })

  it('unknown languages and documents too long to parse need none', async () => {
    expect(await codeChunker().split({ ...document, uri: 'a.txt' })).toHaveLength(1)
    expect(await codeChunker({ maxParseChars: 5 }).split(document)).toHaveLength(1)
  })
})
