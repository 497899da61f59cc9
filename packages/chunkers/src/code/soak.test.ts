import { describe, expect, it, vi } from 'vitest'
import { codeChunker } from './code.js'
import { loadGrammar } from './grammar.js'
import { parseText } from './parse.js'

/** Bytes of the WebAssembly memories made from now on: the runtime and its grammars share one. */
function watchMemory(): () => number {
  const memories = new Set<WebAssembly.Memory>()
  const { Memory } = WebAssembly
  vi.spyOn(WebAssembly, 'Memory').mockImplementation(function watched(
    descriptor: WebAssembly.MemoryDescriptor,
  ) {
    const memory = new Memory(descriptor)
    memories.add(memory)
    return memory
  })
  return () => {
    expect(memories.size).toBeGreaterThan(0)
    let bytes = 0
    for (const memory of memories) bytes += memory.buffer.byteLength
    return bytes
  }
}

const source = `/** Keeps. */
class Store {
  get(id) {
    if (id === undefined) return []
    return this.items.filter((item) => item.id === id && item.isOpen)
  }
  set(id, item) {
    this.items.push({ ...item, id })
  }
}
`.repeat(8)

describe('memory', () => {
  it('of the parser does not grow over 2,000 splits, whole, aborted, failed and unfinished', async () => {
    const memory = watchMemory()
    const { Parser, Tree } = await import('web-tree-sitter')
    const grammar = await loadGrammar('javascript')
    const trees: (InstanceType<typeof Tree> | null)[] = []
    const { parse } = Parser.prototype
    vi.spyOn(Parser.prototype, 'parse').mockImplementation(function watched(
      this: InstanceType<typeof Parser>,
      ...given
    ) {
      const tree = parse.apply(this, given)
      trees.push(tree)
      return tree
    })
    const deleteTree = vi.spyOn(Tree.prototype, 'delete')
    const setLanguage = vi.spyOn(Parser.prototype, 'setLanguage')
    const deleteParser = vi.spyOn(Parser.prototype, 'delete')

    let failing = false
    const chunker = codeChunker({
      language: 'javascript',
      maxTokens: 60,
      tokenizer: {
        id: 'sometimes',
        ends(text) {
          if (failing) throw new Error('no tokens')
          return Uint32Array.from({ length: Math.ceil(text.length / 4) }, (_, i) =>
            Math.min(text.length, 4 * (i + 1)),
          )
        },
      },
    })
    const document = { id: 'a', text: source, marks: [], metadata: {} }
    const round = async () => {
      for (let i = 0; i < 497; i++) await chunker.split(document)
      failing = true
      await expect(chunker.split(document)).rejects.toThrow('no tokens')
      failing = false
      await expect(parseText(grammar, source, undefined, 2)).resolves.toBeUndefined()
      await expect(parseText(grammar, source, AbortSignal.abort())).rejects.toThrow('abort')
    }
    await round()
    const before = memory()
    for (let i = 0; i < 3; i++) await round()
    expect(memory()).toBe(before)
    expect(setLanguage).toHaveBeenCalledTimes(2000)
    expect(deleteParser).toHaveBeenCalledTimes(2000)
    expect(deleteTree).toHaveBeenCalledTimes(trees.filter((tree) => tree !== null).length)
    expect(trees.filter((tree) => tree !== null)).toHaveLength(4 * 498)
  })
})
